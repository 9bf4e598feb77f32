// SPDX-License-Identifier: GPL-2.0-only
/* The processors: registers, counters that run, an interrupt that may come late. */
#include <stdio.h>
#include <stdlib.h>

#include "model.h"

struct processor processors[CPUS];
int cpu_now;
unsigned long accesses;
unsigned int latency = 1;
bool full_width;
static unsigned long state;

void seed(unsigned long v)
{
	state = v;
}

unsigned int any(unsigned int below)
{
	state = state * 6364136223846793005ul + 1442695040888963407ul;
	return (state >> 33) % below;
}

void fail(const char *what, uint64_t found, uint64_t expected)
{
	printf("failed: %s: found 0x%lx, expected 0x%lx; domain %d\n", what, found, expected, xen_current());
	exit(1);
}

/* An interrupt may come now. */
void occasion(void)
{
	struct processor *p = &processors[cpu_now];

	if (!p->interrupts || !p->pending || any(latency))
		return;
	p->pending = false;
	p->interrupts = false;
	overflow();
	p->interrupts = true;
}

static uint64_t *register_of(struct registers *r, unsigned int msr)
{
	switch (msr) {
	case 0xc1 ... 0xc4:
		return &r->counter[msr - 0xc1];
	case 0x4c1 ... 0x4c4:
		return &r->counter[msr - 0x4c1];
	case 0x309 ... 0x30b:
		return &r->counter[GENERAL + msr - 0x309];
	case 0x186 ... 0x189:
		return &r->control[msr - 0x186];
	case 0x38d:
		return &r->fixed_ctrl;
	case 0x38e:
		return &r->status;
	case 0x38f:
		return &r->global;
	}
	fail("no such register", msr, 0);
	return NULL;
}

void read_register(unsigned int msr, uint64_t *v)
{
	occasion();
	accesses++;
	if (msr == 0x345)	/* IA32_PERF_CAPABILITIES */
		*v = full_width ? 1 << 13 : 0;
	else
		*v = *register_of(&processors[cpu_now].r, msr);
	occasion();
}

void wrmsrl(unsigned int msr, uint64_t v)
{
	struct registers *r = &processors[cpu_now].r;
	bool narrow = msr >= 0xc1 && msr <= 0xc4;

	occasion();
	accesses++;
	if (msr == 0x390) {
		r->status &= ~v;
	} else {
		uint64_t *at = register_of(r, msr);

		if (at < r->counter + COUNTERS && !narrow && (v & ~WIDTH || (msr >= 0x4c1 && !full_width)))
			fail("a general protection fault in Xen", msr, v);
		*at = narrow ? (uint64_t)(int32_t)v & WIDTH : v;
	}
	occasion();
}

void apic_write(unsigned int reg, uint32_t v)
{
	(void)reg;
	occasion();
	processors[cpu_now].masked = v & 0x10000;
	occasion();
}

uint64_t overflow_bit(int i)
{
	return i < GENERAL ? 1ul << i : 1ul << (32 + i - GENERAL);
}

/* All guests are in ring 3. */
static bool counts(const struct registers *r, int i)
{
	if (!(r->global & overflow_bit(i)))
		return false;
	if (i < GENERAL)
		return (r->control[i] & CONTROL_ENABLED) && (r->control[i] & CONTROL_USR);
	return r->fixed_ctrl >> 4 * (i - GENERAL) & 2;
}

static bool interrupts(const struct registers *r, int i)
{
	return i < GENERAL ? r->control[i] & CONTROL_INT : r->fixed_ctrl >> 4 * (i - GENERAL) & 8;
}

void work(uint64_t instructions)
{
	struct processor *p = &processors[cpu_now];

	for (int i = 0; i < COUNTERS; i++) {
		uint64_t n = p->r.counter[i] + instructions;

		if (!counts(&p->r, i))
			continue;
		p->r.counter[i] = n & WIDTH;
		if (n <= WIDTH)
			continue;
		p->r.status |= overflow_bit(i);
		if (interrupts(&p->r, i) && !p->masked)
			p->masked = p->pending = true;
	}
}
