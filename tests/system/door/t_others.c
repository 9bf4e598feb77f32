// SPDX-License-Identifier: MIT
/* What processes write that use a file at the same time, in different ways. */
#include <sys/file.h>
#include <sys/xattr.h>

#include "doortest.h"

#define SHARES 4
#define TURNS 300

struct counter {
	int kind;
	int n;
};

static void lock_it(int fd, int kind, short type)
{
	struct flock l = { .l_type = type, .l_whence = SEEK_SET, .l_len = 8 };
	int rc;

	if (kind == 0)
		rc = fcntl(fd, F_SETLKW, &l);
	else if (kind == 1)
		rc = fcntl(fd, F_OFD_SETLKW, &l);
	else
		rc = flock(fd, type == F_UNLCK ? LOCK_UN : LOCK_EX);
	CHECK_EQ(rc, 0);
}

static void count_on(void *arg)
{
	const struct counter *c = arg;
	int fd = open(path_of("counter"), O_RDWR), i;
	uint64_t n;

	CHECK(fd >= 0);
	for (i = 0; i < TURNS; i++) {
		lock_it(fd, c->kind, F_WRLCK);
		if (c->n % 2) {
			CHECK_EQ(pread(fd, &n, 8, 0), 8);
			n++;
			CHECK_EQ(pwrite(fd, &n, 8, 0), 8);
		} else {
			CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
			CHECK_EQ(read(fd, &n, 8), 8);
			n++;
			CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
			CHECK_EQ(write(fd, &n, 8), 8);
		}
		/* Each grows the file as well, at its end. */
		CHECK_EQ(pwrite(fd, &n, 8, size_of(fd)), 8);
		lock_it(fd, c->kind, F_UNLCK);
	}
}

/* What one has written before it unlocks the next one reads. */
TEST(locks_order_what_is_written)
{
	int kind, i, fd;
	uint64_t n;

	for (kind = 0; kind < 3; kind++) {
		struct counter c[SHARES];
		pid_t pid[SHARES];

		n = 0;
		fd = new_file("counter", 0);
		CHECK_EQ(pwrite(fd, &n, 8, 0), 8);
		for (i = 0; i < SHARES; i++) {
			c[i] = (struct counter){ kind, i };
			pid[i] = child(count_on, &c[i]);
		}
		for (i = 0; i < SHARES; i++)
			reap(pid[i]);
		CHECK_EQ(pread(fd, &n, 8, 0), 8);
		CHECK_EQ(n, SHARES * TURNS);
		CHECK_EQ(size_of(fd), 8 * (SHARES * TURNS + 1));
		for (i = 1; i <= SHARES * TURNS; i++) {
			CHECK_EQ(pread(fd, &n, 8, 8 * i), 8);
			CHECK_EQ(n, i);
		}
		close(fd);
	}
}

static int to_child[2], to_parent[2];

static void map_and_answer(void *arg)
{
	int fd = open(path_of("map"), O_RDWR);
	volatile uint32_t *m = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	uint32_t i, n = *(int *)arg;
	char c;

	CHECK(m != MAP_FAILED);
	for (i = 1; i <= n; i++) {
		CHECK_EQ(read(to_child[0], &c, 1), 1);
		CHECK_EQ(m[i % 2048], i);
		m[i % 2048] = ~i;
		CHECK_EQ(write(to_parent[1], &c, 1), 1);
	}
}

/* A mapping of another process shows each write, and each read what was stored there. */
TEST(mapping_and_calls_take_turns)
{
	int fd = new_file("map", 0), n = 600;
	uint32_t i, back;
	char c = 0;
	pid_t pid;

	CHECK_EQ(ftruncate(fd, 8192), 0);
	CHECK_EQ(pipe(to_child), 0);
	CHECK_EQ(pipe(to_parent), 0);
	for (i = 0; i < 100; i++)
		CHECK_EQ(pwrite(fd, &i, 4, 8000), 4);
	pid = child(map_and_answer, &n);
	for (i = 1; i <= (uint32_t)n; i++) {
		CHECK_EQ(pwrite(fd, &i, 4, i % 2048 * 4), 4);
		CHECK_EQ(write(to_child[1], &c, 1), 1);
		CHECK_EQ(read(to_parent[0], &c, 1), 1);
		CHECK_EQ(pread(fd, &back, 4, i % 2048 * 4), 4);
		CHECK_EQ(back, ~i);
	}
	reap(pid);
	close(fd);
}

static void append_records(void *arg)
{
	char record[100];
	int fd = open(path_of("grows"), O_WRONLY | O_APPEND), i;

	CHECK(fd >= 0);
	for (i = 0; i < 100; i++) {
		memset(record, 'A' + *(int *)arg, sizeof(record));
		memcpy(record, &i, 4);
		CHECK_EQ(write(fd, record, 100), 100);
	}
}

