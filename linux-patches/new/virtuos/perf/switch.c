// SPDX-License-Identifier: GPL-2.0
/*
 * Switches of threads, for events of processors and cgroups. Each thread counts its exceptionless
 * calls itself, so such an event has to end with one thread and begin with the next. perf does
 * not tell of switches between threads of one cgroup, but the scheduler's tracepoint does. It is
 * used while there is such an event, so other switches cost nothing.
 *
 * The tracepoint comes first. When perf then changes cgroups, what the former thread had is
 * counted already.
 */
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <linux/tracepoint.h>
#include "vperf.h"

static DEFINE_MUTEX(switch_mutex);
static unsigned int users;
static struct tracepoint *point;

static void switched(void *unused, bool preempt, struct task_struct *prev,
		     struct task_struct *next, unsigned int prev_state)
{
	vperf_count_switch(next);
}

static void find(struct tracepoint *tp, void *unused)
{
	if (!strcmp(tp->name, "sched_switch"))
		point = tp;
}

static int begin(void)
{
	if (!point)
		for_each_kernel_tracepoint(find, NULL);
	return point ? tracepoint_probe_register(point, switched, NULL) : -EOPNOTSUPP;
}

static void forget(void *unused)
{
	vperf_count_switch(NULL);
}

static void end(void)
{
	tracepoint_probe_unregister(point, switched, NULL);
	tracepoint_synchronize_unregister();
	/* What ran last on a processor may be freed any time now. */
	on_each_cpu(forget, NULL, true);
}

/**
 * vperf_switch_get - have count.c told of switches of threads
 *
 * Each call needs a vperf_switch_put().
 *
 * Context: process.
 * Return: 0; -EOPNOTSUPP: this kernel tells of none; -ENOMEM.
 */
int vperf_switch_get(void)
{
	int rc = 0;

	mutex_lock(&switch_mutex);
	if (!users)
		rc = begin();
	if (!rc)
		users++;
	mutex_unlock(&switch_mutex);
	return rc;
}

/**
 * vperf_switch_put - take vperf_switch_get() back
 *
 * Context: process; it may sleep.
 */
void vperf_switch_put(void)
{
	mutex_lock(&switch_mutex);
	if (!--users)
		end();
	mutex_unlock(&switch_mutex);
}
