/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two processors with counters, on which Xen's own vpmu.c and vpmu_intel.c run as a program.
 * Shared by its files; xen.h is for Xen's alone.
 */
#ifndef MODEL_H
#define MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CPUS		2
#define GENERAL		4
#define COUNTERS	7	/* and three fixed ones behind them */
#define WIDTH		((1ul << 48) - 1)
#define DOMAINS		4	/* of one vCPU each */
#define HVM_DOMAIN	3
#define PCE		0x100ul
#define CONTROL_ENABLED	(1u << 22)
#define CONTROL_INT	(1u << 20)
#define CONTROL_OS	(1u << 17)
#define CONTROL_USR	(1u << 16)

/* What a register of the unit holds, in a processor or as a guest believes. */
struct registers {
	uint64_t counter[COUNTERS];
	uint64_t control[GENERAL];
	uint64_t fixed_ctrl, global, status;
};

struct processor {
	struct registers r;
	unsigned long cr4;
	bool masked, pending;	/* the overflow's interrupt */
	bool interrupts;	/* are on */
};

/* processor.c */
extern struct processor processors[CPUS];
extern int cpu_now;		/* the processor that executes */
extern unsigned long accesses;	/* to registers, of Xen */
extern unsigned int latency;	/* an interrupt comes at one of so many occasions */
extern bool full_width;
unsigned int any(unsigned int below);
void seed(unsigned long v);
void occasion(void);
void work(uint64_t instructions);
uint64_t overflow_bit(int i);
void fail(const char *what, uint64_t found, uint64_t expected);

/* unit.c: Xen */
struct vcpu;
struct xen_pmu_data;
extern struct vcpu *vcpus[DOMAINS];
extern bool split;
void overflow(void);		/* the interrupt */
void xen_init(void);
void xen_switch(int domain);	/* -1: idle */
int xen_current(void);		/* a domain, or -1 */
bool xen_runs(int domain);	/* somewhere */
void xen_suspend(void);
void xen_restart(void);		/* the guest's use of the unit: XENPMU_finish and XENPMU_init */
void xen_write(unsigned int msr, uint64_t v);
uint64_t xen_read(unsigned int msr);
int xen_flush(void);
int xen_cache(void);
void xen_toggle_pce(void);
bool xen_has_pce(void);
void xen_toggle_mode(void);
bool xen_in_kernel(void);
bool xen_loaded(void);
bool xen_cached(void);		/* the guest has its registers in the page */
bool xen_disturbed(void);	/* see unit.c */
void xen_settled(void);
uint64_t *xen_hvm_global(void);
uint64_t *page_counter(int i);
uint64_t *page_control(int i);
uint64_t *page_fixed_ctrl(void);
uint64_t *page_global(void);
uint64_t *page_status(void);
uint64_t *page_ovf_ctrl(void);

/* guests.c */
extern unsigned long checks;
void guest_acts(void);
void guest_works(void);
#endif
