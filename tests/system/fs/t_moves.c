// SPDX-License-Identifier: MIT
/* Data that moves between files, pipes and memory, and ranges that are zeroed, freed and laid. */
#include "fstest.h"
#include <linux/fs.h>
#include <linux/falloc.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#ifndef RWF_NOAPPEND
#define RWF_NOAPPEND 0x20
#endif

static int new_file(const char *name, int flags)
{
	return CHECK_OK(open(name, O_CREAT | O_RDWR | flags, 0644));
}

TEST(copies_within_and_between)
{
	int a = new_file("a", 0), b = new_file("b", 0), proc, shm, dir;
	loff_t from = 0, to = 0;
	char buf[64];
	struct stat st;

	CHECK_EQ(write(a, "0123456789", 10), 10);
	from = 20;
	CHECK_EQ(copy_file_range(a, &from, b, &to, 100, 0), 0);
	from = 8;
	to = 1 << 20;
	CHECK_EQ(copy_file_range(a, &from, b, &to, 100, 0), 2);
	CHECK_EQ(stat_of("b").st_size, (1 << 20) + 2);
	CHECK_EQ(stat_of("b").st_blocks, 8);
	from = 0;
	to = 10;
	CHECK_EQ(copy_file_range(a, &from, a, &to, 10, 0), 10);
	CHECK_EQ(pread(a, buf, 64, 0), 20);
	CHECK(!memcmp(buf, "01234567890123456789", 20));
	from = 0;
	to = 19;
	CHECK_ERR(copy_file_range(a, &from, a, &to, 20, 0), EINVAL);
	from = 0;
	to = 0;
	CHECK_ERR(copy_file_range(a, &from, a, &to, 20, 0), EINVAL);
	to = INT64_MAX - 20;
	CHECK_ERR(copy_file_range(a, &from, b, &to, 10, 0), EFBIG);
	dir = CHECK_OK(open(".", O_RDONLY));
	to = 0;
	CHECK_ERR(copy_file_range(dir, &from, b, &to, 10, 0), EISDIR);
	shm = CHECK_OK(syscall(SYS_memfd_create, "m", 0));
	CHECK_ERR(copy_file_range(a, &from, shm, &to, 5, 0), EXDEV);
	CHECK_ERR(copy_file_range(shm, &from, a, &to, 5, 0), EXDEV);
	proc = CHECK_OK(open("/proc/self/status", O_RDONLY));
	CHECK_ERR(copy_file_range(proc, NULL, b, &to, 5, 0), EXDEV);
	CHECK_EQ(lseek(a, 2, SEEK_SET), 2);
	CHECK_EQ(lseek(b, 0, SEEK_SET), 0);
	CHECK_EQ(copy_file_range(a, NULL, b, NULL, 3, 0), 3);
	CHECK_EQ(lseek(a, 0, SEEK_CUR), 5);
	CHECK_EQ(lseek(b, 0, SEEK_CUR), 3);
	CHECK_ERR(ioctl(b, FICLONE, a), EOPNOTSUPP);
	CHECK_EQ(fstat(b, &st), 0);
}

/* To a pipe and back into the same file, of pages that belong to it. */
TEST(a_file_through_a_pipe_into_itself)
{
	int f = new_file("f", 0), p[2], i;
	char *want = malloc(40000), *got = malloc(40000);
	struct iovec v = { want, 4096 };
	loff_t from = 0, to;

	fill_from(want, 16384, 1);
	CHECK_EQ(write(f, want, 16384), 16384);
	CHECK_EQ(pipe(p), 0);
	for (i = 0; i < 4; i++) {
		from = i * 4096;
		to = 12288 - i * 4096 + 20000;
		CHECK_EQ(splice(f, &from, p[1], NULL, 4096, SPLICE_F_MOVE), 4096);
		CHECK_EQ(splice(p[0], NULL, f, &to, 4096, SPLICE_F_MOVE), 4096);
	}
	CHECK_EQ(pread(f, got, 40000, 0), 36384);
	CHECK(!memcmp(got, want, 16384));
	for (i = 0; i < 4; i++)
		CHECK(!memcmp(got + 20000 + 12288 - i * 4096, want + i * 4096, 4096));
	/* What a pipe holds of a file is the file's page: a later write shows, or does not tear. */
	CHECK_EQ(vmsplice(p[1], &v, 1, 0), 4096);
	to = 0;
	CHECK_EQ(splice(p[0], NULL, f, &to, 4096, SPLICE_F_MOVE), 4096);
	memset(want, 0, 4096);
	CHECK_EQ(pread(f, got, 10, 0), 10);
	CHECK(memcmp(got, want, 10));
	from = 36384;
	CHECK_EQ(splice(f, &from, p[1], NULL, 10, 0), 0);
	from = 1 << 30;
	CHECK_EQ(splice(f, &from, p[1], NULL, 10, 0), 0);
	CHECK_ERR(splice(f, NULL, f, NULL, 10, 0), EINVAL);
}

