// SPDX-License-Identifier: MIT
/* More of what io_uring does with files: chains, registered files and memory, attributes, pipes. */
#include "fstest.h"
#include "../frame/uring.h"
#include <sys/syscall.h>

static struct ring ring;

static struct io_uring_sqe request(int op, int fd, const void *addr, unsigned int len, uint64_t off)
{
	return (struct io_uring_sqe){
		.opcode = op, .fd = fd, .addr = (uintptr_t)addr, .len = len, .off = off,
	};
}

static int ask(struct io_uring_sqe s)
{
	unsigned int flags;

	ring_submit(&ring, &s);
	return ring_wait(&ring, &flags);
}

static int registers(unsigned int what, const void *arg, unsigned int n)
{
	return syscall(SYS_io_uring_register, ring.fd, what, arg, n);
}

TEST(registered_files_and_memory)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644)), i;
	char *p = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct iovec v = { p, 65536 };
	struct io_uring_sqe s;
	char *want = malloc(32768);

	ring_open(&ring);
	CHECK_EQ(registers(IORING_REGISTER_FILES, &fd, 1), 0);
	CHECK_EQ(registers(IORING_REGISTER_BUFFERS, &v, 1), 0);
	CHECK_EQ(close(fd), 0);
	fill_from(p, 32768, 7);
	memcpy(want, p, 32768);
	for (i = 0; i < 20; i++) {
		s = request(IORING_OP_WRITE_FIXED, 0, p, 32768, i * 1000);
		s.flags = IOSQE_FIXED_FILE;
		CHECK_EQ(ask(s), 32768);
		CHECK_EQ(stat_of("f").st_size, 32768 + i * 1000);
	}
	s = request(IORING_OP_READ_FIXED, 0, p + 32768, 32768, 19000);
	s.flags = IOSQE_FIXED_FILE;
	CHECK_EQ(ask(s), 32768);
	CHECK(!memcmp(p + 32768, want, 32768));
	s = request(IORING_OP_READ_FIXED, 0, p + 32768, 32768, 19000 + 32760);
	s.flags = IOSQE_FIXED_FILE;
	CHECK_EQ(ask(s), 8);
	CHECK_EQ(unlink("f"), 0);
	s = request(IORING_OP_WRITE_FIXED, 0, p, 10, 1 << 20);
	s.flags = IOSQE_FIXED_FILE | IOSQE_ASYNC;
	CHECK_EQ(ask(s), 10);
	s = request(IORING_OP_FSYNC, 0, NULL, 0, 0);
	s.flags = IOSQE_FIXED_FILE;
	CHECK_EQ(ask(s), 0);
}

/* Each begins when the one before has ended; one that fails ends the others. */
TEST(chains)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644)), i;
	unsigned int flags;
	struct io_uring_sqe s;
	char buf[8] = "";

	ring_open(&ring);
	for (i = 0; i < 30; i++) {
		s = request(IORING_OP_WRITE, fd, "ab", 2, i * 2);
		s.flags = IOSQE_IO_LINK;
		ring_put(&ring, &s);
		s = request(IORING_OP_FSYNC, fd, NULL, 0, 0);
		s.flags = IOSQE_IO_LINK;
		ring_put(&ring, &s);
		s = request(IORING_OP_READ, fd, buf, 8, i * 2);
		ring_put(&ring, &s);
		ring_enter(&ring, 3);
		CHECK_EQ(ring_wait(&ring, &flags), 2);
		CHECK_EQ(ring_wait(&ring, &flags), 0);
		CHECK_EQ(ring_wait(&ring, &flags), 2);
		CHECK(!memcmp(buf, "ab", 2));
	}
	s = request(IORING_OP_READ, fd, buf, 8, 1 << 20);
	s.flags = IOSQE_IO_LINK;
	ring_put(&ring, &s);
	s = request(IORING_OP_WRITE, fd, "never", 5, 0);
	ring_put(&ring, &s);
	ring_enter(&ring, 2);
	CHECK_EQ(ring_wait(&ring, &flags), 0);
	CHECK_EQ(ring_wait(&ring, &flags), -ECANCELED);
	CHECK_EQ(pread(fd, buf, 2, 0), 2);
	CHECK(!memcmp(buf, "ab", 2));
}

