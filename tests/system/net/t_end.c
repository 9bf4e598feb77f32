// SPDX-License-Identifier: MIT
/*
 * How connections end, and what each end is told of it by every kind of call.
 */
#include <pthread.h>
#include "nettest.h"

#define ALL	(POLLIN | POLLOUT | POLLPRI | POLLRDHUP | POLLRDNORM | POLLWRNORM | POLLRDBAND)

static void reset(int fd)
{
	struct linger l = { 1, 0 };

	CHECK_EQ(setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l)), 0);
	CHECK_EQ(close(fd), 0);
}

/* Wait until the mask shows this bit, and return it whole. */
static int mask_with(int fd, int bit)
{
	double end = now() + 5;
	int mask;

	while (!((mask = poll_for(fd, ALL, 100)) & bit))
		CHECK(now() < end);
	return mask;
}

#define FREE	(POLLOUT | POLLWRNORM)
#define ENDED	(POLLIN | POLLRDNORM | POLLRDHUP)

TEST(end_masks_of_halves)
{
	int fd[2];
	char c;

	tcp_pair(AF_INET, fd);
	CHECK_EQ(poll_for(fd[0], ALL, 0), FREE);
	CHECK_EQ(shutdown(fd[1], SHUT_WR), 0);
	CHECK_EQ(mask_with(fd[0], POLLRDHUP), FREE | ENDED);
	CHECK_EQ(poll_for(fd[1], ALL, 0), FREE);
	CHECK_EQ(read(fd[0], &c, 1), 0);
	CHECK_EQ(write(fd[0], "x", 1), 1);
	CHECK_EQ(read(fd[1], &c, 1), 1);
	CHECK_ERR(send(fd[1], "x", 1, MSG_NOSIGNAL), EPIPE);
	CHECK_EQ(shutdown(fd[0], SHUT_WR), 0);
	CHECK_EQ(mask_with(fd[0], POLLHUP), FREE | ENDED | POLLHUP);
	CHECK_EQ(mask_with(fd[1], POLLHUP), FREE | ENDED | POLLHUP);
	CHECK_EQ(get_int(fd[0], SOL_SOCKET, SO_ERROR), 0);
	CHECK_ERR(shutdown(fd[0], 7), EINVAL);
}

TEST(end_masks_of_a_reset)
{
	int fd[2];
	char c;

	tcp_pair(AF_INET, fd);
	reset(fd[1]);
	CHECK_EQ(mask_with(fd[0], POLLERR), FREE | ENDED | POLLHUP | POLLERR);
	CHECK_ERR(read(fd[0], &c, 1), ECONNRESET);
	CHECK_EQ(poll_for(fd[0], ALL, 0), FREE | ENDED | POLLHUP);
	CHECK_EQ(read(fd[0], &c, 1), 0);
	CHECK_ERR(send(fd[0], "x", 1, MSG_NOSIGNAL), EPIPE);
	CHECK_ERR(shutdown(fd[0], SHUT_RDWR), ENOTCONN);
}

/* Data that nobody has read makes close() a reset. What came before it is read first. */
TEST(end_unread_is_a_reset)
{
	char c[8];
	int fd[2];

	tcp_pair(AF_INET, fd);
	CHECK_EQ(write(fd[0], "unread", 6), 6);
	CHECK_EQ(poll_for(fd[1], POLLIN, 5000), POLLIN);
	CHECK_EQ(write(fd[1], "sent", 4), 4);
	CHECK_EQ(close(fd[1]), 0);
	mask_with(fd[0], POLLERR);
	CHECK_EQ(read(fd[0], c, 8), 4);
	CHECK_ERR(read(fd[0], c, 8), ECONNRESET);
	CHECK_EQ(read(fd[0], c, 8), 0);
}

static void *close_late(void *arg)
{
	usleep(200000);
	close((intptr_t)arg);
	return NULL;
}

/* Send more than there is room for, until the peer resets. The error is the next call's. */
static void send_until_reset(int fd[2])
{
	static char data[1 << 20];
	pthread_t closer;
	ssize_t n;

	set_int(fd[0], SOL_SOCKET, SO_SNDBUF, 30000);
	set_int(fd[1], SOL_SOCKET, SO_RCVBUF, 30000);
	CHECK_EQ(pthread_create(&closer, NULL, close_late, (void *)(intptr_t)fd[1]), 0);
	n = CHECK_OK(send(fd[0], data, sizeof(data), 0));
	CHECK(n && n < (ssize_t)sizeof(data));
	CHECK_EQ(pthread_join(closer, NULL), 0);
	CHECK(mask_with(fd[0], POLLERR) & POLLHUP);
}

/* What the peer has sent before it is read first. */
TEST(end_data_before_the_error_of_a_send)
{
	char c[8];
	int fd[2];

	tcp_pair(AF_INET, fd);
	CHECK_EQ(write(fd[1], "sent", 4), 4);
	send_until_reset(fd);
	CHECK_EQ(recv(fd[0], c, 1, MSG_PEEK), 1);
	CHECK_EQ(recv(fd[0], c, 8, MSG_WAITALL), 4);
	CHECK_ERR(recv(fd[0], c, 8, 0), ECONNRESET);
	CHECK_EQ(recv(fd[0], c, 8, 0), 0);
	CHECK_ERR(send(fd[0], c, 1, MSG_NOSIGNAL), EPIPE);

	tcp_pair(AF_INET, fd);
	send_until_reset(fd);
	CHECK_EQ(get_int(fd[0], SOL_SOCKET, SO_ERROR), ECONNRESET);
	CHECK_EQ(recv(fd[0], c, 8, 0), 0);
}