TEST(ranges_under_a_mapping)
{
	int f = new_file("f", 0);
	char *p, buf[100];

	CHECK_EQ(ftruncate(f, 20000), 0);
	p = mmap(NULL, 20480, PROT_READ | PROT_WRITE, MAP_SHARED, f, 0);
	CHECK(p != MAP_FAILED);
	memset(p, 'a', 20480);
	if (fallocate(f, FALLOC_FL_ZERO_RANGE, 100, 9000) && errno == EOPNOTSUPP)
		test_skip("no ranges are zeroed here");
	CHECK(p[99] == 'a' && !p[100] && !p[9099] && p[9100] == 'a');
	CHECK_EQ(pread(f, buf, 4, 98), 4);
	CHECK(!memcmp(buf, "aa\0\0", 4));
	CHECK_EQ(fallocate(f, FALLOC_FL_ZERO_RANGE, 19990, 20), 0);
	CHECK_EQ(stat_of("f").st_size, 20010);
	CHECK(p[19989] == 'a' && !p[19990] && !p[20009]);
	CHECK_EQ(fallocate(f, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, 20000, 20), 0);
	CHECK_EQ(stat_of("f").st_size, 20010);
	CHECK_EQ(fallocate(f, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 8193, 4095), 0);
	CHECK(!p[8193] && !p[12287] && p[12288] == 'a');
	CHECK_EQ(fallocate(f, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 1 << 20, 4095), 0);
	CHECK_EQ(stat_of("f").st_size, 20010);
	memset(p + 12288, 'b', 100);
	CHECK_EQ(madvise(p + 12288, 4096, MADV_REMOVE), 0);
	CHECK(!p[12288] && p[16384] == 'a');
	memset(p + 16384, 'c', 100);
	CHECK_EQ(madvise(p, 20480, MADV_DONTNEED), 0);
	CHECK(p[16384] == 'c' && p[20000] == 0);
	CHECK_ERR(fallocate(f, FALLOC_FL_PUNCH_HOLE, 0, 4096), EOPNOTSUPP);
	CHECK_ERR(fallocate(f, 0x80, 0, 4096), EOPNOTSUPP);
	CHECK_ERR(fallocate(f, 0, -1, 1), EINVAL);
	CHECK_ERR(fallocate(f, 0, 0, 0), EINVAL);
	CHECK_ERR(fallocate(f, 0, INT64_MAX, 1), EFBIG);
	CHECK_ERR(fallocate(f, 0, 1LL << 50, 1), EFBIG);
	CHECK_EQ(fcntl(f, F_SETFL, O_APPEND), 0);
	CHECK_EQ(fallocate(f, 0, 0, 30000), 0);
	CHECK_EQ(stat_of("f").st_size, 30000);
	CHECK_EQ(write(f, "z", 1), 1);
	CHECK_EQ(stat_of("f").st_size, 30001);
}

TEST(a_write_that_shall_not_append)
{
	int f = new_file("f", O_APPEND);
	struct iovec v = { "ab", 2 };
	ssize_t n;

	CHECK_EQ(write(f, "0123456789", 10), 10);
	n = pwritev2(f, &v, 1, 4, RWF_NOAPPEND);
	if (n < 0 && errno == EOPNOTSUPP)
		test_skip("the kernel is too old");
	CHECK_EQ(n, 2);
	CHECK_EQ(pwritev2(f, &v, 1, 0, RWF_NOAPPEND | RWF_SYNC), 2);
	CHECK_EQ(write(f, "x", 1), 1);
	CHECK(file_is("f", "ab23ab6789x"));
	CHECK_ERR(pwritev2(f, &v, 1, 0, RWF_NOAPPEND | RWF_APPEND), EINVAL);
}

