// SPDX-License-Identifier: GPL-2.0-only
/* Pinned threads and the clock of a slice; called by all the cases. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "bench.h"

/* Part of a slice that does not count: caches, frequency, the peer's start. */
#define WARM_UP_SHARE 5

struct peer {
	pthread_t thread;
	void *(*fn)(void *);
	void *arg;
};

void die(const char *what, int err)
{
	fprintf(stderr, "ringbench: %s: %s\n", what, strerror(err));
	exit(2);
}

void pin_to(int cpu)
{
	cpu_set_t set;
	int err;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	err = pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
	if (err)
		die("cannot pin a thread", err);
}

/*
 * Ahead of what else runs here, for all threads started later as well. Only root may;
 * without it the rounds scatter more, and nothing else.
 */
void step_forward(void)
{
	setpriority(PRIO_PROCESS, 0, -20);
}

static void *peer_main(void *arg)
{
	struct peer *p = arg;

	pin_to(bench_cpu[1]);
	return p->fn(p->arg);
}

/* Start @fn(@arg) on the second processor. */
struct peer *peer_start(void *(*fn)(void *), void *arg)
{
	struct peer *p = malloc(sizeof(*p));
	int err;

	if (!p)
		die("malloc", ENOMEM);
	p->fn = fn;
	p->arg = arg;
	err = pthread_create(&p->thread, NULL, peer_main, p);
	if (err)
		die("cannot start a thread", err);
	return p;
}

void peer_join(struct peer *p)
{
	pthread_join(p->thread, NULL);
	free(p);
}

uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void watch_start(struct watch *w, uint64_t ns)
{
	w->begin = now_ns() + ns / WARM_UP_SHARE;
	w->end = w->begin + ns;
	w->counting = false;
}

/*
 * To be asked now and then with the operations done so far. True when the slice is
 * over; @out is then filled.
 */
bool watch_over(struct watch *w, uint64_t ops, struct slice *out)
{
	uint64_t now = now_ns();

	if (!w->counting) {
		if (now < w->begin)
			return false;
		w->counting = true;
		w->begin = now;
		w->base = ops;
		return false;
	}
	if (now < w->end)
		return false;
	out->ops = ops - w->base;
	out->ns = now - w->begin;
	return true;
}
