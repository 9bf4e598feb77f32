// SPDX-License-Identifier: MIT
/*
 * What wakes edge-triggered epoll: data, room, an error and the socket's state are edges of their
 * own, each for those alone who wait for it.
 */
#include <pthread.h>
#include <sys/epoll.h>
#include "nettest.h"

static char buf[1 << 20];

static int epoll_with(int fd, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.fd = fd };
	int ep = CHECK_OK(epoll_create1(0));

	CHECK_EQ(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev), 0);
	return ep;
}

static uint32_t next_of(int ep, int ms)
{
	struct epoll_event ev = {};

	CHECK(epoll_wait(ep, &ev, 1, ms) >= 0);
	return ev.events;
}

static size_t fill_up(int fd)
{
	size_t total = 0;
	ssize_t n;

	set_nonblock(fd, true);
	while ((n = write(fd, buf, sizeof(buf))) > 0)
		total += n;
	CHECK_ERR(n, EAGAIN);
	return total;
}

static void drain(int fd, size_t total)
{
	while (total) {
		ssize_t n = read(fd, buf, total < sizeof(buf) ? total : sizeof(buf));

		CHECK(n > 0);
		total -= n;
	}
}

TEST(edge_data_is_no_room)
{
	int fd[2], ep, both, i;

	tcp_pair(AF_INET, fd);
	ep = epoll_with(fd[0], EPOLLOUT | EPOLLET);
	both = epoll_with(fd[0], EPOLLIN | EPOLLOUT | EPOLLET);
	CHECK_EQ(next_of(ep, 2000), EPOLLOUT);
	CHECK_EQ(next_of(both, 2000), EPOLLOUT);
	for (i = 0; i < 5; i++) {
		CHECK_EQ(write(fd[1], "a", 1), 1);
		CHECK_EQ(next_of(both, 2000), EPOLLIN | EPOLLOUT);
		CHECK_EQ(next_of(ep, 20), 0);
	}
	/* The end of the data is one for all. */
	CHECK_EQ(shutdown(fd[1], SHUT_WR), 0);
	CHECK_EQ(next_of(ep, 2000), EPOLLOUT);
}

TEST(edge_room_is_no_data)
{
	int fd[2], ep, both;
	size_t total;

	tcp_pair(AF_INET, fd);
	CHECK_EQ(write(fd[1], "a", 1), 1);
	ep = epoll_with(fd[0], EPOLLIN | EPOLLET);
	CHECK_EQ(next_of(ep, 2000), EPOLLIN);
	total = fill_up(fd[0]);
	both = epoll_with(fd[0], EPOLLIN | EPOLLOUT | EPOLLET);
	CHECK_EQ(next_of(both, 2000), EPOLLIN);
	drain(fd[1], total);
	CHECK_EQ(next_of(both, 2000), EPOLLIN | EPOLLOUT);
	CHECK_EQ(next_of(ep, 50), 0);
	CHECK_EQ(write(fd[1], "b", 1), 1);
	CHECK_EQ(next_of(ep, 2000), EPOLLIN);
}

TEST(edge_of_datagrams)
{
	int fd[2], in, out;

	udp_pair(AF_INET, fd);
	in = epoll_with(fd[0], EPOLLIN | EPOLLET);
	out = epoll_with(fd[0], EPOLLOUT | EPOLLET);
	CHECK_EQ(next_of(out, 2000), EPOLLOUT);
	CHECK_EQ(write(fd[1], "a", 1), 1);
	CHECK_EQ(next_of(in, 2000), EPOLLIN);
	CHECK_EQ(next_of(out, 50), 0);
	/* The first is not received yet. */
	CHECK_EQ(write(fd[0], "b", 1), 1);
	CHECK_EQ(next_of(out, 2000), EPOLLOUT);
	CHECK_EQ(next_of(in, 50), 0);
	CHECK_EQ(write(fd[1], "c", 1), 1);
	CHECK_EQ(next_of(in, 2000), EPOLLIN);
}

/* Linux tells of room when the bound is set anew. */
TEST(edge_of_a_larger_buffer)
{
	int fd[2], in, out, i;

	tcp_pair(AF_INET, fd);
	CHECK_EQ(write(fd[1], "a", 1), 1);
	in = epoll_with(fd[0], EPOLLIN | EPOLLET);
	out = epoll_with(fd[0], EPOLLOUT | EPOLLET);
	CHECK_EQ(next_of(in, 2000), EPOLLIN);
	CHECK_EQ(next_of(out, 2000), EPOLLOUT);
	for (i = 0; i < 3; i++) {
		set_int(fd[0], SOL_SOCKET, SO_SNDBUF, 100000);
		CHECK_EQ(next_of(out, 2000), EPOLLOUT);
		CHECK_EQ(next_of(in, 20), 0);
	}
}

struct waiter {
	pthread_t thread;
	int ep;
	uint32_t got;
};

static void *wait_once(void *arg)
{
	struct waiter *w = arg;

	w->got = next_of(w->ep, 500);
	return NULL;
}

/* How many of two that wait exclusively are woken by what @cause does. */
static int woken_by(int fd, void (*cause)(int peer), int peer)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLET | EPOLLEXCLUSIVE };
	struct waiter w[2];
	int i, woken = 0;

	for (i = 0; i < 2; i++) {
		w[i] = (struct waiter){ .ep = CHECK_OK(epoll_create1(0)) };
		CHECK_EQ(epoll_ctl(w[i].ep, EPOLL_CTL_ADD, fd, &ev), 0);
		CHECK_EQ(pthread_create(&w[i].thread, NULL, wait_once, &w[i]), 0);
	}
	usleep(150000);
	cause(peer);
	for (i = 0; i < 2; i++) {
		CHECK_EQ(pthread_join(w[i].thread, NULL), 0);
		woken += !!w[i].got;
		close(w[i].ep);
	}
	return woken;
}

static void send_one(int peer)
{
	CHECK_EQ(write(peer, "a", 1), 1);
}

static void send_end(int peer)
{
	CHECK_EQ(shutdown(peer, SHUT_WR), 0);
}

/* Data wakes one of them, the end of data all. */
TEST(edge_exclusive)
{
	char c;
	int fd[2];

	tcp_pair(AF_INET, fd);
	CHECK_EQ(woken_by(fd[0], send_one, fd[1]), 1);
	CHECK_EQ(read(fd[0], &c, 1), 1);
	CHECK_EQ(woken_by(fd[0], send_end, fd[1]), 2);
}
