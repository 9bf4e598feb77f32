// SPDX-License-Identifier: GPL-2.0-only
/* The table of interrupts, and the handler of overflows. */
#include "guest.h"

#define GATE_KERNEL	0x8e00	/* interrupts are off in all of them */
#define GATE_USER	0xee00

static struct gate {
	uint16_t low, segment, flags, high;
} idt[256];

struct sample samples[MAX_SAMPLES];
unsigned int nr_samples;
uint32_t sample_period;

extern char ud_entry[], gp_entry[], bad_entries[], nothing_entry[], return_entry[], stop_entry[], pmi_entry[];

static void set(unsigned int vector, const char *entry, uint16_t flags)
{
	idt[vector] = (struct gate){ (uint32_t)entry, KERNEL_CS, flags, (uint32_t)entry >> 16 };
}

void bad_trap(uint32_t vector, uint32_t a, uint32_t b)
{
	put("bad trap");
	put_number("vector", vector);
	put_number("first", a);
	put_number("second", b);
	put_end();
	for (;;)
		__asm__ volatile("cli; hlt");
}

/*
 * From pmi_entry, with everything stopped. Return: what is to be started again, as
 * the lower half of the global control.
 */
uint32_t pmi(const uint32_t *frame)
{
	struct sample *s = &samples[nr_samples];

	apic_write(APIC_EOI, 0);
	if (nr_samples == MAX_SAMPLES)
		return 0;
	nr_samples++;
	s->ip = frame[3];
	s->lvtpc = apic_read(APIC_LVTPC);
	s->status = rdmsr(MSR_STATUS);
	s->counter = rdpmc(0);
	if (!sample_period)
		return 0;
	wrmsr(MSR_OVF_CTRL, s->status);
	wrmsr(MSR_PERFCTR0, -sample_period);
	apic_write(APIC_LVTPC, s->lvtpc & ~APIC_MASKED);
	return 1;
}

/* int VECTOR_RETURN ends user mode: with the counters stopped first, or as they are. */
void user_ends(int stop)
{
	set(VECTOR_RETURN, stop ? stop_entry : return_entry, GATE_USER);
}

void traps_init(void)
{
	struct __attribute__((packed)) {
		uint16_t limit;
		void *base;
	} pointer = { sizeof(idt) - 1, idt };
	int i;

	for (i = 0; i < 32; i++)
		set(i, bad_entries + 8 * i, GATE_KERNEL);
	set(2, pmi_entry, GATE_KERNEL);
	set(6, ud_entry, GATE_KERNEL);
	set(13, gp_entry, GATE_KERNEL);
	set(VECTOR_NOTHING, nothing_entry, GATE_KERNEL);
	set(VECTOR_PMI, pmi_entry, GATE_KERNEL);
	user_ends(0);
	__asm__ volatile("lidt %0" : : "m"(pointer));
	/* No interrupt but ours: the old controllers stay silent. */
	__asm__ volatile("outb %0, $0x21; outb %0, $0xa1" : : "a"((uint8_t)0xff));
	apic_write(APIC_SVR, 0x1ff);
	stop_all();
}
