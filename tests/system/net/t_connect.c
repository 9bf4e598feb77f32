// SPDX-License-Identifier: MIT
/*
 * Connections that are not there yet, and what listeners do with those that they have no room for.
 */
#include "nettest.h"

/* A listener with room for one connection, which is taken. */
static int full_listener(struct endpoint *e, int *first)
{
	struct endpoint any = loopback(AF_INET, 0);
	int l = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));

	CHECK_EQ(bind(l, (struct sockaddr *)&any.addr, any.len), 0);
	CHECK_EQ(listen(l, 0), 0);
	*e = loopback(AF_INET, port_of(l));
	*first = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
	CHECK_EQ(connect(*first, (struct sockaddr *)&e->addr, e->len), 0);
	CHECK_EQ(poll_for(l, POLLIN, 5000), POLLIN);
	return l;
}

static int again(int fd, const struct endpoint *e)
{
	return connect(fd, (const struct sockaddr *)&e->addr, e->len);
}

static int state_of(int fd)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);

	CHECK_EQ(getsockopt(fd, SOL_TCP, TCP_INFO, &info, &len), 0);
	return info.tcpi_state;
}

TEST(connect_under_way)
{
	struct endpoint e, peer = { .len = sizeof(peer.addr) };
	int first, l = full_listener(&e, &first), fd;
	char c;

	fd = CHECK_OK(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
	CHECK_ERR(again(fd, &e), EINPROGRESS);
	CHECK_ERR(again(fd, &e), EALREADY);
	CHECK_EQ(poll_for(fd, POLLIN | POLLOUT | POLLRDHUP, 0), 0);
	CHECK_EQ(state_of(fd), TCP_SYN_SENT);
	CHECK(port_of(fd));
	CHECK_ERR(getpeername(fd, (struct sockaddr *)&peer.addr, &peer.len), ENOTCONN);
	CHECK_ERR(recv(fd, &c, 1, 0), EAGAIN);
	CHECK_ERR(send(fd, &c, 1, 0), EAGAIN);
	CHECK_EQ(get_int(fd, SOL_SOCKET, SO_ERROR), 0);
	CHECK_ERR(listen(fd, 1), EINVAL);
	CHECK_ERR(accept(fd, NULL, NULL), EINVAL);
	/* There is room now. The client asks again within a second or two. */
	CHECK_OK(accept(l, NULL, NULL));
	CHECK_EQ(poll_for(fd, POLLOUT, 10000), POLLOUT);
	CHECK_EQ(again(fd, &e), 0);
	CHECK_ERR(again(fd, &e), EISCONN);
	CHECK_OK(accept(l, NULL, NULL));
}

TEST(connect_for_a_time)
{
	struct timeval tv = { .tv_usec = 200000 };
	struct endpoint e;
	int first, l = full_listener(&e, &first), fd = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
	double start = now();

	CHECK_EQ(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)), 0);
	CHECK_ERR(again(fd, &e), EINPROGRESS);
	CHECK(now() - start > 0.18);
	CHECK_ERR(again(fd, &e), EALREADY);
	CHECK(now() - start > 0.37 && now() - start < 3);
	CHECK_EQ(state_of(fd), TCP_SYN_SENT);
	close(l);
}

/* An attempt that was ended leaves a socket that can do anything. */
TEST(connect_dissolved)
{
	struct sockaddr none = { .sa_family = AF_UNSPEC };
	struct endpoint e, other;
	int first, l = full_listener(&e, &first), l2 = listener(AF_INET, &other);
	int fd = CHECK_OK(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));

	CHECK_ERR(again(fd, &e), EINPROGRESS);
	CHECK_ERR(connect(fd, &none, 1), EINVAL);
	CHECK_EQ(connect(fd, &none, sizeof(none)), 0);
	CHECK_EQ(state_of(fd), TCP_CLOSE);
	CHECK_EQ(poll_for(fd, POLLOUT, 0), POLLOUT | POLLERR | POLLHUP);
	set_nonblock(fd, false);
	/* The next attempt forgets the error of the last one. */
	CHECK_EQ(again(fd, &other), 0);
	CHECK_OK(accept(l2, NULL, NULL));
	CHECK_EQ(get_int(fd, SOL_SOCKET, SO_ERROR), 0);
	CHECK_EQ(write(fd, "x", 1), 1);
	close(l);
}

