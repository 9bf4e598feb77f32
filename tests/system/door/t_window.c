// SPDX-License-Identifier: MIT
/* Files that are read in place: as long as their size stands, and always what they hold. */
#include <sys/resource.h>
#include <sys/stat.h>

#include "doortest.h"

#define COUNT 30000u
#define BYTES (COUNT * 4)

static uint64_t in_place(void)
{
	return door_stats().in_place;
}

/* Not at once where a file, this or one before it, has just been resized. */
static void await_window(int fd)
{
	uint64_t before = in_place();
	int i;
	char c;

	for (i = 0; door_expected && in_place() == before; i++) {
		CHECK(i < 5000);
		CHECK(pread(fd, &c, 1, 0) >= 0);
		usleep(1000);
	}
}

/* To be read only, holds 0, 1, 2, ..., open for writing nowhere, ready for the door. */
static int quiet_file(const char *name)
{
	int fd = number_file(name, COUNT);

	CHECK_EQ(fsync(fd), 0);
	CHECK_EQ(close(fd), 0);
	fd = open(path_of(name), O_RDONLY);
	CHECK(fd >= 0);
	warm_file(fd);
	await_window(fd);
	return fd;
}

static void check_number(int fd, uint32_t i);

/* Written through the door, and read through it; after a while, without the service. */
TEST(window_after_writing)
{
	int fd = new_file("written", 0), i, k;
	uint32_t n = 0;
	uint64_t before;

	for (i = 0; i < 3; i++) {
		for (k = 0; k < 100; k++, n++)
			CHECK_EQ(pwrite(fd, &n, 4, (off_t)n * 4), 4);
		before = in_place();
		for (k = 0; k < 2000000 && (k < 100 || (door_expected && in_place() == before)); k++)
			check_number(fd, (uint32_t)k % n);
		CHECK(!door_expected || in_place() > before);
	}
}

static void check_number(int fd, uint32_t i)
{
	uint32_t n;

	CHECK_EQ(pread(fd, &n, 4, (off_t)i * 4), 4);
	CHECK_EQ(n, i);
}

/* Mappings of the file in this process. */
static int mappings(const char *name)
{
	char line[1024];
	FILE *f = fopen("/proc/self/maps", "r");
	int n = 0;

	CHECK(f);
	while (fgets(line, sizeof(line), f))
		n += strstr(line, path_of(name)) != NULL;
	fclose(f);
	return n;
}

TEST(window_shows_the_file)
{
	static unsigned char all[BYTES + 100];
	int fd = quiet_file("window"), i;
	uint64_t before = in_place();
	uint32_t n;

	for (i = 0; i < 500; i++) {
		CHECK_EQ(read(fd, &n, 4), 4);
		CHECK_EQ(n, i);
		check_number(fd, i * 59 % COUNT);
	}
	CHECK_EQ(pread(fd, all, sizeof(all), 4), BYTES - 4);
	for (i = 0; i < 1000; i++)
		CHECK_EQ(((uint32_t *)all)[i * 29], i * 29 + 1);
	CHECK_EQ(pread(fd, all, 10, BYTES), 0);
	CHECK_EQ(lseek(fd, -6, SEEK_END), BYTES - 6);
	CHECK_EQ(read(fd, all, 10), 6);
	CHECK_EQ(read(fd, all, 10), 0);
	CHECK_ERR(write(fd, all, 1), EBADF);
	if (door_expected)
		CHECK(in_place() - before >= 1000);
}

static void overwrite(void *unused)
{
	int fd = open(path_of("writer"), O_RDWR);
	uint32_t n = 4711, i;

	(void)unused;
	CHECK(fd >= 0);
	for (i = 0; i < 20; i++)
		CHECK_EQ(pwrite(fd, &n, 4, 400), 4);
	CHECK_EQ(pwrite(fd, &n, 4, BYTES), 4);
	CHECK_EQ(pread(fd, &n, 4, 0), 4);
}

TEST(window_shows_what_others_write)
{
	int fd = quiet_file("writer"), i;
	uint32_t n;

	check_number(fd, 100);
	reap(child(overwrite, NULL));
	CHECK_EQ(pread(fd, &n, 4, 400), 4);
	CHECK_EQ(n, 4711);
	CHECK_EQ(pread(fd, &n, 4, BYTES), 4);
	CHECK_EQ(n, 4711);
	CHECK_EQ(pread(fd, &n, 4, BYTES + 4), 0);
	await_window(fd);	/* it begins again by and by */
	for (i = 0; i < 100; i++)
		check_number(fd, i);
}

