// SPDX-License-Identifier: MIT
/* A file system that is frozen: what would change it waits, and what reads it does not. */
#include "fstest.h"
#include <linux/fs.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/ioctl.h>

#define WRITERS		5
#define RECORD		100
#define GUARD_SECONDS	30

static struct {
	atomic_int done[WRITERS];
	atomic_bool stop;
} *shared;

static int fd;
static char *page;

static void in_place(int n)
{
	char record[RECORD];

	memset(record, 'a' + n % 26, sizeof(record));
	CHECK_EQ(pwrite(fd, record, sizeof(record), n % 100 * sizeof(record)), sizeof(record));
}

static void behind_the_end(int n)
{
	char record[RECORD];

	memset(record, 'a' + n % 26, sizeof(record));
	CHECK_EQ(write(fd, record, sizeof(record)), sizeof(record));
}

static void by_a_mapping(int n)
{
	page[n % 4096] = 'x';
}

static void names(int n)
{
	CHECK_EQ(n % 2 ? rmdir("dir") : mkdir("dir", 0755), 0);
}

static void attributes(int n)
{
	CHECK_EQ(fchmod(fd, n % 2 ? 0600 : 0644), 0);
}

static const struct {
	void (*step)(int n);
	const char *file;
} writers[WRITERS] = {
	{ in_place, "place" }, { behind_the_end, "end" }, { by_a_mapping, "map" },
	{ names, "unused" }, { attributes, "attr" },
};

static void write_on(void *arg)
{
	int i = (int)(intptr_t)arg, n;

	fd = CHECK_OK(open(writers[i].file, O_RDWR | O_CREAT, 0644));
	if (writers[i].step != behind_the_end)
		CHECK_EQ(ftruncate(fd, 65536), 0);
	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(page != MAP_FAILED);
	if (writers[i].step != by_a_mapping)
		CHECK_EQ(munmap(page, 4096), 0);
	for (n = 0; !shared->stop; n++) {
		writers[i].step(n);
		shared->done[i]++;
		usleep(1000);
	}
}

/* If the test fails, the tests after it still find a file system that can be changed. */
static void thaw_later(void *arg)
{
	int dir = (int)(intptr_t)arg;

	sleep(GUARD_SECONDS);
	ioctl(dir, FITHAW, 0);
}

static void as_another_user(void *arg)
{
	CHECK_EQ(setuid(65534), 0);
	CHECK_ERR(ioctl((int)(intptr_t)arg, FIFREEZE, 0), EPERM);
	CHECK_ERR(ioctl((int)(intptr_t)arg, FITHAW, 0), EPERM);
}

static void all_make(int steps)
{
	int i, want[WRITERS];

	for (i = 0; i < WRITERS; i++)
		want[i] = shared->done[i] + steps;
	for (i = 0; i < WRITERS; i++)
		while (shared->done[i] < want[i])
			usleep(1000);
}

/* One step may have been made, and not counted yet. */
static void none_goes_on(void)
{
	int i, had[WRITERS];

	for (i = 0; i < WRITERS; i++)
		had[i] = shared->done[i];
	usleep(300000);
	for (i = 0; i < WRITERS; i++)
		CHECK(shared->done[i] <= had[i] + 1);
}

static void reading_works(void)
{
	char buf[RECORD];
	DIR *dir = opendir(".");
	int f;

	CHECK(dir && readdir(dir));
	CHECK_EQ(closedir(dir), 0);
	CHECK_EQ(stat_of("place").st_size, 65536);
	f = CHECK_OK(open("place", O_RDWR));
	CHECK_EQ(read(f, buf, sizeof(buf)), sizeof(buf));
	CHECK_EQ(pread(f, buf, sizeof(buf), 0), sizeof(buf));
	CHECK_EQ(close(f), 0);
}

TEST(frozen_until_thawed)
{
	int dir = CHECK_OK(open(".", O_RDONLY | O_DIRECTORY)), i;
	pid_t pid[WRITERS], guard;

	if (geteuid())
		test_skip("not root");
	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(shared != MAP_FAILED);
	reap(child(as_another_user, (void *)(intptr_t)dir));
	guard = child(thaw_later, (void *)(intptr_t)dir);
	for (i = 0; i < WRITERS; i++)
		pid[i] = child(write_on, (void *)(intptr_t)i);
	all_make(10);
	for (i = 0; i < 3; i++) {
		CHECK_EQ(ioctl(dir, FIFREEZE, 0), 0);
		CHECK_ERR(ioctl(dir, FIFREEZE, 0), EBUSY);
		none_goes_on();
		reading_works();
		CHECK_EQ(ioctl(dir, FITHAW, 0), 0);
		CHECK_ERR(ioctl(dir, FITHAW, 0), EINVAL);
		all_make(5);
	}
	shared->stop = true;
	for (i = 0; i < WRITERS; i++)
		reap(pid[i]);
	CHECK_EQ(stat_of("end").st_size, shared->done[1] * RECORD);
	CHECK_EQ(kill(guard, SIGKILL), 0);
	CHECK_EQ(waitpid(guard, &i, 0), guard);
}