/* Behind 4 GiB, and at the end of what ext4 can have. */
TEST(far_parts_of_a_file)
{
	static const int64_t at[] = { (1LL << 31) - 5, (1LL << 32) - 3, (1LL << 32) + 4096 * 3 + 1,
				      1LL << 40, (1LL << 44) - 4096 - 10 };
	int f = new_file("f", 0);
	char buf[16], *p;
	unsigned int i;

	for (i = 0; i < 5; i++) {
		CHECK_EQ(pwrite(f, "0123456789", 10, at[i]), 10);
		CHECK_EQ(stat_of("f").st_size, at[i] + 10);
	}
	CHECK_ERR(pwrite(f, "0", 1, (1LL << 44) - 4096), EFBIG);
	CHECK_EQ(pwrite(f, "0123456789", 10, (1LL << 44) - 4096 - 4), 4);
	forget_all();
	for (i = 0; i < 4; i++) {
		CHECK_EQ(pread(f, buf, 10, at[i]), 10);
		CHECK(!memcmp(buf, "0123456789", 10));
		CHECK_EQ(lseek(f, at[i] - 5000, SEEK_DATA) / 4096, at[i] / 4096);
		CHECK_EQ(lseek(f, at[i], SEEK_HOLE), (at[i] + 9) / 4096 * 4096 + 4096);
	}
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, f, 1LL << 40);
	CHECK(p != MAP_FAILED && p[1] == '1');
	p[1] = 'x';
	CHECK_EQ(pread(f, buf, 2, 1LL << 40), 2);
	CHECK(buf[1] == 'x');
	CHECK(stat_of("f").st_blocks <= 8 * 16);
	CHECK_EQ(ftruncate(f, (1LL << 32) + 5), 0);
	CHECK_EQ(pread(f, buf, 16, (1LL << 32) - 3), 8);
	CHECK_EQ(lseek(f, 0, SEEK_END), (1LL << 32) + 5);
}

/* A page of a file is written to the file, and read from it, by its own mapping. */
TEST(a_mapping_is_written_to_its_file)
{
	int f = new_file("f", 0), g = new_file("g", 0), i;
	char *p, *q;

	CHECK_EQ(ftruncate(f, 65536), 0);
	CHECK_EQ(ftruncate(g, 65536), 0);
	p = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_SHARED, f, 0);
	q = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_SHARED, g, 0);
	CHECK(p != MAP_FAILED && q != MAP_FAILED);
	for (i = 0; i < 4; i++) {
		CHECK_EQ(fcntl(f, F_SETFL, i % 2 ? O_DIRECT : 0), 0);
		CHECK_EQ(fcntl(g, F_SETFL, i % 2 ? O_DIRECT : 0), 0);
		memset(p, 'a' + i, 65536);
		if (!(i % 2)) {
			CHECK_EQ(pwrite(f, p, 8192, 0), 8192);
			CHECK_EQ(pwrite(f, p + 4096, 8192, 100), 8192);
			CHECK_EQ(pread(f, p, 8192, 4096), 8192);
		}
		CHECK_EQ(pwrite(g, p + 16384, 32768, 0), 32768);
		CHECK(q[0] == 'a' + i && q[32767] == 'a' + i);
		CHECK_EQ(pread(g, p + 4096, 32768, 16384), 32768);
		CHECK(p[4096] == 'a' + i || i);
		posix_fadvise(f, 0, 0, POSIX_FADV_DONTNEED);
		posix_fadvise(g, 0, 0, POSIX_FADV_DONTNEED);
	}
}

/* Direct and other ways, by turns: each sees what the one before has written. */
TEST(direct_and_other_ways)
{
	int f = new_file("f", 0), d = new_file("f", O_DIRECT), i;
	char *buf = aligned_alloc(4096, 8192), *p, c;

	CHECK_EQ(ftruncate(f, 65536), 0);
	p = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_SHARED, f, 0);
	CHECK(p != MAP_FAILED);
	for (i = 0; i < 30; i++) {
		memset(buf, 'A' + i % 10, 8192);
		CHECK_EQ(pwrite(d, buf, 8192, 8192), 8192);
		CHECK_EQ(p[8192], 'A' + i % 10);
		CHECK_EQ(pread(f, &c, 1, 16383), 1);
		CHECK_EQ(c, 'A' + i % 10);
		CHECK_EQ(pwrite(f, "z", 1, 9000), 1);
		CHECK_EQ(pread(d, buf, 8192, 8192), 8192);
		CHECK_EQ(buf[9000 - 8192], 'z');
		p[10000] = 'm';
		CHECK_EQ(pread(d, buf, 8192, 8192), 8192);
		CHECK_EQ(buf[10000 - 8192], 'm');
		memset(buf, 'e', 4096);
		CHECK_EQ(pwrite(d, buf, 4096, 65536 + i * 4096), 4096);
		CHECK_EQ(pread(f, &c, 1, 65536 + i * 4096 + 4095), 1);
		CHECK_EQ(c, 'e');
		CHECK_EQ(stat_of("f").st_size, 65536 + (i + 1) * 4096);
	}
	CHECK_EQ(ftruncate(f, 65536 + 100), 0);
	CHECK_EQ(pread(d, buf, 4096, 65536), 100);
	CHECK_EQ(pread(d, buf, 4096, 65536 + 4096), 0);
}
