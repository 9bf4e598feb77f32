// SPDX-License-Identifier: MIT
/* Files: one content and one offset, whichever door a call takes. */
#include <sys/sendfile.h>

#include "doortest.h"

#define SIZE (2u << 20)

static void check_piece(int fd, const unsigned char *model, size_t size, off_t at, size_t n)
{
	unsigned char *buf = malloc(n);
	size_t want = at < (off_t)size ? size - at : 0;

	if (want > n)
		want = n;
	CHECK_EQ(pread(fd, buf, n, at), want);
	CHECK(!memcmp(buf, model + at, want));
	free(buf);
}

/* Random places and lengths against a model in memory. */
TEST(data_is_what_was_written)
{
	unsigned char *model = calloc(1, 2 * SIZE), *buf = malloc(SIZE);
	int fd = new_file("pattern", 0), i;
	unsigned int seed = 11;
	uint32_t state = 5;
	size_t size = 0;

	for (i = 0; i < 120; i++) {
		size_t n = (size_t)1 << (rand_r(&seed) % 22), at = rand_r(&seed) % SIZE;

		n = n / 2 + rand_r(&seed) % n + 1;
		if (n > SIZE)
			n = SIZE;
		fill(buf, n, &state);
		CHECK_EQ(pwrite(fd, buf, n, at), n);
		memcpy(model + at, buf, n);
		if (at + n > size)
			size = at + n;
		check_piece(fd, model, size, rand_r(&seed) % SIZE,
			    1 + rand_r(&seed) % (1u << (rand_r(&seed) % 21)));
	}
	check_piece(fd, model, size, 0, size);
	CHECK_EQ(fsync(fd), 0);
	check_piece(fd, model, size, 0, size);
	CHECK_DOOR(VOS_STAT_READ, 60);
	CHECK_DOOR(VOS_STAT_WRITE, 30);
	free(model);
	free(buf);
}

TEST(one_offset_for_both_doors)
{
	int fd = number_file("offset", 1000), twin = dup(fd), i;
	uint32_t n;

	for (i = 0; i < 1000; i++) {
		switch (i % 4) {
		case 0:
			CHECK_EQ(read(fd, &n, 4), 4);
			break;
		case 1:
			CHECK_EQ(syscall(SYS_read, fd, &n, 4), 4);
			break;
		case 2:
			CHECK_EQ(read(twin, &n, 4), 4);
			break;
		default:
			CHECK_EQ(syscall(SYS_read, twin, &n, 4), 4);
		}
		CHECK_EQ(n, i);
		if (i % 100 == 0)
			CHECK_EQ(lseek(twin, 0, SEEK_CUR), (i + 1) * 4);
	}
	CHECK_EQ(read(fd, &n, 4), 0);
}

static void read_in_turns(void *arg)
{
	int fd = *(int *)arg, i;
	uint32_t n;

	for (i = 0; i < 100; i++)
		CHECK_EQ(i % 2 ? syscall(SYS_read, fd, &n, 4) : read(fd, &n, 4), 4);
}

TEST(one_offset_after_fork)
{
	int fd = number_file("forked", 1000), round;
	uint32_t n;

	for (round = 0; round < 5; round++) {
		reap(child(read_in_turns, &fd));
		CHECK_EQ(read(fd, &n, 4), 4);
		CHECK_EQ(n, round * 101 + 100);
	}
}

TEST(lseek_between_reads)
{
	int fd = number_file("lseek", 5000), i;
	unsigned int seed = 1;
	uint32_t n;

	for (i = 0; i < 500; i++) {
		uint32_t at = rand_r(&seed) % 4999;

		CHECK_EQ(lseek(fd, at * 4, SEEK_SET), at * 4);
		CHECK_EQ(read(fd, &n, 4), 4);
		CHECK_EQ(n, at);
		CHECK_EQ(lseek(fd, 0, SEEK_CUR), at * 4 + 4);
		CHECK_EQ(read(fd, &n, 4), 4);
		CHECK_EQ(n, at + 1);
	}
	CHECK_EQ(lseek(fd, 0, SEEK_END), 20000);
	CHECK_EQ(write(fd, &n, 4), 4);
	CHECK_EQ(lseek(fd, 0, SEEK_END), 20004);
}

TEST(truncate_between_calls)
{
	int fd = new_file("truncate", 0), i;
	char buf[64];

	for (i = 0; i < 30; i++) {
		memset(buf, 'a' + i % 26, sizeof(buf));
		CHECK_EQ(pwrite(fd, buf, 64, 0), 64);
		CHECK_EQ(ftruncate(fd, 10), 0);
		CHECK_EQ(pread(fd, buf, 64, 0), 10);
		CHECK_EQ(lseek(fd, 0, SEEK_END), 10);
		CHECK_EQ(ftruncate(fd, 40), 0);
		CHECK_EQ(pread(fd, buf, 64, 0), 40);
		CHECK(buf[9] == 'a' + i % 26 && !buf[10] && !buf[39]);
		CHECK_EQ(pwrite(fd, "end", 3, 60), 3);
		CHECK_EQ(pread(fd, buf, 64, 0), 63);
		CHECK(!buf[59] && !memcmp(buf + 60, "end", 3));
	}
}

TEST(appending_goes_to_the_end)
{
	int a = new_file("append", O_APPEND), i;
	char path[64], buf[512];
	int b;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", a);
	b = open(path, O_WRONLY | O_APPEND);
	CHECK(b >= 0);
	for (i = 0; i < 50; i++) {
		CHECK_EQ(write(a, "a", 1), 1);
		CHECK_EQ(write(b, "bc", 2), 2);
	}
	CHECK_EQ(pread(a, buf, sizeof(buf), 0), 150);
	for (i = 0; i < 150; i++)
		CHECK_EQ(buf[i], "abc"[i % 3]);
}

