// SPDX-License-Identifier: MIT
/*
 * epoll: levels, edges, and that no wake-up is lost.
 */
#include <sys/epoll.h>
#include "nettest.h"

static int epoll_with(int fd, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.fd = fd };
	int ep = epoll_create1(0);

	CHECK(ep >= 0);
	CHECK_EQ(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev), 0);
	return ep;
}

static uint32_t epoll_next(int ep, int ms)
{
	struct epoll_event ev = {};
	int n = epoll_wait(ep, &ev, 1, ms);

	CHECK(n >= 0);
	return n ? ev.events : 0;
}

TEST(epoll_level)
{
	char buf[8];
	int fd[2], ep;

	tcp_pair(AF_INET, fd);
	ep = epoll_with(fd[0], EPOLLIN);
	CHECK_EQ(epoll_next(ep, 0), 0);
	CHECK_EQ(write(fd[1], "ab", 2), 2);
	CHECK_EQ(epoll_next(ep, 2000), EPOLLIN);
	CHECK_EQ(epoll_next(ep, 0), EPOLLIN);
	CHECK_EQ(read(fd[0], buf, 1), 1);
	CHECK_EQ(epoll_next(ep, 0), EPOLLIN);
	CHECK_EQ(read(fd[0], buf, 8), 1);
	CHECK_EQ(epoll_next(ep, 0), 0);
}

TEST(epoll_edge)
{
	char buf[8];
	int fd[2], ep;

	tcp_pair(AF_INET, fd);
	ep = epoll_with(fd[0], EPOLLIN | EPOLLET);
	CHECK_EQ(write(fd[1], "a", 1), 1);
	CHECK_EQ(epoll_next(ep, 2000), EPOLLIN);
	CHECK_EQ(epoll_next(ep, 100), 0);
	/* Not read yet, and more comes: another edge. */
	CHECK_EQ(write(fd[1], "b", 1), 1);
	CHECK_EQ(epoll_next(ep, 2000), EPOLLIN);
	CHECK_EQ(read(fd[0], buf, 8), 2);
	CHECK_EQ(epoll_next(ep, 100), 0);
	close(fd[1]);
	CHECK(epoll_next(ep, 2000) & EPOLLIN);
}

TEST(epoll_edge_out)
{
	static char buf[1 << 20];
	size_t total = 0;
	int fd[2], ep;
	ssize_t n;

	tcp_pair(AF_INET, fd);
	set_nonblock(fd[0], true);
	ep = epoll_with(fd[0], EPOLLOUT | EPOLLET);
	CHECK_EQ(epoll_next(ep, 2000), EPOLLOUT);
	while ((n = write(fd[0], buf, sizeof(buf))) > 0)
		total += n;
	CHECK_ERR(n, EAGAIN);
	while (total) {
		n = read(fd[1], buf, sizeof(buf));
		CHECK(n > 0);
		total -= n;
	}
	CHECK_EQ(epoll_next(ep, 2000), EPOLLOUT);
}

TEST(epoll_oneshot)
{
	struct epoll_event ev;
	int fd[2], ep;

	tcp_pair(AF_INET, fd);
	ep = epoll_with(fd[0], EPOLLIN | EPOLLONESHOT);
	CHECK_EQ(write(fd[1], "a", 1), 1);
	CHECK_EQ(epoll_next(ep, 2000), EPOLLIN);
	CHECK_EQ(write(fd[1], "a", 1), 1);
	CHECK_EQ(epoll_next(ep, 100), 0);
	ev = (struct epoll_event){ .events = EPOLLIN | EPOLLONESHOT };
	CHECK_EQ(epoll_ctl(ep, EPOLL_CTL_MOD, fd[0], &ev), 0);
	CHECK_EQ(epoll_next(ep, 2000), EPOLLIN);
}

/* A datagram socket that has room all the time: each datagram that leaves is an edge. */
static void each_datagram(int fd, int ep)
{
	int i;

	for (i = 0; i < 20; i++) {
		CHECK_EQ(write(fd, "a", 1), 1);
		CHECK_EQ(epoll_next(ep, 2000), EPOLLOUT);
	}
}

TEST(epoll_edge_room)
{
	struct epoll_event ev = { .events = EPOLLOUT | EPOLLET };
	int fd[2], ep;

	udp_pair(AF_INET, fd);
	ep = epoll_with(fd[0], EPOLLOUT | EPOLLET);
	CHECK_EQ(epoll_next(ep, 2000), EPOLLOUT);
	CHECK_EQ(epoll_next(ep, 50), 0);
	each_datagram(fd[0], ep);
	close(ep);
	/* Another wants that later only. */
	ep = epoll_with(fd[1], EPOLLIN | EPOLLET);
	CHECK_EQ(epoll_next(ep, 2000), EPOLLIN);
	CHECK_EQ(epoll_ctl(ep, EPOLL_CTL_MOD, fd[1], &ev), 0);
	CHECK_EQ(epoll_next(ep, 2000), EPOLLOUT);
	each_datagram(fd[1], ep);
}

/* For who waits for data alone, a datagram that leaves is no event. */
TEST(epoll_edge_no_room)
{
	struct endpoint at = loopback(AF_INET, 9);
	int fd = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0)), ep;

	ep = epoll_with(fd, EPOLLIN | EPOLLET);
	CHECK_EQ(epoll_next(ep, 50), 0);
	CHECK_EQ(sendto(fd, "a", 1, 0, (void *)&at.addr, at.len), 1);
	CHECK_EQ(epoll_next(ep, 100), 0);
}

/* Many rounds between two processes that both sleep in epoll: no wake-up is lost. */
struct ping {
	int fd;
	int rounds;
};

static void pong(void *arg)
{
	struct ping *p = arg;
	int ep = epoll_with(p->fd, EPOLLIN | EPOLLET), i;
	char c;

	set_nonblock(p->fd, true);
	for (i = 0; i < p->rounds; i++) {
		while (read(p->fd, &c, 1) != 1) {
			CHECK_EQ(errno, EAGAIN);
			CHECK(epoll_next(ep, 5000));
		}
		CHECK_EQ(write(p->fd, &c, 1), 1);
	}
}

TEST(epoll_ping_pong)
{
	struct ping p = { .rounds = 500 };
	int fd[2], ep, i;
	pid_t pid;
	char c;

	tcp_pair(AF_INET, fd);
	p.fd = fd[1];
	pid = child(pong, &p);
	ep = epoll_with(fd[0], EPOLLIN);
	for (i = 0; i < p.rounds; i++) {
		c = i;
		CHECK_EQ(write(fd[0], &c, 1), 1);
		CHECK(epoll_next(ep, 5000) & EPOLLIN);
		CHECK_EQ(read(fd[0], &c, 1), 1);
		CHECK_EQ(c, (char)i);
	}
	reap(pid);
}
