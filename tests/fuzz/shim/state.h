/* SPDX-License-Identifier: GPL-2.0 */
/* The shim's variables; to be included once in a target. */
#ifndef SHIM_STATE_H
#define SHIM_STATE_H

#include "kernel.h"

struct shim_context shim_context;
u64 shim_now;
unsigned int shim_cpus = 2;
unsigned long jiffies;
struct work_struct *shim_works;
struct workqueue_struct shim_wq;
struct shim_stat kernel_cpustat;
struct task_struct shim_task, *current;
struct vcpu_runstate_info xen_runstate;
const struct cred *shim_cred;

/* What one input leaves behind is forgotten. */
static inline void shim_begin(void)
{
	memset(&shim_context, 0, sizeof(shim_context));
	shim_now = 1000000;
	shim_cpus = 2;
	shim_works = NULL;
	xen_runstate = (struct vcpu_runstate_info){ 0 };
	shim_task = (struct task_struct){ 0 };
	current = NULL;
	shim_cred = NULL;
}

static inline void shim_end(void)
{
	shim_assert(!shim_context.locks && !shim_context.irqs_off);
}

#endif