/* The same process may be the writer. */
TEST(window_of_ones_own_file)
{
	int fd = quiet_file("own"), w, i;
	uint32_t n;

	for (i = 0; i < 20; i++) {
		check_number(fd, i);
		w = open(path_of("own"), O_WRONLY);
		CHECK(w >= 0);
		n = i + 1000;
		CHECK_EQ(pwrite(w, &n, 4, i * 4), 4);
		CHECK_EQ(pread(fd, &n, 4, i * 4), 4);
		CHECK_EQ(n, i + 1000);
		CHECK_EQ(close(w), 0);
		CHECK_EQ(pread(fd, &n, 4, i * 4), 4);
		CHECK_EQ(n, i + 1000);
		warm_file(fd);
	}
}

/* Reading and writing in place: one offset, one content. */
TEST(window_of_a_writer)
{
	int fd = quiet_file("both"), i;
	uint64_t before;
	uint32_t n;

	close(fd);
	fd = open(path_of("both"), O_RDWR);
	CHECK(fd >= 0);
	warm_file(fd);
	before = in_place();
	for (i = 0; i < 200; i++) {
		CHECK_EQ(read(fd, &n, 4), 4);
		CHECK_EQ(n, 2 * i);
		n = 70000 + i;
		CHECK_EQ(write(fd, &n, 4), 4);
		CHECK_EQ(pread(fd, &n, 4, (2 * i + 1) * 4), 4);
		CHECK_EQ(n, 70000 + i);
		if (i == 100)
			CHECK_EQ(fsync(fd), 0);
	}
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 1600);
	if (door_expected)
		CHECK(in_place() - before >= 590);
	CHECK_EQ(pwrite(fd, &n, 4, BYTES), 4);	/* it grows */
	CHECK_EQ(pread(fd, &n, 4, BYTES), 4);
	CHECK_EQ(n, 70199);
}

static struct timespec mtime_of(int fd)
{
	struct stat st;

	CHECK_EQ(fstat(fd, &st), 0);
	return st.st_mtim;
}

static bool later(struct timespec a, struct timespec b)
{
	return a.tv_sec > b.tv_sec || (a.tv_sec == b.tv_sec && a.tv_nsec > b.tv_nsec);
}

/* Each write is seen in the times; who sets them has the last word. */
TEST(window_keeps_the_times)
{
	struct timespec past[2] = { { 1000000000, 0 }, { 1000000000, 0 } }, t;
	int fd = quiet_file("times"), i;

	close(fd);
	fd = open(path_of("times"), O_RDWR);
	CHECK(fd >= 0);
	for (i = 0; i < 12; i++)
		CHECK_EQ(pwrite(fd, "x", 1, i), 1);
	for (i = 0; i < 5; i++) {
		t = mtime_of(fd);
		usleep(20000);
		CHECK_EQ(pwrite(fd, "y", 1, i), 1);
		CHECK(later(mtime_of(fd), t));
		t = mtime_of(fd);
		usleep(20000);
		CHECK(!later(mtime_of(fd), t));
	}
	CHECK_EQ(pwrite(fd, "z", 1, 0), 1);
	CHECK_EQ(futimens(fd, past), 0);
	CHECK_EQ(mtime_of(fd).tv_sec, 1000000000);
	close(fd);
	usleep(100000);
	fd = open(path_of("times"), O_RDONLY);
	CHECK_EQ(mtime_of(fd).tv_sec, 1000000000);
}

/* What was written in place is there for everybody, also after it has gone to the disk. */
TEST(window_is_written_back)
{
	static unsigned char in[BYTES + 40960] __attribute__((aligned(4096))), out[BYTES];
	int fd = quiet_file("back"), other, round, i;
	uint32_t state = 3;

	close(fd);
	fd = open(path_of("back"), O_RDWR);
	other = open(path_of("back"), O_RDONLY | O_DIRECT);
	CHECK(fd >= 0 && other >= 0);
	for (i = 0; i < 12; i++)
		CHECK_EQ(pwrite(fd, "x", 1, i), 1);
	for (round = 0; round < 5; round++) {
		fill(out, sizeof(out), &state);
		for (i = 0; i < (int)BYTES; i += 3000)
			CHECK_EQ(pwrite(fd, out + i, 3000, i), 3000);
		if (round % 2)
			CHECK_EQ(fsync(fd), 0);
		for (i = 0; i < (int)BYTES; i += 40960)
			CHECK(pread(other, in + i, 40960, i) > 0);
		CHECK(!memcmp(in, out, sizeof(out)));
	}
}

TEST(window_ends_at_truncation)
{
	int fd = quiet_file("cut"), i;
	char buf[8192];

	for (i = 0; i < 10; i++) {
		warm_file(fd);
		CHECK_EQ(truncate(path_of("cut"), 5000 - i), 0);
		CHECK_EQ(pread(fd, buf, sizeof(buf), 0), 5000 - i);
		warm_file(fd);
		CHECK_EQ(truncate(path_of("cut"), 6000), 0);
		CHECK_EQ(pread(fd, buf, sizeof(buf), 0), 6000);
		CHECK(!buf[5000 - i] && !buf[5999]);
	}
}

