/* SPDX-License-Identifier: GPL-2.0-only */
/* What Xen's vpmu.c and vpmu_intel.c ask of the rest of Xen. */
#ifndef XEN_H
#define XEN_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"

typedef uint64_t u64;
typedef uint32_t u32;
typedef uint16_t domid_t;
typedef int spinlock_t;
typedef bool bool_t;

#define __read_mostly
#define __init
#define __initconst_cf_clobber
#define cf_check
#define unlikely(x)			(x)
#define likely(x)			(x)
#define sizeof_field(type, field)	sizeof(((type *)0)->field)
#define container_of(p, type, member)	((type *)((char *)(p) - offsetof(type, member)))
#define MASK_EXTR(v, m)			(((v) & (m)) / ((m) & -(m)))
#define ERR_PTR(e)			((void *)(long)(e))
#define ASSERT(x)			do { if (!(x)) abort(); } while (0)
#define ASSERT_UNREACHABLE()		abort()
#define printk(...)			((void)0)
#define gdprintk(...)			((void)0)
#define _xzalloc(size, align)		calloc(1, size)
#define xzalloc(type)			calloc(1, sizeof(type))
#define xfree(p)			free(p)
#define read_atomic(p)			(*(p))
#define add_sized(p, n)			(*(p) += (n))
#define alternative_call(f, ...)	f(__VA_ARGS__)
#define alternative_vcall(f, ...)	f(__VA_ARGS__)
#define XEN_FLEX_ARRAY_DIM
#define DEFINE_XEN_GUEST_HANDLE(name)
#define PAGE_SIZE			4096
#define NR_CPUS				CPUS
#define DOMID_SELF			0x7ff0

#define DEFINE_PER_CPU(type, name)	type name[CPUS]
#define per_cpu(name, cpu)		((name)[cpu])
#define this_cpu(name)			((name)[cpu_now])
#define smp_processor_id()		cpu_now
#define cpu_online(cpu)			1
#define cpumask_of(cpu)			(cpu)
#define local_irq_save(flags)		((flags) = processors[cpu_now].interrupts, \
					 processors[cpu_now].interrupts = false)
#define local_irq_restore(flags)	(processors[cpu_now].interrupts = (flags), occasion())

/* The processor is Intel's, of version 2, without a debug store. */
#define boot_cpu_has(x)			0
#define cpu_has_pdcm			1
#define cpu_has_vmx_msr_bitmap		1
#define is_canonical_address(x)		1
#define __addr_ok(x)			1
#define acquire_pmu_ownership(x)	1
#define release_pmu_ownership(x)	((void)0)
#define cpuid_eax(leaf)			(48 << 16 | GENERAL << 8 | 2)
#define cpuid_edx(leaf)			(48 << 5 | (COUNTERS - GENERAL))
static const struct {
	int x86;
	unsigned int cpuid_level;
} current_cpu_data = { 6, 10 };

#define MSR_IA32_PERFCTR0		0xc1
#define MSR_IA32_A_PERFCTR0		0x4c1
#define MSR_P6_PERFCTR(n)		(0xc1 + (n))
#define MSR_P6_EVNTSEL(n)		(0x186 + (n))
#define MSR_IA32_MISC_ENABLE		0x1a0
#define MSR_CORE_PERF_FIXED_CTR0	0x309
#define MSR_IA32_PERF_CAPABILITIES	0x345
#define MSR_CORE_PERF_FIXED_CTR_CTRL	0x38d
#define MSR_CORE_PERF_GLOBAL_STATUS	0x38e
#define MSR_CORE_PERF_GLOBAL_CTRL	0x38f
#define MSR_CORE_PERF_GLOBAL_OVF_CTRL	0x390
#define MSR_IA32_PEBS_ENABLE		0x3f1
#define MSR_IA32_DS_AREA		0x600
#define MSR_IA32_MISC_ENABLE_BTS_UNAVAIL 0
#define MSR_IA32_MISC_ENABLE_PEBS_UNAVAIL 0
#define MSR_IA32_CMT_EVTSEL_UE_MASK	0xffff
#define GUEST_IA32_DEBUGCTL		0
#define IA32_DEBUGCTLMSR_TR		0
#define APIC_LVTPC			0x340
#define APIC_LVT_MASKED			0x10000
#define PMU_APIC_VECTOR			0xf9
#define VMX_MSR_R			1
#define VMX_MSR_RW			3
#define X86_CR4_PCE			PCE
#define TF_kernel_mode			1

void read_register(unsigned int msr, uint64_t *v);
void wrmsrl(unsigned int msr, uint64_t v);
void apic_write(unsigned int reg, uint32_t v);
#define rdmsrl(msr, v)			do { uint64_t v_; read_register(msr, &v_); (v) = v_; } while (0)
#define __vmread(field, v)		(*(v) = 0)
#define vmx_add_host_load_msr(v, msr, x)	0
#define vmx_add_guest_msr(v, msr, x)		0
#define vmx_clear_msr_intercept(v, msr, t)	((void)(msr))
#define vmx_set_msr_intercept(v, msr, t)	((void)(msr))
#define vmx_read_guest_msr(v, msr, x)		(*(x) = (v)->hvm_global)
#define vmx_write_guest_msr(v, msr, x)		((v)->hvm_global = (x))
#define mem_sharing_enabled(d)			0
#define mem_sharing_is_fork(d)			0

struct cpu_user_regs;
struct cpuid_policy {
	struct {
		int pmu_version;
	} basic;
};

struct domain {
	int domain_id;
	bool hvm;
	struct {
		const struct cpuid_policy *cpuid;
	} arch;
};

#define has_vlapic(d)			((d)->hvm)
#define is_hvm_vcpu(v)			((v)->domain->hvm)
#define is_pv_vcpu(v)			(!(v)->domain->hvm)
#define is_pv_32bit_vcpu(v)		0
#define is_hardware_domain(d)		((d)->domain_id == 0)
#endif
