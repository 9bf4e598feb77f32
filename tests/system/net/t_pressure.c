// SPDX-License-Identifier: MIT
/*
 * Many connections whose readers are slow. Together they want more memory than a network domain
 * has for them. Senders wait then; nothing that was sent is lost.
 */
#include "nettest.h"

#define PAIRS	60
#define MOST	(1 << 20)	/* sent on one connection at most */

struct flow {
	int fd[2];
	size_t sent, got;
};

static struct flow flows[PAIRS];

/* What stands at a place of a stream: no two neighbours of 64 KiB are alike. */
static unsigned char at(const struct flow *f, size_t place)
{
	return place % 251 + (f - flows);
}

/* Send until the socket takes no more. */
static void stuff(struct flow *f)
{
	unsigned char buf[16384];
	ssize_t n;
	size_t i;

	while (f->sent < MOST) {
		for (i = 0; i < sizeof(buf); i++)
			buf[i] = at(f, f->sent + i);
		n = send(f->fd[0], buf, sizeof(buf), MSG_DONTWAIT);
		if (n < 0)
			break;
		f->sent += n;
	}
	CHECK(f->sent >= MOST || errno == EAGAIN);
}

static void drain(struct flow *f)
{
	static unsigned char buf[65536];
	ssize_t n, i;

	while ((n = recv(f->fd[1], buf, sizeof(buf), 0)) > 0) {
		for (i = 0; i < n; i++)
			CHECK_EQ(buf[i], at(f, f->got + i));
		f->got += n;
	}
	CHECK_EQ(n, 0);
	CHECK_EQ(f->got, f->sent);
}

static void open_all(void)
{
	int i, buffer = MOST;

	for (i = 0; i < PAIRS; i++) {
		memset(&flows[i], 0, sizeof(flows[i]));
		tcp_pair(AF_INET, flows[i].fd);
		set_int(flows[i].fd[0], SOL_SOCKET, SO_SNDBUF, buffer);
	}
}

TEST(pressure_loses_nothing)
{
	int i, fd[2];
	char c = 0;

	open_all();
	for (i = 0; i < PAIRS; i++)
		stuff(&flows[i]);
	/* A connection of someone else, who sends little, is served meanwhile. */
	tcp_pair(AF_INET, fd);
	CHECK_EQ(send(fd[0], "x", 1, 0), 1);
	CHECK_EQ(recv(fd[1], &c, 1, 0), 1);
	CHECK_EQ(c, 'x');
	for (i = 0; i < PAIRS; i++)
		close(flows[i].fd[0]);
	for (i = 0; i < PAIRS; i++) {
		drain(&flows[i]);
		close(flows[i].fd[1]);
	}
}

static char data[400000];

static void send_all(void *arg)
{
	CHECK_EQ(send(*(int *)arg, data, sizeof(data), 0), sizeof(data));
}

TEST(pressure_ends_for_waiting_senders)
{
	int i;
	pid_t pid[4];

	open_all();
	for (i = 4; i < PAIRS; i++)
		stuff(&flows[i]);
	for (i = 0; i < 4; i++)
		pid[i] = child(send_all, &flows[i].fd[0]);
	/* The children have these descriptors, too. */
	for (i = 4; i < PAIRS; i++) {
		CHECK_EQ(shutdown(flows[i].fd[0], SHUT_WR), 0);
		drain(&flows[i]);
	}
	for (i = 0; i < 4; i++) {
		CHECK_EQ(recv(flows[i].fd[1], data, sizeof(data), MSG_WAITALL), sizeof(data));
		reap(pid[i]);
	}
}