TEST(window_goes_with_its_descriptor)
{
	int fd = quiet_file("closed"), twin = dup(fd), i;

	warm_file(twin);
	await_window(twin);
	if (door_expected)
		CHECK_EQ(mappings("closed"), 1);
	CHECK_EQ(close(fd), 0);
	check_number(twin, 5);
	CHECK_EQ(close(twin), 0);
	CHECK_EQ(mappings("closed"), 0);
	for (i = 0; i < 300; i++) {	/* more than there are slots */
		fd = open(path_of("closed"), O_RDONLY);
		CHECK(fd >= 0);
		warm_file(fd);
		check_number(fd, i);
		if (i % 2) {
			CHECK_EQ(close(fd), 0);
		} else {
			CHECK(dup2(STDIN_FILENO, fd) == fd);
			close(fd);
		}
	}
	CHECK_EQ(mappings("closed"), 0);
}

static void read_on(void *arg)
{
	int fd = *(int *)arg, i;
	uint32_t n;

	for (i = 0; i < 50; i++)
		CHECK_EQ(read(fd, &n, 4), 4);
	CHECK_EQ(n, 99);
	check_number(fd, 9);
}

TEST(window_and_fork)
{
	int fd = quiet_file("forkwin"), i;
	uint32_t n;

	for (i = 0; i < 50; i++)
		CHECK_EQ(read(fd, &n, 4), 4);
	reap(child(read_on, &fd));
	CHECK_EQ(read(fd, &n, 4), 4);
	CHECK_EQ(n, 100);
}

static volatile bool stop;

/* What is read is what was ever written there, or a hole, and never a signal. */
static void *read_all_over(void *arg)
{
	int fd = *(int *)arg;
	unsigned int seed = (unsigned int)(uintptr_t)&seed;
	uint32_t buf[64], at;
	ssize_t n, i;

	while (!stop) {
		at = rand_r(&seed) % COUNT;
		n = pread(fd, buf, sizeof(buf), (off_t)at * 4);
		CHECK(n >= 0 && n % 4 == 0);
		for (i = 0; i < n / 4; i++)
			CHECK(!buf[i] || buf[i] == at + i);
	}
	return NULL;
}

TEST(window_under_truncation)
{
	int fd = quiet_file("race"), w;
	uint32_t *numbers = malloc(BYTES), i;
	double end = now() + 3;
	pthread_t t[3];

	for (i = 0; i < COUNT; i++)
		numbers[i] = i;
	for (i = 0; i < 3; i++)
		CHECK_EQ(pthread_create(&t[i], NULL, read_all_over, &fd), 0);
	for (i = 0; now() < end; i++) {
		CHECK_EQ(truncate(path_of("race"), i * 4096 % BYTES), 0);
		usleep(20000);
		w = open(path_of("race"), O_WRONLY);
		CHECK(w >= 0);
		CHECK_EQ(pwrite(w, numbers, BYTES, 0), BYTES);
		close(w);
		usleep(20000);
	}
	stop = true;
	for (i = 0; i < 3; i++)
		pthread_join(t[i], NULL);
}

/* Each change of the process's credentials shuts its door. */
TEST(window_of_a_door_that_shuts)
{
	int fd, i;
	pthread_t t[3];

	if (geteuid())
		test_skip("not root");
	fd = quiet_file("shut");
	for (i = 0; i < 3; i++)
		CHECK_EQ(pthread_create(&t[i], NULL, read_all_over, &fd), 0);
	for (i = 0; i < 20; i++) {
		usleep(50000);
		CHECK_EQ(seteuid(65534), 0);
		usleep(50000);
		CHECK_EQ(seteuid(0), 0);
	}
	stop = true;
	for (i = 0; i < 3; i++)
		pthread_join(t[i], NULL);
	warm_file(fd);
	close(fd);
	CHECK_EQ(mappings("shut"), 0);	/* none of any door */
}

/* Where address space or memory is dear, reads go another way. */
TEST(window_that_finds_no_room)
{
	struct rlimit as = { 1, 1 };
	int fd = number_file("noroom", COUNT), i;

	close(fd);
	fd = open(path_of("noroom"), O_RDONLY);
	CHECK(fd >= 0);
	CHECK_EQ(setrlimit(RLIMIT_AS, &as), 0);
	for (i = 0; i < 100; i++)
		check_number(fd, i);
	CHECK_EQ(mappings("noroom"), 0);
}