/* The first write to an end that is gone is taken, and answered by a reset. */
TEST(end_write_after_close)
{
	int fd[2];

	signal(SIGPIPE, SIG_IGN);
	tcp_pair(AF_INET, fd);
	CHECK_EQ(close(fd[1]), 0);
	mask_with(fd[0], POLLRDHUP);
	CHECK_EQ(write(fd[0], "a", 1), 1);
	mask_with(fd[0], POLLERR);
	CHECK_ERR(write(fd[0], "b", 1), EPIPE);
	CHECK_EQ(get_int(fd[0], SOL_SOCKET, SO_ERROR), 0);
}

TEST(end_unconnected_masks)
{
	int t = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0)), u = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
	struct endpoint e;
	int l = listener(AF_INET, &e);
	char c;

	CHECK_EQ(poll_for(t, ALL, 0), FREE | POLLHUP);
	CHECK_EQ(poll_for(u, ALL, 0), FREE);
	CHECK_EQ(poll_for(l, ALL, 0), 0);
	CHECK_ERR(read(t, &c, 1), ENOTCONN);
	CHECK_ERR(send(t, "x", 1, MSG_NOSIGNAL), EPIPE);
	CHECK_ERR(shutdown(t, SHUT_WR), ENOTCONN);
	CHECK_ERR(shutdown(u, SHUT_WR), ENOTCONN);
	CHECK_ERR(read(l, &c, 1), ENOTCONN);
	CHECK_ERR(send(l, "x", 1, MSG_NOSIGNAL), EPIPE);
	CHECK_ERR(accept(t, NULL, NULL), EINVAL);
	CHECK_ERR(accept(u, NULL, NULL), EOPNOTSUPP);
	CHECK_ERR(listen(u, 1), EOPNOTSUPP);
	CHECK_EQ(get_int(l, SOL_SOCKET, SO_ACCEPTCONN), 1);
	CHECK_EQ(get_int(t, SOL_SOCKET, SO_ACCEPTCONN), 0);
}

/* What was sent is read before the end, and a time-out of the socket ends what does not. */
TEST(end_of_a_silent_peer)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);
	int fd[2];
	char c[8];

	tcp_pair(AF_INET, fd);
	set_int(fd[0], SOL_TCP, TCP_USER_TIMEOUT, 500);
	CHECK_EQ(get_int(fd[0], SOL_TCP, TCP_USER_TIMEOUT), 500);
	set_int(fd[0], SOL_SOCKET, SO_KEEPALIVE, 1);
	set_int(fd[0], SOL_TCP, TCP_KEEPIDLE, 3);
	CHECK_EQ(get_int(fd[0], SOL_TCP, TCP_KEEPIDLE), 3);
	CHECK_ERR(setsockopt(fd[0], SOL_TCP, TCP_KEEPIDLE, &(int){ 0 }, 4), EINVAL);
	CHECK_EQ(write(fd[1], "last", 4), 4);
	CHECK_EQ(close(fd[1]), 0);
	CHECK_EQ(mask_with(fd[0], POLLRDHUP), FREE | ENDED);
	CHECK_EQ(read(fd[0], c, 8), 4);
	CHECK_EQ(read(fd[0], c, 8), 0);
	CHECK_EQ(getsockopt(fd[0], SOL_TCP, TCP_INFO, &info, &len), 0);
	CHECK_EQ(info.tcpi_state, TCP_CLOSE_WAIT);
	len = 1;
	CHECK_EQ(getsockopt(fd[0], SOL_TCP, TCP_INFO, &info, &len), 0);
	CHECK_EQ(len, 1);
}

/* An event that was asked for once is told once, and of an end as well. */
TEST(end_by_epoll_once)
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLRDHUP | EPOLLONESHOT }, got;
	int ep = CHECK_OK(epoll_create1(0)), outer = CHECK_OK(epoll_create1(0)), fd[2], copy;

	tcp_pair(AF_INET, fd);
	CHECK_EQ(epoll_ctl(ep, EPOLL_CTL_ADD, fd[0], &e), 0);
	e.events = EPOLLIN;
	CHECK_EQ(epoll_ctl(outer, EPOLL_CTL_ADD, ep, &e), 0);
	CHECK_EQ(write(fd[1], "x", 1), 1);
	CHECK_EQ(epoll_wait(outer, &got, 1, 5000), 1);
	CHECK_EQ(epoll_wait(ep, &got, 1, 0), 1);
	CHECK_EQ(got.events, EPOLLIN);
	CHECK_EQ(close(fd[1]), 0);
	CHECK_EQ(epoll_wait(ep, &got, 1, 50), 0);
	e.events = EPOLLIN | EPOLLRDHUP | EPOLLONESHOT | EPOLLET;
	CHECK_EQ(epoll_ctl(ep, EPOLL_CTL_MOD, fd[0], &e), 0);
	CHECK_EQ(epoll_wait(ep, &got, 1, 5000), 1);
	CHECK_EQ(got.events, EPOLLIN | EPOLLRDHUP);
	/* It is the file that is watched, until its last descriptor goes. */
	e.events = EPOLLIN;
	CHECK_EQ(epoll_ctl(ep, EPOLL_CTL_MOD, fd[0], &e), 0);
	copy = CHECK_OK(dup(fd[0]));
	CHECK_EQ(close(fd[0]), 0);
	CHECK_EQ(epoll_wait(ep, &got, 1, 5000), 1);
	CHECK_ERR(epoll_ctl(ep, EPOLL_CTL_DEL, fd[0], &e), EBADF);
	CHECK_EQ(close(copy), 0);
	CHECK_EQ(epoll_wait(ep, &got, 1, 50), 0);
}
