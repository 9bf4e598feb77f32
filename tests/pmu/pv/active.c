// SPDX-License-Identifier: GPL-2.0-only
/*
 * The time that a vCPU ran, while another one has the processor as well: by Xen's runstate
 * area, and by the counter of reference cycles, which Xen switches with the vCPU.
 */
#include "pv.h"

#include <xen/vcpu.h>

#define ROUNDS	20
#define TURNS	200000
#define REFERENCE (RDPMC_FIXED | 2)
#define FIXED_BOTH 3		/* Xen's work for this vCPU as well */

static struct vcpu_runstate_info runstate;

static uint64_t rdtsc(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

/* Beside one that works so many times as much. */
static void beside(int ping, unsigned int times)
{
	uint64_t tsc, cycles, ran;
	int i;

	exchange(ping);
	tsc = rdtsc();
	cycles = rdpmc(REFERENCE);
	ran = *(volatile uint64_t *)&runstate.time[RUNSTATE_running];
	for (i = 0; i < ROUNDS; i++) {
		loop(ping ? TURNS : 1 + times * TURNS);
		exchange(ping);
	}
	put("active");
	put_number("times", times);
	put_number("tsc", rdtsc() - tsc);
	put_number("cycles", rdpmc(REFERENCE) - cycles);
	put_number("ran", *(volatile uint64_t *)&runstate.time[RUNSTATE_running] - ran);
	put_end();
}

void test_active(int ping)
{
	struct vcpu_register_runstate_memory_area area = { .addr.v = &runstate };
	long ret = hypercall3(__HYPERVISOR_vcpu_op, VCPUOP_register_runstate_memory_area, 0, (unsigned long)&area);

	put("runstate");
	put_number("error", -ret);
	put_end();
	stop_all();
	write_cr4(read_cr4() | CR4_PCE);
	wrmsr(MSR_FIXED_CTRL, FIXED_BOTH << 8);
	wrmsr(MSR_GLOBAL_CTRL, 1ull << 34);
	beside(ping, 0);
	beside(ping, 3);
	write_cr4(read_cr4() & ~CR4_PCE);
	stop_all();
}
