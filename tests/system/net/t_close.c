// SPDX-License-Identifier: MIT
/*
 * close() of one end of a connection within this host: when it has returned, the other end shows
 * it to a program that does not wait.
 */
#include "nettest.h"

#define ROUNDS 50

/* Open a stream to a listener: @fd[0] is the end that has connected. */
static void pair_by(int l, const struct endpoint *to, int family, int fd[2])
{
	fd[0] = CHECK_OK(socket(family, SOCK_STREAM, 0));
	CHECK_EQ(connect(fd[0], (const struct sockaddr *)&to->addr, to->len), 0);
	fd[1] = CHECK_OK(accept(l, NULL, NULL));
}

static short mask_now(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLRDHUP };

	CHECK_OK(poll(&p, 1, 0));
	return p.revents;
}

static void ends_seen(int family, int closer)
{
	struct endpoint e;
	int l = listener(family, &e), fd[2], i;
	char c;

	for (i = 0; i < ROUNDS; i++) {
		pair_by(l, &e, family, fd);
		close(fd[closer]);
		CHECK_EQ(recv(fd[!closer], &c, 1, MSG_DONTWAIT), 0);
		CHECK_EQ(mask_now(fd[!closer]), POLLIN | POLLRDHUP);
		close(fd[!closer]);
	}
}

TEST(close_seen_by_the_accepted) { ends_seen(AF_INET, 0); }
TEST(close_seen_by_the_connected) { ends_seen(AF_INET, 1); }
TEST(close_seen_v6) { ends_seen(AF_INET6, 0); }

/* poll() has no chance of an answer by recv() before. */
TEST(close_seen_by_poll)
{
	struct endpoint e;
	int l = listener(AF_INET, &e), fd[2], i;

	for (i = 0; i < ROUNDS; i++) {
		pair_by(l, &e, AF_INET, fd);
		CHECK_EQ(mask_now(fd[1]), 0);
		close(fd[0]);
		CHECK_EQ(mask_now(fd[1]), POLLIN | POLLRDHUP);
		close(fd[1]);
	}
}

TEST(close_seen_by_epoll)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLRDHUP };
	int ep = CHECK_OK(epoll_create1(0)), fd[2], i;

	for (i = 0; i < ROUNDS; i++) {
		tcp_pair(AF_INET, fd);
		CHECK_EQ(epoll_ctl(ep, EPOLL_CTL_ADD, fd[1], &ev), 0);
		CHECK_EQ(epoll_wait(ep, &ev, 1, 0), 0);
		close(fd[0]);
		CHECK_EQ(epoll_wait(ep, &ev, 1, 0), 1);
		CHECK_EQ(ev.events, EPOLLIN | EPOLLRDHUP);
		close(fd[1]);
	}
}

/* An IPv6 socket may speak IPv4. */
TEST(close_seen_v4_by_v6)
{
	struct sockaddr_in6 to = { .sin6_family = AF_INET6 };
	struct endpoint e;
	int l = listener(AF_INET, &e), fd[2], i;
	char c;

	inet_pton(AF_INET6, "::ffff:127.0.0.3", &to.sin6_addr);
	to.sin6_port = htons(port_of(l));
	close(l);
	l = CHECK_OK(socket(AF_INET6, SOCK_STREAM, 0));
	set_int(l, SOL_SOCKET, SO_REUSEADDR, 1);
	CHECK_EQ(bind(l, (struct sockaddr *)&to, sizeof(to)), 0);
	CHECK_EQ(listen(l, 5), 0);
	for (i = 0; i < ROUNDS; i++) {
		fd[0] = CHECK_OK(socket(AF_INET6, SOCK_STREAM, 0));
		CHECK_EQ(connect(fd[0], (struct sockaddr *)&to, sizeof(to)), 0);
		fd[1] = CHECK_OK(accept(l, NULL, NULL));
		close(fd[i % 2]);
		CHECK_EQ(recv(fd[!(i % 2)], &c, 1, MSG_DONTWAIT), 0);
		close(fd[!(i % 2)]);
	}
}

