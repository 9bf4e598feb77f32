/* SPDX-License-Identifier: GPL-2.0-only */
/* A PV domain's kernel that uses the performance monitoring unit. Shared by its files. */
#ifndef PV_H
#define PV_H

#include <stddef.h>
#include <stdint.h>
#include <xen/xen.h>
#include <xen/pmu.h>

#include "print.h"

#define MSR_PERFCTR0	0xc1
#define MSR_EVNTSEL0	0x186
#define MSR_FIXED_CTR0	0x309
#define MSR_FIXED_CTRL	0x38d
#define MSR_GLOBAL_STATUS 0x38e
#define MSR_GLOBAL_CTRL	0x38f
#define MSR_OVF_CTRL	0x390

#define EVENT_INSNS	0xc0
#define EVENT_BRANCHES	0xc4
#define EVTSEL_USR	0x410000	/* enabled, in ring 3: all of a PV guest, nothing of Xen */
#define EVTSEL_INT	0x100000
#define FIXED_USR	2
#define GENERAL		4		/* counters */
#define FIXED		3

#define XENPMU_CACHE	8		/* Xen's patch 0005; the header is Debian's */

#define RDPMC_FIXED	(1u << 30)
#define CR4_PCE		0x100ul

/* A mark of the counting plugin's, see tests/bench/count/count.c. */
#define mark(id)	__asm__ volatile("jmp 1f\n"				\
					 "1:	nopl 0x534f5600 + %c0(%%rax)\n"	\
					 "	jmp 1f\n"			\
					 "1:" : : "i"(id) : "memory")

/* lib.c */
extern volatile uint32_t faults;	/* so many instructions were skipped */
extern union pmu_page {
	struct xen_pmu_data data;	/* and the counters behind it */
	char room[4096];
} pmu_page;				/* which Xen shares */
void pv_init(const start_info_t *info);
void pv_end(void);
long hypercall2(unsigned int number, unsigned long a, unsigned long b);
long hypercall3(unsigned int number, unsigned long a, unsigned long b, unsigned long c);
int pmu_init(void);
int virq_bind(unsigned int virq);
int event_pending(int port);
void cpuid(uint32_t leaf, uint32_t r[4]);
uint64_t rdmsr(uint32_t msr);
void wrmsr(uint32_t msr, uint64_t v);
uint64_t rdpmc(uint32_t counter);
unsigned long read_cr4(void);
void write_cr4(unsigned long v);
void stop_all(void);

/* Two instructions and one branch for each turn, and one. */
static inline void loop(uint64_t turns)
{
	__asm__ volatile("mov %0, %%rcx\n"
			 "1:	dec %%rcx\n"
			 "	jnz 1b" : : "r"(turns) : "rcx", "cc");
}

/* pair.c */
int pair_ping(void);
int pair_pong(void);
void exchange(int ping);

/* The tests. Each prints lines of a word and numbers. */
void test_uninitialised(void);
void test_cache(void);
void test_rdpmc(void);
void test_filter(void);
void test_keep(void);
void test_spy(void);
void test_switches(int ping);
void test_apart(int ping);
void test_active(int ping);
#endif
