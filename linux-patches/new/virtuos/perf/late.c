// SPDX-License-Identifier: GPL-2.0
/*
 * Calls that are charged to a thread after the fact: background requests of the file system.
 * The thread may sleep, or run on another processor. So its events are found by way of the
 * thread, and what they get goes where perf has the sums of ended children. That is atomic.
 *
 * No sample is taken of these: what the thread does now is not what has caused the call.
 */
#include <linux/sched.h>
#include <linux/spinlock.h>
#include "vperf.h"

/* A thread may have one event for each processor: the charge goes to where it ran last. */
static bool is_here(const struct perf_event *event, const struct task_struct *task)
{
	return event->cpu == -1 || event->cpu == task_cpu(task);
}

/* An event counts if it and its group's leader are enabled, maybe while the thread sleeps. */
static bool is_enabled(const struct perf_event *event)
{
	return event->state > PERF_EVENT_STATE_OFF &&
	       event->group_leader->state > PERF_EVENT_STATE_OFF;
}

static void count_late(struct perf_event *event, const struct vos_charge *charge)
{
	u64 n = vperf_charge_value(event, charge);

	if (vperf_sources(event) & VPERF_TICKS)
		n = vperf_ticks_to_ns(n);
	atomic64_add(n, &event->child_count);
}

/*
 * Count the charge for the events of a context, unless perf has handed that to another thread
 * meanwhile, at a switch of threads.
 * Return: false if so.
 */
static bool count_in(struct perf_event_context *ctx, const struct vos_charge *charge,
		     const struct pmu *unit)
{
	struct perf_event *event;
	bool same;

	lockdep_assert_irqs_disabled();
	raw_spin_lock(&ctx->lock);
	same = ctx == READ_ONCE(charge->task->perf_event_ctxp);
	if (same)
		list_for_each_entry(event, &ctx->event_list, event_entry)
			if (event->pmu == unit && is_enabled(event) &&
			    is_here(event, charge->task) && vperf_matches(event, charge))
				count_late(event, charge);
	raw_spin_unlock(&ctx->lock);
	return same;
}

/**
 * vperf_late_charge - count a charge for the events of a thread that is not the caller
 * @charge: the charge
 * @unit: the events' unit
 *
 * Context: any; RCU is held, and keeps the thread's context.
 */
void vperf_late_charge(const struct vos_charge *charge, const struct pmu *unit)
{
	struct perf_event_context *ctx;
	unsigned long flags;

	local_irq_save(flags);
	do {
		ctx = READ_ONCE(charge->task->perf_event_ctxp);
	} while (ctx && !count_in(ctx, charge, unit));
	local_irq_restore(flags);
}
