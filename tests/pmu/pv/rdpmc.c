// SPDX-License-Identifier: GPL-2.0-only
/* Who may read counters by rdpmc: a PV kernel is in ring 3, as its programs are. */
#include "pv.h"

#include <xen/sched.h>

#define RUNS	20
#define PATTERN	0x5a5a5a5a

static void read_once(const char *when)
{
	uint32_t before = faults;
	uint64_t v = rdpmc(0);

	put("rdpmc ");
	put(when);
	put_number("faults", faults - before);
	put_number("read", v);
	put_number("cr4", read_cr4() & CR4_PCE);
	put_end();
}

/* The plugin's marks 1 and 2 enclose two readings and a loop: nothing of Xen's is in it. */
static void read_around(uint64_t turns)
{
	uint64_t a, b;

	mark(1);
	a = rdpmc(0);
	loop(turns);
	b = rdpmc(0);
	mark(2);
	put("around");
	put_number("turns", turns);
	put_number("counted", b - a);
	put_number("fixed", rdpmc(RDPMC_FIXED));
	put_end();
}

/* Without XENPMU_init no counters are this vCPU's: what is in them is somebody else's. */
void test_uninitialised(void)
{
	write_cr4(read_cr4() | CR4_PCE);
	read_once("uninitialised");
	write_cr4(read_cr4() & ~CR4_PCE);
}

void test_rdpmc(void)
{
	static const uint64_t turns[] = { 1, 1001, 30001 };
	unsigned int i, run;

	stop_all();
	wrmsr(MSR_PERFCTR0, PATTERN);
	read_once("before");
	write_cr4(read_cr4() | CR4_PCE);
	read_once("stopped");
	if (!(read_cr4() & CR4_PCE))
		return;
	wrmsr(MSR_EVNTSEL0, EVTSEL_USR | EVENT_INSNS);
	wrmsr(MSR_FIXED_CTRL, FIXED_USR);
	wrmsr(MSR_GLOBAL_CTRL, 1ull << 32 | 1);
	for (run = 0; run < RUNS; run++)
		for (i = 0; i < sizeof(turns) / sizeof(*turns); i++)
			read_around(turns[i]);
	stop_all();
	wrmsr(MSR_PERFCTR0, PATTERN);
	hypercall2(__HYPERVISOR_sched_op, SCHEDOP_yield, 0);
	read_once("after");
	write_cr4(read_cr4() & ~CR4_PCE);
	read_once("taken");
	stop_all();
}
