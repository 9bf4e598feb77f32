// SPDX-License-Identifier: GPL-2.0-only
/* Ends of periods: when the interrupt comes, and where the program stands then. */
#include "guest.h"

/* General counter 0 ends its period after so many events; it stands until it is started. */
void prepare_overflow(uint32_t evtsel, uint32_t period, uint32_t lvtpc)
{
	stop_all();
	nr_samples = 0;
	sample_period = 0;
	wrmsr(MSR_EVNTSEL0, evtsel | EVTSEL_EN | EVTSEL_INT);
	wrmsr(MSR_PERFCTR0, -period);
	apic_write(APIC_LVTPC, lvtpc);
}

static void put_sample(const char *test, uint32_t period, const char *base)
{
	put(test);
	put_number("period", period);
	put_number("samples", nr_samples);
	put_number("distance", samples[0].ip - (uint32_t)base);
	put_number("counter", samples[0].counter);
	put_number("status", samples[0].status);
	put_number("lvtpc", samples[0].lvtpc);
	put_number("handler_insns", pmi_insns);
	put_end();
}

static void run_with_interrupts(void (*f)(void))
{
	__asm__ volatile("sti");
	f();
	__asm__ volatile("cli");
}

static void masked(void)
{
	prepare_overflow(EVTSEL_OS | EVENT_INSNS, 1000, APIC_MASKED | VECTOR_PMI);
	run_with_interrupts(run_sled);
	put("masked");
	put_number("samples", nr_samples);
	put_number("status", rdmsr(MSR_STATUS));
	put_number("counter", rdmsr(MSR_PERFCTR0));
	wrmsr(MSR_OVF_CTRL, 1);
	put_number("cleared", rdmsr(MSR_STATUS));
	put_end();
}

/* Without the interrupt's bit nothing comes either, though it is not masked. */
static void silent(void)
{
	prepare_overflow(EVTSEL_OS | EVENT_INSNS, 1000, VECTOR_PMI);
	wrmsr(MSR_EVNTSEL0, EVTSEL_OS | EVENT_INSNS | EVTSEL_EN);
	run_with_interrupts(run_sled);
	put("silent");
	put_number("samples", nr_samples);
	put_number("status", rdmsr(MSR_STATUS));
	put_number("lvtpc", apic_read(APIC_LVTPC));
	put_end();
}

/* 100 periods in ring 3; the handler, in ring 0, is not counted. */
static void periodic(void)
{
	unsigned int i, exact = 0;

	prepare_overflow(EVTSEL_USR | EVENT_INSNS, 1000, VECTOR_PMI);
	sample_period = 1000;
	user_ends(1);
	count_user(user_sled);
	user_ends(0);
	for (i = 0; i < nr_samples; i++)
		exact += samples[i].ip == (uint32_t)user_sled + 1000 * (i + 1);
	put("periodic");
	put_number("samples", nr_samples);
	put_number("exact", exact);
	put_number("left", rdmsr(MSR_PERFCTR0));
	put_end();
}

/* Both modes: what is left of the period when ring 3 begins ends there. */
static void across(uint32_t period)
{
	prepare_overflow(EVTSEL_USR | EVTSEL_OS | EVENT_INSNS, period, VECTOR_PMI);
	user_ends(1);
	count_user(user_sled);
	user_ends(0);
	put_sample("across", period, (const char *)user_sled);
}

void test_overflow(void)
{
	static const uint32_t periods[] = { 1, 2, 3, 10, 100, 511, 512, 513, 1000, 1025, 65536, 100000 };
	static const uint32_t branches[] = { 1, 2, 100, 1000, 1999 };
	unsigned int i;

	for (i = 0; i < sizeof(periods) / sizeof(*periods); i++) {
		prepare_overflow(EVTSEL_OS | EVENT_INSNS, periods[i], VECTOR_PMI);
		run_with_interrupts(run_sled);
		put_sample("overflow", periods[i], sled);
		/* An NMI comes whether interrupts are on or not. */
		prepare_overflow(EVTSEL_OS | EVENT_INSNS, periods[i], APIC_NMI);
		run_sled();
		put_sample("nmi", periods[i], sled);
	}
	for (i = 0; i < sizeof(branches) / sizeof(*branches); i++) {
		prepare_overflow(EVTSEL_OS | EVENT_BRANCHES, branches[i], VECTOR_PMI);
		run_with_interrupts(run_branches);
		put_sample("branch_overflow", branches[i], branch_target);
	}
	across(100);
	across(5000);
	masked();
	silent();
	periodic();
}
