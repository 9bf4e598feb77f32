// SPDX-License-Identifier: MIT
/*
 * What is queued: how much there is to be read or sent, where a peek begins, and when a queue is
 * short enough.
 */
#include <linux/sockios.h>
#include "nettest.h"

#define SIOCOUTQNSD_	0x894B
#define SO_PEEK_OFF_	42

static int asked(int fd, unsigned long cmd)
{
	int n = -1;

	CHECK_EQ(ioctl(fd, cmd, &n), 0);
	return n;
}

/* The peer takes nothing more: what was sent, and what could not be. */
TEST(queue_of_a_sender)
{
	static char buf[65536];
	int fd[2], sent = 0, n;

	tcp_pair(AF_INET, fd);
	set_int(fd[1], SOL_SOCKET, SO_RCVBUF, 20000);
	set_nonblock(fd[0], true);
	for (n = 0; n < 3; usleep(20000), n++)
		while (send(fd[0], buf, sizeof(buf), 0) > 0)
			n = 0;
	sent = asked(fd[0], SIOCOUTQ) + asked(fd[1], SIOCINQ);
	CHECK(asked(fd[0], SIOCOUTQ) > 0);
	CHECK(asked(fd[0], SIOCOUTQNSD_) <= asked(fd[0], SIOCOUTQ));
	CHECK(asked(fd[0], SIOCOUTQNSD_) > 0);
	CHECK_EQ(poll_for(fd[0], POLLOUT, 0), 0);
	for (n = 0; n < sent; )
		n += CHECK_OK(recv(fd[1], buf, sizeof(buf), 0));
	CHECK_EQ(n, sent);
	CHECK_EQ(poll_for(fd[0], POLLOUT, 5000), POLLOUT);
	CHECK_EQ(asked(fd[1], SIOCINQ), 0);
}

TEST(queue_of_datagrams)
{
	char c[8];
	int fd[2];

	udp_pair(AF_INET, fd);
	CHECK_EQ(asked(fd[1], SIOCINQ), 0);
	CHECK_EQ(send(fd[0], "abc", 3, 0), 3);
	CHECK_EQ(send(fd[0], "", 0, 0), 0);
	CHECK_EQ(send(fd[0], "defgh", 5, 0), 5);
	/* The length of the next one. */
	CHECK_EQ(asked(fd[1], SIOCINQ), 3);
	CHECK_EQ(recv(fd[1], c, 8, 0), 3);
	CHECK_EQ(asked(fd[1], SIOCINQ), 0);
	CHECK_EQ(poll_for(fd[1], POLLIN, 0), POLLIN);
	CHECK_EQ(recv(fd[1], c, 8, 0), 0);
	CHECK_EQ(asked(fd[1], SIOCINQ), 5);
	CHECK_EQ(asked(fd[0], SIOCOUTQ), 0);
	CHECK_ERR(ioctl(CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0)), SIOCATMARK, c), ENOTTY);
}

TEST(queue_of_a_listener)
{
	struct endpoint e;
	int l = listener(AF_INET, &e), n;

	CHECK_ERR(ioctl(l, SIOCINQ, &n), EINVAL);
	CHECK_ERR(ioctl(l, SIOCOUTQ, &n), EINVAL);
	CHECK_ERR(ioctl(l, SIOCINQ, NULL), EINVAL);
	CHECK_ERR(ioctl(CHECK_OK(socket(AF_INET, SOCK_STREAM, 0)), SIOCINQ, (void *)16), EFAULT);
}

static void peek_moves_on(int fd[2])
{
	char buf[8];

	CHECK_EQ(get_int(fd[1], SOL_SOCKET, SO_PEEK_OFF_), -1);
	CHECK_EQ(send(fd[0], "abcdef", 6, 0), 6);
	CHECK_EQ(poll_for(fd[1], POLLIN, 5000), POLLIN);
	if (setsockopt(fd[1], SOL_SOCKET, SO_PEEK_OFF_, &(int){ 1 }, 4)) {
		CHECK_EQ(errno, EOPNOTSUPP);
		test_skip("this kernel's TCP has no SO_PEEK_OFF");
	}
	CHECK_EQ(recv(fd[1], buf, 2, MSG_PEEK), 2);
	CHECK(!memcmp(buf, "bc", 2));
	CHECK_EQ(recv(fd[1], buf, 8, MSG_PEEK), 3);
	CHECK(!memcmp(buf, "def", 3));
	CHECK_EQ(get_int(fd[1], SOL_SOCKET, SO_PEEK_OFF_), 6);
	CHECK_ERR(recv(fd[1], buf, 8, MSG_PEEK | MSG_DONTWAIT), EAGAIN);
	/* What is taken moves it back. */
	CHECK_EQ(recv(fd[1], buf, 8, 0), 6);
	CHECK_EQ(get_int(fd[1], SOL_SOCKET, SO_PEEK_OFF_), 0);
}

