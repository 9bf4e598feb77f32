// SPDX-License-Identifier: GPL-2.0-only
/* Counters that are read, changed and started in the page, without an access to a register. */
#include "pv.h"

static long cache(void)
{
	return hypercall2(__HYPERVISOR_xenpmu_op, XENPMU_CACHE, 0);
}

static long flush(void)
{
	return hypercall2(__HYPERVISOR_xenpmu_op, XENPMU_flush, 0);
}

static struct xen_pmu_cntr_pair *counters(void)
{
	struct xen_pmu_intel_ctxt *intel = &pmu_page.data.pmu.c.intel;

	return (void *)((char *)intel + intel->arch_counters);
}

static void count(uint64_t turns)
{
	volatile uint64_t *counter;
	long flushed, cached = cache();

	counter = &counters()[1].counter;
	*counter = 0;
	counters()[1].control = EVTSEL_USR | EVENT_INSNS;
	pmu_page.data.pmu.c.intel.global_ctrl = 2;
	flushed = flush();
	loop(turns);
	cached |= cache();
	put("cache");
	put_number("turns", turns);
	put_number("error", -cached);
	put_number("flush", -flushed);
	put_number("flags", pmu_page.data.pmu.pmu_flags);
	put_number("counted", *counter);
	/* A second call changes nothing; what the guest has made of the page stays. */
	*counter = 0x1234;
	cache();
	put_number("kept", *counter);
	put_end();
	counters()[1].control = 0;
	pmu_page.data.pmu.c.intel.global_ctrl = 0;
	flush();
}

/* The first thing that this guest does with its counters: it has no context in Xen yet. */
void test_cache(void)
{
	static const uint64_t turns[] = { 1, 1001, 30001 };
	unsigned int i;
	long ret = cache();

	put("caches");
	put_number("error", -ret);
	put_end();
	if (ret)
		return;
	flush();
	for (i = 0; i < sizeof(turns) / sizeof(*turns); i++)
		count(turns[i]);
	/* The registers have it, and the page need not. */
	cache();
	counters()[1].counter = 0x5678;
	flush();
	put("flushed");
	put_number("register", rdmsr(MSR_PERFCTR0 + 1));
	put_end();
	wrmsr(MSR_PERFCTR0 + 1, 0x9abc);
	cache();
	put("cached");
	put_number("page", counters()[1].counter);
	put_end();
	flush();
}
