// SPDX-License-Identifier: MIT
/* Reading and writing, in all ways but mmap. */
#include "fstest.h"

#define MIB (1024 * 1024)

TEST(read_write)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));
	char buf[64];

	CHECK_EQ(read(fd, buf, sizeof(buf)), 0);
	CHECK_EQ(write(fd, "0123456789", 10), 10);
	CHECK_EQ(lseek(fd, 4, SEEK_SET), 4);
	CHECK_EQ(read(fd, buf, 3), 3);
	CHECK(!memcmp(buf, "456", 3));
	CHECK_EQ(lseek(fd, -2, SEEK_END), 8);
	CHECK_EQ(read(fd, buf, sizeof(buf)), 2);
	CHECK_EQ(lseek(fd, -1, SEEK_CUR), 9);
	CHECK_ERR(lseek(fd, -1, SEEK_SET), EINVAL);
	CHECK_EQ(write(fd, "", 0), 0);
}

TEST(pread_pwrite)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));
	char buf[64];

	CHECK_EQ(pwrite(fd, "world", 5, 6), 5);
	CHECK_EQ(pwrite(fd, "hello ", 6, 0), 6);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 0);
	CHECK_EQ(pread(fd, buf, sizeof(buf), 0), 11);
	CHECK(!memcmp(buf, "hello world", 11));
	CHECK_EQ(pread(fd, buf, sizeof(buf), 11), 0);
	CHECK_EQ(pread(fd, buf, sizeof(buf), 1000), 0);
	CHECK_ERR(pread(fd, buf, sizeof(buf), -1), EINVAL);
}

TEST(readv_writev)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));
	char a[3], b[4], c[8];
	struct iovec out[3] = { { "one", 3 }, { "", 0 }, { "twothree", 8 } };
	struct iovec in[3] = { { a, 3 }, { b, 4 }, { c, 8 } };

	CHECK_EQ(writev(fd, out, 3), 11);
	CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
	CHECK_EQ(readv(fd, in, 3), 11);
	CHECK(!memcmp(a, "one", 3) && !memcmp(b, "twot", 4) && !memcmp(c, "hree", 4));
	CHECK_EQ(pwritev(fd, out, 3, 100), 11);
	CHECK_EQ(preadv(fd, in, 3, 100), 11);
}

TEST(sparse_file_reads_zero)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));
	char buf[4096], zero[4096] = "";

	CHECK_EQ(pwrite(fd, "x", 1, 5 * MIB), 1);
	CHECK_EQ(stat_of("f").st_size, 5 * MIB + 1);
	CHECK_EQ(pread(fd, buf, sizeof(buf), 3 * MIB), sizeof(buf));
	CHECK(!memcmp(buf, zero, sizeof(buf)));
	CHECK_EQ(fsync(fd), 0);
	CHECK(stat_of("f").st_blocks * 512 < MIB);
}

TEST(seek_data_hole)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));
	char block[4096];
	off_t data;

	memset(block, 'x', sizeof(block));
	CHECK_EQ(pwrite(fd, block, sizeof(block), 2 * MIB), sizeof(block));
	CHECK_EQ(ftruncate(fd, 4 * MIB), 0);
	CHECK_EQ(fsync(fd), 0);
	data = lseek(fd, 0, SEEK_DATA);
	if (data < 0 && errno == EINVAL)
		test_skip("no SEEK_DATA here");
	CHECK_EQ(data, 2 * MIB);
	CHECK_EQ(lseek(fd, 0, SEEK_HOLE), 0);
	CHECK_EQ(lseek(fd, 2 * MIB, SEEK_HOLE), 2 * MIB + 4096);
	CHECK_ERR(lseek(fd, 3 * MIB, SEEK_DATA), ENXIO);
	CHECK_ERR(lseek(fd, 5 * MIB, SEEK_HOLE), ENXIO);
}

/* What has been written and not synced is data, not a hole. */
TEST(seek_data_before_sync)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));

	CHECK_EQ(write(fd, "abc", 3), 3);
	CHECK_EQ(lseek(fd, 0, SEEK_DATA), 0);
	CHECK_EQ(lseek(fd, 0, SEEK_HOLE), 3);
	CHECK_EQ(pwrite(fd, "x", 1, 2 * MIB), 1);
	CHECK_EQ(lseek(fd, 2 * MIB, SEEK_DATA), 2 * MIB);
	CHECK_EQ(lseek(fd, 2 * MIB, SEEK_HOLE), 2 * MIB + 1);
}

