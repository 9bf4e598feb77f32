// SPDX-License-Identifier: MIT
/* Counts are exact: of threads, children, groups, services and operations. */
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include "perftest.h"

#define N	500
#define SPARE	16	/* calls for pages of the program itself, where these may be among them */

TEST(calls_are_counted)
{
	int s = new_socket(), calls = open_event("calls", 0), by_trap = open_event("trap-calls", NET << 8);
	int net = open_event("calls", NET << 8), storage = open_event("calls", STORAGE << 8);
	int fds[] = { calls, by_trap, net, storage };
	size_t i;

	for (i = 0; i < 4; i++)
		start(fds[i]);
	CHECK_EQ(count_of(net), 0);
	ask_names(s, N);
	for (i = 0; i < 4; i++)
		stop(fds[i]);
	CHECK_EQ(count_of(net), N);
	CHECK_EQ(count_of(by_trap), N);
	/* The program's own pages may have been read meanwhile. */
	CHECK(count_of(calls) >= N);
	CHECK(count_of(calls) <= N + count_of(storage) + SPARE);
	ask_names(s, 10);
	CHECK_EQ(count_of(net), N);
	start(net);
	ask_names(s, 7);
	CHECK_EQ(count_of(net), N + 7);
}

TEST(calls_to_storage_are_counted)
{
	int dir = CHECK_OK(open("/root", O_RDONLY | O_DIRECTORY));
	int storage = open_event("calls", STORAGE << 8), net = open_event("calls", NET << 8), i;
	struct statfs fs;

	start(storage);
	start(net);
	for (i = 0; i < N; i++)
		CHECK_OK(fstatfs(dir, &fs));
	CHECK_EQ(count_of(storage), N);
	CHECK_EQ(count_of(net), 0);
}

TEST(operations_are_told_apart)
{
	int s = new_socket(), names = open_event("calls", NET << 8 | (OP_GETNAME + 1) << 16);
	int options = open_event("calls", NET << 8 | (OP_GETSOCKOPT + 1) << 16);

	start(names);
	start(options);
	ask_names(s, N);
	ask_options(s, 30);
	CHECK_EQ(count_of(names), N);
	CHECK_EQ(count_of(options), 30);
}

/* Nanoseconds are made of the sum of all ticks; bytes and ticks are not 0. */
TEST(units_agree)
{
	uint64_t khz, n;
	int s = new_socket(), ticks = open_event("service-ticks", NET << 8);
	int ns = open_event("service-ns", NET << 8), bytes = open_event("bytes", NET << 8);

	khz = number_in("/sys/kernel/virtuos/tsc_khz");
	start(ticks);
	start(ns);
	start(bytes);
	ask_names(s, N);
	stop(ticks);
	stop(ns);
	n = count_of(ticks);
	CHECK(n > 0);
	CHECK_EQ(count_of(ns), (uint64_t)((unsigned __int128)n * 1000000 / khz));
	CHECK(count_of(bytes) >= N * 16);
}

static void *call(void *fd)
{
	ask_names(*(int *)fd, N);
	return NULL;
}

struct worker {
	int fd;
	pid_t tid;
	pthread_barrier_t *ready;
};

static void *work(void *arg)
{
	struct worker *w = arg;
	volatile double x = 1;
	int i;

	w->tid = gettid();
	pthread_barrier_wait(w->ready);
	pthread_barrier_wait(w->ready);
	if (w->fd >= 0)
		ask_names(w->fd, N);
	else
		for (i = 0; i < 1000000; i++)
			x = x * 1.0000001;
	return NULL;
}

TEST(the_thread_that_calls_is_charged)
{
	struct perf_event_attr attr = attr_of("virtuos", "calls");
	pthread_barrier_t ready;
	struct worker w[2] = { { .fd = new_socket(), .ready = &ready }, { .fd = -1, .ready = &ready } };
	pthread_t t[2];
	int fd[2], i;

	pthread_barrier_init(&ready, NULL, 3);
	for (i = 0; i < 2; i++)
		CHECK_EQ(pthread_create(&t[i], NULL, work, &w[i]), 0);
	pthread_barrier_wait(&ready);
	attr.disabled = 0;
	attr.config |= NET << 8;
	for (i = 0; i < 2; i++)
		fd[i] = CHECK_OK(try_open(&attr, w[i].tid, -1, -1));
	pthread_barrier_wait(&ready);
	for (i = 0; i < 2; i++)
		CHECK_EQ(pthread_join(t[i], NULL), 0);
	CHECK_EQ(count_of(fd[0]), N);
	CHECK_EQ(count_of(fd[1]), 0);
}

