/* SPDX-License-Identifier: GPL-2.0-only */
/* What a program does with perf_event_open(2), as the init of a machine. Shared by its files. */
#ifndef PERF_H
#define PERF_H

#include <linux/perf_event.h>
#include <stdint.h>
#include <sys/types.h>

#define USER	1	/* modes to be counted */
#define KERNEL	2

/*
 * A mark of the counting plugin's, see tests/bench/count/count.c. In a block of its own,
 * for the plugin counts a block when it begins.
 */
#define mark(id)	__asm__ volatile("jmp 1f\n"				\
					 "1:	nopl 0x534f5600 + %c0(%%rax)\n"	\
					 "	jmp 1f\n"			\
					 "1:" : : "i"(id) : "memory")

/* perf.c */
struct perf_event_attr perf_attr(uint64_t event, int modes);
int perf_open(const struct perf_event_attr *attr, pid_t pid, int group);
int perf_counter(uint64_t event, int modes);
uint64_t perf_read(int fd);
void perf_start(int fd);
void perf_stop(int fd);
void *perf_map(int fd, unsigned int pages);
uint64_t perf_rdpmc(const volatile struct perf_event_mmap_page *page);

/* Two instructions and one branch for each turn, and one. */
static inline void loop(uint64_t turns)
{
	__asm__ volatile("mov %0, %%rcx\n"
			 "1:	dec %%rcx\n"
			 "	jnz 1b" : : "r"(turns) : "rcx", "cc");
}

/* The tests. Each prints lines of a word and numbers. */
void test_count(void);
void test_marks(void);
void test_rdpmc(void);
void test_samples(void);
void test_switches(void);
void test_threads(void);
void test_smp(void);
#endif