TEST(truncate_down_and_up)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));
	char buf[16];

	CHECK_EQ(write(fd, "0123456789", 10), 10);
	CHECK_EQ(ftruncate(fd, 4), 0);
	CHECK_EQ(stat_of("f").st_size, 4);
	CHECK_EQ(ftruncate(fd, 8), 0);
	CHECK_EQ(pread(fd, buf, sizeof(buf), 0), 8);
	CHECK(!memcmp(buf, "0123\0\0\0\0", 8));
	CHECK_EQ(truncate("f", 2), 0);
	CHECK_EQ(pread(fd, buf, sizeof(buf), 0), 2);
	CHECK_ERR(ftruncate(fd, -1), EINVAL);
	CHECK_ERR(truncate(".", 0), EISDIR);
	CHECK_ERR(truncate("none", 0), ENOENT);
}

TEST(fsync_and_fdatasync)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));
	int dir = CHECK_OK(open(".", O_RDONLY | O_DIRECTORY));

	CHECK_EQ(write(fd, "x", 1), 1);
	CHECK_EQ(fdatasync(fd), 0);
	CHECK_EQ(write(fd, "y", 1), 1);
	CHECK_EQ(fsync(fd), 0);
	CHECK_EQ(fsync(dir), 0);
	CHECK_EQ(sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE), 0);
	CHECK_EQ(syncfs(fd), 0);
	sync();
}

TEST(o_sync)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_WRONLY | O_SYNC, 0644));

	CHECK_EQ(write(fd, "abc", 3), 3);
	close(fd);
	fd = CHECK_OK(open("f", O_WRONLY | O_DSYNC | O_APPEND));
	CHECK_EQ(write(fd, "def", 3), 3);
	CHECK(file_is("f", "abcdef"));
}

TEST(fallocate_modes)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));
	char buf[4096], zero[4096] = "";

	if (fallocate(fd, 0, 0, MIB)) {
		CHECK_EQ(errno, EOPNOTSUPP);
		test_skip("no fallocate here");
	}
	CHECK_EQ(stat_of("f").st_size, MIB);
	CHECK_EQ(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 2 * MIB), 0);
	CHECK_EQ(stat_of("f").st_size, MIB);
	memset(buf, 'x', sizeof(buf));
	CHECK_EQ(pwrite(fd, buf, sizeof(buf), 8192), sizeof(buf));
	CHECK_EQ(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 8192, 4096), 0);
	CHECK_EQ(pread(fd, buf, sizeof(buf), 8192), sizeof(buf));
	CHECK(!memcmp(buf, zero, sizeof(buf)));
	CHECK_EQ(posix_fallocate(fd, 0, 3 * MIB), 0);
	CHECK_EQ(stat_of("f").st_size, 3 * MIB);
}

/* 16 MiB through the page cache and back from where it is kept. */
TEST(checksum_16_mib)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));
	uint32_t out = 1, in = 1;
	char *buf = malloc(MIB);
	int i;

	for (i = 0; i < 16; i++) {
		fill_from(buf, MIB, i);
		out = checksum(buf, MIB, out);
		CHECK_EQ(write(fd, buf, MIB), MIB);
	}
	CHECK_EQ(fsync(fd), 0);
	CHECK_EQ(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), 0);
	CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
	for (i = 0; i < 16; i++) {
		CHECK_EQ(read(fd, buf, MIB), MIB);
		in = checksum(buf, MIB, in);
	}
	CHECK_EQ(in, out);
	CHECK_EQ(read(fd, buf, MIB), 0);
}

TEST(odd_sizes_and_offsets)
{
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));
	static char model[300000], buf[300000];
	uint32_t seed = 7;
	int i;

	for (i = 0; i < 200; i++) {
		size_t at, len;

		seed = seed * 1664525 + 1013904223;
		at = seed % 250000;
		len = (seed >> 16) % 50000;
		fill_from(model + at, len, i);
		CHECK_EQ(pwrite(fd, model + at, len, at), len);
		if (i % 50 == 49)
			CHECK_EQ(fsync(fd), 0);
	}
	CHECK_EQ(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), 0);
	i = pread(fd, buf, sizeof(buf), 0);
	CHECK_EQ(i, stat_of("f").st_size);
	CHECK(!memcmp(buf, model, i));
}

TEST(o_direct)
{
	int fd = open("f", O_CREAT | O_RDWR | O_DIRECT, 0644), i;
	uint32_t in = 1, out = 1;
	char *buf;

	if (fd < 0) {
		CHECK_EQ(errno, EINVAL);
		test_skip("no O_DIRECT here");
	}
	CHECK_EQ(posix_memalign((void **)&buf, 4096, MIB), 0);
	for (i = 0; i < 4; i++) {
		fill_from(buf, MIB, 100 + i);
		out = checksum(buf, MIB, out);
		CHECK_EQ(pwrite(fd, buf, MIB, (off_t)i * MIB), MIB);
	}
	for (i = 0; i < 4; i++) {
		memset(buf, 0, MIB);
		CHECK_EQ(pread(fd, buf, MIB, (off_t)i * MIB), MIB);
		in = checksum(buf, MIB, in);
	}
	CHECK_EQ(in, out);
	CHECK_EQ(pread(fd, buf, 4096, 4 * MIB), 0);
	close(fd);
	fd = CHECK_OK(open("f", O_RDONLY));
	CHECK_EQ(read(fd, buf, MIB), MIB);
}