TEST(queue_is_peeked_at_from)
{
	int fd[2];

	udp_pair(AF_INET, fd);
	peek_moves_on(fd);
	tcp_pair(AF_INET, fd);
	peek_moves_on(fd);
}

/* A sender is told of room only when little waits to be sent. */
TEST(queue_not_sent_is_short)
{
	static char buf[1 << 20];
	int fd[2], n;

	tcp_pair(AF_INET, fd);
	set_int(fd[0], SOL_SOCKET, SO_SNDBUF, 1 << 20);
	set_int(fd[0], SOL_TCP, TCP_NOTSENT_LOWAT, 4096);
	set_int(fd[1], SOL_SOCKET, SO_RCVBUF, 20000);
	set_nonblock(fd[0], true);
	for (n = 0; n < 3; usleep(20000), n++)
		while (send(fd[0], buf, 16384, 0) > 0)
			n = 0;
	CHECK_EQ(poll_for(fd[0], POLLOUT, 0), 0);
	CHECK(asked(fd[0], SIOCOUTQNSD_) >= 4096);
	set_int(fd[0], SOL_TCP, TCP_NOTSENT_LOWAT, 1 << 30);
	CHECK_EQ(poll_for(fd[0], POLLOUT, 5000), POLLOUT);
}

/* An error behind a datagram is the next call's, whichever that is. */
TEST(queue_ends_with_an_error)
{
	char c, none[4];
	struct iovec iov[2] = { { none, 4 }, { (void *)16, 4 } };
	struct mmsghdr m[2] = { { .msg_hdr = { .msg_iov = &iov[0], .msg_iovlen = 1 } },
				{ .msg_hdr = { .msg_iov = &iov[1], .msg_iovlen = 1 } } };
	int fd[2], i;

	udp_pair(AF_INET, fd);
	for (i = 0; i < 5; i++)		/* the door, if there is one, takes the socket */
		CHECK_ERR(recv(fd[1], &c, 1, MSG_DONTWAIT), EAGAIN);
	CHECK_EQ(write(fd[0], "a", 1), 1);
	CHECK_EQ(write(fd[0], "b", 1), 1);
	CHECK_EQ(recvmmsg(fd[1], m, 2, 0, NULL), 1);
	CHECK_EQ(poll_for(fd[1], POLLIN, 0) & POLLERR, POLLERR);
	CHECK_ERR(recv(fd[1], &c, 1, MSG_DONTWAIT), EFAULT);
	CHECK_EQ(poll_for(fd[1], POLLIN, 0), 0);
	CHECK_ERR(recv(fd[1], &c, 1, MSG_DONTWAIT), EAGAIN);
}

/* So is one that is found before the socket is asked. */
TEST(queue_ends_with_a_bad_message)
{
	char c[2];
	struct iovec iov = { c, 2 };
	struct mmsghdr m[2] = { { .msg_hdr = { .msg_iov = &iov, .msg_iovlen = 1 } },
				{ .msg_hdr = { .msg_iov = &iov, .msg_iovlen = 2000 } } };
	int fd[2], i;

	udp_pair(AF_INET, fd);
	for (i = 0; i < 5; i++)		/* the door, if there is one, takes the socket */
		CHECK_ERR(recv(fd[1], c, 1, MSG_DONTWAIT), EAGAIN);
	CHECK_EQ(write(fd[0], "a", 1), 1);
	CHECK_EQ(write(fd[0], "bb", 2), 2);
	CHECK_EQ(recvmmsg(fd[1], m, 2, 0, NULL), 1);
	CHECK_EQ(poll_for(fd[1], POLLIN, 0), POLLIN | POLLERR);
	CHECK_ERR(recv(fd[1], c, 2, MSG_DONTWAIT), EMSGSIZE);
	CHECK_EQ(recv(fd[1], c, 2, MSG_DONTWAIT), 2);
	CHECK_ERR(recv(fd[1], c, 2, MSG_DONTWAIT), EAGAIN);
}

/* A time-out of recvmmsg() ends it after a datagram, and no wait. */
TEST(queue_is_taken_for_a_time)
{
	struct timespec limit = { .tv_nsec = 100000000 };
	struct mmsghdr m[3] = { 0 };
	struct iovec iov[3];
	char buf[3][4];
	int fd[2], i;

	udp_pair(AF_INET, fd);
	for (i = 0; i < 3; i++) {
		iov[i] = (struct iovec){ buf[i], 4 };
		m[i].msg_hdr.msg_iov = &iov[i];
		m[i].msg_hdr.msg_iovlen = 1;
	}
	CHECK_EQ(write(fd[1], "a", 1), 1);
	if (!fork()) {
		usleep(300000);
		_exit(write(fd[1], "bc", 2) != 2);
	}
	CHECK_EQ(recvmmsg(fd[0], m, 3, 0, &limit), 2);
	CHECK_EQ(m[1].msg_len, 2);
	CHECK(limit.tv_sec == 0 && limit.tv_nsec == 0);
}