/* O_APPEND that is set later. */
TEST(append_is_toggled)
{
	int fd = new_file("append2", 0), i;
	char buf[512];

	for (i = 0; i < 20; i++)
		CHECK_EQ(write(fd, "0123456789", 10), 10);
	CHECK_EQ(fcntl(fd, F_SETFL, O_APPEND), 0);
	CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
	CHECK_EQ(write(fd, "end", 3), 3);
	CHECK_EQ(fcntl(fd, F_SETFL, 0), 0);
	CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
	CHECK_EQ(write(fd, "start", 5), 5);
	CHECK_EQ(pread(fd, buf, sizeof(buf), 0), 203);
	CHECK(!memcmp(buf, "start56789", 10) && !memcmp(buf + 200, "end", 3));
}

TEST(mappings_are_coherent)
{
	int fd = new_file("mmap", 0), i;
	char *p, c;

	CHECK_EQ(ftruncate(fd, 8192), 0);
	CHECK_EQ(pwrite(fd, "before", 6, 100), 6);
	p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED);
	CHECK(!memcmp(p + 100, "before", 6));
	for (i = 0; i < 100; i++) {
		c = (char)i;
		CHECK_EQ(pwrite(fd, &c, 1, 5000), 1);
		CHECK_EQ(((volatile char *)p)[5000], c);
		((volatile char *)p)[50] = c;
		CHECK_EQ(pread(fd, &c, 1, 50), 1);
		CHECK_EQ(c, (char)i);
	}
	CHECK_EQ(munmap(p, 8192), 0);
	for (i = 0; i < 30; i++) {
		CHECK_EQ(pwrite(fd, "after", 5, i), 5);
		CHECK_EQ(pread(fd, &c, 1, 50), 1);
		CHECK_EQ(c, 99);
	}
}

TEST(sendfile_of_what_was_written)
{
	static unsigned char out[100000], in[100000];
	int fd = new_file("sendfile", 0), s[2], i;
	uint32_t state = 9;
	off_t at = 0;

	tcp_pair(s);
	fill(out, sizeof(out), &state);
	for (i = 0; i < 100; i++)
		CHECK_EQ(write(fd, out + i * 1000, 1000), 1000);
	for (i = 0; i < 10; i++) {
		CHECK_EQ(sendfile(s[0], fd, &at, 10000), 10000);
		read_all(s[1], in + i * 10000, 10000);
	}
	CHECK(!memcmp(in, out, sizeof(out)));
	CHECK_EQ(lseek(fd, 500, SEEK_SET), 500);
	CHECK_EQ(read(fd, in, 100), 100);
	CHECK_EQ(sendfile(s[0], fd, NULL, 100), 100);	/* at the file's own offset */
	read_all(s[1], in + 100, 100);
	CHECK_EQ(read(fd, in + 200, 100), 100);
	CHECK(!memcmp(in, out + 500, 300));
}

TEST(names_come_and_go)
{
	int fd = number_file("name", 500), i;
	char from[512], to[512];
	uint32_t n;

	snprintf(from, sizeof(from), "%s/doortest-name", folder);
	snprintf(to, sizeof(to), "%s/doortest-renamed", folder);
	for (i = 0; i < 400; i++) {
		if (i == 100)
			CHECK_EQ(rename(from, to), 0);
		if (i == 200)
			CHECK_EQ(unlink(to), 0);
		CHECK_EQ(read(fd, &n, 4), 4);
		CHECK_EQ(n, i);
	}
	CHECK_EQ(write(fd, &n, 4), 4);
	CHECK_EQ(pread(fd, &n, 4, 1600), 4);
	CHECK_EQ(n, 399);
}

TEST(vectors_gather_and_scatter)
{
	static unsigned char a[70000], b[70000];
	void *volatile nowhere = NULL;	/* volatile: the compiler knows better, too */
	volatile int minus_one = -1;
	int fd = new_file("vector", 0), i;
	uint32_t state = 2;

	fill(a, sizeof(a), &state);
	for (i = 0; i < 10; i++) {
		struct iovec v[4] = { { a, 1 }, { a + 1, 33333 }, { a, 0 }, { a + 33334, 36666 } };
		struct iovec w[3] = { { b, 40000 }, { b + 40000, 1 }, { b + 40001, 29999 } };

		CHECK_EQ(lseek(fd, i * 13, SEEK_SET), i * 13);
		CHECK_EQ(writev(fd, v, 4), 70000);
		CHECK_EQ(lseek(fd, i * 13, SEEK_SET), i * 13);
		memset(b, 0, sizeof(b));
		CHECK_EQ(readv(fd, w, 3), 70000);
		CHECK(!memcmp(a, b, sizeof(a)));
	}
	CHECK_ERR(readv(fd, nowhere, minus_one), EINVAL);
	CHECK_ERR(pread(fd, b, 1, minus_one), EINVAL);
	CHECK_ERR(pread(fd, nowhere, 8, 0), EFAULT);
}

TEST(rights_of_a_descriptor)
{
	int fd = new_file("rights", 0), ro, wo, i;
	char path[64], c;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ro = open(path, O_RDONLY);
	wo = open(path, O_WRONLY);
	for (i = 0; i < 30; i++) {
		CHECK_EQ(write(wo, "x", 1), 1);
		CHECK_EQ(read(ro, &c, 1), 1);
		CHECK_ERR(write(ro, "x", 1), EBADF);
		CHECK_ERR(read(wo, &c, 1), EBADF);
	}
}