TEST(sendfile_and_splice)
{
	int in, out, p[2];
	char *a = malloc(MIB), *b = malloc(MIB);
	off_t at = 0;
	size_t done = 0;

	fill_from(a, MIB, 3);
	put_file("in", a, MIB);
	in = CHECK_OK(open("in", O_RDONLY));
	out = CHECK_OK(open("out", O_CREAT | O_RDWR, 0644));
	while (done < MIB)
		done += CHECK_OK(sendfile(out, in, &at, MIB - done));
	CHECK_EQ(at, MIB);
	CHECK_EQ(get_file("out", b, MIB), MIB);
	CHECK(!memcmp(a, b, MIB));

	CHECK_EQ(pipe(p), 0);
	CHECK_EQ(lseek(in, 0, SEEK_SET), 0);
	CHECK_EQ(splice(in, NULL, p[1], NULL, 4096, 0), 4096);
	CHECK_EQ(read(p[0], b, MIB), 4096);
	CHECK(!memcmp(a, b, 4096));
}

TEST(copy_file_range_works)
{
	char *a = malloc(MIB), *b = malloc(MIB);
	loff_t from = 0, to = 0;
	int in, out;

	fill_from(a, MIB, 4);
	put_file("in", a, MIB);
	in = CHECK_OK(open("in", O_RDONLY));
	out = CHECK_OK(open("out", O_CREAT | O_RDWR, 0644));
	while (to < MIB)
		CHECK(CHECK_OK(copy_file_range(in, &from, out, &to, MIB - to, 0)) > 0);
	CHECK_EQ(get_file("out", b, MIB), MIB);
	CHECK(!memcmp(a, b, MIB));
}

/* Eight processes write their own blocks of one file; all must be there. */
TEST(concurrent_writers)
{
	enum { WRITERS = 8, BLOCKS = 64, SIZE = 3000 };
	static char buf[SIZE], want[SIZE];
	pid_t pid[WRITERS];
	int w, b, fd;

	close(CHECK_OK(open("f", O_CREAT | O_RDWR, 0644)));
	for (w = 0; w < WRITERS; w++) {
		pid[w] = CHECK_OK(fork());
		if (pid[w])
			continue;
		fd = CHECK_OK(open("f", O_RDWR));
		for (b = 0; b < BLOCKS; b++) {
			memset(buf, 'a' + w, SIZE);
			CHECK_EQ(pwrite(fd, buf, SIZE, (off_t)(b * WRITERS + w) * SIZE), SIZE);
		}
		_exit(0);
	}
	for (w = 0; w < WRITERS; w++)
		CHECK_EQ(wait_for(pid[w]), 0);
	fd = CHECK_OK(open("f", O_RDONLY));
	CHECK_EQ(stat_of("f").st_size, WRITERS * BLOCKS * SIZE);
	CHECK_EQ(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), 0);
	for (b = 0; b < BLOCKS; b++) {
		for (w = 0; w < WRITERS; w++) {
			memset(want, 'a' + w, SIZE);
			CHECK_EQ(read(fd, buf, SIZE), SIZE);
			CHECK(!memcmp(buf, want, SIZE));
		}
	}
}

/* O_APPEND of several processes: no record is lost or torn. */
TEST(concurrent_appends)
{
	enum { WRITERS = 4, LINES = 100 };
	pid_t pid[WRITERS];
	char line[8], text[WRITERS * LINES * 8];
	int w, i, count[WRITERS] = { 0 };

	close(CHECK_OK(open("f", O_CREAT | O_RDWR, 0644)));
	for (w = 0; w < WRITERS; w++) {
		pid[w] = CHECK_OK(fork());
		if (pid[w])
			continue;
		i = CHECK_OK(open("f", O_WRONLY | O_APPEND));
		snprintf(line, sizeof(line), "line %d\n", w);
		for (int n = 0; n < LINES; n++)
			CHECK_EQ(write(i, line, 7), 7);
		_exit(0);
	}
	for (w = 0; w < WRITERS; w++)
		CHECK_EQ(wait_for(pid[w]), 0);
	CHECK_EQ(get_file("f", text, sizeof(text)), WRITERS * LINES * 7);
	for (i = 0; i < WRITERS * LINES; i++) {
		CHECK(!memcmp(text + i * 7, "line ", 5) && text[i * 7 + 6] == '\n');
		w = text[i * 7 + 5] - '0';
		CHECK(w >= 0 && w < WRITERS);
		count[w]++;
	}
	for (w = 0; w < WRITERS; w++)
		CHECK_EQ(count[w], LINES);
}
