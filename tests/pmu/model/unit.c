// SPDX-License-Identifier: GPL-2.0-only
/*
 * Xen's files with a little around them: the switch of vCPUs, and what an overflow's interrupt
 * and XENPMU_flush do for a PV guest, as in the parts of Xen that are not taken.
 *
 * The interrupt that comes in the idle domain is domain 0's. It stops counters that run elsewhere,
 * as Xen always did: until the next flush domain 0 is disturbed, and what it counts is not known.
 */
#include "xen.h"
#include "xen_pmu.h"
#include "xen_vpmu.h"

struct vcpu {
	struct domain *domain;
	int vcpu_id;
	struct {
		struct vpmu_struct vpmu;
		unsigned int flags;
		struct {
			unsigned long ctrlreg[8];
		} pv;
	} arch;
	bool idle, runs;
	uint64_t hvm_global;		/* in its VMCS */
};

static DEFINE_PER_CPU(struct vcpu *, on_cpu);		/* that runs */
static DEFINE_PER_CPU(struct vcpu *, state_on_cpu);	/* whose state is there, even in idle */
#define current this_cpu(on_cpu)
static DEFINE_PER_CPU(struct vcpu *, last_vcpu);
static uint32_t system_reset_counter = 1;
bool vpmu_split;
unsigned int vpmu_mode = XENPMU_MODE_SELF, vpmu_features;
static const struct arch_vpmu_ops *ops;
#define vpmu_ops (*ops)
static const bool vpmu_rdpmc = true, vpmu_cacheable = true;

static unsigned long pv_make_cr4(const struct vcpu *v);

static void write_cr4(unsigned long v)
{
	processors[cpu_now].cr4 = v;
}

static void on_selected_cpus(int cpu, void (*f)(void *), void *arg, int wait)
{
	int now = cpu_now;
	bool interrupts;

	(void)wait;
	cpu_now = cpu;
	interrupts = processors[cpu].interrupts;
	processors[cpu].interrupts = false;
	f(arg);
	processors[cpu].interrupts = interrupts;
	cpu_now = now;
}

#include "xen_intel.c"
#include "xen_common.c"

struct vcpu *vcpus[DOMAINS];
bool split;
static struct vcpu all[DOMAINS], idle[CPUS];
static struct domain domains[DOMAINS], idle_domain = { .domain_id = 0x7fff };
static union {
	struct xen_pmu_data data;
	char room[PAGE_SIZE];
} pages[DOMAINS];
static bool disturbed;

static unsigned long pv_make_cr4(const struct vcpu *v)
{
	return vpmu_rdpmc_wanted(v) && vpmu_is_set(vcpu_vpmu(v), VPMU_CONTEXT_LOADED) ? PCE : 0;
}

static struct vpmu_struct *unit(void)
{
	return vcpu_vpmu(current);
}

static struct xen_pmu_data *page(void)
{
	return unit()->xenpmu_data;
}

void overflow(void)
{
	struct vcpu *v = current->idle ? &all[0] : current;
	struct vpmu_struct *vpmu = vcpu_vpmu(v);

	if (!vpmu_is_set(vpmu, VPMU_INITIALIZED))
		return;
	if (is_hvm_vcpu(v)) {
		ops->do_interrupt(NULL);
		return;
	}
	if (vpmu_is_set(vpmu, VPMU_CACHED))
		return;
	disturbed |= current->idle;
	vpmu_set(vpmu, VPMU_CONTEXT_SAVE | VPMU_CONTEXT_LOADED);
	ops->arch_vpmu_save(v, 1);
	vpmu_reset(vpmu, VPMU_CONTEXT_SAVE | VPMU_CONTEXT_LOADED);
	vpmu->hw_lapic_lvtpc |= APIC_LVT_MASKED;
	apic_write(APIC_LVTPC, vpmu->hw_lapic_lvtpc);
	vpmu->xenpmu_data->pmu.pmu_flags = PMU_CACHED;
	vpmu_set(vpmu, VPMU_CACHED);
}

int xen_flush(void)
{
	page()->pmu.l.lapic_lvtpc = 0;
	page()->pmu.pmu_flags &= ~PMU_CACHED;
	vpmu_reset(unit(), VPMU_CACHED);
	vpmu_lvtpc_update(page()->pmu.l.lapic_lvtpc);
	if (!vpmu_load(current, 1))
		return 0;
	page()->pmu.pmu_flags |= PMU_CACHED;
	vpmu_set(unit(), VPMU_CACHED);
	return -EIO;
}

int xen_cache(void)
{
	return vpmu_cache(current);
}

static void initialise(struct vcpu *v)
{
	if (ops->initialise(v))
		fail("a vCPU's initialisation", 1, 0);
	vcpu_vpmu(v)->hw_lapic_lvtpc = PMU_APIC_VECTOR | APIC_LVT_MASKED;
	vpmu_set(vcpu_vpmu(v), VPMU_INITIALIZED);
}