static void *read_past_the_cache(void *arg)
{
	int fd = *(int *)arg, storage = open_event("calls", STORAGE << 8), i;
	void *to;

	CHECK_EQ(posix_memalign(&to, 4096, 4096), 0);
	start(storage);
	for (i = 0; i < 20; i++)
		CHECK_EQ(pread(fd, to, 4096, 0), 4096);
	stop(storage);
	CHECK(count_of(storage) >= 20);
	free(to);
	return NULL;
}

/* The file system asks for these in the background, and a thread may make no other calls. */
TEST(background_calls_of_a_new_thread_are_counted)
{
	static char page[4096];
	int fd = CHECK_OK(open("/root/past-the-cache", O_RDWR | O_CREAT | O_TRUNC, 0600));
	pthread_t t;

	CHECK_EQ(write(fd, page, sizeof(page)), sizeof(page));
	CHECK_OK(fsync(fd));
	CHECK_OK(fcntl(fd, F_SETFL, O_DIRECT));
	CHECK_EQ(pthread_create(&t, NULL, read_past_the_cache, &fd), 0);
	CHECK_EQ(pthread_join(t, NULL), 0);
	CHECK_OK(unlink("/root/past-the-cache"));
}

/* perf may exchange the events of threads that inherited the same ones. */
static void inherited_by_threads(const char *event)
{
	struct perf_event_attr attr = attr_of("virtuos", event);
	int s = new_socket(), fd, i;
	pthread_t t[4];

	attr.inherit = 1;
	attr.config |= NET << 8;
	fd = CHECK_OK(try_open(&attr, 0, -1, -1));
	start(fd);
	for (i = 0; i < 4; i++)
		CHECK_EQ(pthread_create(&t[i], NULL, call, &s), 0);
	ask_names(s, 20);
	for (i = 0; i < 4; i++)
		CHECK_EQ(pthread_join(t[i], NULL), 0);
	CHECK_EQ(count_of(fd), 4 * N + 20);
}

TEST(threads_inherit)
{
	inherited_by_threads("calls");
	inherited_by_threads("trap-calls");
}

static void grandchild_calls(void *fd)
{
	ask_names(*(int *)fd, N);
}

static void child_calls(void *fd)
{
	pid_t grandchild = child(grandchild_calls, fd);

	ask_names(*(int *)fd, N);
	reap(grandchild);
}

TEST(children_inherit)
{
	struct perf_event_attr attr = attr_of("virtuos", "calls");
	int s = new_socket(), fd;
	pid_t pid;

	attr.inherit = 1;
	attr.config |= NET << 8;
	fd = CHECK_OK(try_open(&attr, 0, -1, -1));
	start(fd);
	pid = child(child_calls, &s);
	ask_names(s, 20);
	reap(pid);
	/* The children's ends release no socket: this process has it still. */
	CHECK_EQ(count_of(fd), 2 * N + 20);
}

TEST(groups_with_task_clock)
{
	struct perf_event_attr clock = { .size = sizeof(clock), .disabled = 1,
		.type = PERF_TYPE_SOFTWARE, .config = PERF_COUNT_SW_TASK_CLOCK,
		.read_format = PERF_FORMAT_GROUP };
	struct perf_event_attr calls = attr_of("virtuos", "calls");
	uint64_t value[4];
	int s = new_socket(), leader;

	calls.disabled = 0;
	calls.config |= NET << 8;
	calls.read_format = PERF_FORMAT_GROUP;
	leader = CHECK_OK(try_open(&clock, 0, -1, -1));
	CHECK_OK(try_open(&calls, 0, -1, leader));
	start(leader);
	ask_names(s, N);
	CHECK_EQ(read(leader, value, sizeof(value)), 3 * sizeof(value[0]));
	CHECK_EQ(value[0], 2);
	CHECK(value[1] > 0);
	CHECK_EQ(value[2], N);
}

