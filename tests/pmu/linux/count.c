// SPDX-License-Identifier: GPL-2.0-only
/* Counts of a loop whose instructions are known. */
#include <err.h>
#include <stdio.h>
#include <unistd.h>

#include "perf.h"

#define RUNS 30

/* The program's own page faults come in the first run. */
static void count(const char *name, uint64_t event, int modes, uint64_t turns)
{
	uint64_t v, least = UINT64_MAX;
	int fd = perf_counter(event, modes), i, same = 0;

	for (i = -1; i < RUNS; i++) {
		perf_start(fd);
		loop(turns);
		perf_stop(fd);
		v = perf_read(fd);
		if (i < 0)
			continue;
		if (v < least) {
			least = v;
			same = 0;
		}
		same += v == least;
	}
	printf("count %s modes=0x%x turns=0x%lx least=0x%lx same=0x%x runs=0x%x\n", name, modes, turns, least, same,
	       RUNS);
}

void test_count(void)
{
	static const uint64_t turns[] = { 1, 1001, 30001, 300001 };
	unsigned int i;

	for (i = 0; i < sizeof(turns) / sizeof(*turns); i++) {
		count("instructions", PERF_COUNT_HW_INSTRUCTIONS, USER, turns[i]);
		count("branches", PERF_COUNT_HW_BRANCH_INSTRUCTIONS, USER, turns[i]);
		count("instructions", PERF_COUNT_HW_INSTRUCTIONS, USER | KERNEL, turns[i]);
		count("cycles", PERF_COUNT_HW_CPU_CYCLES, USER, turns[i]);
	}
}

static void enter_kernel(unsigned int times)
{
	while (times--)
		getppid();
}

/*
 * The counters of the program and of the kernel run while the plugin's marks are passed:
 * both see the same loops.
 */
void test_marks(void)
{
	static const uint64_t turns[] = { 1, 11, 101, 1001, 10001 };
	int fd = perf_counter(PERF_COUNT_HW_INSTRUCTIONS, USER), run;
	int kernel = perf_counter(PERF_COUNT_HW_INSTRUCTIONS, KERNEL);
	unsigned int i;

	for (run = 0; run < RUNS; run++)
		for (i = 0; i < sizeof(turns) / sizeof(*turns); i++) {
			uint64_t v;

			perf_start(kernel);
			perf_start(fd);
			mark(1);
			loop(turns[i]);
			enter_kernel(10 * i);
			mark(2);
			perf_stop(fd);
			perf_stop(kernel);
			v = perf_read(fd);
			printf("marks turns=0x%lx counted=0x%lx kernel=0x%lx\n", turns[i], v, perf_read(kernel));
		}
}

/*
 * Reading without a system call, around a loop of each length. Meanwhile the kernel's
 * instructions are counted: if it was not entered in between, there are none.
 */
void test_rdpmc(void)
{
	static const uint64_t turns[] = { 1, 1001, 30001 };
	int fd = perf_counter(PERF_COUNT_HW_INSTRUCTIONS, USER), kernel = perf_counter(PERF_COUNT_HW_INSTRUCTIONS, KERNEL);
	struct perf_event_mmap_page *page = perf_map(fd, 0), *kernel_page = perf_map(kernel, 0);
	unsigned int i;
	int run;

	perf_start(kernel);
	perf_start(fd);
	for (i = 0; i < sizeof(turns) / sizeof(*turns); i++) {
		uint64_t least = UINT64_MAX, most = 0, k0, k1, a, b;
		int quiet = 0;

		perf_rdpmc(page);
		for (run = 0; run < RUNS; run++) {
			k0 = perf_rdpmc(kernel_page);
			a = perf_rdpmc(page);
			loop(turns[i]);
			b = perf_rdpmc(page);
			k1 = perf_rdpmc(kernel_page);
			if (k0 != k1)
				continue;	/* a tick, or the like; the reading may have begun anew */
			quiet++;
			if (b - a < least)
				least = b - a;
			if (b - a > most)
				most = b - a;
		}
		printf("rdpmc turns=0x%lx least=0x%lx most=0x%lx quiet=0x%x\n", turns[i], least, most, quiet);
	}
}