/* Data that nobody has read makes it a reset; so does a linger time of 0. */
TEST(close_seen_as_reset)
{
	struct linger none = { .l_onoff = 1 };
	int fd[2], i;
	char c;

	for (i = 0; i < ROUNDS; i++) {
		tcp_pair(AF_INET, fd);
		if (i % 2)
			CHECK_EQ(setsockopt(fd[0], SOL_SOCKET, SO_LINGER, &none, sizeof(none)), 0);
		else
			CHECK_EQ(send(fd[1], "x", 1, 0), 1);
		close(fd[0]);
		CHECK_ERR(recv(fd[1], &c, 1, MSG_DONTWAIT), ECONNRESET);
		CHECK_ERR(send(fd[1], "x", 1, MSG_NOSIGNAL), EPIPE);
		close(fd[1]);
	}
}

TEST(close_seen_behind_data)
{
	char buf[8];
	int fd[2], i;

	for (i = 0; i < ROUNDS; i++) {
		tcp_pair(AF_INET, fd);
		CHECK_EQ(send(fd[0], "last", 4, 0), 4);
		close(fd[0]);
		CHECK_EQ(recv(fd[1], buf, sizeof(buf), MSG_DONTWAIT | MSG_WAITALL), 4);
		CHECK_EQ(recv(fd[1], buf, sizeof(buf), MSG_DONTWAIT), 0);
		close(fd[1]);
	}
}

static void hold(void *arg)
{
	(void)arg;	/* it inherits the descriptor, and its end closes it */
}

TEST(close_seen_after_exit)
{
	int fd[2], i;
	pid_t pid;
	char c;

	for (i = 0; i < 10; i++) {
		tcp_pair(AF_INET, fd);
		pid = child(hold, NULL);
		close(fd[0]);
		reap(pid);
		CHECK_EQ(recv(fd[1], &c, 1, MSG_DONTWAIT), 0);
		close(fd[1]);
	}
}

/* Who waits to be accepted hears of the listener's end. */
TEST(close_seen_of_a_listener)
{
	struct endpoint e;
	int l, fd, i;
	char c;

	for (i = 0; i < ROUNDS; i++) {
		l = listener(AF_INET, &e);
		fd = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
		CHECK_EQ(connect(fd, (struct sockaddr *)&e.addr, e.len), 0);
		close(l);
		CHECK_ERR(recv(fd, &c, 1, MSG_DONTWAIT), ECONNRESET);
		close(fd);
	}
}

/* The address of the host's own interface is local as well. */
TEST(close_seen_by_own_address)
{
	struct endpoint any = loopback(AF_INET, 0), own = { .len = sizeof(own.addr) };
	struct sockaddr_in far = { .sin_family = AF_INET, .sin_port = htons(9) };
	int fd[2], l, u, i;
	char c;

	/* The address by which it would go out; no datagram is sent. */
	inet_pton(AF_INET, "192.0.2.1", &far.sin_addr);
	u = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
	if (connect(u, (struct sockaddr *)&far, sizeof(far)))
		test_skip("there is no route");
	CHECK_EQ(getsockname(u, (struct sockaddr *)&own.addr, &own.len), 0);
	l = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
	((struct sockaddr_in *)&any.addr)->sin_addr.s_addr = INADDR_ANY;
	CHECK_EQ(bind(l, (struct sockaddr *)&any.addr, any.len), 0);
	CHECK_EQ(listen(l, 5), 0);
	((struct sockaddr_in *)&own.addr)->sin_port = htons(port_of(l));
	for (i = 0; i < ROUNDS; i++) {
		pair_by(l, &own, AF_INET, fd);
		close(fd[i % 2]);
		CHECK_EQ(recv(fd[!(i % 2)], &c, 1, MSG_DONTWAIT), 0);
		close(fd[!(i % 2)]);
	}
}

/* A port that was chosen for a sender is free when the sender is closed. */
TEST(close_frees_a_chosen_port)
{
	struct endpoint to = loopback(AF_INET, 9), e;
	int fd, i, port;

	for (i = 0; i < ROUNDS; i++) {
		fd = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
		set_int(fd, SOL_IP, IP_RECVERR, i % 2);
		CHECK_EQ(sendto(fd, "x", 1, 0, (struct sockaddr *)&to.addr, to.len), 1);
		port = port_of(fd);
		CHECK(port);
		close(fd);
		e = loopback(AF_INET, port);
		fd = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
		CHECK_EQ(bind(fd, (struct sockaddr *)&e.addr, e.len), 0);
		close(fd);
	}
}
