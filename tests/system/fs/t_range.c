// SPDX-License-Identifier: MIT
/* Ranges that fallocate() takes out of files and puts into them. */
#include "fstest.h"

#define BLOCK	4096
#define N	8

static unsigned char want[2 * N * BLOCK], have[2 * N * BLOCK];

/* A file of N blocks, each of its own letter; what it holds is in want. */
static int blocks(void)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR | O_TRUNC, 0644)), i;

	for (i = 0; i < N; i++)
		memset(want + i * BLOCK, 'a' + i, BLOCK);
	CHECK_EQ(pwrite(fd, want, N * BLOCK, 0), N * BLOCK);
	return fd;
}

static void move(int fd, int mode, off_t offset, off_t len)
{
	if (fallocate(fd, mode, offset, len) && errno == EOPNOTSUPP)
		test_skip("not here");
}

static void check(int fd, off_t size)
{
	struct stat s;

	CHECK_EQ(fstat(fd, &s), 0);
	CHECK_EQ(s.st_size, size);
	CHECK_EQ(pread(fd, have, sizeof(have), 0), size);
	CHECK(!memcmp(have, want, size));
}

TEST(collapsed_range)
{
	int fd = blocks();

	CHECK_EQ(pread(fd, have, sizeof(have), 0), N * BLOCK);
	move(fd, FALLOC_FL_COLLAPSE_RANGE, 2 * BLOCK, 3 * BLOCK);
	memmove(want + 2 * BLOCK, want + 5 * BLOCK, 3 * BLOCK);
	check(fd, 5 * BLOCK);
	CHECK_EQ(pwrite(fd, "new", 3, 2 * BLOCK), 3);
	memcpy(want + 2 * BLOCK, "new", 3);
	CHECK_EQ(fsync(fd), 0);
	check(fd, 5 * BLOCK);
}

TEST(inserted_range)
{
	int fd = blocks();

	move(fd, FALLOC_FL_INSERT_RANGE, BLOCK, 2 * BLOCK);
	memmove(want + 3 * BLOCK, want + BLOCK, (N - 1) * BLOCK);
	memset(want + BLOCK, 0, 2 * BLOCK);
	check(fd, (N + 2) * BLOCK);
	CHECK_EQ(lseek(fd, 0, SEEK_HOLE), BLOCK);
	CHECK_EQ(pwrite(fd, "end", 3, (N + 2) * BLOCK), 3);
	memcpy(want + (N + 2) * BLOCK, "end", 3);
	check(fd, (N + 2) * BLOCK + 3);
}

/* A mapping sees the file as it is, and what it stored before is there. */
TEST(moved_under_a_mapping)
{
	int fd = blocks();
	char *p = mmap(NULL, N * BLOCK, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	CHECK(p != MAP_FAILED);
	p[6 * BLOCK] = '!';
	move(fd, FALLOC_FL_COLLAPSE_RANGE, 0, BLOCK);
	CHECK_EQ(p[0], 'b');
	CHECK_EQ(p[5 * BLOCK], '!');
	p[5 * BLOCK] = '?';
	move(fd, FALLOC_FL_INSERT_RANGE, 4 * BLOCK, BLOCK);
	CHECK_EQ(p[4 * BLOCK], 0);
	CHECK_EQ(p[6 * BLOCK], '?');
}

TEST(ranges_that_cannot_move)
{
	int fd = blocks();

	move(fd, FALLOC_FL_COLLAPSE_RANGE, 0, BLOCK);
	CHECK_ERR(fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, 1, BLOCK), EINVAL);
	CHECK_ERR(fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, 0, (N - 1) * BLOCK), EINVAL);
	CHECK_ERR(fallocate(fd, FALLOC_FL_INSERT_RANGE, N * BLOCK, BLOCK), EINVAL);
	CHECK_ERR(fallocate(fd, FALLOC_FL_INSERT_RANGE | FALLOC_FL_KEEP_SIZE, 0, BLOCK),
		  EOPNOTSUPP);
	memmove(want, want + BLOCK, (N - 1) * BLOCK);
	check(fd, (N - 1) * BLOCK);
}
