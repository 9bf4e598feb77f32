// SPDX-License-Identifier: MIT
/*
 * A descriptor that goes away under a thread which waits by it: the thread goes on waiting, and
 * the connection lives as long.
 */
#include <pthread.h>
#include "nettest.h"

struct reader {
	int fd;
	char buf[8];
	ssize_t got;
};

static void *receive(void *arg)
{
	struct reader *r = arg;

	r->got = recv(r->fd, r->buf, sizeof(r->buf), 0);
	return NULL;
}

static void *take(void *arg)
{
	struct reader *r = arg;

	r->got = accept(r->fd, NULL, NULL);
	return NULL;
}

TEST(thread_close_under_recv)
{
	struct reader r;
	pthread_t t;
	int fd[2];

	tcp_pair(AF_INET, fd);
	r.fd = fd[0];
	CHECK_EQ(pthread_create(&t, NULL, receive, &r), 0);
	usleep(200000);
	close(fd[0]);
	/* The other end sees no end yet. */
	CHECK_EQ(poll_for(fd[1], POLLIN, 100), 0);
	CHECK_EQ(write(fd[1], "abc", 3), 3);
	CHECK_EQ(pthread_join(t, NULL), 0);
	CHECK_EQ(r.got, 3);
	CHECK_EQ(poll_for(fd[1], POLLIN, 5000), POLLIN);
	CHECK_EQ(read(fd[1], r.buf, 1), 0);
}

TEST(thread_replaced_under_recv)
{
	struct reader r;
	int fd[2], other[2];
	pthread_t t;

	tcp_pair(AF_INET, fd);
	tcp_pair(AF_INET, other);
	r.fd = fd[0];
	CHECK_EQ(pthread_create(&t, NULL, receive, &r), 0);
	usleep(200000);
	CHECK_EQ(dup2(other[0], fd[0]), fd[0]);
	CHECK_EQ(write(other[1], "other", 5), 5);
	usleep(100000);
	CHECK_EQ(write(fd[1], "abc", 3), 3);
	CHECK_EQ(pthread_join(t, NULL), 0);
	CHECK_EQ(r.got, 3);
	CHECK(!memcmp(r.buf, "abc", 3));
	CHECK_EQ(recv(fd[0], r.buf, 8, 0), 5);
}

TEST(thread_close_under_accept)
{
	struct endpoint e;
	struct reader r = { .fd = listener(AF_INET, &e) };
	int c = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
	pthread_t t;

	CHECK_EQ(pthread_create(&t, NULL, take, &r), 0);
	usleep(200000);
	close(r.fd);
	CHECK_EQ(connect(c, (struct sockaddr *)&e.addr, e.len), 0);
	CHECK_EQ(pthread_join(t, NULL), 0);
	CHECK(r.got >= 0);
	CHECK_EQ(write(c, "x", 1), 1);
	CHECK_EQ(read(r.got, r.buf, 1), 1);
}
