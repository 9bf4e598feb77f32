/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ringbench: the ring library between two pinned threads, against a bare cache-line
 * ping-pong and against io_uring with SQPOLL. Types and helpers that its files share.
 *
 * Invariant: every case runs on the same two processors, the measuring thread on
 * the first and its peer on the second, waits in the same way (wait_step), and is
 * measured in slices that alternate with those of all the other cases.
 */
#ifndef RINGBENCH_H
#define RINGBENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CACHE_LINE 64

/* What one slice did. */
struct slice {
	uint64_t ops;
	uint64_t ns;
};

/* One thing to measure. */
struct bench_case {
	const char *name;	/* what is done */
	const char *system;	/* by whom */
	const char *unit;	/* "ns" per operation, or "M/s" */
	/* Run for about @ns with @depth operations under way. Return: 0 or -errno. */
	int (*run)(const struct bench_case *c, uint64_t ns, struct slice *out);
	unsigned int depth;
	unsigned int entries;	/* null call: of each ring */
	bool tight;		/* ping-pong: no pause between two polls */
	double *rounds;		/* results, one per round */
};

extern const int bench_cpu[2];

int pingpong_run(const struct bench_case *c, uint64_t ns, struct slice *out);
int nullcall_run(const struct bench_case *c, uint64_t ns, struct slice *out);
int uring_run(const struct bench_case *c, uint64_t ns, struct slice *out);

/* NULL when io_uring with SQPOLL works here, else why it does not. */
const char *uring_refusal(void);

/* thread.c */
struct peer;
struct peer *peer_start(void *(*fn)(void *), void *arg);
void peer_join(struct peer *p);
void pin_to(int cpu);
void step_forward(void);
void die(const char *what, int err) __attribute__((noreturn));
uint64_t now_ns(void);

/* A slice's clock: the first part warms up and does not count. */
struct watch {
	uint64_t begin, end;
	uint64_t base;		/* operations done before begin */
	bool counting;
};

void watch_start(struct watch *w, uint64_t ns);
bool watch_over(struct watch *w, uint64_t ops, struct slice *out);

/* report.c */
void report_json(const struct bench_case *c, size_t n, unsigned int rounds, double slice_ms);
void report_table(const struct bench_case *c, size_t n, unsigned int rounds);

/*
 * One more poll in vain. As the kernels' cpu_relax() and the library's spin() do it:
 * a pause after every poll, so that the peer's store has less to fight with.
 */
static inline void wait_step(void)
{
	__builtin_ia32_pause();
}

#endif
