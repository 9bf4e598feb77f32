// SPDX-License-Identifier: MIT
/*
 * Listeners: who is woken, what ends them, and connections that nobody has accepted yet.
 */
#include <sys/resource.h>
#include "nettest.h"

static int connect_to(const struct endpoint *e)
{
	int fd = CHECK_OK(socket(e->addr.ss_family, SOCK_STREAM, 0));

	CHECK_EQ(connect(fd, (struct sockaddr *)&e->addr, e->len), 0);
	return fd;
}

static int dissolve(int fd)
{
	struct sockaddr none = { .sa_family = AF_UNSPEC };

	return connect(fd, &none, sizeof(none));
}

/* A worker that takes one connection and is busy with it. */
struct worker {
	int listener;
	int ready;
};

static void work_on_one(void *arg)
{
	struct worker *w = arg;
	struct epoll_event ev = { .events = EPOLLIN | EPOLLEXCLUSIVE };
	int ep = CHECK_OK(epoll_create1(0)), fd = -1;

	CHECK_EQ(epoll_ctl(ep, EPOLL_CTL_ADD, w->listener, &ev), 0);
	CHECK_EQ(write(w->ready, "r", 1), 1);
	while (fd < 0) {
		CHECK_EQ(epoll_wait(ep, &ev, 1, 10000), 1);
		fd = accept(w->listener, NULL, NULL);
	}
	CHECK_EQ(write(fd, "w", 1), 1);
	CHECK_EQ(read(fd, &ev, 1), 0);		/* busy until the client has gone */
}

#define WORKERS 4

