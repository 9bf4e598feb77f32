// SPDX-License-Identifier: MIT
/* The unit "xen": what Xen did with a virtual processor. */
#include <asm/prctl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "perftest.h"

/* On a processor, running, runnable, blocked and offline are all of the time. */
TEST(xen_times_add_up)
{
	static const char *const names[] = { "running-ns", "steal-ns", "blocked-ns", "upcalls" };
	uint64_t value[6];
	int leader = -1, fd;
	double begun, took, sum;
	size_t i;

	for (i = 0; i < 4; i++) {
		struct perf_event_attr attr = attr_of("xen", names[i]);

		attr.read_format = PERF_FORMAT_GROUP | PERF_FORMAT_TOTAL_TIME_ENABLED;
		attr.disabled = !i;
		fd = CHECK_OK(try_open(&attr, -1, 0, leader));
		if (!i)
			leader = fd;
	}
	begun = now();
	start(leader);
	usleep(1000000);
	CHECK_EQ(read(leader, value, sizeof(value)), sizeof(value));
	took = (now() - begun) * 1e9;
	CHECK_EQ(value[0], 4);
	CHECK(value[2] > 0);
	/* perf tells the time by Xen's clock, which need not be the program's to 1 %. */
	sum = value[2] + value[3] + value[4];
	CHECK(sum <= 1.01 * (took > value[1] ? took : value[1]));
	CHECK(sum >= 0.98 * (1e9 < value[1] ? 1e9 : value[1]));
	CHECK(value[5] > 0);
}

/* While a thread runs, its processor is not blocked. */
TEST(xen_times_of_a_thread)
{
	struct perf_event_attr run = attr_of("xen", "running-ns");
	struct perf_event_attr blocked = attr_of("xen", "blocked-ns");
	int r = CHECK_OK(try_open(&run, 0, -1, -1)), b = CHECK_OK(try_open(&blocked, 0, -1, -1));
	double end = now() + 0.3;

	start(r);
	start(b);
	while (now() < end)
		;
	usleep(300000);
	CHECK(count_of(r) > 0);
	CHECK(count_of(r) < 500000000);
	CHECK_EQ(count_of(b), 0);
}

#define ROUNDS 1000
#define CHILDREN 20

/* In a PV guest, two hypercalls and no multicall: of the selector, and of its base. */
#define CALLS_TO_SET_GS 2

static void set_gs(int n)
{
	while (n--)
		CHECK_OK(syscall(SYS_arch_prctl, ARCH_SET_GS, n));
}

/* Page tables that are made and given to Xen: multicalls. */
static void make_children(int n)
{
	while (n--) {
		pid_t pid = CHECK_OK(fork());
		int status;

		if (!pid)
			_exit(0);
		CHECK_EQ(waitpid(pid, &status, 0), pid);
	}
}

/* Pages that come and go: hypercalls. */
static void map_pages(int n)
{
	while (n--) {
		char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
				  -1, 0);

		CHECK(page != MAP_FAILED);
		*page = 1;
		CHECK_EQ(munmap(page, 4096), 0);
	}
}

/* The least of some runs: clock ticks and other threads make calls of their own. */
static uint64_t least(int fd, void (*work)(int n), int n)
{
	uint64_t best = UINT64_MAX;
	int i;

	for (i = 0; i < 5; i++) {
		uint64_t before = count_of(fd), made;

		start(fd);
		work(n);
		stop(fd);
		made = count_of(fd) - before;
		best = made < best ? made : best;
	}
	return best;
}

/* What comes beside is more, as in least(). */
static bool is_near(uint64_t calls, uint64_t expected)
{
	return calls >= expected && calls < expected + 100;
}

TEST(xen_hypercalls_are_counted)
{
	struct perf_event_attr all = attr_of("xen", "hypercalls");
	struct perf_event_attr some = attr_of("xen", "multicalls");
	int a = CHECK_OK(try_open(&all, 0, -1, -1)), m = CHECK_OK(try_open(&some, 0, -1, -1));
	uint64_t none, once, twice;

	none = least(a, set_gs, 0);
	once = least(a, set_gs, ROUNDS);
	twice = least(a, set_gs, 2 * ROUNDS);
	printf("# %llu, %llu and %llu hypercalls\n", (unsigned long long)none,
	       (unsigned long long)once, (unsigned long long)twice);
	CHECK(none < 100);
	CHECK(is_near(once - none, CALLS_TO_SET_GS * ROUNDS));
	CHECK(is_near(twice - none, CALLS_TO_SET_GS * 2 * ROUNDS));
	CHECK(least(m, set_gs, ROUNDS) < 100);
	once = least(m, make_children, CHILDREN);
	twice = least(a, make_children, CHILDREN);
	printf("# %llu multicalls among %llu\n", (unsigned long long)once,
	       (unsigned long long)twice);
	CHECK(once >= CHILDREN);
	CHECK(twice > once);
}

/* Counting begins and ends under the feet of those who make calls. */
TEST(xen_hypercalls_counted_now_and_then)
{
	struct perf_event_attr attr = attr_of("xen", "hypercalls");
	double end = now() + 1;
	pid_t pid = CHECK_OK(fork());
	int status;

	while (!pid)
		map_pages(10);
	while (now() < end) {
		int fd = CHECK_OK(try_open(&attr, pid, -1, -1));

		start(fd);
		map_pages(1);
		close(fd);
	}
	CHECK_OK(kill(pid, SIGKILL));
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, SIGKILL);
}

TEST(xen_refuses)
{
	struct perf_event_attr attr = attr_of("xen", "steal-ns");

	attr.config = 0;
	CHECK_ERR(try_open(&attr, 0, -1, -1), EINVAL);
	attr.config = 8;
	CHECK_ERR(try_open(&attr, 0, -1, -1), EINVAL);
	attr.config = 1;
	attr.exclude_kernel = 1;
	CHECK_ERR(try_open(&attr, 0, -1, -1), EINVAL);
	attr.exclude_kernel = 0;
	attr.sample_period = 1;
	CHECK_ERR(try_open(&attr, 0, -1, -1), EOPNOTSUPP);
}
