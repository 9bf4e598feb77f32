// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two domains with counters, by turns: each must find its own values in all of its
 * counters, those that are stopped as well, by both ways to read them.
 */
#include "pv.h"

#define ROUNDS	600
#define KEPT	8		/* rounds with the same values */
#define RANGE	0x10000000	/* of a domain's values; a running counter stays far below its end */
#define ALL	(GENERAL + FIXED)
#define TURNS	2000

static unsigned int wrong, foreign;

static uint64_t own(int ping, int round, int i)
{
	return (uint64_t)(ping ? 1 : 2) * RANGE + 0x10000 * (round / KEPT + 1) + i;
}

static uint64_t *page_counter(int i)
{
	struct xen_pmu_intel_ctxt *intel = &pmu_page.data.pmu.c.intel;
	struct xen_pmu_cntr_pair *pairs = (void *)((char *)intel + intel->arch_counters);
	uint64_t *fixed = (void *)((char *)intel + intel->fixed_counters);

	return i < GENERAL ? &pairs[i].counter : &fixed[i - GENERAL];
}

/* All of them get values, by registers or by the page; one runs. */
static void set(int ping, int round)
{
	struct xen_pmu_intel_ctxt *intel = &pmu_page.data.pmu.c.intel;
	struct xen_pmu_cntr_pair *pairs = (void *)((char *)intel + intel->arch_counters);
	int page = round / KEPT & 1, running = round / KEPT % ALL, i;
	uint64_t fixed = running < GENERAL ? 0 : (uint64_t)FIXED_USR << 4 * (running - GENERAL);
	uint64_t global = running < GENERAL ? 1ull << running : 1ull << (32 + running - GENERAL);

	if (page)
		hypercall2(__HYPERVISOR_xenpmu_op, XENPMU_CACHE, 0);
	else
		wrmsr(MSR_GLOBAL_CTRL, 0);
	for (i = 0; i < ALL; i++) {
		uint64_t control = i == running ? EVTSEL_USR | EVENT_INSNS : 0;

		if (page)
			*page_counter(i) = own(ping, round, i);
		else
			wrmsr(i < GENERAL ? MSR_PERFCTR0 + i : MSR_FIXED_CTR0 + i - GENERAL, own(ping, round, i));
		if (page && i < GENERAL)
			pairs[i].control = control;
		else if (i < GENERAL)
			wrmsr(MSR_EVNTSEL0 + i, control);
	}
	if (page) {
		intel->fixed_ctrl = fixed;
		intel->global_ctrl = global;
		wrong += hypercall2(__HYPERVISOR_xenpmu_op, XENPMU_flush, 0) != 0;
	} else {
		wrmsr(MSR_FIXED_CTRL, fixed);
		wrmsr(MSR_GLOBAL_CTRL, global);
	}
}

static void check(uint64_t value, int ping, int round, int i)
{
	uint64_t first = own(ping, round, i);
	int runs = i == round / KEPT % ALL;

	if (value == first || (runs && value > first && value < first + RANGE / 4))
		return;
	wrong++;
	foreign += value / RANGE == (ping ? 2u : 1u);
}

static void check_all(int ping, int round)
{
	int i;

	for (i = 0; i < ALL; i++) {
		if (read_cr4() & CR4_PCE)
			check(rdpmc(i < GENERAL ? i : (int)RDPMC_FIXED | (i - GENERAL)), ping, round, i);
		if (round % 3 == 0)
			check(rdmsr(i < GENERAL ? MSR_PERFCTR0 + i : MSR_FIXED_CTR0 + i - GENERAL), ping, round, i);
	}
}

/* One of them has rdpmc in all rounds but some, the other one in few. */
static void test_values(int ping)
{
	uint32_t before = faults;
	int round;

	wrong = foreign = 0;
	for (round = 0; round < ROUNDS; round++) {
		write_cr4((read_cr4() & ~CR4_PCE) | ((round / 5 + ping) % 3 ? CR4_PCE : 0));
		if (round % KEPT == 0)
			set(ping, round);
		check_all(ping, round);
		loop(TURNS);
		exchange(ping);
		check_all(ping, round);
	}
	put("apart");
	put_number("rounds", ROUNDS);
	put_number("wrong", wrong);
	put_number("foreign", foreign);
	put_number("faults", faults - before);
	put_end();
}

static void put_status(const char *when)
{
	put("status ");
	put(when);
	put_number("overflows", rdmsr(MSR_GLOBAL_STATUS));
	put_end();
}

/* An overflow of the first one's counter, of which no interrupt tells. */
static void test_status(int ping)
{
	write_cr4(read_cr4() & ~CR4_PCE);
	stop_all();
	wrmsr(MSR_OVF_CTRL, 0xf | 7ull << 32);
	wrmsr(MSR_EVNTSEL0, EVTSEL_USR | EVENT_INSNS);
	wrmsr(MSR_GLOBAL_CTRL, 1);
	exchange(ping);
	put_status("before");
	if (ping)
		wrmsr(MSR_PERFCTR0, -100);
	loop(TURNS);
	exchange(ping);
	exchange(ping);
	put_status("after");
	wrmsr(MSR_OVF_CTRL, 1);
	exchange(ping);
	exchange(ping);
	put_status("cleared");
	stop_all();
}

void test_apart(int ping)
{
	test_values(ping);
	test_status(ping);
}