/* Processors count their own threads' calls, and others' may be among them. */
TEST(processors_count)
{
	struct perf_event_attr attr = attr_of("virtuos", "calls");
	int s = new_socket(), fd[64], cpus = (int)sysconf(_SC_NPROCESSORS_ONLN), i;
	uint64_t sum = 0;

	attr.config |= NET << 8 | (OP_GETNAME + 1) << 16;
	CHECK(cpus <= 64);
	for (i = 0; i < cpus; i++) {
		fd[i] = CHECK_OK(try_open(&attr, -1, i, -1));
		start(fd[i]);
	}
	ask_names(s, N);
	for (i = 0; i < cpus; i++)
		sum += count_of(fd[i]);
	CHECK(sum >= N);
	CHECK(sum < N + N / 2);
}

/* What threads alone know is counted for whichever processor they run on. */
TEST(processors_count_what_threads_know)
{
	static const char *const names[] = { "sends", "wakeups", "wait-ns", "spin-ns" };
	int s = new_socket(), here[4], there[4][64], cpus = (int)sysconf(_SC_NPROCESSORS_ONLN), i, j;
	uint64_t sum[4] = { 0 };

	for (i = 0; i < 4; i++) {
		struct perf_event_attr attr = attr_of("virtuos", names[i]);

		for (j = 0; j < cpus && j < 64; j++) {
			there[i][j] = CHECK_OK(try_open(&attr, -1, j, -1));
			start(there[i][j]);
		}
		here[i] = open_event(names[i], 0);
		start(here[i]);
	}
	ask_names(s, N);
	for (i = 0; i < 4; i++) {
		stop(here[i]);
		for (j = 0; j < cpus && j < 64; j++)
			sum[i] += count_of(there[i][j]);
		CHECK(sum[i] >= count_of(here[i]));
	}
	CHECK(sum[0] + sum[2] + sum[3] > 0);
}

#define GROUP "/sys/fs/cgroup/perftest"

static void calls_in_group(void *fd)
{
	int procs = CHECK_OK(open(GROUP "/cgroup.procs", O_WRONLY));

	write_all(procs, "0", 1);
	ask_names(*(int *)fd, N);
}

TEST(cgroups_count)
{
	struct perf_event_attr attr = attr_of("virtuos", "calls");
	int s = new_socket(), fd[64], cpus = (int)sysconf(_SC_NPROCESSORS_ONLN), group, i;
	uint64_t sum = 0;

	if (access("/sys/fs/cgroup/cgroup.procs", F_OK))
		test_skip("no cgroup2");
	rmdir(GROUP);
	CHECK_OK(mkdir(GROUP, 0755));
	group = CHECK_OK(open(GROUP, O_RDONLY | O_DIRECTORY));
	attr.config |= NET << 8 | (OP_GETNAME + 1) << 16;
	attr.disabled = 0;
	for (i = 0; i < cpus; i++)
		fd[i] = CHECK_OK(syscall(SYS_perf_event_open, &attr, group, i, -1,
					 PERF_FLAG_PID_CGROUP));
	ask_names(s, 20);
	reap(child(calls_in_group, &s));
	for (i = 0; i < cpus; i++)
		sum += count_of(fd[i]);
	CHECK_EQ(sum, N);
	CHECK_OK(rmdir(GROUP));
}

/* A caller either polls or sleeps, so one of the two takes time. */
TEST(waits_take_time)
{
	int s = new_socket(), spin = open_event("spin-ns", 0), wait = open_event("wait-ns", 0);
	int wakeups = open_event("wakeups", 0), sends = open_event("sends", 0);

	start(spin);
	start(wait);
	start(wakeups);
	start(sends);
	ask_names(s, N);
	CHECK(count_of(spin) + count_of(wait) > 0);
	CHECK(!count_of(wakeups) == !count_of(wait));
	CHECK(count_of(wakeups) <= N + SPARE);
	CHECK(count_of(sends) <= N + SPARE);
}
