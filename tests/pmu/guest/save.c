// SPDX-License-Identifier: GPL-2.0-only
/* The machine is saved, and goes on elsewhere, while a loop waits for a byte. */
#include "guest.h"

void test_save(void)
{
	struct waited w;

	prepare_overflow(EVTSEL_USR | EVTSEL_OS | EVENT_INSNS, 1, APIC_MASKED | VECTOR_PMI);
	wrmsr(MSR_FIXED_CTR0 + 1, 0x123456789abc);
	wrmsr(MSR_PERFCTR0 + 2, 77);
	wrmsr(MSR_EVNTSEL0 + 2, EVTSEL_USR | EVENT_BRANCHES);	/* not enabled */
	put("waiting\n");
	wrmsr(MSR_GLOBAL_CTRL, 1);
	wait_for_byte(&w);
	wrmsr(MSR_GLOBAL_CTRL, 0);
	put("saved");
	put_number("byte", get());
	put_number("counted", w.after - w.before);
	put_number("executed", w.turns * 4ull + WAIT_INSNS);
	put_number("status", rdmsr(MSR_STATUS));
	put_number("lvtpc", apic_read(APIC_LVTPC));
	put_number("stopped_fixed", rdmsr(MSR_FIXED_CTR0 + 1));
	put_number("stopped", rdmsr(MSR_PERFCTR0 + 2));
	put_number("evtsel", rdmsr(MSR_EVNTSEL0 + 2));
	put_end();
}
