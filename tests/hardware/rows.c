// SPDX-License-Identifier: GPL-2.0-only
/*
 * What perf.sh measures: each line has a name, what is known and what was measured. A line
 * "without" stands for what could not be measured here. The argument is the turns of a loop.
 */
#define _GNU_SOURCE
#include <err.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "perf.h"

#define PAGES		64		/* of a ring; each must be mapped as a power of two */
#define RING		(PAGES * 4096u)
#define PARTS		100		/* of a loop, between two of which a thread moves */
#define DEPTH		20
#define SWITCHES	2000

struct sample {
	struct perf_event_header header;
	uint64_t ip;
	uint64_t nr;		/* of what follows, if call chains are asked for */
	uint64_t chain[];
};

static uint64_t turns = 200000000;

static void row(const char *name, double known, double measured)
{
	printf("row %s %.0f %.0f\n", name, known, measured);
}

/* --- counts ------------------------------------------------------------------------ */

static uint64_t count(uint64_t event)
{
	int fd = perf_counter(event, USER);

	perf_start(fd);
	loop(turns);
	perf_stop(fd);
	return perf_read(fd);
}

static void rows_instructions(void)
{
	row("instructions", 2.0 * turns, count(PERF_COUNT_HW_INSTRUCTIONS));
}

static void rows_branches(void)
{
	row("branches", turns, count(PERF_COUNT_HW_BRANCH_INSTRUCTIONS));
}

static void stay_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		err(1, "sched_setaffinity");
}

/* Processes that share a processor: what one does is not in another's count. */
static void rows_shared(void)
{
	int i, status;

	stay_on(sched_getcpu());
	fflush(stdout);
	for (i = 0; i < 2; i++) {
		if (fork())
			continue;
		row("instructions-shared", 2.0 * turns, count(PERF_COUNT_HW_INSTRUCTIONS));
		fflush(stdout);
		_exit(0);
	}
	while (wait(&status) > 0)
		if (status)
			errx(1, "a process that counts has failed");
}

static int next_cpu(const cpu_set_t *all, int cpu)
{
	do
		cpu = (cpu + 1) % CPU_SETSIZE;
	while (!CPU_ISSET(cpu, all));
	return cpu;
}

static void rows_moved(void)
{
	int fd = perf_counter(PERF_COUNT_HW_INSTRUCTIONS, USER), cpu = sched_getcpu(), i;
	cpu_set_t all;

	if (sched_getaffinity(0, sizeof(all), &all))
		err(1, "sched_getaffinity");
	if (CPU_COUNT(&all) < 2)
		errx(1, "there is one processor only");
	perf_start(fd);
	for (i = 0; i < PARTS; i++) {
		cpu = next_cpu(&all, cpu);
		stay_on(cpu);
		loop(turns / PARTS);
	}
	perf_stop(fd);
	row("instructions-moved", 2.0 * (turns / PARTS) * PARTS, perf_read(fd));
}

/* A PV guest of VirtuOS's kernel is told that it cannot: then this fails, and that is right. */
static void rows_rdpmc(void)
{
	int fd = perf_counter(PERF_COUNT_HW_INSTRUCTIONS, USER);
	const struct perf_event_mmap_page *page = perf_map(fd, 0);
	uint64_t begin;

	perf_start(fd);
	begin = perf_rdpmc(page);
	loop(turns);
	row("instructions-rdpmc", 2.0 * turns, perf_rdpmc(page) - begin);
}

/* --- samples ----------------------------------------------------------------------- */

/* Call @each for the samples of a ring that has not wrapped. Return: how many there are. */
static unsigned int for_samples(const struct perf_event_mmap_page *page,
				unsigned int (*each)(const struct sample *s), unsigned int *sum)
{
	const char *data = (const char *)page + 4096;
	unsigned int n = 0;
	uint64_t at;

	if (page->data_head > RING)
		errx(1, "more samples than the ring holds");
	for (at = 0; at < page->data_head;) {
		const struct sample *s = (const void *)(data + at);

		if (s->header.type == PERF_RECORD_SAMPLE) {
			n++;
			*sum += each(s);
		}
		at += s->header.size;
	}
	return n;
}

static int sampled(uint64_t period, uint64_t type, struct perf_event_mmap_page **page)
{
	struct perf_event_attr attr = perf_attr(PERF_COUNT_HW_INSTRUCTIONS, USER);
	int fd;

	attr.sample_period = period;
	attr.sample_type = type;
	fd = perf_open(&attr, 0, -1);
	*page = perf_map(fd, PAGES);
	return fd;
}

