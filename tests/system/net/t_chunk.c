// SPDX-License-Identifier: MIT
/*
 * Calls of more bytes than one request to the network domain has: the program sees one call.
 */
#include <linux/net_tstamp.h>
#include "nettest.h"
#include <linux/errqueue.h>

#define TCP_INQ_	36

/* Have @n bytes wait at fd[1]. */
static void fill_up(int fd[2], int n)
{
	static unsigned char out[1 << 18];
	int i, there = 0;

	set_int(fd[1], SOL_SOCKET, SO_RCVBUF, 400000);
	set_int(fd[0], SOL_SOCKET, SO_SNDBUF, 400000);
	write_all(fd[0], out, n);
	for (i = 0; i < 100 && there < n; i++) {
		CHECK_EQ(ioctl(fd[1], FIONREAD, &there), 0);
		usleep(20000);
	}
	CHECK_EQ(there, n);
}

/* Receive @n bytes. Return: how many the one control message says are left. */
static int left_after(int fd, size_t n, size_t room)
{
	static char data[1 << 18];
	char control[2 * CMSG_SPACE(sizeof(int))] = "";
	struct iovec iov = { data, n };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			    .msg_controllen = room };
	struct cmsghdr *c;

	CHECK_EQ(recvmsg(fd, &m, 0), n);
	CHECK_EQ(m.msg_flags, 0);
	CHECK_EQ(m.msg_controllen, CMSG_SPACE(sizeof(int)));
	c = CMSG_FIRSTHDR(&m);
	CHECK(c);
	CHECK_EQ(c->cmsg_level, SOL_TCP);
	CHECK_EQ(c->cmsg_type, TCP_INQ_);
	return *(int *)CMSG_DATA(c);
}

/* What is left is told once, as it is after all bytes. */
TEST(chunk_tells_once_what_is_left)
{
	enum { ALL = 150000, FIRST = 100000 };
	int fd[2];

	tcp_pair(AF_INET, fd);
	set_int(fd[1], SOL_TCP, TCP_INQ_, 1);
	fill_up(fd, ALL);
	CHECK_EQ(left_after(fd[1], FIRST, 2 * CMSG_SPACE(sizeof(int))), ALL - FIRST);
	CHECK_EQ(left_after(fd[1], ALL - FIRST, CMSG_SPACE(sizeof(int))), 0);
	fill_up(fd, ALL);
	CHECK_EQ(left_after(fd[1], ALL, CMSG_SPACE(sizeof(int))), 0);
}

/*
 * The times of the last byte are told, once as well. Linux begins to stamp packets some time after
 * a socket has asked for it.
 */
TEST(chunk_tells_once_when_it_came)
{
	enum { ALL = 140000 };
	static char data[ALL];
	char control[512] = "";
	struct iovec iov = { data, ALL };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			    .msg_controllen = sizeof(control) };
	struct cmsghdr *c = NULL;
	int fd[2], i;

	tcp_pair(AF_INET, fd);
	set_int(fd[1], SOL_SOCKET, SO_TIMESTAMPNS, 1);
	for (i = 0; !c && i < 50; i++) {
		m.msg_controllen = sizeof(control);
		fill_up(fd, ALL);
		CHECK_EQ(recvmsg(fd[1], &m, 0), ALL);
		c = CMSG_FIRSTHDR(&m);
	}
	CHECK(c);
	CHECK_EQ(c->cmsg_type, SO_TIMESTAMPNS);
	CHECK(!CMSG_NXTHDR(&m, c));
}

/* The error queue of a stream gives its data whatever MSG_TRUNC says of the stream's own. */
TEST(chunk_of_an_error_is_kept)
{
	char data[256], control[512];
	struct iovec iov = { data, sizeof(data) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			    .msg_controllen = sizeof(control) };
	int fd[2];
	ssize_t n;

	tcp_pair(AF_INET, fd);
	set_int(fd[0], SOL_SOCKET, SO_TIMESTAMPING,
		SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE);
	CHECK_EQ(write(fd[0], "hello", 5), 5);
	CHECK(poll_for(fd[0], 0, 5000) & POLLERR);
	n = CHECK_OK(recvmsg(fd[0], &m, MSG_ERRQUEUE | MSG_TRUNC));
	CHECK(n >= 5);
	CHECK(!memcmp(data + n - 5, "hello", 5));
	CHECK(m.msg_flags & MSG_ERRQUEUE);
}

