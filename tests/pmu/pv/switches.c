// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a switch of vCPUs takes, with so many counters in each of two domains, between the
 * plugin's marks; and whether each domain counts itself alone, to the instruction.
 */
#include "configs.h"
#include "pv.h"

#define RUNS	30
#define ROUNDS	4	/* soon enough to have no tick in most rows */

/* Values of the two domains differ, so that each counter has to be written. */
static void start(const struct config *c, int ping)
{
	uint64_t own = ping ? 0x1000 : 0x1000000, global = 0, fixed = 0;
	int i;

	write_cr4(read_cr4() & ~CR4_PCE);
	stop_all();
	for (i = 0; i < c->stopped; i++)
		wrmsr(MSR_PERFCTR0 + i, own + i);
	for (i = 0; i < c->running[ping] && i < GENERAL; i++) {
		wrmsr(MSR_PERFCTR0 + i, own);
		wrmsr(MSR_EVNTSEL0 + i, EVTSEL_USR | EVENT_INSNS);
		global |= 1ull << i;
	}
	for (i = GENERAL; i < c->running[ping]; i++) {
		wrmsr(MSR_FIXED_CTR0 + i - GENERAL, own);
		fixed |= (uint64_t)FIXED_USR << 4 * (i - GENERAL);
		global |= 1ull << (32 + i - GENERAL);
	}
	wrmsr(MSR_FIXED_CTRL, fixed);
	wrmsr(MSR_GLOBAL_CTRL, global);
	if (c->pce[ping])
		write_cr4(read_cr4() | CR4_PCE);
}

static void row(const struct config *c, int ping, uint64_t turns)
{
	uint64_t before, after = 0;
	int i;

	before = c->running[ping] ? rdpmc(0) : 0;
	if (ping)
		mark(1);
	for (i = 0; i < ROUNDS; i++) {
		loop(turns);
		exchange(ping);
	}
	if (ping)
		mark(2);
	if (c->running[ping])
		after = rdpmc(0);
	put("row ");
	put(c->name);
	put_number("rounds", ROUNDS);
	put_number("turns", turns);
	put_number("counted", after - before);
	put_end();
}

void test_switches(int ping)
{
	static const uint64_t turns[] = { 1, 101, 1001 };
	unsigned int i, run;

	for (i = 0; i < sizeof(configs) / sizeof(*configs); i++) {
		start(&configs[i], ping);
		exchange(ping);
		exchange(ping);
		for (run = 0; run < RUNS; run++)
			row(&configs[i], ping, turns[run % 3]);
	}
	write_cr4(read_cr4() & ~CR4_PCE);
	stop_all();
}
