// SPDX-License-Identifier: MIT
/* Many processes with doors of their own share an open file: all hear of what changes. */
#include "doortest.h"

#define SHARERS	90

struct sharers {
	int said[2];
	int wait[2];
	pid_t pid[SHARERS];
};

static void share(struct sharers *s, int fd, void (*use)(int fd), void (*then)(int fd))
{
	char c;

	close(s->wait[1]);
	use(fd);
	CHECK_EQ(write(s->said[1], "y", 1), 1);
	CHECK_EQ(read(s->wait[0], &c, 1), 0);
	then(fd);
}

/* All of them have @fd in their doors when this returns. */
static void share_by_all(struct sharers *s, int fd, void (*use)(int fd), void (*then)(int fd))
{
	char c;
	int i;

	CHECK(!pipe(s->said) && !pipe(s->wait));
	for (i = 0; i < SHARERS; i++) {
		s->pid[i] = fork();
		CHECK(s->pid[i] >= 0);
		if (s->pid[i])
			continue;
		share(s, fd, use, then);
		_exit(0);
	}
	for (i = 0; i < SHARERS; i++)
		CHECK_EQ(read(s->said[0], &c, 1), 1);
}

static void go_on(struct sharers *s)
{
	close(s->wait[1]);
}

static void reap_all(struct sharers *s)
{
	int i;

	for (i = 0; i < SHARERS; i++)
		reap(s->pid[i]);
}

static void read_often(int file)
{
	char c;
	int i;

	warm_file(file);
	for (i = 0; i < 20; i++)
		CHECK_EQ(pread(file, &c, 1, 0), 1);
}

static void write_one(int file)
{
	CHECK_EQ(pwrite(file, "c", 1, 0), 1);
}

TEST(append_is_heard_of_by_all)
{
	int file = new_file("append", 0);
	char buf[SHARERS + 2];
	struct sharers s;

	CHECK_EQ(pwrite(file, "-", 1, 0), 1);
	share_by_all(&s, file, read_often, write_one);
	CHECK_EQ(fcntl(file, F_SETFL, O_APPEND), 0);
	go_on(&s);
	reap_all(&s);
	/* Linux appends, whatever offset pwrite() names. */
	CHECK_EQ(pread(file, buf, sizeof(buf), 0), 1 + SHARERS);
	CHECK_EQ(buf[0], '-');
}

static void find_nothing(int fd)
{
	char c;
	int i;

	for (i = 0; i < 20; i++)
		CHECK_ERR(recv(fd, &c, 1, 0), EAGAIN);
}

static void wait_for_one(int fd)
{
	char c;

	CHECK_EQ(recv(fd, &c, 1, 0), 1);
}

TEST(blocking_is_heard_of_by_all)
{
	struct sharers s;
	int fd[2], i;

	udp_pair(fd);
	CHECK_EQ(fcntl(fd[0], F_SETFL, O_NONBLOCK), 0);
	share_by_all(&s, fd[0], find_nothing, wait_for_one);
	CHECK_EQ(fcntl(fd[0], F_SETFL, 0), 0);
	go_on(&s);
	usleep(300000);		/* who believes the old flag finds nothing */
	for (i = 0; i < SHARERS; i++)
		CHECK_EQ(send(fd[1], "x", 1, 0), 1);
	reap_all(&s);
}
