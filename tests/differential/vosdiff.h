/* SPDX-License-Identifier: MIT */
/*
 * vosdiff - random programs of calls, the same for the same seed on every system.
 *
 *	vosdiff MODE --seed S [--count N] [--first E] [--steps L] [--digest] FOLDER
 *
 * carries out N episodes. Each has a process of its own, begins with nothing open and an
 * empty folder, and is some 40 steps long. A step prints one line: the call, and all that
 * it gave: result, errno, mask, bytes (length and checksum), fields. Each step has random
 * numbers of its own, so one that is left out (--steps) changes no other one's.
 *
 * Invariant: what is printed is the same in each run on one kernel. What Linux leaves
 * open is not printed, or made definite:
 *
 * - Numbers that the kernel chooses: descriptors are shown as slots of our own, ports by the
 *   order in which they were first seen. Inodes, whose numbers are used again, are shown so in
 *   the tree that is left alone; a folder's numbers are compared with stat()'s.
 * - Times are shown by their order, after a pause longer than the clock's grain, or if a
 *   program has set them.
 * - How much of a stream is there while it moves: few bytes are queued at a time, or all
 *   are read to the last one and then shown (transfer). How much a full socket holds is
 *   not shown.
 * - How soon a stream goes on whose reader has shut down its side: that announces no room.
 *   The sender's timer is waited for.
 * - Sizes of buffers that the kernel adapts, and values of memory, processor and route.
 * - When the other end of a connection hears of a close(): there is a pause.
 * - When a signal comes that no call waits for: all are shown that came within a pause.
 * - Whether a call blocks for ever: it is interrupted after STUCK_MS, and says EINTR.
 * - The order of a folder's names: they are sorted. Kernel-chosen offsets are not shown.
 * - How many blocks a file has: whether it has none, fewer than bytes, or enough. FIOQSIZE's
 *   number is not shown, for it counts only what has reached the disk.
 * - O_DIRECT with what is not aligned to blocks.
 * - What a file has that is spliced into itself.
 * - What a page of a mapping beyond the file's end holds.
 * - When a stream sends a few bytes that Nagle's algorithm or MSG_MORE keeps back: streams have
 *   TCP_NODELAY, and there is a pause after MSG_MORE.
 * - What RWF_NOWAIT finds in the page cache of a file.
 * - What a request of io_uring that is cancelled had done.
 */
#ifndef VOSDIFF_H
#define VOSDIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define STUCK_MS	250	/* a call that blocks for so long is interrupted */
#define SLOTS		8	/* descriptors of an episode */

#define COUNT_OF(a)	(sizeof(a) / sizeof((a)[0]))

/**
 * struct op - one kind of step
 * @weight: how often it is chosen, relative to others
 */
struct op {
	const char *name;
	unsigned int weight;
	void (*run)(void);
};

/**
 * struct mode - a family of programs
 * @steps: of an episode
 * @openers: so many of its first operations are what an episode begins with
 * @begin: at an episode's start, in its folder
 * @end: after its last step, may print
 */
struct mode {
	const char *name;
	unsigned int steps, openers;
	const struct op *ops;
	size_t count;
	void (*begin)(void);
	void (*end)(void);
};

extern const struct mode net_mode, names_mode, data_mode;
extern bool faults;		/* this episode passes bad addresses */

/* random.c */
void rnd_seed(uint64_t seed, uint64_t episode, uint64_t step);
uint64_t rnd(void);
unsigned int below(unsigned int n);
bool chance(unsigned int percent);
#define PICK(array)	((array)[below(COUNT_OF(array))])

/* out.c: the line of the step that runs */
void out_begin(void *memory, size_t size);
const char *out_text(void);
void out(const char *format, ...) __attribute__((format(printf, 1, 2)));
void out_result(long result);
void out_bytes(const void *bytes, size_t n);
void out_flags(unsigned long value, const char *const *names, const unsigned long *bits, size_t n);
unsigned int out_symbol(char kind, uint64_t key);
uint32_t checksum(uint32_t sum, const void *bytes, size_t n);
void pattern(void *bytes, size_t n, uint32_t seed);
void *bad_address(void);
#define out_call(...)	do { out(__VA_ARGS__); out(" ="); } while (0)

/* watch.c: calls that block, signals */
void watch_begin(void);
void watch_arm(void);
void watch_end(void);
void out_signals(void);
void out_fdinfo(int fd);
void pause_ms(unsigned int ms);
void other_thread(void (*call)(void *), void *arg, void (*meanwhile)(void));
void in_child(void (*call)(void));

/* pass.c */
int pass_descriptor(int fd, bool *closed);

#endif