static volatile sig_atomic_t urgents;

static void on_urg(int sig)
{
	(void)sig;
	urgents++;
}

/* Of what is sent as urgent data the last byte is urgent, and no other. */
TEST(chunk_has_one_urgent_byte)
{
	enum { ALL = 150000 };
	static char data[ALL];
	size_t got = 0;
	int fd[2];

	CHECK(signal(SIGURG, on_urg) != SIG_ERR);
	tcp_pair(AF_INET, fd);
	CHECK_EQ(fcntl(fd[1], F_SETOWN, getpid()), 0);
	set_int(fd[1], SOL_SOCKET, SO_RCVBUF, 400000);
	set_int(fd[0], SOL_SOCKET, SO_SNDBUF, 400000);
	data[ALL - 1] = 'U';
	CHECK_EQ(send(fd[0], data, ALL, MSG_OOB), ALL);
	CHECK_EQ(send(fd[0], "end", 3, 0), 3);
	while (got < ALL - 1)
		got += CHECK_OK(recv(fd[1], data, ALL, 0));
	CHECK_EQ(got, ALL - 1);
	CHECK_EQ(recv(fd[1], data, 1, MSG_OOB), 1);
	CHECK_EQ(data[0], 'U');
	CHECK_EQ(recv(fd[1], data, ALL, 0), 3);
	CHECK_EQ(urgents, 1);
}

/* Take stamps of sending. Each that is there is of byte @at. Return: whether there was one. */
static bool stamp_of(int fd, unsigned int at)
{
	char control[512];
	struct msghdr m;
	struct cmsghdr *c;
	bool found = false;

	for (;;) {
		m = (struct msghdr){ .msg_control = control, .msg_controllen = sizeof(control) };
		if (recvmsg(fd, &m, MSG_ERRQUEUE) < 0)
			return found;
		for (c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
			if (c->cmsg_level != SOL_IP || c->cmsg_type != IP_RECVERR)
				continue;
			CHECK_EQ(((struct sock_extended_err *)CMSG_DATA(c))->ee_data, at);
			found = true;
		}
	}
}

/* One call, one stamp: that of its last byte. */
TEST(chunk_has_one_stamp)
{
	enum { ALL = 150000 };
	static char data[ALL];
	bool found = false;
	int fd[2], i;

	tcp_pair(AF_INET, fd);
	set_int(fd[1], SOL_SOCKET, SO_RCVBUF, 400000);
	set_int(fd[0], SOL_SOCKET, SO_SNDBUF, 400000);
	set_int(fd[0], SOL_SOCKET, SO_TIMESTAMPING,
		SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_OPT_ID |
		SOF_TIMESTAMPING_OPT_TSONLY);
	CHECK_EQ(send(fd[0], data, ALL, 0), ALL);
	for (i = 0; i < 50 && !found; i++) {
		usleep(20000);
		found = stamp_of(fd[0], ALL - 1);
	}
	CHECK(found);
}

/* Data that is there is one call's, whatever comes behind it: an end, or an error. */
static void whole_before(int end_with)
{
	static char data[1 << 18];
	struct linger now = { 1, 0 };
	int fd[2], i;

	tcp_pair(AF_INET, fd);
	for (i = 0; i < 5; i++)		/* the door, if there is one, takes the socket */
		CHECK_ERR(recv(fd[1], data, 1, MSG_DONTWAIT), EAGAIN);
	fill_up(fd, 150000);
	if (end_with == ECONNRESET)
		CHECK_EQ(setsockopt(fd[0], SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
	close(fd[0]);
	CHECK(poll_for(fd[1], POLLRDHUP, 5000) & POLLRDHUP);
	CHECK_EQ(read(fd[1], data, sizeof(data)), 150000);
	if (end_with)
		CHECK_ERR(read(fd[1], data, sizeof(data)), end_with);
	CHECK_EQ(read(fd[1], data, sizeof(data)), 0);
}

TEST(chunk_is_whole_before_the_end) { whole_before(0); }
TEST(chunk_is_whole_before_an_error) { whole_before(ECONNRESET); }
