// SPDX-License-Identifier: MIT
/* io_uring's requests for names and files. */
#include "fstest.h"
#include "../frame/uring.h"

static struct ring ring;

static struct io_uring_sqe request(int op, int fd, const void *addr, unsigned int len, __u64 off)
{
	struct io_uring_sqe s = { .opcode = op, .fd = fd };

	s.addr = (uintptr_t)addr;
	s.len = len;
	s.off = off;
	return s;
}

static int ask(struct io_uring_sqe s)
{
	unsigned int flags;

	ring_submit(&ring, &s);
	return ring_wait(&ring, &flags);
}

static int open_by_ring(const char *path, int flags, mode_t mode)
{
	struct io_uring_sqe s = request(IORING_OP_OPENAT, AT_FDCWD, path, mode, 0);

	s.open_flags = flags;
	return ask(s);
}

static int name_by_ring(int op, const char *from, const char *to)
{
	struct io_uring_sqe s = request(op, AT_FDCWD, from, AT_FDCWD, (uintptr_t)to);

	return ask(s);
}

TEST(names_by_a_ring)
{
	struct statx sx;
	struct io_uring_sqe s;

	ring_open(&ring);
	CHECK_EQ(open_by_ring("none", O_RDONLY, 0), -ENOENT);
	CHECK_EQ(close(CHECK_OK(open_by_ring("f", O_CREAT | O_RDWR, 0640))), 0);
	CHECK_EQ(open_by_ring("f", O_CREAT | O_EXCL | O_RDWR, 0640), -EEXIST);
	CHECK_EQ(ask(request(IORING_OP_MKDIRAT, AT_FDCWD, "d", 0750, 0)), 0);
	CHECK_EQ(ask(request(IORING_OP_MKDIRAT, AT_FDCWD, "d", 0750, 0)), -EEXIST);
	CHECK_EQ(name_by_ring(IORING_OP_LINKAT, "f", "g"), 0);
	CHECK_EQ(name_by_ring(IORING_OP_RENAMEAT, "g", "d/g"), 0);
	CHECK_EQ(name_by_ring(IORING_OP_RENAMEAT, "f", "d"), -EISDIR);
	CHECK_EQ(ask(request(IORING_OP_SYMLINKAT, AT_FDCWD, "f", 0, (uintptr_t)"l")), 0);
	CHECK_EQ(stat_of("l").st_size, 1);
	s = request(IORING_OP_STATX, AT_FDCWD, "d/g", STATX_BASIC_STATS, (uintptr_t)&sx);
	CHECK_EQ(ask(s), 0);
	CHECK_EQ(sx.stx_nlink, 2);
	CHECK_EQ(sx.stx_mode, S_IFREG | 0640);
	s = request(IORING_OP_UNLINKAT, AT_FDCWD, "d", 0, 0);
	CHECK_EQ(ask(s), -EISDIR);
	s.unlink_flags = AT_REMOVEDIR;
	CHECK_EQ(ask(s), -ENOTEMPTY);
	CHECK_EQ(ask(request(IORING_OP_UNLINKAT, AT_FDCWD, "d/g", 0, 0)), 0);
	CHECK_EQ(ask(s), 0);
	CHECK_EQ(stat_of("f").st_nlink, 1);
}

/* The position of a file that another way has moved: write(), a ring, lseek(). */
TEST(positions_by_a_ring)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644)), i;
	char buf[16];

	ring_open(&ring);
	for (i = 0; i < 50; i++) {
		CHECK_EQ(write(fd, "ab", 2), 2);
		CHECK_EQ(ask(request(IORING_OP_WRITE, fd, "cd", 2, -1)), 2);
		CHECK_EQ(lseek(fd, 0, SEEK_CUR), 4 * i + 4);
	}
	CHECK_EQ(stat_of("f").st_size, 200);
	CHECK_EQ(lseek(fd, 100, SEEK_SET), 100);
	CHECK_EQ(ask(request(IORING_OP_READ, fd, buf, 3, -1)), 3);
	CHECK(!memcmp(buf, "abc", 3));
	CHECK_EQ(read(fd, buf, 2), 2);
	CHECK(!memcmp(buf, "da", 2));
	CHECK_EQ(ask(request(IORING_OP_FSYNC, fd, NULL, 0, 0)), 0);
	CHECK_EQ(ask(request(IORING_OP_FALLOCATE, fd, (void *)1000L, 0, 0)), 0);
	CHECK_EQ(stat_of("f").st_size, 1000);
	CHECK_EQ(ask(request(IORING_OP_READ, fd, buf, 10, 1000)), 0);
	CHECK_EQ(ask(request(IORING_OP_WRITE, CHECK_OK(open("f", O_RDONLY)), "x", 1, 0)), -EBADF);
	CHECK_EQ(ask(request(IORING_OP_READ, fd, (void *)16L, 10, 0)), -EFAULT);
}
