/* SPDX-License-Identifier: MIT */
/* The two ways of measuring: by the clock, and between marks. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "bench.h"

#define BATCHES		5

/* A no-op that tests/bench/count/ knows; on any other machine it is a no-op. */
#define MARK(id) __asm__ volatile(".byte 0x0f, 0x1f, 0x80, " #id ", 'V', 'O', 'S'" ::: "memory")

uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "vosbench: %s: %s\n", what, strerror(errno));
	exit(1);
}

bool wanted(const char *name)
{
	return !opt.only || strstr(name, opt.only);
}

const char *size_name(size_t size)
{
	static char text[32];

	if (size >= 1 << 20 && size % (1 << 20) == 0)
		snprintf(text, sizeof(text), "%zu MiB", size >> 20);
	else if (size >= 1 << 10 && size % (1 << 10) == 0)
		snprintf(text, sizeof(text), "%zu KiB", size >> 10);
	else
		snprintf(text, sizeof(text), "%zu B", size);
	return text;
}

/* Memory that has all its pages. */
void *room(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must(p != MAP_FAILED, "mmap");
	memset(p, 'v', size);
	return p;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static uint64_t timed(void (*run)(unsigned long, void *), unsigned long n, void *context)
{
	uint64_t begun = now_ns();

	run(n, context);
	return now_ns() - begun;
}

/*
 * How many make a batch last a BATCHES-th of the time; this is the warm-up as well.
 * One slow turn must not deceive: of two the faster counts, as far as time allows.
 */
static unsigned long calibrate(void (*run)(unsigned long, void *), void *context)
{
	uint64_t slice = (uint64_t)opt.ms * 1000000 / BATCHES, took, again;
	unsigned long n = 1;

	for (;;) {
		took = timed(run, n, context);
		if (took >= slice / 4 && took < 4 * slice) {
			again = timed(run, n, context);
			if (again < took)
				took = again;
		}
		if (took >= slice / 4 || n >= 1ul << 30)
			break;
		n *= took < slice / 64 ? 8 : 2;
	}
	n = (double)n * slice / (took ? took : 1);
	return n ? n : 1;
}

static void by_clock(const char *name, size_t bytes, void (*run)(unsigned long, void *), void *context)
{
	unsigned long n = calibrate(run, context);
	double ns[BATCHES];
	int i;

	for (i = 0; i < BATCHES; i++)
		ns[i] = (double)timed(run, n, context) / n;
	qsort(ns, BATCHES, sizeof(ns[0]), compare);
	printf("{\"case\":\"%s\",\"n\":%lu,\"ns\":%.1f,\"low\":%.1f,\"high\":%.1f,\"mbs\":%.3f}\n", name,
	       n * BATCHES, ns[BATCHES / 2], ns[0], ns[BATCHES - 1], bytes / ns[BATCHES / 2] * 1e3);
}

static void by_marks(const char *name, unsigned int calls, void (*run)(unsigned long, void *), void *context)
{
	unsigned long warm = opt.marked / 8 + 1;
	int i;

	run(opt.marked / 2 + 1, context);
	for (i = 0; i < BATCHES; i++) {
		counters_before();
		/* While the counters were read, the service may have gone to sleep. */
		run(warm, context);
		MARK(1);
		run(opt.marked, context);
		MARK(2);
		printf("{\"case\":\"%s\",\"n\":%lu,\"warm\":%lu,\"calls\":%u", name, opt.marked, warm, calls);
		counters_print();
		printf("}\n");
	}
}

void measure_many(const char *name, size_t bytes, unsigned int calls,
		  void (*run)(unsigned long n, void *context), void *context)
{
	if (!wanted(name))
		return;
	if (opt.marked)
		by_marks(name, calls, run, context);
	else
		by_clock(name, bytes, run, context);
}

struct single {
	void (*op)(void *);
	void *context;
};

static void repeat(unsigned long n, void *context)
{
	const struct single *s = context;

	while (n--)
		s->op(s->context);
}

void measure(const char *name, size_t bytes, unsigned int calls, void (*op)(void *), void *context)
{
	struct single s = { op, context };

	measure_many(name, bytes, calls, repeat, &s);
}
