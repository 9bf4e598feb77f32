// SPDX-License-Identifier: MIT
/*
 * Processes that end in the midst of a write(), and share the file's position with others. A
 * system call that a signal kills has written a record, or has not begun. So the next writer's
 * record follows the last whole one.
 */
#include <sys/prctl.h>
#include <sys/resource.h>

#include "doortest.h"

#define MOST	(256 * 1024)

static size_t size;		/* of a record */
static volatile uint32_t *calls;	/* that the process has made, in shared memory */

/* fork() of a process that does not outlive this test, however that ends. */
static pid_t fork_bound(void)
{
	pid_t pid = fork();

	if (!pid)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

/* Until the door is in use, and then some more. */
static void wait_for_calls(void)
{
	double end = now() + 20;

	while (*calls < 40 && now() < end)
		usleep(200);
	usleep(random() % 4000);
}
static uint32_t record[MOST / 4], found[MOST / 4];

static void fill_record(uint32_t n)
{
	for (size_t i = 0; i < size / 4; i++)
		record[i] = n;
}

/* Write 1, 2, ... until something ends the process. */
static void write_on(int fd)
{
	for (uint32_t n = 1;; n++) {
		fill_record(n);
		if (write(fd, record, size) != (ssize_t)size)
			_exit(1);
		*calls = n;
	}
}

/*
 * The file ends at its position, and has records of 1, 2, ... from @begin on. Only one that is
 * longer than a page may lack its end.
 */
static off_t check_records(int fd, off_t begin)
{
	off_t end = lseek(fd, 0, SEEK_CUR), at;
	uint32_t n = 0;
	ssize_t len;

	CHECK(size > 4096 || (end - begin) % (off_t)size == 0);
	for (at = begin; at < end; at += len) {
		len = end - at < (off_t)size ? end - at : (off_t)size;
		CHECK_EQ(syscall(SYS_pread64, fd, found, len, at), len);
		fill_record(++n);
		CHECK(!memcmp(found, record, len));
	}
	CHECK_EQ(syscall(SYS_pread64, fd, found, size, end), 0);
	return end;
}

static void end_and_check(int fd, int rounds, void (*child)(int fd), bool kills)
{
	off_t at = lseek(fd, 0, SEEK_CUR);
	int i, status;

	calls = shared_memory(4096);
	for (i = 0; i < rounds; i++) {
		pid_t pid;

		*calls = 0;
		random();
		pid = fork_bound();
		CHECK(pid >= 0);
		if (!pid)
			child(fd);
		if (kills) {
			wait_for_calls();
			kill(pid, SIGKILL);
		}
		CHECK_EQ(waitpid(pid, &status, 0), pid);
		CHECK(!WIFEXITED(status) || !WEXITSTATUS(status));
		at = check_records(fd, at);
	}
	close(fd);
}

TEST(killed_while_it_writes)
{
	size = 512;
	end_and_check(new_file("killed", 0), 4, write_on, true);
}

TEST(killed_while_it_writes_more)
{
	size = 16000;
	end_and_check(new_file("killed-more", 0), 3, write_on, true);
}

TEST(killed_while_it_writes_long)
{
	size = 100000;
	end_and_check(new_file("killed-long", 0), 3, write_on, true);
}

static void *write_thread(void *arg)
{
	write_on(*(int *)arg);
	return NULL;
}

/* Have another thread write, and return in the midst of it. */
static void write_meanwhile(int fd)
{
	static int shared;
	pthread_t t;

	shared = fd;
	if (pthread_create(&t, NULL, write_thread, &shared))
		_exit(1);
	wait_for_calls();
}

static void exit_meanwhile(int fd)
{
	write_meanwhile(fd);
	_exit(0);
}

TEST(exits_while_it_writes)
{
	size = 512;
	end_and_check(new_file("exits", 0), 3, exit_meanwhile, false);
}

#define WRITERS 4

struct writer {
	int fd;
	uint32_t number;
};

/* Records of a thread: 256 * (1, 2, ...) + its number. */
static void *write_own(void *arg)
{
	const struct writer *w = arg;
	uint32_t own[128], n, i;

	for (n = 1;; n++) {
		for (i = 0; i < 128; i++)
			own[i] = n * 256 + w->number;
		if (write(w->fd, own, sizeof(own)) != sizeof(own))
			_exit(1);
		if (!w->number)
			*calls = n;
	}
	return NULL;
}

static void end_among_threads(int fd)
{
	static struct writer w[WRITERS];
	uint32_t i;
	pthread_t t;

	for (i = 0; i < WRITERS; i++) {
		w[i] = (struct writer){ fd, i };
		if (pthread_create(&t, NULL, write_own, &w[i]))
			_exit(1);
	}
	wait_for_calls();
	_exit(0);
}

/* Of each thread all records up to the last are there, once and whole. */
TEST(ends_while_threads_write)
{
	int fd = new_file("threads-end", 0), i, status;
	off_t at = lseek(fd, 0, SEEK_CUR), end;

	calls = shared_memory(4096);
	for (i = 0; i < 2; i++) {
		uint32_t next[WRITERS] = { 1, 1, 1, 1 }, own[128], k;
		pid_t pid;

		*calls = 0;
		random();
		pid = fork_bound();
		if (!pid)
			end_among_threads(fd);
		CHECK_EQ(waitpid(pid, &status, 0), pid);
		CHECK_EQ(status, 0);
		end = lseek(fd, 0, SEEK_CUR);
		CHECK_EQ((end - at) % 512, 0);
		CHECK_EQ(syscall(SYS_pread64, fd, own, 512, end), 0);
		for (; at < end; at += 512) {
			CHECK_EQ(syscall(SYS_pread64, fd, own, 512, at), 512);
			for (k = 1; k < 128; k++)
				CHECK_EQ(own[k], own[0]);
			CHECK_EQ(own[0] >> 8, next[own[0] % WRITERS]++);
		}
	}
	close(fd);
}

static void exec_meanwhile(int fd)
{
	write_meanwhile(fd);
	execl("/bin/true", "true", NULL);
	_exit(1);
}

TEST(executes_while_it_writes)
{
	size = 512;
	end_and_check(new_file("executes", 0), 3, exec_meanwhile, false);
}

/* In place: records before the position are new, those behind it are old. */
TEST(killed_while_it_writes_in_place)
{
	const uint32_t count = 1000;
	int fd, round, status;

	size = 512;	/* within a page, or a system call may write a part */
	fd = new_file("killed-place", 0);
	fill_record(0x5a5a5a5a);
	for (uint32_t i = 0; i < count; i++)
		CHECK_EQ(write(fd, record, size), size);
	calls = shared_memory(4096);
	for (round = 0; round < 4; round++) {
		uint32_t i, done;
		pid_t pid;
		off_t end;

		*calls = 0;
		random();
		CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
		pid = fork_bound();
		if (!pid) {
			char c;

			for (i = 0; i < 1200; i++)
				if (pread(fd, &c, 1, 0) != 1)
					_exit(1);
			for (i = 0; i < count; i++) {
				fill_record(round * 10000 + i);
				if (write(fd, record, size) != (ssize_t)size)
					_exit(1);
				*calls = i;
			}
			pause();
		}
		wait_for_calls();
		kill(pid, SIGKILL);
		CHECK_EQ(waitpid(pid, &status, 0), pid);
		CHECK(WIFSIGNALED(status));
		end = lseek(fd, 0, SEEK_CUR);
		CHECK_EQ(end % (off_t)size, 0);
		done = end / size;
		for (i = 0; i < count; i++) {
			CHECK_EQ(syscall(SYS_pread64, fd, found, size, (off_t)i * size), size);
			/* The one under way may be there in part (docs/limits.md). */
			if (i == done) {
				fill_record(0);
				CHECK_EQ(pwrite(fd, record, size, (off_t)i * size), size);
				continue;
			}
			fill_record(i < done ? round * 10000 + i : found[0]);
			CHECK(!memcmp(found, record, size));
			CHECK(i < done || round * 10000 + i != found[0]);
		}
	}
	close(fd);
}

/* A reader that ends leaves the position behind what it has read. */
TEST(killed_while_it_reads)
{
	int fd = number_file("killed-reader", 200000), i, status;
	uint32_t n;

	calls = shared_memory(4096);
	for (i = 0; i < 6; i++) {
		pid_t pid;
		off_t at;

		*calls = 0;
		random();
		pid = fork_bound();

		if (!pid) {
			uint32_t numbers[25];

			for (;; ++*calls)
				if (read(fd, numbers, sizeof(numbers)) <= 0)
					lseek(fd, 0, SEEK_SET);
		}
		wait_for_calls();
		kill(pid, SIGKILL);
		CHECK_EQ(waitpid(pid, &status, 0), pid);
		at = lseek(fd, 0, SEEK_CUR);
		CHECK_EQ(at % 100, 0);
		if (read(fd, &n, 4) == 4)
			CHECK_EQ(n, at / 4);
		lseek(fd, at, SEEK_SET);
	}
	close(fd);
}
