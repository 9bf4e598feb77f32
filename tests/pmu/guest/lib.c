// SPDX-License-Identifier: GPL-2.0-only
/* The processor's instructions and the serial line, for the tests. */
#include "guest.h"

#define COM1		0x3f8
#define LINE_STATUS	(COM1 + 5)

static void outb(uint16_t port, uint8_t v)
{
	__asm__ volatile("outb %0, %1" : : "a"(v), "Nd"(port));
}

static uint8_t inb(uint16_t port)
{
	uint8_t v;

	__asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

void put(const char *s)
{
	for (; *s; s++) {
		while (!(inb(LINE_STATUS) & 0x20))
			;
		outb(COM1, *s);
	}
}

uint32_t cpuid(uint32_t leaf, uint32_t r[4])
{
	__asm__ volatile("cpuid" : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3]) : "a"(leaf), "c"(0));
	return r[0];
}

uint64_t rdmsr(uint32_t msr)
{
	uint64_t v;

	__asm__ volatile("rdmsr" : "=A"(v) : "c"(msr));
	return v;
}

void wrmsr(uint32_t msr, uint64_t v)
{
	__asm__ volatile("wrmsr" : : "c"(msr), "A"(v) : "memory");
}

uint64_t rdpmc(uint32_t counter)
{
	uint64_t v;

	__asm__ volatile("rdpmc" : "=A"(v) : "c"(counter));
	return v;
}

uint64_t rdtsc(void)
{
	uint64_t v;

	__asm__ volatile("rdtsc" : "=A"(v));
	return v;
}

int rdmsr_faults(uint32_t msr)
{
	uint32_t before = faults;

	rdmsr(msr);
	return faults != before;
}

int wrmsr_faults(uint32_t msr, uint64_t v)
{
	uint32_t before = faults;

	wrmsr(msr, v);
	return faults != before;
}

int rdpmc_faults(uint32_t counter)
{
	uint32_t before = faults;

	rdpmc(counter);
	return faults != before;
}

uint32_t apic_read(uint32_t reg)
{
	return *(volatile uint32_t *)reg;
}

void apic_write(uint32_t reg, uint32_t v)
{
	*(volatile uint32_t *)reg = v;
}

/* A byte from the serial line; -1: none is there. */
int get(void)
{
	return inb(LINE_STATUS) & 1 ? inb(COM1) : -1;
}

/* All counters zero and stopped, nothing selected, no overflow noted, the interrupt masked. */
void stop_all(void)
{
	int i;

	wrmsr(MSR_GLOBAL_CTRL, 0);
	wrmsr(MSR_FIXED_CTRL, 0);
	for (i = 0; i < 4; i++) {
		wrmsr(MSR_EVNTSEL0 + i, 0);
		wrmsr(MSR_PERFCTR0 + i, 0);
	}
	for (i = 0; i < 3; i++)
		wrmsr(MSR_FIXED_CTR0 + i, 0);
	wrmsr(MSR_OVF_CTRL, rdmsr(MSR_STATUS));
	apic_write(APIC_LVTPC, APIC_MASKED | VECTOR_PMI);
}