TEST(attributes_by_a_ring)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644)), n;
	struct io_uring_sqe s = request(IORING_OP_SETXATTR, 0, "user.x", 3, (uintptr_t)"abc");
	char buf[16];

	ring_open(&ring);
	s.addr3 = (uintptr_t)"f";
	n = ask(s);
	if (n == -EINVAL)
		test_skip("no attributes by rings here");
	CHECK_EQ(n, 0);
	s = request(IORING_OP_FGETXATTR, fd, "user.x", sizeof(buf), (uintptr_t)buf);
	CHECK_EQ(ask(s), 3);
	CHECK(!memcmp(buf, "abc", 3));
	s = request(IORING_OP_FSETXATTR, fd, "user.x", 1, (uintptr_t)"z");
	s.xattr_flags = XATTR_CREATE;
	CHECK_EQ(ask(s), -EEXIST);
	s = request(IORING_OP_GETXATTR, 0, "user.none", sizeof(buf), (uintptr_t)buf);
	s.addr3 = (uintptr_t)"f";
	CHECK_EQ(ask(s), -ENODATA);
}

TEST(sizes_by_a_ring)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644)), p[2], n;
	struct io_uring_sqe s;
	char buf[16];

	ring_open(&ring);
	n = ask(request(55 /* IORING_OP_FTRUNCATE */, fd, NULL, 0, 5000));
	if (n != -EINVAL) {
		CHECK_EQ(n, 0);
		CHECK_EQ(stat_of("f").st_size, 5000);
		CHECK_EQ(ask(request(55, fd, NULL, 0, 10)), 0);
	} else {
		CHECK_EQ(ftruncate(fd, 10), 0);
	}
	CHECK_EQ(stat_of("f").st_size, 10);
	CHECK_EQ(pwrite(fd, "0123456789", 10, 0), 10);
	s = request(IORING_OP_FALLOCATE, fd, (void *)4L, FALLOC_FL_PUNCH_HOLE |
		    FALLOC_FL_KEEP_SIZE, 2);
	CHECK_EQ(ask(s), 0);
	CHECK_EQ(pread(fd, buf, 16, 0), 10);
	CHECK(!memcmp(buf, "01\0\0\0\0" "6789", 10));
	s = request(IORING_OP_FADVISE, fd, NULL, 0, 0);
	s.fadvise_advice = POSIX_FADV_DONTNEED;
	CHECK_EQ(ask(s), 0);
	s = request(IORING_OP_SYNC_FILE_RANGE, fd, NULL, 10, 0);
	s.sync_range_flags = 7;
	CHECK_EQ(ask(s), 0);
	CHECK_EQ(pipe(p), 0);
	s = request(IORING_OP_SPLICE, p[1], NULL, 6, -1);
	s.splice_off_in = 6;
	s.splice_fd_in = fd;
	CHECK_EQ(ask(s), 4);
	s = request(IORING_OP_SPLICE, fd, NULL, 6, 10);
	s.splice_off_in = -1;
	s.splice_fd_in = p[0];
	CHECK_EQ(ask(s), 4);
	CHECK_EQ(pread(fd, buf, 16, 0), 14);
	CHECK(!memcmp(buf + 6, "67896789", 8));
	CHECK_EQ(ask(request(IORING_OP_CLOSE, fd, NULL, 0, 0)), 0);
	CHECK_ERR(write(fd, "x", 1), EBADF);
}

/* O_DIRECT and many at once, into and out of one file. */
TEST(many_at_once_by_a_ring)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644)), i, j;
	unsigned int flags;
	char *p = aligned_alloc(4096, 8 * 4096), *q = aligned_alloc(4096, 8 * 4096);

	ring_open(&ring);
	for (j = 0; j < 10; j++) {
		fill_from(p, 8 * 4096, j);
		CHECK_EQ(fcntl(fd, F_SETFL, j % 2 ? O_DIRECT : 0), 0);
		for (i = 0; i < 4; i++) {
			struct io_uring_sqe s = request(IORING_OP_WRITE, fd, p + i * 8192, 8192,
							(j + i) * 8192);
			ring_submit(&ring, &s);
		}
		for (i = 0; i < 4; i++)
			CHECK_EQ(ring_wait(&ring, &flags), 8192);
		for (i = 0; i < 4; i++) {
			struct io_uring_sqe s = request(IORING_OP_READ, fd, q + i * 8192, 8192,
							(j + i) * 8192);
			ring_submit(&ring, &s);
		}
		for (i = 0; i < 4; i++)
			CHECK_EQ(ring_wait(&ring, &flags), 8192);
		CHECK(!memcmp(p, q, 8 * 4096));
		CHECK_EQ(stat_of("f").st_size, (j + 4) * 8192);
	}
}
