// SPDX-License-Identifier: MIT
/* What a process is charged with in /proc/PID/io and by getrusage() for what its disk does. */
#include "fstest.h"
#include <sys/resource.h>

#define SIZE	(1 << 20)

static char buf[SIZE];

static long charged(const char *name)
{
	FILE *f = fopen("/proc/self/io", "r");
	char line[80];
	long n = -1;

	if (!f)
		test_skip("no /proc/self/io here");
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, name, strlen(name)))
			n = atol(line + strlen(name));
	fclose(f);
	CHECK(n >= 0);
	return n;
}

static long blocks_read(void)
{
	struct rusage r;

	CHECK_EQ(getrusage(RUSAGE_SELF, &r), 0);
	return r.ru_inblock;
}

static void make_file(void)
{
	fill_from(buf, SIZE, 3);
	put_file("f", buf, SIZE);
}

TEST(reads_of_the_disk_are_charged)
{
	long bytes, blocks;
	int fd;

	make_file();
	forget_all();
	fd = CHECK_OK(open("f", O_RDONLY));
	bytes = charged("read_bytes:");
	blocks = blocks_read();
	CHECK_EQ(read(fd, buf, SIZE), SIZE);
	CHECK(charged("read_bytes:") - bytes >= SIZE);
	CHECK(blocks_read() - blocks >= SIZE / 512);
	/* What is cached is not read again. */
	bytes = charged("read_bytes:");
	CHECK_EQ(pread(fd, buf, SIZE, 0), SIZE);
	CHECK(charged("read_bytes:") - bytes < SIZE / 2);
}

TEST(a_mapping_is_charged)
{
	volatile char *map;
	long bytes;
	int fd, i;

	make_file();
	forget_all();
	fd = CHECK_OK(open("f", O_RDONLY));
	map = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, fd, 0);
	CHECK(map != MAP_FAILED);
	bytes = charged("read_bytes:");
	for (i = 0; i < SIZE; i += 4096)
		map[i];
	CHECK(charged("read_bytes:") - bytes >= SIZE);
}

TEST(direct_io_is_charged)
{
	char *page = aligned_alloc(4096, 65536);
	long bytes;
	int fd;

	make_file();
	forget_all();
	fd = open("f", O_RDWR | O_DIRECT);
	if (fd < 0)
		test_skip("no O_DIRECT here");
	bytes = charged("read_bytes:");
	CHECK_EQ(pread(fd, page, 65536, 0), 65536);
	CHECK(charged("read_bytes:") - bytes >= 65536);
	bytes = charged("write_bytes:");
	CHECK_EQ(pwrite(fd, page, 65536, 0), 65536);
	CHECK(charged("write_bytes:") - bytes >= 65536);
}

TEST(a_write_is_charged_once)
{
	long bytes = charged("write_bytes:");
	int fd = CHECK_OK(open("f", O_CREAT | O_RDWR, 0644));

	CHECK_EQ(write(fd, buf, SIZE), SIZE);
	CHECK(charged("write_bytes:") - bytes >= SIZE);
	CHECK_EQ(fsync(fd), 0);
	CHECK(charged("write_bytes:") - bytes < SIZE + SIZE / 2);
	bytes = charged("cancelled_write_bytes:");
	CHECK_EQ(write(fd, buf, SIZE), SIZE);
	CHECK_EQ(ftruncate(fd, SIZE), 0);
	CHECK(charged("cancelled_write_bytes:") - bytes >= SIZE / 2);
}
