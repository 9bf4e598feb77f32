// SPDX-License-Identifier: GPL-2.0-only
/*
 * Five threads on two virtual processors, with four counters each: a pair on either processor
 * whose threads wake each other by turns, and one that moves from one processor to the other.
 * Each repeats work that has the same number of instructions.
 */
#define _GNU_SOURCE
#include <err.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

#include "perf.h"

#define CPUS		2
#define RUNS		30
#define ROUNDS		20
#define COUNTERS	4	/* the first and the last count the thread's instructions */
#define WORKERS		(2 * CPUS + 1)

struct worker {
	const char *name;
	unsigned int cpu;
	int in, out;			/* pipes of a pair; 0: this one moves */
	int begins;			/* the turns of its pair */
	uint64_t user[RUNS], again[RUNS];
};

static pthread_barrier_t all_are_there;

static uint64_t turns_of(unsigned int run)
{
	return 100 + 1000 * (run % 3);
}

static void go_to(unsigned int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		err(1, "processor %u", cpu);
}

static void send(const struct worker *w)
{
	if (write(w->out, "x", 1) != 1)
		err(1, "write");
}

static void receive(const struct worker *w)
{
	char c;

	if (read(w->in, &c, 1) != 1)
		err(1, "read");
}

static void work(const struct worker *w, unsigned int run)
{
	for (unsigned int i = 0; i < ROUNDS; i++) {
		if (!w->in)
			go_to(i % CPUS);
		else if (w->begins)
			send(w);
		else
			receive(w);
		loop(turns_of(run));
		if (w->in && w->begins)
			receive(w);
		else if (w->in)
			send(w);
	}
}

static void *run_all(void *arg)
{
	static const uint64_t events[COUNTERS] = {
		PERF_COUNT_HW_INSTRUCTIONS, PERF_COUNT_HW_CPU_CYCLES, PERF_COUNT_HW_BRANCH_INSTRUCTIONS,
		PERF_COUNT_HW_INSTRUCTIONS,
	};
	struct worker *w = arg;
	int fds[COUNTERS];

	go_to(w->cpu);
	for (unsigned int k = 0; k < COUNTERS; k++) {
		struct perf_event_attr attr = perf_attr(events[k], USER);

		attr.disabled = 0;
		fds[k] = perf_open(&attr, 0, -1);
	}
	work(w, 0);			/* so that no page and no function is new */
	perf_read(fds[0]);
	pthread_barrier_wait(&all_are_there);
	for (unsigned int run = 0; run < RUNS; run++) {
		uint64_t user = perf_read(fds[0]), again = perf_read(fds[COUNTERS - 1]);

		work(w, run);
		w->user[run] = perf_read(fds[0]) - user;
		w->again[run] = perf_read(fds[COUNTERS - 1]) - again;
	}
	for (unsigned int k = 0; k < COUNTERS; k++)
		close(fds[k]);
	return NULL;
}

static void pair(struct worker *first, struct worker *second)
{
	int there[2], back[2];

	if (pipe(there) || pipe(back))
		err(1, "pipe");
	first->begins = 1;
	first->in = back[0];
	first->out = there[1];
	second->in = there[0];
	second->out = back[1];
}

void test_smp(void)
{
	static struct worker workers[WORKERS] = {
		{ .name = "first-0", .cpu = 0 }, { .name = "second-0", .cpu = 0 },
		{ .name = "first-1", .cpu = 1 }, { .name = "second-1", .cpu = 1 },
		{ .name = "moving" },
	};
	pthread_t threads[WORKERS];

	printf("processors online=0x%lx\n", sysconf(_SC_NPROCESSORS_ONLN));
	pair(&workers[0], &workers[1]);
	pair(&workers[2], &workers[3]);
	pthread_barrier_init(&all_are_there, NULL, WORKERS);
	mark(5);
	for (unsigned int i = 0; i < WORKERS; i++)
		if (pthread_create(&threads[i], NULL, run_all, &workers[i]))
			errx(1, "no thread");
	for (unsigned int i = 0; i < WORKERS; i++)
		pthread_join(threads[i], NULL);
	mark(6);
	for (unsigned int i = 0; i < WORKERS; i++)
		for (unsigned int run = 0; run < RUNS; run++)
			printf("smp %s turns=0x%lx user=0x%lx again=0x%lx\n", workers[i].name,
			       ROUNDS * turns_of(run), workers[i].user[run], workers[i].again[run]);
	printf("switched least=0x%x\n", 2 * CPUS * RUNS * ROUNDS);
}
