// SPDX-License-Identifier: GPL-2.0-only
/* Two domains that share a processor: one has counters, the other must see nothing of them. */
#include "pv.h"

#include <xen/sched.h>

#define ROUNDS	300
#define TURNS	20000000	/* takes long enough for Xen to run others meanwhile */
#define PATTERN	0x5eed0000

static void yield(void)
{
	hypercall2(__HYPERVISOR_sched_op, SCHEDOP_yield, 0);
}

static void put_patterns(void)
{
	int i;

	stop_all();
	for (i = 0; i < GENERAL; i++)
		wrmsr(MSR_PERFCTR0 + i, PATTERN + i);
	for (i = 0; i < FIXED; i++)
		wrmsr(MSR_FIXED_CTR0 + i, PATTERN + 16 + i);
}

static unsigned int wrong_patterns(void)
{
	unsigned int wrong = 0, i;

	for (i = 0; i < GENERAL; i++)
		wrong += rdpmc(i) != PATTERN + i || rdmsr(MSR_PERFCTR0 + i) != PATTERN + i;
	for (i = 0; i < FIXED; i++)
		wrong += rdpmc(RDPMC_FIXED | i) != PATTERN + 16 + i;
	return wrong;
}

/* Stopped counters keep their values, and a running one counts this domain alone. */
void test_keep(void)
{
	uint32_t faults_before = faults;
	unsigned int wrong = 0, round;
	uint64_t before, after;

	write_cr4(read_cr4() | CR4_PCE);
	put_patterns();
	for (round = 0; round < ROUNDS; round++) {
		yield();
		wrong += wrong_patterns();
	}
	put("kept");
	put_number("rounds", ROUNDS);
	put_number("wrong", wrong);
	put_number("faults", faults - faults_before);
	put_end();

	stop_all();
	wrmsr(MSR_FIXED_CTRL, FIXED_USR);
	wrmsr(MSR_GLOBAL_CTRL, 1ull << 32);
	for (round = 0; round < 3; round++) {
		before = rdpmc(RDPMC_FIXED);
		loop(round ? TURNS : 1);
		after = rdpmc(RDPMC_FIXED);
		put("counted");
		put_number("turns", round ? TURNS : 1);
		put_number("insns", after - before);
		put_end();
	}
	put_patterns();		/* for the neighbour to find, were it able to */
	for (round = 0; round < ROUNDS; round++)
		yield();
}

void test_spy(void)
{
	uint32_t before = faults;
	unsigned int seen = 0, round, i;

	write_cr4(read_cr4() | CR4_PCE);
	for (round = 0; round < ROUNDS; round++) {
		yield();
		for (i = 0; i < GENERAL; i++)
			seen += rdpmc(i) || rdmsr(MSR_PERFCTR0 + i) || rdmsr(MSR_EVNTSEL0 + i);
		for (i = 0; i < FIXED; i++)
			seen += rdpmc(RDPMC_FIXED | i) || rdmsr(MSR_FIXED_CTR0 + i);
	}
	put("spied");
	put_number("rounds", ROUNDS);
	put_number("rdpmc_faults", faults - before);
	put_number("seen", seen);
	put_number("cr4", read_cr4() & CR4_PCE);
	put_end();
}
