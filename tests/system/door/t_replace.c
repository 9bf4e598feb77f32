// SPDX-License-Identifier: MIT
/*
 * A descriptor that another thread replaces by dup2() while it is written: as with a system
 * call, each record is whole, in one of the files, once.
 */
#include "doortest.h"

static int shared_fd, file[2];
static volatile bool over;

static void *replace(void *arg)
{
	unsigned int seed = 3, i = 0;

	(void)arg;
	while (!over) {
		CHECK_EQ(dup2(file[++i & 1], shared_fd), shared_fd);
		usleep(rand_r(&seed) % 3000);
	}
	return NULL;
}

/* Call @write_one with 1, 2, ... for that long. Return: how many. */
static uint32_t write_meanwhile(double seconds, uint32_t most, void (*write_one)(uint32_t n))
{
	double end = now() + seconds;
	uint32_t n = 0;
	pthread_t t;

	file[0] = new_file("replaced-a", 0);
	file[1] = new_file("replaced-b", 0);
	shared_fd = dup(file[0]);
	CHECK(shared_fd >= 0);
	over = false;
	CHECK_EQ(pthread_create(&t, NULL, replace, NULL), 0);
	while (n < most && now() < end)
		write_one(++n);
	over = true;
	CHECK_EQ(pthread_join(t, NULL), 0);
	close(shared_fd);
	return n;
}

static void fill_record(uint32_t *record, size_t len, uint32_t n)
{
	size_t i;

	for (i = 0; i < len / 4; i++)
		record[i] = n;
}

#define SHORT 512

static void write_short(uint32_t n)
{
	uint32_t record[SHORT / 4];

	fill_record(record, SHORT, n);
	CHECK_EQ(write(shared_fd, record, SHORT), SHORT);
}

/* Return: how many records the file has; each is whole, and their numbers grow. */
static uint32_t count_records(int fd, uint8_t *seen, uint32_t last)
{
	uint32_t record[SHORT / 4], before = 0, count = 0, i;
	ssize_t n;

	while ((n = pread(fd, record, SHORT, (off_t)count * SHORT)) > 0) {
		CHECK_EQ(n, SHORT);
		for (i = 1; i < SHORT / 4; i++)
			CHECK_EQ(record[i], record[0]);
		CHECK(record[0] > before && record[0] <= last);
		CHECK(!seen[record[0]]++);
		before = record[0];
		count++;
	}
	CHECK_EQ(n, 0);
	return count;
}

TEST(replaced_while_written)
{
	uint32_t n = write_meanwhile(3, 100000, write_short);
	uint8_t *seen = calloc(n + 1, 1);

	CHECK_EQ(count_records(file[0], seen, n) + count_records(file[1], seen, n), n);
	CHECK_DOOR(VOS_STAT_WRITE, 20);
	free(seen);
}

#define LONG 100000

static uint32_t long_record[LONG / 4];

static void write_long_at(uint32_t n)
{
	fill_record(long_record, LONG, n);
	CHECK_EQ(pwrite(shared_fd, long_record, LONG, (off_t)(n - 1) * LONG), LONG);
}

/* Return: whether the file has that record; if not, there is nothing in its place. */
static bool has_record(int fd, uint32_t n)
{
	size_t i;

	memset(long_record, 0, LONG);
	CHECK(pread(fd, long_record, LONG, (off_t)(n - 1) * LONG) >= 0);
	for (i = 1; i < LONG / 4; i++)
		CHECK_EQ(long_record[i], long_record[0]);
	CHECK(!long_record[0] || long_record[0] == n);
	return long_record[0];
}

TEST(replaced_while_written_at)
{
	uint32_t n = write_meanwhile(3, 100, write_long_at), i;

	for (i = 1; i <= n; i++)
		CHECK_EQ(has_record(file[0], i) + has_record(file[1], i), 1);
}
