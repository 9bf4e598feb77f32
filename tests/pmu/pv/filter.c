// SPDX-License-Identifier: GPL-2.0-only
/* Events that vpmu=arch forbids, by either way to the registers. */
#include "pv.h"

#define EVENT_FORBIDDEN	0x01a2	/* no event of Intel's architecture */
#define PERIOD		1000

static struct xen_pmu_cntr_pair *counters(void)
{
	struct xen_pmu_intel_ctxt *intel = &pmu_page.data.pmu.c.intel;

	return (void *)((char *)intel + intel->arch_counters);
}

/* Run into an overflow, so that the registers are in the page, and load them from there. */
static void flush(int port, uint64_t control)
{
	int i;
	long ret;

	stop_all();
	wrmsr(MSR_EVNTSEL0, EVTSEL_USR | EVTSEL_INT | EVENT_INSNS);
	wrmsr(MSR_PERFCTR0, -PERIOD);
	pmu_page.data.pmu.l.lapic_lvtpc = 0;
	hypercall2(__HYPERVISOR_xenpmu_op, XENPMU_lvtpc_set, 0);
	wrmsr(MSR_GLOBAL_CTRL, 1);
	for (i = 0; i < 1000 && !event_pending(port); i++)
		loop(PERIOD);
	put("flush");
	put_number("cached", pmu_page.data.pmu.pmu_flags & PMU_CACHED);
	counters()[0].control = control;
	counters()[0].counter = 0;
	pmu_page.data.pmu.c.intel.global_ctrl = 0;
	ret = hypercall2(__HYPERVISOR_xenpmu_op, XENPMU_flush, 0);
	put_number("control", control);
	put_number("error", -ret);
	put_number("loaded", ret ? 0 : rdmsr(MSR_EVNTSEL0));
	put_end();
	if (ret) {
		counters()[0].control = 0;
		hypercall2(__HYPERVISOR_xenpmu_op, XENPMU_flush, 0);
	}
}

void test_filter(void)
{
	int port = virq_bind(VIRQ_XENPMU);
	uint32_t before = faults;

	wrmsr(MSR_EVNTSEL0, EVTSEL_USR | EVENT_FORBIDDEN);
	put("forbidden");
	put_number("faults", faults - before);
	put_number("virq", port < 0 ? -port : 0);
	put_end();
	flush(port, EVTSEL_USR | EVENT_BRANCHES);
	flush(port, EVTSEL_USR | EVENT_FORBIDDEN);
	stop_all();
}
