// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two processes on one processor that wake each other by turns, with so many counters
 * each. The plugin counts the accesses to model specific registers between the marks.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "perf.h"

#define ROUNDS		200
#define MOST_COUNTERS	4

static void turn(int from, int to)
{
	char c;

	if (read(from, &c, 1) != 1 || write(to, &c, 1) != 1)
		err(1, "turn");
}

static void partner(int from, int to)
{
	char c;

	while (read(from, &c, 1) == 1)
		if (write(to, &c, 1) != 1)
			break;
	_exit(0);
}

static void switches(unsigned int counters)
{
	static const uint64_t events[MOST_COUNTERS] = {
		PERF_COUNT_HW_INSTRUCTIONS, PERF_COUNT_HW_CPU_CYCLES, PERF_COUNT_HW_BRANCH_INSTRUCTIONS,
		PERF_COUNT_HW_INSTRUCTIONS,
	};
	int there[2], back[2], fds[2 * MOST_COUNTERS], i, n = 0;
	unsigned int k;
	pid_t child;

	if (pipe(there) || pipe(back))
		err(1, "pipe");
	child = fork();
	if (child < 0)
		err(1, "fork");
	if (!child) {
		close(there[1]);
		close(back[0]);
		partner(there[0], back[1]);
	}
	for (k = 0; k < counters; k++) {
		struct perf_event_attr attr = perf_attr(events[k], USER);

		attr.disabled = 0;
		fds[n++] = perf_open(&attr, 0, -1);
		fds[n++] = perf_open(&attr, child, -1);
	}
	/* The first byte makes everything known; then it goes round. */
	if (write(there[1], "x", 1) != 1)
		err(1, "write");
	turn(back[0], there[1]);
	mark(3);
	for (i = 0; i < ROUNDS; i++)
		turn(back[0], there[1]);
	mark(4);
	printf("switches counters=0x%x switches=0x%x\n", counters, 2 * ROUNDS);
	for (i = 0; i < n; i++)
		close(fds[i]);
	close(there[1]);
	close(there[0]);
	close(back[0]);
	close(back[1]);
	waitpid(child, NULL, 0);
}

void test_switches(void)
{
	switches(0);
	switches(1);
	switches(2);
	switches(4);
}