/* Some append to a file in which another writes by the door. */
TEST(appended_while_it_is_written)
{
	int fd = new_file("grows", 0), who[3] = { 0, 1, 2 }, next[3] = { 0 }, i, n;
	pid_t pid[3];
	char record[100];
	off_t at;

	memset(record, 'z', 100);
	for (i = 0; i < 100; i++)
		CHECK_EQ(pwrite(fd, record, 100, 100 * i), 100);
	for (i = 0; i < 3; i++)
		pid[i] = child(append_records, &who[i]);
	for (i = 0; i < 1200; i++) {
		CHECK_EQ(pwrite(fd, record, 100, 100 * (i % 100)), 100);
		CHECK_EQ(pread(fd, record, 100, 100 * ((i + 5) % 100)), 100);
	}
	for (i = 0; i < 3; i++)
		reap(pid[i]);
	CHECK_EQ(size_of(fd), 40000);
	for (at = 10000; at < 40000; at += 100) {
		CHECK_EQ(pread(fd, record, 100, at), 100);
		i = record[99] - 'A';
		CHECK(i >= 0 && i < 3);
		memcpy(&n, record, 4);
		CHECK_EQ(n, next[i]++);
	}
	close(fd);
}

static void empty_it(void *arg)
{
	int fd = open(path_of("emptied"), O_WRONLY | O_TRUNC);

	(void)arg;
	CHECK(fd >= 0);
	close(fd);
}

/* open() with O_TRUNC by another process: the end is known at once, the position stays. */
TEST(emptied_by_open)
{
	int fd = new_file("emptied", 0), rd = open(path_of("emptied"), O_RDONLY), i, k;
	char buf[8192], c;

	CHECK(rd >= 0);
	memset(buf, 'e', sizeof(buf));
	for (i = 0; i < 12; i++) {
		CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
		for (k = 0; k < 40; k++)
			CHECK_EQ(write(fd, buf, 500), 500);
		for (k = 0; k < (i % 3 ? 50 : 3000); k++)
			CHECK_EQ(pread(rd, &c, 1, 19999), 1);
		reap(child(empty_it, NULL));
		CHECK_EQ(pread(rd, &c, 1, 0), 0);
		CHECK_EQ(pread(fd, &c, 1, 19999), 0);
		CHECK_EQ(size_of(rd), 0);
		CHECK_EQ(lseek(fd, 0, SEEK_CUR), 20000);
		CHECK_EQ(write(fd, "x", 1), 1);
		CHECK_EQ(pread(rd, buf, 8192, 15000), 5001);
		CHECK(!buf[0] && !buf[4999] && buf[5000] == 'x');
		memset(buf, 'e', sizeof(buf));
	}
	close(fd);
	close(rd);
}

/* From here on another user's writes take privileges. */
static void write_as_nobody(void *arg)
{
	int fd = open(path_of("privileged"), O_RDWR), i;
	char c;

	(void)arg;
	CHECK_EQ(setresgid(65534, 65534, 65534), 0);
	CHECK_EQ(setresuid(65534, 65534, 65534), 0);
	CHECK(fd >= 0);
	for (i = 0; i < 1500; i++) {
		CHECK_EQ(pwrite(fd, "x", 1, i % 100), 1);
		CHECK_EQ(pread(fd, &c, 1, i % 100), 1);
	}
	for (i = 0; i < 6; i++) {
		CHECK_EQ(write(to_parent[1], "r", 1), 1);
		CHECK_EQ(read(to_child[0], &c, 1), 1);
		CHECK_EQ(pwrite(fd, "y", 1, i), 1);
	}
	CHECK_EQ(write(to_parent[1], "r", 1), 1);
}

TEST(privileges_that_come_later)
{
	/* VFS_CAP_REVISION_2, with CAP_NET_RAW */
	static const unsigned char caps[20] = { 1, 0, 0, 2, 0, 0x20 };
	char path[512], c;
	int i, fd;
	pid_t pid;

	if (geteuid())
		test_skip("not root");
	fd = new_file("privileged", 0);
	for (i = 0; i < 100; i++)
		CHECK_EQ(pwrite(fd, "x", 1, i), 1);
	CHECK_EQ(set_mode(path_of("privileged"), 0777), 0);
	close(fd);
	snprintf(path, sizeof(path), "%s", path_of("privileged"));
	CHECK_EQ(pipe(to_child), 0);
	CHECK_EQ(pipe(to_parent), 0);
	pid = child(write_as_nobody, NULL);
	for (i = 0; i < 6; i++) {
		CHECK_EQ(read(to_parent[0], &c, 1), 1);
		if (i) {
			CHECK_EQ(mode_of_path(path) & 07777, 0777);
			CHECK_ERR(getxattr(path, "security.capability", NULL, 0), ENODATA);
		}
		if (i % 2)
			CHECK_EQ(setxattr(path, "security.capability", caps, 20, 0), 0);
		else
			CHECK_EQ(set_mode(path, 06777), 0);
		CHECK_EQ(write(to_child[1], "g", 1), 1);
	}
	CHECK_EQ(read(to_parent[0], &c, 1), 1);
	CHECK_EQ(mode_of_path(path) & 07777, 0777);
	reap(pid);
}