void xen_init(void)
{
	static const struct cpuid_policy policy = { { 2 } };
	int i, k;

	vpmu_split = split;
	for (i = 0; i < CPUS; i++) {
		idle[i].idle = true;
		idle[i].domain = &idle_domain;
		on_cpu[i] = state_on_cpu[i] = &idle[i];
		processors[i].interrupts = processors[i].masked = true;
		for (k = 0; k < COUNTERS; k++)
			processors[i].r.counter[k] = 0xfeed00 + k;
	}
	ops = core2_vpmu_init();
	for (i = 0; i < DOMAINS; i++) {
		struct vpmu_struct *vpmu = vcpu_vpmu(&all[i]);

		domains[i] = (struct domain){ i, i == HVM_DOMAIN, { &policy } };
		all[i].domain = &domains[i];
		vcpus[i] = &all[i];
		if (!domains[i].hvm)
			vpmu->xenpmu_data = &pages[i].data;
		vpmu_set(vpmu, VPMU_AVAILABLE);
		initialise(&all[i]);
	}
}

void xen_restart(void)
{
	vpmu_arch_destroy(current);
	memset(&pages[current->domain->domain_id], 0, sizeof(*pages));
	initialise(current);
}

/* Idle leaves the state of who ran before; somebody else does not, here or elsewhere. */
void xen_switch(int domain)
{
	struct vcpu *next = domain < 0 ? &idle[cpu_now] : &all[domain], *prev = current;
	struct processor *p = &processors[cpu_now];
	int i;

	if (next == prev)
		return;
	for (i = 0; i < CPUS; i++) {
		if (i == cpu_now || state_on_cpu[i] != next)
			continue;
		state_on_cpu[i] = &idle[i];
		processors[i].cr4 = 0;
	}
	if (!prev->idle)
		vpmu_save(prev);
	p->interrupts = false;
	prev->runs = false;
	next->runs = !next->idle;
	on_cpu[cpu_now] = next;
	if (!next->idle && state_on_cpu[cpu_now] != next) {
		p->cr4 = is_hvm_vcpu(next) ? 0 : pv_make_cr4(next);
		state_on_cpu[cpu_now] = next;
	}
	p->interrupts = true;
	occasion();
	if (!next->idle)
		vpmu_load(next, 0);
	occasion();
}

void xen_suspend(void)
{
	int i, k, now = cpu_now;

	for (cpu_now = 0; cpu_now < CPUS; cpu_now++)
		xen_switch(-1);
	cpu_now = now;
	for (i = 0; i < CPUS; i++) {
		processors[i] = (struct processor){ .masked = true, .interrupts = true };
		for (k = 0; k < COUNTERS; k++)
			processors[i].r.counter[k] = 0xdead00 + k;
		state_on_cpu[i] = &idle[i];
	}
	system_reset_counter++;
}

int xen_current(void)
{
	return current->idle ? -1 : current->domain->domain_id;
}

bool xen_runs(int domain)
{
	return all[domain].runs;
}

void xen_write(unsigned int msr, uint64_t v)
{
	vpmu_do_msr(msr, &v, true);
}

uint64_t xen_read(unsigned int msr)
{
	uint64_t v = 0;

	vpmu_do_msr(msr, &v, false);
	return v;
}

void xen_toggle_pce(void)
{
	current->arch.pv.ctrlreg[4] ^= PCE;
	vpmu_rdpmc_load(current);
	write_cr4(pv_make_cr4(current));
}

bool xen_has_pce(void)
{
	return current->arch.pv.ctrlreg[4] & PCE;
}

void xen_toggle_mode(void)
{
	current->arch.flags ^= TF_kernel_mode;
	vpmu_mode_switched(current);
}

bool xen_in_kernel(void)
{
	return current->arch.flags & TF_kernel_mode;
}

bool xen_loaded(void)
{
	return vpmu_is_set(unit(), VPMU_CONTEXT_LOADED);
}

bool xen_cached(void)
{
	return page()->pmu.pmu_flags & PMU_CACHED;
}

bool xen_disturbed(void)
{
	return disturbed && current == &all[0];
}

void xen_settled(void)
{
	disturbed &= current != &all[0];
}

uint64_t *xen_hvm_global(void)
{
	return &current->hvm_global;
}

uint64_t *page_counter(int i)
{
	struct xen_pmu_intel_ctxt *c = &page()->pmu.c.intel;
	struct xen_pmu_cntr_pair *pairs = vpmu_reg_pointer(c, arch_counters);
	uint64_t *fixed = vpmu_reg_pointer(c, fixed_counters);

	return i < GENERAL ? &pairs[i].counter : &fixed[i - GENERAL];
}

uint64_t *page_control(int i)
{
	struct xen_pmu_intel_ctxt *c = &page()->pmu.c.intel;
	struct xen_pmu_cntr_pair *pairs = vpmu_reg_pointer(c, arch_counters);

	return &pairs[i].control;
}

uint64_t *page_fixed_ctrl(void)
{
	return &page()->pmu.c.intel.fixed_ctrl;
}

uint64_t *page_global(void)
{
	return &page()->pmu.c.intel.global_ctrl;
}

uint64_t *page_status(void)
{
	return &page()->pmu.c.intel.global_status;
}

uint64_t *page_ovf_ctrl(void)
{
	return &page()->pmu.c.intel.global_ovf_ctrl;
}
