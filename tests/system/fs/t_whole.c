// SPDX-License-Identifier: MIT
/* A write() is one change, however long: no other write() and no truncation is in its midst. */
#include "fstest.h"
#include <sched.h>

#define RECORD	(3 << 20)

static char buf[RECORD];

static void check_record(int fd, off_t pos)
{
	size_t i;

	CHECK_EQ(pread(fd, buf, RECORD, pos), RECORD);
	for (i = 1; i < RECORD && buf[i] == buf[0]; i++)
		;
	CHECK_EQ(i, RECORD);
}

static void append_records(int fd, char c)
{
	struct iovec v[2] = { { buf, 1000 }, { buf + 1000, RECORD - 1000 } };
	int i;

	memset(buf, c, RECORD);
	for (i = 0; i < 4; i++)
		CHECK_EQ(writev(fd, v, 2), RECORD);
}

/* Three processes append, by one open file or by one each, or share its offset. */
static void append_together(int flags, bool own)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_TRUNC | O_RDWR | flags, 0644)), i;
	pid_t pid[3];

	for (i = 0; i < 3; i++) {
		pid[i] = CHECK_OK(fork());
		if (!pid[i]) {
			append_records(own ? CHECK_OK(open("f", O_WRONLY | flags)) : fd, 'a' + i);
			_exit(0);
		}
	}
	for (i = 0; i < 3; i++)
		CHECK_EQ(wait_for(pid[i]), 0);
	CHECK_EQ(stat_of("f").st_size, 12 * RECORD);
	for (i = 0; i < 12; i++)
		check_record(fd, (off_t)i * RECORD);
	CHECK_EQ(close(fd), 0);
}

TEST(large_appends_are_whole)
{
	append_together(O_APPEND, false);
	append_together(O_APPEND, true);
	append_together(0, false);
}

static void meet(volatile int *n, int at)
{
	__sync_fetch_and_add(n, 1);
	while (*n < at)
		sched_yield();
}

TEST(large_writes_of_one_range)
{
	volatile int *n = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644)), i;
	pid_t pid = CHECK_OK(fork());

	for (i = 0; i < 20; i++) {
		memset(buf, pid ? 'p' : 'c', RECORD);
		meet(n, 4 * i + 2);
		CHECK_EQ(pwrite(fd, buf, RECORD, 0), RECORD);
		meet(n, 4 * i + 4);
		if (pid)
			check_record(fd, 0);
	}
	if (!pid)
		_exit(0);
	CHECK_EQ(wait_for(pid), 0);
}

TEST(a_large_write_is_cut_before_or_after)
{
	volatile int *n = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644)), i;
	pid_t pid = CHECK_OK(fork());

	for (i = 0; i < 40; i++) {
		memset(buf, 'w', RECORD);
		meet(n, 6 * i + 2);
		if (pid) {
			usleep(random() % 3000);
			CHECK_EQ(ftruncate(fd, 0), 0);
		} else {
			CHECK_EQ(pwrite(fd, buf, RECORD, 0), RECORD);
		}
		meet(n, 6 * i + 4);
		if (pid) {
			if (lseek(fd, 0, SEEK_END))
				check_record(fd, 0);
			CHECK_EQ(ftruncate(fd, 0), 0);
		}
		meet(n, 6 * i + 6);
	}
	if (!pid)
		_exit(0);
	CHECK_EQ(wait_for(pid), 0);
}

/* Its pages come from the disk each time, also while the size is being set. */
TEST(a_file_is_cut_while_it_is_read)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_TRUNC | O_RDWR, 0644)), i;
	pid_t pid;

	memset(buf, 'x', 10000);
	pid = CHECK_OK(fork());
	while (!pid) {
		CHECK_EQ(pwrite(fd, buf, 10000, 0), 10000);
		CHECK_EQ(fsync(fd), 0);
		CHECK_EQ(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), 0);
		CHECK_EQ(ftruncate(fd, 0), 0);
	}
	for (i = 0; i < 500; i++) {
		ssize_t n = CHECK_OK(pread(fd, buf, 20000, 0));

		while (n && buf[n - 1] == 'x')
			n--;
		CHECK_EQ(n, 0);
	}
	CHECK_EQ(kill(pid, SIGKILL), 0);
	CHECK_EQ(waitpid(pid, NULL, 0), pid);
}
