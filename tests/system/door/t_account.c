// SPDX-License-Identifier: MIT
/*
 * Accounts of exceptionless calls, as /proc/virtuos/threads shows them to root: each thread's
 * are its own, whatever a process writes into its account page.
 */
#include "../../../include/virtuos/door.h"
#include "doortest.h"

#define PIECES	200

struct claims {
	unsigned long calls, ticks;
};

/* What the kernel shows of a thread's calls to the storage service; 0 without a line. */
static struct claims claims_of(pid_t tid)
{
	FILE *f = fopen("/proc/virtuos/threads", "r");
	struct claims c = { 0 };
	char line[512], service[16];

	if (!f)
		test_skip("no accounts, or not root");
	while (fgets(line, sizeof(line), f)) {
		struct claims found;
		int of;

		if (sscanf(line, "%d %*d %*s %15s %*u %*u %*u %*u %*u %*u %lu %lu", &of,
			   service, &found.calls, &found.ticks) == 4 &&
		    of == tid && !strcmp(service, "storage"))
			c = found;
	}
	fclose(f);
	return c;
}

static pid_t thread_id(void)
{
	return (pid_t)syscall(SYS_gettid);
}

/* A file that is read by calls: it is written meanwhile, so it has no window. */
static int busy_file(const char *name)
{
	int fd = new_file(name, 0);

	warm_file(fd);
	return fd;
}

/* Return: how many of these calls went by the door, as the library counts. */
static uint64_t read_often(int fd)
{
	uint64_t before = door_calls(VOS_STAT_READ) + door_calls(VOS_STAT_WRITE);
	char c;
	int i;

	for (i = 0; i < PIECES; i++) {
		CHECK_EQ(pwrite(fd, "x", 1, 0), 1);
		CHECK_EQ(pread(fd, &c, 1, 0), 1);
	}
	return door_calls(VOS_STAT_READ) + door_calls(VOS_STAT_WRITE) - before;
}

/* The kernel shows at least what the library says it has done. A window's are no calls. */
static void counts_here(int fd)
{
	uint64_t in_place = door_stats().in_place;
	unsigned long before = claims_of(thread_id()).calls;
	uint64_t calls = read_often(fd);
	unsigned long seen = claims_of(thread_id()).calls - before;

	in_place = door_stats().in_place - in_place;
	if (door_expected)
		CHECK(seen >= calls - in_place && seen <= calls - in_place + PIECES / 10);
}

TEST(account_is_the_threads)
{
	counts_here(busy_file("account"));
}

static void *count_in_thread(void *arg)
{
	counts_here(*(int *)arg);
	return NULL;
}

/* More than a page has slots for, one after the other. The first thread shows them when they end. */
TEST(account_slots_are_used_again)
{
	int fd = busy_file("account2"), i;
	unsigned long before = claims_of(getpid()).calls;
	pthread_t t;

	for (i = 0; i < 70; i++) {
		CHECK(!pthread_create(&t, NULL, count_in_thread, &fd));
		CHECK(!pthread_join(t, NULL));
	}
	if (door_expected)
		CHECK(claims_of(getpid()).calls - before > 70ul * PIECES / 2);
}

TEST(account_of_a_child)
{
	int fd = busy_file("account3");
	unsigned long before;
	pid_t pid;

	read_often(fd);
	before = claims_of(getpid()).calls;
	pid = fork();
	if (!pid) {
		counts_here(fd);
		_exit(0);
	}
	reap(pid);
	CHECK_EQ(claims_of(getpid()).calls, before);
	/* It writes into its parent's memory, and has no door. */
	pid = vfork();
	if (!pid)
		_exit(pwrite(fd, "v", 1, 0) != 1);
	reap(pid);
	counts_here(fd);
}

/* Another process lies as well as it can. */
TEST(account_of_a_liar)
{
	int fd = busy_file("account4");
	unsigned long before, *slot, i;
	pid_t pid;

	read_often(fd);
	before = claims_of(getpid()).calls;
	pid = fork();
	if (!pid) {
		read_often(fd);
		slot = (unsigned long *)syscall(SYS_prctl, VOS_DOOR_PRCTL, VOS_DOOR_ACCOUNT, 0, 0, 0);
		if ((long)slot == -1)
			_exit(door_expected);
		for (i = 0; i < 4096 / sizeof(*slot); i++)
			((unsigned long *)((uintptr_t)slot & ~4095ul))[i] = -i * 0x123456789abcdefull;
		before = claims_of(getpid()).calls;
		memset((void *)((uintptr_t)slot & ~4095ul), 0, 4096);
		/* What goes down counts for nothing. */
		_exit(claims_of(getpid()).calls < before);
	}
	reap(pid);
	CHECK_EQ(claims_of(getpid()).calls, before);
	counts_here(fd);
}
