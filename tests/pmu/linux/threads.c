// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two threads on one processor that wake each other by turns, with four counters each.
 * By SCHED_FIFO nobody else runs between them: each round has exactly two switches.
 */
#define _GNU_SOURCE
#include <err.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

#include "perf.h"

#define RUNS		60
#define COUNTERS	4
#define FORBIDDEN	0x01a2	/* no event of Intel's architecture: vpmu=arch refuses it */
#define PERIOD		1000
#define PAGES		64	/* of records */

static int there[2], back[2];
static volatile pid_t partner_id;
static uint64_t work = 1;		/* turns of a loop, in each thread and each round */

static void send(int to)
{
	if (write(to, "x", 1) != 1)
		err(1, "write");
}

static int receive(int from)
{
	char c;

	return read(from, &c, 1) == 1;
}

static void *partner(void *unused)
{
	partner_id = gettid();
	while (receive(there[0])) {
		loop(work);
		send(back[1]);
	}
	return unused;
}

static void rounds(unsigned int n)
{
	while (n--) {
		loop(work);
		send(there[1]);
		if (!receive(back[0]))
			err(1, "read");
	}
}

/* A thread's counters; the first one counts its instructions. */
static void open_all(int fds[COUNTERS], pid_t thread, unsigned int n)
{
	static const uint64_t events[COUNTERS] = {
		PERF_COUNT_HW_INSTRUCTIONS, PERF_COUNT_HW_CPU_CYCLES, PERF_COUNT_HW_BRANCH_INSTRUCTIONS,
		PERF_COUNT_HW_INSTRUCTIONS,
	};

	for (unsigned int k = 0; k < n; k++) {
		struct perf_event_attr attr = perf_attr(events[k], USER);

		attr.disabled = 0;
		fds[k] = perf_open(&attr, thread, -1);
	}
}

static void close_all(const int *fds, unsigned int n)
{
	while (n)
		close(fds[--n]);
}

/* The partner sleeps whenever this reads its counter. */
static void switches(unsigned int counters)
{
	int mine[COUNTERS], its[COUNTERS], run;
	uint64_t user = 0, k = 0;

	open_all(mine, 0, counters);
	open_all(its, partner_id, counters);
	rounds(2);
	for (run = 0; run < RUNS; run++) {
		unsigned int n = 4 + 2 * (run % 3);	/* soon enough to have no tick, most times */

		if (counters) {
			k = perf_read(its[0]);
			user = perf_read(mine[0]);
		}
		mark(5);
		rounds(n);
		mark(6);
		if (counters) {
			user = perf_read(mine[0]) - user;
			user += perf_read(its[0]) - k;
		}
		printf("threads counters=0x%x switches=0x%x user=0x%lx\n", counters, 2 * n, user);
	}
	close_all(mine, counters);
	close_all(its, counters);
}

static unsigned int samples_in(struct perf_event_mmap_page *page)
{
	unsigned int n = 0;

	for (uint64_t at = page->data_tail; at < page->data_head;) {
		const struct perf_event_header *r = (void *)((char *)page + 4096 + at % (PAGES * 4096));

		n += r->type == PERF_RECORD_SAMPLE;
		at += r->size;
	}
	return n;
}

/* Each period that ends has its sample, though many end where the kernel stops the counter. */
static void samples(const char *way)
{
	struct perf_event_attr attr = perf_attr(PERF_COUNT_HW_INSTRUCTIONS, USER);
	struct perf_event_mmap_page *page[2];
	int fd[2], i;

	attr.sample_period = PERIOD;
	attr.sample_type = PERF_SAMPLE_IP;
	for (i = 0; i < 2; i++) {
		fd[i] = perf_open(&attr, i ? partner_id : 0, -1);
		page[i] = perf_map(fd[i], PAGES);
	}
	perf_start(fd[1]);
	perf_start(fd[0]);
	for (i = 0; i < 300; i++) {
		work = i + 1;		/* so that ends of periods come everywhere */
		rounds(1);
	}
	work = 1;
	perf_stop(fd[0]);
	perf_stop(fd[1]);
	for (i = 0; i < 2; i++) {
		printf("sampled %s counted=0x%lx period=0x%x samples=0x%x\n", way, perf_read(fd[i]), PERIOD,
		       samples_in(page[i]));
		close(fd[i]);
	}
}

/* A counter beside one whose event is refused. */
static void forbidden(void)
{
	static const uint64_t turns[] = { 1, 1001, 30001 };
	struct perf_event_attr attr = perf_attr(FORBIDDEN, USER);
	int refused, fd;

	attr.type = PERF_TYPE_RAW;
	refused = perf_open(&attr, 0, -1);
	fd = perf_counter(PERF_COUNT_HW_INSTRUCTIONS, USER);
	for (unsigned int i = 0; i < sizeof(turns) / sizeof(*turns); i++) {
		perf_start(refused);
		perf_start(fd);
		loop(turns[i]);
		perf_stop(fd);
		perf_stop(refused);
		printf("beside turns=0x%lx counted=0x%lx refused=0x%lx\n", turns[i], perf_read(fd), perf_read(refused));
	}
	close(fd);
	close(refused);
}

/* Whether programs are given CR4.PCE when they map a counter: refused where Xen has none. */
static void give_rdpmc(const char *given)
{
	FILE *f = fopen("/sys/bus/event_source/devices/cpu/rdpmc", "w");

	if (!f || fputs(given, f) < 0)
		err(1, "rdpmc");
	fclose(f);
}

void test_threads(void)
{
	struct sched_param fifo = { .sched_priority = 1 };
	pthread_t thread;

	if (pipe(there) || pipe(back) || sched_setscheduler(0, SCHED_FIFO, &fifo))
		err(1, "threads");
	if (pthread_create(&thread, NULL, partner, NULL))
		errx(1, "no thread");
	rounds(2);
	switches(0);
	switches(COUNTERS);
	give_rdpmc("0");
	samples("stopped");
	give_rdpmc("1");
	samples("rdpmc");
	forbidden();
	close(there[1]);
	pthread_join(thread, NULL);
}
