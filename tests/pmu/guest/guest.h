/* SPDX-License-Identifier: GPL-2.0-only */
/* A program for the bare machine that uses the performance monitoring unit. Shared by its files. */
#ifndef GUEST_H
#define GUEST_H

/* Segments, see boot.S. */
#define KERNEL_CS	0x08
#define KERNEL_DS	0x10
#define USER_CS		0x1b
#define USER_DS		0x23
#define TSS		0x28

/* Vectors that are not the processor's own. */
#define VECTOR_RETURN	0x80	/* from user mode, to the caller of run_user() */
#define VECTOR_NOTHING	0x81	/* a handler that returns at once */
#define VECTOR_PMI	0x90

#define MSR_PERFCTR0	0xc1
#define MSR_EVNTSEL0	0x186
#define MSR_FIXED_CTR0	0x309
#define MSR_FIXED_CTRL	0x38d
#define MSR_STATUS	0x38e
#define MSR_GLOBAL_CTRL	0x38f
#define MSR_OVF_CTRL	0x390

#define EVENT_CYCLES	0x3c
#define EVENT_INSNS	0xc0
#define EVENT_BRANCHES	0xc4
#define EVTSEL_USR	0x10000
#define EVTSEL_OS	0x20000
#define EVTSEL_INT	0x100000
#define EVTSEL_EN	0x400000
#define EVTSEL_ALL	(EVTSEL_EN | EVTSEL_USR | EVTSEL_OS)

#define RDPMC_FIXED	(1 << 30)

#define APIC_EOI	0xfee000b0
#define APIC_SVR	0xfee000f0
#define APIC_LVTPC	0xfee00340
#define APIC_NMI	0x400
#define APIC_MASKED	0x10000

#define SLED		110000	/* nops in a row */

#ifndef __ASSEMBLER__
#include "print.h"

/* lib.c */
int get(void);
uint32_t cpuid(uint32_t leaf, uint32_t r[4]);
uint64_t rdmsr(uint32_t msr);
void wrmsr(uint32_t msr, uint64_t v);
uint64_t rdpmc(uint32_t counter);
uint64_t rdtsc(void);
int rdmsr_faults(uint32_t msr);
int wrmsr_faults(uint32_t msr, uint64_t v);
int rdpmc_faults(uint32_t counter);
uint32_t apic_read(uint32_t reg);
void apic_write(uint32_t reg, uint32_t v);
void stop_all(void);

/* trap.c */
void traps_init(void);
void user_ends(int stop);

struct sample {
	uint32_t ip, lvtpc;
	uint64_t status, counter;
};

#define MAX_SAMPLES 128
extern struct sample samples[MAX_SAMPLES];
extern unsigned int nr_samples;
extern uint32_t sample_period;	/* of general counter 0; 0: one sample is enough */

/* boot.S, sections.S, sled.S */
void run_user(void (*f)(void));
void count_user(void (*f)(void));
void run_sled(void);
void run_branches(void);
extern volatile uint32_t faults;	/* so many instructions were skipped */
extern volatile uint32_t user_value;	/* what user_rdpmc() read */
extern const char sled[], branch_target[];
void user_sled(void);
void user_hundred(void);
void user_rdpmc(void);
extern const uint32_t count_user_insns, pmi_insns;

struct section {
	const char *name;
	void (*run)(void);
	uint32_t insns, branches, faults, restarts;
};
extern const struct section sections[], sections_end[];

struct measured {
	uint32_t fixed, branches, insns;
};

#define WAIT_INSNS	4
struct waited {
	uint64_t before, after;
	uint32_t turns;
};
void wait_for_byte(struct waited *w);
void measure(const struct section *s, struct measured *before, struct measured *after);

/* overflow.c */
void prepare_overflow(uint32_t evtsel, uint32_t period, uint32_t lvtpc);

/* The tests. */
void test_leaf(void);
void test_sections(void);
void test_modes(void);
void test_access(void);
void test_overflow(void);
void test_cycles(void);
void test_save(void);
#endif
#endif
