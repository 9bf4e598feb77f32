// SPDX-License-Identifier: MIT
/* Reads that must not wait (RWF_NOWAIT), and io_uring, which reads so. */
#include <sys/syscall.h>

#include "../frame/uring.h"
#include "fstest.h"

#define PAGE	4096
#define BIG	(16 * 1024 * 1024)
#define CHUNK	(256 * 1024)	/* too long for the exceptionless door */

/* Return: as preadv2(). */
static ssize_t read_now(int fd, void *buf, size_t len, off_t pos)
{
	struct iovec iov = { buf, len };

	return preadv2(fd, &iov, 1, pos, RWF_NOWAIT);
}

static ssize_t write_now(int fd, const void *buf, size_t len, off_t pos)
{
	struct iovec iov = { (void *)buf, len };

	return pwritev2(fd, &iov, 1, pos, RWF_NOWAIT);
}

static void check_cached(int fd)
{
	char buf[64];

	CHECK_EQ(pwrite(fd, "0123456789", 10, 0), 10);
	CHECK_EQ(read_now(fd, buf, 10, 0), 10);
	CHECK(!memcmp(buf, "0123456789", 10));
	CHECK_EQ(read_now(fd, buf, sizeof(buf), 4), 6);
	CHECK_EQ(read_now(fd, buf, sizeof(buf), 10), 0);
	CHECK_EQ(close(fd), 0);
}

/* However it was opened: made, found, without a name. */
TEST(nowait_reads_what_is_cached)
{
	int fd;

	check_cached(CHECK_OK(open("f", O_CREAT | O_EXCL | O_RDWR, 0644)));
	check_cached(CHECK_OK(open("f", O_RDWR)));
	check_cached(CHECK_OK(open("f", O_RDWR | O_TRUNC)));
	fd = open(".", O_TMPFILE | O_RDWR, 0644);
	if (fd >= 0)
		check_cached(fd);
}

TEST(nowait_does_not_write)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));

	CHECK_EQ(write(fd, "0123", 4), 4);
	CHECK_ERR(write_now(fd, "x", 1, 0), EOPNOTSUPP);
	CHECK_ERR(write_now(fd, "x", 1, 4), EOPNOTSUPP);
	CHECK(file_is("f", "0123"));
	close(fd);
}

/* A file of which nothing is cached. Byte @i of page @n is @n. */
static int uncached(const char *path)
{
	int fd = CHECK_OK(open(path, O_CREAT | O_RDWR, 0644)), i;
	static char chunk[CHUNK];

	for (i = 0; i < BIG / PAGE; i++) {
		memset(chunk + i * PAGE % CHUNK, i, PAGE);
		if (!((i + 1) * PAGE % CHUNK))
			CHECK_EQ(write(fd, chunk, CHUNK), CHUNK);
	}
	CHECK_EQ(fsync(fd), 0);
	CHECK_EQ(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), 0);
	return fd;
}

static bool is_page(const char *page, int n)
{
	int i;

	for (i = 0; i < PAGE; i++)
		if (page[i] != (char)n)
			return false;
	return true;
}

/* What is not there is not waited for, and begins to come. */
TEST(nowait_asks_for_what_is_not_cached)
{
	int fd = uncached("f"), refused = 0, n, tries;
	char page[PAGE];

	for (n = 1; n < BIG / PAGE; n += 512) {
		for (tries = 0; tries < 5000; tries++) {
			ssize_t got = read_now(fd, page, PAGE, (off_t)n * PAGE);

			if (got == PAGE)
				break;
			CHECK(got == -1 && errno == EAGAIN);
			refused++;
			usleep(1000);
		}
		CHECK(tries < 5000);
		CHECK(is_page(page, n));
	}
	CHECK(refused > 0);
	close(fd);
}

/* A disk's file is read past the cache: that may wait, or need not. */
TEST(nowait_direct)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644)), direct;
	char *page = aligned_alloc(PAGE, PAGE);
	ssize_t n;

	CHECK(page);
	memset(page, 7, PAGE);
	CHECK_EQ(write(fd, page, PAGE), PAGE);
	CHECK_EQ(fsync(fd), 0);
	direct = open("f", O_RDWR | O_DIRECT);
	if (direct < 0 && errno == EINVAL)
		test_skip("no O_DIRECT here");
	CHECK(direct >= 0);
	memset(page, 0, PAGE);
	n = read_now(direct, page, PAGE, 0);
	CHECK((n == PAGE && is_page(page, 7)) || (n == -1 && errno == EAGAIN));
	memset(page, 8, PAGE);
	n = write_now(direct, page, PAGE, 0);
	CHECK(n == PAGE || (n == -1 && errno == EAGAIN));
	CHECK_EQ(pread(direct, page, PAGE, 0), PAGE);
	CHECK(is_page(page, n == PAGE ? 8 : 7));
	close(direct);
	close(fd);
}

static struct io_uring_sqe request(int op, int fd, void *buf, unsigned int len, off_t pos)
{
	return (struct io_uring_sqe) { .opcode = op, .fd = fd, .addr = (uintptr_t)buf, .len = len,
				       .off = pos };
}

/* The answer is there when the call returns: no worker thread had to read. */
TEST(io_uring_reads_what_is_cached_at_once)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644)), i;
	struct io_uring_sqe sqe;
	unsigned int flags;
	struct ring r;
	static char chunk[CHUNK];
	char page[PAGE];

	ring_open(&r);
	memset(chunk, 3, CHUNK);
	CHECK_EQ(write(fd, chunk, CHUNK), CHUNK);
	for (i = 0; i < 8; i++) {
		memset(page, 0, PAGE);
		sqe = request(IORING_OP_READ, fd, page, PAGE, (off_t)i * PAGE);
		ring_submit(&r, &sqe);
		CHECK(ring_has_answer(&r));
		CHECK_EQ(ring_wait(&r, &flags), PAGE);
		CHECK(is_page(page, 3));
	}
	sqe = request(IORING_OP_READ, fd, page, PAGE, CHUNK);
	ring_submit(&r, &sqe);
	CHECK(ring_has_answer(&r));
	CHECK_EQ(ring_wait(&r, &flags), 0);
	close(fd);
}

TEST(io_uring_reads_what_is_not_cached)
{
	int fd = uncached("f"), n;
	struct io_uring_sqe sqe;
	unsigned int flags;
	struct ring r;
	char page[PAGE];

	ring_open(&r);
	for (n = 1; n < BIG / PAGE; n += 512) {
		sqe = request(IORING_OP_READ, fd, page, PAGE, (off_t)n * PAGE);
		ring_submit(&r, &sqe);
		CHECK_EQ(ring_wait(&r, &flags), PAGE);
		CHECK(is_page(page, n));
	}
	memset(page, 9, PAGE);
	sqe = request(IORING_OP_WRITE, fd, page, PAGE, BIG);
	ring_submit(&r, &sqe);
	CHECK_EQ(ring_wait(&r, &flags), PAGE);
	memset(page, 0, PAGE);
	CHECK_EQ(pread(fd, page, PAGE, BIG), PAGE);
	CHECK(is_page(page, 9));
	close(fd);
}
