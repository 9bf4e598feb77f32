// SPDX-License-Identifier: GPL-2.0-only
/*
 * ringbench [-r ROUNDS] [-t MS] [-d DEPTH]: one call at a time, then pipelined with
 * growing depth, up to DEPTH; see bench.h. JSON on stdout, a table on stderr.
 *
 * The cases take turns within a round and the rounds follow each other, so that
 * whatever else the machine does falls on all of them alike.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

#define MAX_CASES 64

/* One at a time: VOS_ENTRIES of the kernels' channels. Pipelined: io_uring has as many. */
#define SINGLE_ENTRIES 256u
#define PIPELINED_ENTRIES 1024u

const int bench_cpu[2] = { 0, 1 };

static const unsigned int depths[] = { 2, 4, 8, 16, 32, 64, 128, 256 };

static struct bench_case cases[MAX_CASES];
static size_t nr_cases;

static void add(struct bench_case c, unsigned int rounds)
{
	if (nr_cases == MAX_CASES)
		abort();
	c.unit = c.depth > 1 ? "M/s" : "ns";
	c.name = c.depth > 1 ? "pipelined" : "one at a time";
	c.rounds = calloc(rounds, sizeof(*c.rounds));
	if (!c.rounds)
		die("calloc", ENOMEM);
	cases[nr_cases++] = c;
}

static void add_depth(unsigned int depth, unsigned int rounds, bool uring)
{
	unsigned int entries = depth > 1 ? PIPELINED_ENTRIES : SINGLE_ENTRIES;

	add((struct bench_case){ .system = "ring", .run = nullcall_run, .depth = depth,
				 .entries = entries }, rounds);
	if (uring)
		add((struct bench_case){ .system = "io_uring SQPOLL", .run = uring_run,
					 .depth = depth }, rounds);
}

static void add_all(unsigned int rounds, unsigned int max_depth)
{
	bool uring = !uring_refusal();
	size_t i;

	add((struct bench_case){ .system = "ping-pong", .run = pingpong_run, .depth = 1 },
	    rounds);
	add((struct bench_case){ .system = "ping-pong, tight", .run = pingpong_run,
				 .depth = 1, .tight = true }, rounds);
	add_depth(1, rounds, uring);
	for (i = 0; i < sizeof(depths) / sizeof(depths[0]) && depths[i] <= max_depth; i++)
		add_depth(depths[i], rounds, uring);
}

static void run_round(unsigned int round, uint64_t slice_ns)
{
	size_t i;

	for (i = 0; i < nr_cases; i++) {
		struct bench_case *c = &cases[i];
		struct slice s = { 0, 1 };
		int rc = c->run(c, slice_ns, &s);

		if (rc)
			die(c->system, -rc);
		c->rounds[round] = c->depth > 1 ? 1e3 * (double)s.ops / (double)s.ns :
						  (double)s.ns / (double)s.ops;
	}
}

static unsigned int number(const char *text, unsigned int max)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*end || !n || n > max)
		die(text, EINVAL);
	return (unsigned int)n;
}

int main(int argc, char **argv)
{
	unsigned int rounds = 15, slice_ms = 2, max_depth = UINT_MAX, i;
	int opt;

	while ((opt = getopt(argc, argv, "r:t:d:")) != -1) {
		if (opt == 'r')
			rounds = number(optarg, 1000);
		else if (opt == 't')
			slice_ms = number(optarg, 500);
		else if (opt == 'd')
			max_depth = number(optarg, 1024);
		else
			die("usage: ringbench [-r ROUNDS] [-t MS] [-d DEPTH]", EINVAL);
	}
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		die("two processors are needed", ENODEV);
	pin_to(bench_cpu[0]);
	step_forward();
	add_all(rounds, max_depth);
	for (i = 0; i < rounds; i++)
		run_round(i, (uint64_t)slice_ms * 1000000u);
	report_table(cases, nr_cases, rounds);
	report_json(cases, nr_cases, rounds, slice_ms);
	return 0;
}
