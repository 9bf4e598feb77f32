// SPDX-License-Identifier: GPL-2.0-only
/* Cycles, which are ticks of the time stamp counter while the processor is not halted. */
#include "guest.h"

static void spin(uint64_t ticks)
{
	uint64_t end = rdtsc() + ticks;

	while (rdtsc() < end)
		;
}

/* Halted until the timer of the local APIC comes; its vector does nothing but return. */
static void halt(void)
{
	apic_write(0xfee003e0, 0xb);		/* divide by 1 */
	apic_write(0xfee00320, VECTOR_NOTHING);
	apic_write(0xfee00380, 50 * 1000 * 1000);
	__asm__ volatile("sti; hlt; cli");
	apic_write(APIC_EOI, 0);
	apic_write(0xfee00320, APIC_MASKED);
}

void test_cycles(void)
{
	const uint64_t wait = 50ull * 1000 * 1000 * 1000;
	uint64_t begin, ticks;
	int turn;

	stop_all();
	wrmsr(MSR_FIXED_CTRL, 3 << 4 | 1 << 8);	/* 1: all cycles; 2: those of ring 0 */
	wrmsr(MSR_EVNTSEL0, EVTSEL_EN | EVTSEL_USR | EVENT_CYCLES);
	begin = rdtsc();
	wrmsr(MSR_GLOBAL_CTRL, 3ull << 33 | 1);
	spin(20 * 1000 * 1000);
	wrmsr(MSR_GLOBAL_CTRL, 0);
	ticks = rdtsc() - begin;
	put("cycles");
	put_number("ticks", ticks);
	put_number("all", rdmsr(MSR_FIXED_CTR0 + 1));
	put_number("kernel", rdmsr(MSR_FIXED_CTR0 + 2));
	put_number("user", rdmsr(MSR_PERFCTR0));
	put_end();

	/* Several times: QEMU may be interrupted where the processor is not halted. */
	for (turn = 0; turn < 5; turn++) {
		begin = rdtsc();
		wrmsr(MSR_FIXED_CTR0 + 1, 0);
		wrmsr(MSR_GLOBAL_CTRL, 1ull << 33);
		halt();
		wrmsr(MSR_GLOBAL_CTRL, 0);
		put("halted");
		put_number("ticks", rdtsc() - begin);
		put_number("counted", rdmsr(MSR_FIXED_CTR0 + 1));
		put_end();
	}

	prepare_overflow(EVTSEL_OS | EVENT_CYCLES, 5 * 1000 * 1000, VECTOR_PMI);
	begin = rdtsc();
	wrmsr(MSR_GLOBAL_CTRL, 1);
	__asm__ volatile("sti");
	while (!*(volatile unsigned int *)&nr_samples && rdtsc() - begin < wait)
		;
	__asm__ volatile("cli");
	put("cycle_overflow");
	put_number("samples", nr_samples);
	put_number("ticks", rdtsc() - begin);
	put_number("status", samples[0].status);
	put_end();
}
