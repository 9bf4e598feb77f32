// SPDX-License-Identifier: GPL-2.0-only
/* What is there, and what is counted in which mode. */
#include "guest.h"

void test_leaf(void)
{
	uint32_t r[4];

	cpuid(10, r);
	put("leaf");
	put_number("eax", r[0]);
	put_number("ebx", r[1]);
	put_number("ecx", r[2]);
	put_number("edx", r[3]);
	put_end();
	put("rdpmc");
	put_number("faults", rdpmc_faults(0));
	put_end();
}

static void start_counting(void)
{
	stop_all();
	wrmsr(MSR_EVNTSEL0, EVTSEL_ALL | EVENT_INSNS);
	wrmsr(MSR_EVNTSEL0 + 1, EVTSEL_ALL | EVENT_BRANCHES);
	wrmsr(MSR_FIXED_CTRL, 3);
	wrmsr(MSR_GLOBAL_CTRL, 1ull << 32 | 3);
}

/* Each section twice: translated in between, or not. */
void test_sections(void)
{
	const struct section *s;
	int turn;

	start_counting();
	for (turn = 0; turn < 2; turn++)
		for (s = sections; s < sections_end; s++) {
			struct measured before, after;

			measure(s, &before, &after);
			put("section ");
			put(s->name);
			put_number("insns", after.insns - before.insns - 10);
			put_number("fixed", after.fixed - before.fixed - 22);
			put_number("branches", after.branches - before.branches - 5);
			put_number("want_insns", s->insns);
			put_number("want_branches", s->branches);
			put_number("faults", s->faults);
			put_number("restarts", s->restarts);
			put_end();
		}
}

static const uint32_t selects[4] = { 0, EVTSEL_USR, EVTSEL_OS, EVTSEL_USR | EVTSEL_OS };

/* The same hundred instructions in ring 3, by each choice of the modes. */
void test_modes(void)
{
	unsigned int choice;

	user_ends(1);
	for (choice = 0; choice < 4; choice++) {
		stop_all();
		wrmsr(MSR_EVNTSEL0, EVTSEL_EN | selects[choice] | EVENT_INSNS);
		wrmsr(MSR_EVNTSEL0 + 1, EVTSEL_EN | selects[choice] | EVENT_BRANCHES);
		wrmsr(MSR_FIXED_CTRL, (choice & 1) << 1 | choice >> 1);
		count_user(user_hundred);
		put("modes");
		put_number("choice", choice);
		put_number("insns", rdmsr(MSR_PERFCTR0));
		put_number("fixed", rdmsr(MSR_FIXED_CTR0));
		put_number("branches", rdmsr(MSR_PERFCTR0 + 1));
		put_number("kernel_insns", count_user_insns);
		put_end();
	}
	user_ends(0);
}

/* Which registers and indices exist, what can be written to them, who may read. */
void test_access(void)
{
	static const uint32_t absent[] = { MSR_PERFCTR0 + 4, MSR_PERFCTR0 + 7, MSR_EVNTSEL0 + 4,
					   MSR_EVNTSEL0 + 7, MSR_FIXED_CTR0 + 3 };
	static const struct {
		uint32_t msr;
		uint64_t v;
	} refused[] = {
		{ MSR_EVNTSEL0, 1ull << 32 }, { MSR_EVNTSEL0, 1 << 21 }, { MSR_FIXED_CTR0, 1ull << 48 },
		{ MSR_FIXED_CTRL, 4 }, { MSR_FIXED_CTRL, 1 << 12 }, { MSR_STATUS, 0 },
		{ MSR_GLOBAL_CTRL, 1 << 4 }, { MSR_GLOBAL_CTRL, 1ull << 35 }, { MSR_OVF_CTRL, 1 << 4 },
	}, kept[] = {
		{ MSR_EVNTSEL0 + 3, 0xff9fffff }, { MSR_FIXED_CTR0 + 2, 0xffffffffffff }, { MSR_FIXED_CTRL, 0xbbb },
		{ MSR_GLOBAL_CTRL, 0 }, { MSR_PERFCTR0 + 3, 0x7fffffff },
	};
	static const uint32_t indices[] = { 0, 3, 4, 1 << 30, 1 << 30 | 2, 1 << 30 | 3, 1u << 31 };
	unsigned int i;
	uint32_t cr4;

	stop_all();
	for (i = 0; i < sizeof(absent) / sizeof(*absent); i++) {
		put("absent");
		put_number("msr", absent[i]);
		put_number("read_faults", rdmsr_faults(absent[i]));
		put_number("write_faults", wrmsr_faults(absent[i], 0));
		put_end();
	}
	for (i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
		put("refused");
		put_number("msr", refused[i].msr);
		put_number("value", refused[i].v);
		put_number("faults", wrmsr_faults(refused[i].msr, refused[i].v));
		put_end();
	}
	for (i = 0; i < sizeof(kept) / sizeof(*kept); i++) {
		put("kept");
		put_number("wrote", kept[i].v);
		put_number("faults", wrmsr_faults(kept[i].msr, kept[i].v));
		put_number("read", rdmsr(kept[i].msr));
		put_end();
	}
	/* A write to a general counter is of 32 bits, with their sign. */
	wrmsr(MSR_PERFCTR0, 0x1234580000000);
	put("extended");
	put_number("read", rdmsr(MSR_PERFCTR0));
	put_number("rdpmc", rdpmc(0));
	put_end();
	for (i = 0; i < sizeof(indices) / sizeof(*indices); i++) {
		put("index");
		put_number("ecx", indices[i]);
		put_number("faults", rdpmc_faults(indices[i]));
		put_end();
	}
	wrmsr(MSR_PERFCTR0, 0x5a5a5a5a);
	__asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
	for (i = 0; i < 2; i++) {
		uint32_t before = faults;

		__asm__ volatile("mov %0, %%cr4" : : "r"((cr4 & ~0x100) | i << 8));
		user_value = 0;
		run_user(user_rdpmc);
		put("user_rdpmc");
		put_number("pce", i);
		put_number("faults", faults - before);
		put_number("read", user_value);
		put_number("kernel_faults", rdpmc_faults(0));
		put_end();
	}
}
