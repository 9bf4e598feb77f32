/* SPDX-License-Identifier: MIT */
/*
 * vosbench: what its groups of cases use, and the groups.
 *
 * A case is an operation that is repeated. measure() does it in one of two ways:
 * by the clock (default), or a fixed number of times between two marks for the
 * counting plugin of QEMU (tests/bench/count/).
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct options {
	unsigned int ms;		/* time for each case */
	unsigned long marked;		/* 0, or calls between two marks */
	const char *only;		/* cases whose name has this; or NULL */
	const char *address;		/* server's IPv4 address, or NULL: our own */
	uint16_t port;
	const char *dir;		/* for files */
	size_t sizes[32];		/* to be tried; ends with 0 */
	unsigned int threads[8];	/* likewise */
};

extern struct options opt;

/*
 * Repeat op(context), which moves `bytes` bytes for the sake of its caller (0: the
 * rate is of no interest), and print one line of JSON. `calls`: system calls in one op.
 */
void measure(const char *name, size_t bytes, unsigned int calls, void (*op)(void *), void *context);

/* The same for something that does its own repeating: run(n, context) does n. */
void measure_many(const char *name, size_t bytes, unsigned int calls,
		  void (*run)(unsigned long n, void *context), void *context);

bool wanted(const char *name);
uint64_t now_ns(void);
const char *size_name(size_t size);
void *room(size_t size);

/* End with a message if a call failed. */
void must(bool ok, const char *what);

/* The kernel's counters of forwarding, where there are any (counters.c). */
void counters_before(void);
void counters_print(void);

/* Groups of cases. */
int group_null(int argc, char **argv);
/*
 * A file that has grown by so many short writes is served, not used in place, when
 * libsyscall-forward is there.
 */
#define GROWTH	40
void make_it_grow(int fd);
/* One that has ceased to grow is soon read in place; so another byte, every so many reads. */
#define GROWS_EVERY	512u
void grow(int fd);

static inline void keep_growing(int fd)
{
	static unsigned int reads;

	if (!(++reads % GROWS_EVERY))
		grow(fd);
}

int group_pread(int argc, char **argv);
int group_preadgrow(int argc, char **argv);
int group_pwrite(int argc, char **argv);
int group_direct(int argc, char **argv);
int group_files(int argc, char **argv);
int group_threads(int argc, char **argv);
int group_tcprr(int argc, char **argv);
int group_tcpstream(int argc, char **argv);
int group_httpget(int argc, char **argv);
int group_transact(int argc, char **argv);
int group_exec(int argc, char **argv);

#endif