static void backlog_is(int l, unsigned int most)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);

	CHECK_EQ(getsockopt(l, SOL_TCP, TCP_INFO, &info, &len), 0);
	CHECK_EQ(info.tcpi_state, TCP_LISTEN);
	CHECK_EQ(info.tcpi_sacked, most);
}

/* A listener says how many connections wait, and how many may. */
TEST(connect_backlog)
{
	int l = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0)), most = 0;
	FILE *f = fopen("/proc/sys/net/core/somaxconn", "r");

	CHECK(f && fscanf(f, "%d", &most) == 1);
	CHECK_EQ(listen(l, 0), 0);
	backlog_is(l, 0);
	CHECK_EQ(listen(l, 7), 0);
	backlog_is(l, 7);
	CHECK_EQ(listen(l, -1), 0);
	backlog_is(l, most);
	CHECK_EQ(listen(l, most + 1), 0);
	backlog_is(l, most);
}

/* An address of another family, or a piece of one. */
TEST(connect_to_no_address)
{
	struct endpoint v6 = loopback(AF_INET6, 9), v4 = loopback(AF_INET, 9);
	int types[] = { SOCK_STREAM, SOCK_DGRAM };
	size_t i;
	int fd;

	for (i = 0; i < 2; i++) {
		fd = CHECK_OK(socket(AF_INET, types[i], 0));
		CHECK_ERR(again(fd, &v6), EAFNOSUPPORT);
		CHECK_ERR(connect(fd, (struct sockaddr *)&v4.addr, 0), EINVAL);
		CHECK_ERR(connect(fd, (struct sockaddr *)&v4.addr, 8), EINVAL);
		CHECK_ERR(connect(fd, (struct sockaddr *)&v4.addr, -1), EINVAL);
		CHECK_ERR(connect(fd, (struct sockaddr *)&v4.addr, sizeof(v4.addr) + 1), EINVAL);
		CHECK_ERR(connect(fd, (void *)16, v4.len), EFAULT);
		fd = CHECK_OK(socket(AF_INET6, types[i], 0));
		CHECK_ERR(connect(fd, (struct sockaddr *)&v6.addr, 23), EINVAL);
		/* The whole of a larger structure is taken. */
		if (types[i] == SOCK_DGRAM)
			CHECK_EQ(connect(fd, (struct sockaddr *)&v6.addr, sizeof(v6.addr)), 0);
		else
			CHECK_ERR(connect(fd, (struct sockaddr *)&v6.addr, sizeof(v6.addr)),
				  ECONNREFUSED);
	}
}

/* A send with MSG_FASTOPEN, which another one has begun, of a connection that is there by now. */
TEST(connect_by_a_second_send)
{
	struct endpoint e;
	int l = listener(AF_INET, &e), fd = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0)), peer;
	const struct sockaddr *to = (struct sockaddr *)&e.addr;
	char buf[16];

	CHECK_ERR(sendto(fd, "first", 5, MSG_FASTOPEN | MSG_DONTWAIT, to, e.len), EINPROGRESS);
	CHECK_EQ(poll_for(l, POLLIN, 5000), POLLIN);
	peer = CHECK_OK(accept(l, NULL, NULL));
	CHECK_EQ(poll_for(fd, POLLOUT, 5000), POLLOUT);
	CHECK_EQ(sendto(fd, "again", 5, MSG_FASTOPEN, to, e.len), 5);
	CHECK_ERR(sendto(fd, "third", 5, MSG_FASTOPEN, to, e.len), EISCONN);
	CHECK_EQ(shutdown(fd, SHUT_WR), 0);
	CHECK_EQ(recv(peer, buf, sizeof(buf), MSG_WAITALL), 5);
	CHECK(!memcmp(buf, "again", 5));
}
