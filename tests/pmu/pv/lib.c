// SPDX-License-Identifier: GPL-2.0-only
/* Hypercalls and the processor's instructions, for the tests. */
#include "pv.h"

#include <xen/event_channel.h>
#include <xen/io/console.h>
#include <xen/sched.h>

#define GP_VECTOR	13

union pmu_page pmu_page __attribute__((aligned(4096)));
static struct shared_info shared __attribute__((aligned(4096)));
static char console_page[4096] __attribute__((aligned(4096)));
static struct xencons_interface *console;	/* NULL: domain 0, which has Xen's */
static const unsigned long *frames;

extern char hypercalls[], gp_entry[];

long hypercall3(unsigned int number, unsigned long a, unsigned long b, unsigned long c)
{
	long ret;

	__asm__ volatile("call *%[entry]" : "=a"(ret), "+D"(a), "+S"(b), "+d"(c)
			 : [entry] "r"(hypercalls + 32 * number) : "rcx", "r11", "memory");
	return ret;
}

long hypercall2(unsigned int number, unsigned long a, unsigned long b)
{
	return hypercall3(number, a, b, 0);
}

/* Domain 0 polls the ring; this waits until it has room. */
static void ring_put(char c)
{
	while (console->out_prod - *(volatile XENCONS_RING_IDX *)&console->out_cons == sizeof(console->out))
		hypercall2(__HYPERVISOR_sched_op, SCHEDOP_yield, 0);
	console->out[MASK_XENCONS_IDX(console->out_prod, console->out)] = c;
	__asm__ volatile("" : : : "memory");
	console->out_prod++;
}

void put(const char *s)
{
	size_t n = 0;

	if (console) {
		while (*s)
			ring_put(*s++);
		return;
	}
	while (s[n])
		n++;
	hypercall3(__HYPERVISOR_console_io, CONSOLEIO_write, n, (unsigned long)s);
}

static void map(void *page, unsigned long address)
{
	hypercall3(__HYPERVISOR_update_va_mapping, (unsigned long)page, address | 7, UVMF_INVLPG);
}

void pv_init(const start_info_t *info)
{
	static trap_info_t traps[2];

	frames = (const unsigned long *)info->mfn_list;
	traps[0] = (trap_info_t){ GP_VECTOR, 0, FLAT_KERNEL_CS, (unsigned long)gp_entry };
	hypercall2(__HYPERVISOR_set_trap_table, (unsigned long)traps, 0);
	map(&shared, info->shared_info);
	if (info->flags & SIF_INITDOMAIN)
		return;
	map(console_page, (unsigned long)info->console.domU.mfn << 12);
	console = (struct xencons_interface *)console_page;
}

/* The machine starts again, or ends if it was started with -no-reboot. */
void pv_end(void)
{
	struct sched_shutdown end = { .reason = SHUTDOWN_reboot };

	hypercall2(__HYPERVISOR_sched_op, SCHEDOP_shutdown, (unsigned long)&end);
}

/* Return: 0, or Xen's error number, negative. */
int pmu_init(void)
{
	struct xen_pmu_params params = { .version = { XENPMU_VER_MAJ, XENPMU_VER_MIN } };

	params.val = frames[(unsigned long)&pmu_page >> 12];
	return hypercall2(__HYPERVISOR_xenpmu_op, XENPMU_init, (unsigned long)&params);
}

/* Events stay masked: event_pending() looks for them. */
int virq_bind(unsigned int virq)
{
	struct evtchn_bind_virq bind = { .virq = virq };
	long ret = hypercall2(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_virq, (unsigned long)&bind);

	return ret ? (int)ret : (int)bind.port;
}

int event_pending(int port)
{
	volatile unsigned long *word = (volatile unsigned long *)&shared.evtchn_pending[port / 64];

	if (!(*word >> port % 64 & 1))
		return 0;
	*word &= ~(1ul << port % 64);
	return 1;
}

void cpuid(uint32_t leaf, uint32_t r[4])
{
	/* Xen's prefix: a PV guest gets Xen's answer, also where cpuid does not fault. */
	__asm__ volatile("ud2a; .ascii \"xen\"; cpuid"
			 : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3]) : "a"(leaf), "c"(0));
}

uint64_t rdmsr(uint32_t msr)
{
	uint32_t low = 0, high = 0;

	__asm__ volatile("rdmsr" : "+a"(low), "+d"(high) : "c"(msr));
	return (uint64_t)high << 32 | low;
}

void wrmsr(uint32_t msr, uint64_t v)
{
	__asm__ volatile("wrmsr" : : "c"(msr), "a"((uint32_t)v), "d"((uint32_t)(v >> 32)) : "memory");
}

uint64_t rdpmc(uint32_t counter)
{
	uint32_t low = 0, high = 0;

	__asm__ volatile("rdpmc" : "+a"(low), "+d"(high) : "c"(counter));
	return (uint64_t)high << 32 | low;
}

unsigned long read_cr4(void)
{
	unsigned long v;

	__asm__ volatile("mov %%cr4, %0" : "=r"(v));
	return v;
}

void write_cr4(unsigned long v)
{
	__asm__ volatile("mov %0, %%cr4" : : "r"(v) : "memory");
}

/* All counters zero and stopped, nothing selected. */
void stop_all(void)
{
	int i;

	wrmsr(MSR_GLOBAL_CTRL, 0);
	wrmsr(MSR_FIXED_CTRL, 0);
	for (i = 0; i < GENERAL; i++) {
		wrmsr(MSR_EVNTSEL0 + i, 0);
		wrmsr(MSR_PERFCTR0 + i, 0);
	}
	for (i = 0; i < FIXED; i++)
		wrmsr(MSR_FIXED_CTR0 + i, 0);
}
