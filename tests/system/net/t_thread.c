// SPDX-License-Identifier: MIT
/*
 * A descriptor that goes away under a thread which waits by it: the thread goes on waiting, and
 * the connection lives as long.
 */
#include <pthread.h>
#include <stdatomic.h>
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

/*
 * Calls of several threads on one stream, each larger than what one call of a door carries. As long
 * as no call has to wait, each is in one piece.
 */
#define PIECE	(200 * 1024)
#define WORDS	(PIECE / 4)
#define TASKS	4
#define ROUNDS	3

static void roomy_pair(int fd[2])
{
	int size = 64 << 20;

	tcp_pair(AF_INET, fd);
	set_int(fd[0], SOL_SOCKET, SO_SNDBUFFORCE, size);
	set_int(fd[1], SOL_SOCKET, SO_RCVBUFFORCE, size);
}

static void *write_pieces(void *arg)
{
	static const char letters[] = "abcdefgh";
	static atomic_int next;
	char *b = malloc(PIECE);
	int i;

	memset(b, letters[atomic_fetch_add(&next, 1) % 8], PIECE);
	for (i = 0; i < ROUNDS; i++)
		CHECK_EQ(write(*(int *)arg, b, PIECE), PIECE);
	free(b);
	return NULL;
}

TEST(thread_writes_are_whole)
{
	char *b = malloc(PIECE);
	pthread_t t[TASKS];
	int fd[2], i;

	roomy_pair(fd);
	for (i = 0; i < TASKS; i++)
		CHECK_EQ(pthread_create(&t[i], NULL, write_pieces, &fd[0]), 0);
	for (i = 0; i < TASKS; i++)
		CHECK_EQ(pthread_join(t[i], NULL), 0);
	for (i = 0; i < TASKS * ROUNDS; i++) {
		CHECK_EQ(recv(fd[1], b, PIECE, MSG_WAITALL), PIECE);
		CHECK(!memcmp(b, b + 1, PIECE - 1));
	}
	free(b);
}

static void *read_pieces(void *arg)
{
	uint32_t *b = malloc(PIECE);
	int i, j;

	for (i = 0; i < ROUNDS; i++) {
		CHECK_EQ(read(*(int *)arg, b, PIECE), PIECE);
		for (j = 1; j < WORDS; j++)
			CHECK_EQ(b[j], b[j - 1] + 1);
	}
	free(b);
	return NULL;
}

TEST(thread_reads_are_whole)
{
	uint32_t *all = malloc(TASKS * ROUNDS * PIECE), i;
	pthread_t t[TASKS];
	int fd[2], n, tries;

	roomy_pair(fd);
	for (i = 0; i < TASKS * ROUNDS * WORDS; i++)
		all[i] = i;
	CHECK_EQ(write(fd[0], all, TASKS * ROUNDS * PIECE), TASKS * ROUNDS * PIECE);
	for (tries = 0; tries < 200; tries++) {
		CHECK_EQ(ioctl(fd[1], FIONREAD, &n), 0);
		if (n == TASKS * ROUNDS * PIECE)
			break;
		usleep(20000);
	}
	CHECK_EQ(n, TASKS * ROUNDS * PIECE);
	for (i = 0; i < TASKS; i++)
		CHECK_EQ(pthread_create(&t[i], NULL, read_pieces, &fd[1]), 0);
	for (i = 0; i < TASKS; i++)
		CHECK_EQ(pthread_join(t[i], NULL), 0);
	free(all);
}
