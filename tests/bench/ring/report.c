// SPDX-License-Identifier: GPL-2.0-only
/*
 * Results: every round and the usual marks of their distribution, as JSON on stdout
 * and as a table on stderr. Called by main.c once all rounds are over.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

struct marks {
	double median, min, max, p10, p90;
};

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The value below which the share @q lies, interpolated; @v is sorted. */
static double quantile(const double *v, unsigned int n, double q)
{
	double at = q * (n - 1);
	unsigned int low = (unsigned int)at;

	return low + 1 < n ? v[low] + (at - low) * (v[low + 1] - v[low]) : v[low];
}

static struct marks marks_of(const double *rounds, unsigned int n)
{
	double *v = malloc(n * sizeof(*v));
	struct marks m;

	if (!v)
		abort();
	memcpy(v, rounds, n * sizeof(*v));
	qsort(v, n, sizeof(*v), by_value);
	m = (struct marks){
		.median = quantile(v, n, 0.5), .min = v[0], .max = v[n - 1],
		.p10 = quantile(v, n, 0.1), .p90 = quantile(v, n, 0.9),
	};
	free(v);
	return m;
}

static void json_case(const struct bench_case *c, unsigned int rounds)
{
	struct marks m = marks_of(c->rounds, rounds);
	unsigned int i;

	printf("  {\"case\": \"%s\", \"system\": \"%s\", \"depth\": %u, \"unit\": \"%s\",\n",
	       c->name, c->system, c->depth, c->unit);
	printf("   \"median\": %.3f, \"min\": %.3f, \"max\": %.3f, \"p10\": %.3f, \"p90\": %.3f,\n",
	       m.median, m.min, m.max, m.p10, m.p90);
	printf("   \"rounds\": [");
	for (i = 0; i < rounds; i++)
		printf("%s%.3f", i ? ", " : "", c->rounds[i]);
	printf("]}");
}

void report_json(const struct bench_case *c, size_t n, unsigned int rounds, double slice_ms)
{
	const char *why = uring_refusal();
	size_t i;

	printf("{\"program\": \"ringbench\", \"rounds\": %u, \"slice_ms\": %g, \"cpus\": [%d, %d],\n",
	       rounds, slice_ms, bench_cpu[0], bench_cpu[1]);
	if (why)
		printf(" \"io_uring\": null, \"io_uring_reason\": \"%s\",\n", why);
	else
		printf(" \"io_uring\": \"SQPOLL, thread pinned\",\n");
	printf(" \"cases\": [\n");
	for (i = 0; i < n; i++) {
		json_case(&c[i], rounds);
		printf("%s\n", i + 1 < n ? "," : "");
	}
	printf("]}\n");
}

void report_table(const struct bench_case *c, size_t n, unsigned int rounds)
{
	const char *why = uring_refusal();
	size_t i;

	fprintf(stderr, "%-12s %-28s %5s %5s %9s %9s %9s %9s %9s\n", "case", "system", "depth",
		"unit", "median", "p10", "p90", "min", "max");
	for (i = 0; i < n; i++) {
		struct marks m = marks_of(c[i].rounds, rounds);

		fprintf(stderr, "%-12s %-28s %5u %5s %9.2f %9.2f %9.2f %9.2f %9.2f\n",
			c[i].name, c[i].system, c[i].depth, c[i].unit, m.median, m.p10,
			m.p90, m.min, m.max);
	}
	if (why)
		fprintf(stderr, "no io_uring: %s\n", why);
}