static unsigned int is_inside(const struct sample *s)
{
	extern char rows_begin[], rows_end[];

	return s->ip >= (uintptr_t)rows_begin && s->ip <= (uintptr_t)rows_end;
}

static void rows_samples(void)
{
	uint64_t period = turns / 250;
	struct perf_event_mmap_page *page;
	int fd = sampled(period, PERF_SAMPLE_IP, &page);
	unsigned int inside = 0, n;

	perf_start(fd);
	__asm__ volatile("mov %0, %%rcx\n"
			 "rows_begin:\n"
			 "	dec %%rcx\n"
			 "	jnz rows_begin\n"
			 "rows_end:" : : "r"(turns) : "rcx", "cc");
	perf_stop(fd);
	n = for_samples(page, is_inside, &inside);
	row("samples", (double)(2 * turns / period), n);
	row("samples-in-the-loop", n, inside);
}

__attribute__((noinline)) static void descend(unsigned int levels)
{
	if (levels)
		descend(levels - 1);
	else
		loop(turns);
	__asm__ volatile("");	/* no jump in place of the call */
}

/* The first entry says whose chain it is. */
static unsigned int is_deep(const struct sample *s)
{
	return s->nr > DEPTH + 1;
}

static void rows_chains(void)
{
	struct perf_event_mmap_page *page;
	int fd = sampled(turns / 50, PERF_SAMPLE_IP | PERF_SAMPLE_CALLCHAIN, &page);
	unsigned int deep = 0, n;

	perf_start(fd);
	descend(DEPTH);
	perf_stop(fd);
	n = for_samples(page, is_deep, &deep);
	row("chains-with-all-callers", n, deep);
}

/* --- time -------------------------------------------------------------------------- */

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC_RAW, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static uint64_t tsc(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

/* Ticks in a second, as two halves of one see it. */
static double frequency(void)
{
	double begin = now(), end;
	uint64_t t = tsc();

	usleep(500000);
	end = now();
	return (tsc() - t) / (end - begin);
}

static void rows_tsc(void)
{
	double first = frequency();

	row("tsc-frequency", first, frequency());
}

static void answer(int from, int to)
{
	char c;

	while (read(from, &c, 1) == 1)
		if (write(to, &c, 1) != 1)
			break;
	_exit(0);
}

/* Nanoseconds for a switch of two processes that have so many counters each. */
static double switch_ns(unsigned int counters)
{
	static const uint64_t events[] = {
		PERF_COUNT_HW_INSTRUCTIONS, PERF_COUNT_HW_CPU_CYCLES,
		PERF_COUNT_HW_BRANCH_INSTRUCTIONS, PERF_COUNT_HW_INSTRUCTIONS,
	};
	int there[2], back[2], i;
	double begin;
	char c = 0;
	pid_t child;

	if (pipe(there) || pipe(back))
		err(1, "pipe");
	child = fork();
	if (!child) {
		close(there[1]);
		answer(there[0], back[1]);
	}
	while (counters--) {
		struct perf_event_attr attr = perf_attr(events[counters], USER);

		attr.disabled = 0;
		perf_open(&attr, 0, -1);
		perf_open(&attr, child, -1);
	}
	begin = now();
	for (i = 0; i < SWITCHES; i++)
		if (write(there[1], &c, 1) != 1 || read(back[0], &c, 1) != 1)
			err(1, "pipe");
	close(there[1]);
	return (now() - begin) * 1e9 / SWITCHES / 2;
}

/* Both are told, for there is no right value: the first without counters, the second with four. */
static void rows_switches(void)
{
	double without;

	stay_on(sched_getcpu());
	without = switch_ns(0);
	row("switch-ns", without, switch_ns(4));
}

/* --- all of it --------------------------------------------------------------------- */

/* One that fails leaves the others alone. */
static void run(const char *name, void (*test)(void))
{
	int status;

	fflush(stdout);
	if (!fork()) {
		test();
		fflush(stdout);
		_exit(0);
	}
	wait(&status);
	if (status)
		printf("without %s\n", name);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		turns = strtoull(argv[1], NULL, 10);
	if (turns < 10000)
		errx(2, "usage: rows [TURNS], at least 10000");
	run("instructions", rows_instructions);
	run("branches", rows_branches);
	run("instructions-shared", rows_shared);
	run("instructions-moved", rows_moved);
	run("instructions-rdpmc", rows_rdpmc);
	run("samples", rows_samples);
	run("chains-with-all-callers", rows_chains);
	run("tsc-frequency", rows_tsc);
	run("switch-ns", rows_switches);
	return 0;
}