/* Each connection of a burst finds a worker of its own, though each waits by EPOLLEXCLUSIVE. */
TEST(listener_burst_wakes_enough)
{
	int c[WORKERS], ready[2], i;
	pid_t pid[WORKERS];
	struct endpoint e;
	struct worker w;
	char buf;

	CHECK_EQ(pipe(ready), 0);
	w.listener = listener(AF_INET, &e);
	w.ready = ready[1];
	set_nonblock(w.listener, true);
	for (i = 0; i < WORKERS; i++)
		pid[i] = child(work_on_one, &w);
	for (i = 0; i < WORKERS; i++)
		CHECK_EQ(read(ready[0], &buf, 1), 1);
	usleep(100000);
	for (i = 0; i < WORKERS; i++) {
		c[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		if (connect(c[i], (struct sockaddr *)&e.addr, e.len))
			CHECK_EQ(errno, EINPROGRESS);
	}
	for (i = 0; i < WORKERS; i++) {
		CHECK(poll_for(c[i], POLLIN, 5000) & POLLIN);
		CHECK_EQ(read(c[i], &buf, 1), 1);
	}
	for (i = 0; i < WORKERS; i++)
		close(c[i]);
	for (i = 0; i < WORKERS; i++)
		reap(pid[i]);
}

/* connect() with AF_UNSPEC makes a plain socket of a listener. */
TEST(listener_dissolved)
{
	struct endpoint e;
	int l = listener(AF_INET, &e), c;

	CHECK_EQ(get_int(l, SOL_SOCKET, SO_ACCEPTCONN), 1);
	CHECK_EQ(dissolve(l), 0);
	CHECK_EQ(get_int(l, SOL_SOCKET, SO_ACCEPTCONN), 0);
	CHECK_ERR(accept(l, NULL, NULL), EINVAL);
	CHECK_EQ(poll_for(l, POLLIN | POLLOUT, 0), POLLOUT | POLLHUP);
	CHECK_ERR(recv(l, &c, 1, 0), ENOTCONN);
	CHECK_EQ(listen(l, 5), 0);
	e = loopback(AF_INET, port_of(l));
	c = connect_to(&e);
	CHECK_OK(accept(l, NULL, NULL));
	close(c);
}

/* It becomes a client by the same socket. */
TEST(listener_becomes_a_client)
{
	struct endpoint e, other;
	int l = listener(AF_INET, &e), l2 = listener(AF_INET, &other);

	CHECK_ERR(connect(l, (struct sockaddr *)&other.addr, other.len), EISCONN);
	CHECK_EQ(shutdown(l, SHUT_RD), 0);
	CHECK_EQ(connect(l, (struct sockaddr *)&other.addr, other.len), 0);
	CHECK_OK(accept(l2, NULL, NULL));
}

static void accept_is_refused(void *arg)
{
	CHECK_ERR(accept(*(int *)arg, NULL, NULL), EINVAL);
}

TEST(listener_shut_wakes_accept)
{
	struct endpoint e;
	int l = listener(AF_INET6, &e);
	pid_t pid = child(accept_is_refused, &l);

	usleep(200000);
	CHECK_EQ(shutdown(l, SHUT_RDWR), 0);
	reap(pid);
	CHECK_EQ(poll_for(l, POLLIN | POLLOUT, 0), POLLOUT | POLLHUP);
	CHECK_EQ(listen(l, 5), 0);
	CHECK_EQ(poll_for(l, POLLIN | POLLOUT, 0), 0);
}

/* A client that has reset its connection is accepted all the same, with its name. */
TEST(listener_reset_before_accept)
{
	const struct linger off = { .l_onoff = 1 };
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	struct endpoint e;
	int l = listener(AF_INET, &e), c = connect_to(&e), port = port_of(c), a;

	CHECK_EQ(setsockopt(c, SOL_SOCKET, SO_LINGER, &off, sizeof(off)), 0);
	close(c);
	a = CHECK_OK(accept(l, (struct sockaddr *)&from, &len));
	CHECK_EQ(ntohs(from.sin_port), port);
	len = sizeof(from);
	CHECK_ERR(getpeername(a, (struct sockaddr *)&from, &len), ENOTCONN);
	CHECK_EQ(port_of(a), port_of(l));
	CHECK_ERR(recv(a, &c, 1, 0), ECONNRESET);
	CHECK_EQ(recv(a, &c, 1, 0), 0);
	CHECK_ERR(send(a, &c, 1, MSG_NOSIGNAL), EPIPE);
}

/* Without a free descriptor the connection stays in the queue. */
TEST(listener_no_descriptor)
{
	struct rlimit old, few;
	struct endpoint e;
	int l = listener(AF_INET, &e), c = connect_to(&e), a, i;

	CHECK_EQ(write(c, "x", 1), 1);
	CHECK_EQ(poll_for(l, POLLIN, 5000), POLLIN);
	CHECK_EQ(getrlimit(RLIMIT_NOFILE, &old), 0);
	few = old;
	few.rlim_cur = c + 1;
	CHECK_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
	for (i = 0; i < 3; i++)
		CHECK_ERR(accept4(l, NULL, NULL, SOCK_CLOEXEC), EMFILE);
	CHECK_ERR(socket(AF_INET, SOCK_DGRAM, 0), EMFILE);
	CHECK_EQ(poll_for(l, POLLIN, 0), POLLIN);
	CHECK_EQ(setrlimit(RLIMIT_NOFILE, &old), 0);
	a = CHECK_OK(accept4(l, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK));
	CHECK_EQ(fcntl(a, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(fcntl(a, F_GETFL), O_RDWR | O_NONBLOCK);
	CHECK_EQ(read(a, &i, 1), 1);
	CHECK_ERR(accept4(l, NULL, NULL, 4), EINVAL);
}

/* A port may connect to itself. */
TEST(listener_is_not_needed)
{
	struct endpoint e = loopback(AF_INET, 0);
	int fd = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
	double begun = now();
	char buf[4];

	CHECK_EQ(bind(fd, (struct sockaddr *)&e.addr, e.len), 0);
	e = loopback(AF_INET, port_of(fd));
	CHECK_EQ(connect(fd, (struct sockaddr *)&e.addr, e.len), 0);
	CHECK_EQ(write(fd, "self", 4), 4);
	CHECK_EQ(recv(fd, buf, 4, MSG_WAITALL), 4);
	CHECK_EQ(shutdown(fd, SHUT_WR), 0);
	CHECK_EQ(recv(fd, buf, 4, 0), 0);
	close(fd);
	CHECK(now() - begun < 1);
}
