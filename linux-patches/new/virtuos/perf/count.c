// SPDX-License-Identifier: GPL-2.0
/*
 * Counting. Each processor has a list of the events that are active on it: those of the thread
 * that runs, and those of the processor itself.
 *
 * A charge is added to the events on the list of the processor where it happens. That costs
 * nothing at a switch of threads. The difference of the thread's sums would not do, because a
 * call may be charged while its thread sleeps (late.c).
 *
 * A thread's own counters change only while the thread runs, so there the difference is exact.
 * perf may hand the events of one thread to another at a switch if both were inherited alike.
 * Such a difference would then be one of two threads, so these events forbid that.
 */
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/percpu.h>
#include <asm/tsc.h>
#include "vperf.h"

/* A process may claim any number of ticks. As nanoseconds, so many fit into 64 bits. */
#define MOST_TICKS	BIT_ULL(58)

/*
 * @sums: what the thread that runs has
 * @held: perf adds or removes events, so @sums cannot change meanwhile
 * @fresh: @sums have been read since
 */
struct sums {
	struct vos_sums sums;
	bool held;
	bool fresh;
};

static DEFINE_PER_CPU(struct hlist_head, active);
static DEFINE_PER_CPU(struct sums, thread_sums);

/* Of its exceptionless calls, a thread tells how many there were, and their ticks. */
static const u8 sources[VPERF_NUMBERS] = {
	[VPERF_CALLS] = VPERF_CHARGES | VPERF_DOOR,
	[VPERF_SERVICE_TICKS] = VPERF_CHARGES | VPERF_DOOR,
	[VPERF_SERVICE_NS] = VPERF_CHARGES | VPERF_DOOR | VPERF_TICKS,
	[VPERF_SERVICE_WAIT_NS] = VPERF_CHARGES | VPERF_TICKS,
	[VPERF_WAIT_NS] = VPERF_OWN,
	[VPERF_SPIN_NS] = VPERF_OWN,
	[VPERF_BYTES] = VPERF_CHARGES,
	[VPERF_SENDS] = VPERF_OWN,
	[VPERF_WAKEUPS] = VPERF_OWN,
	[VPERF_TRAP_CALLS] = VPERF_CHARGES,
	[VPERF_DOOR_CALLS] = VPERF_DOOR,
	[VPERF_OUTAGE_NS] = VPERF_OWN,
};

/**
 * vperf_count_init - note where an event's counts come from
 * @event: the event; its number is a valid one
 *
 * An exceptionless call does not tell its operation, and is not known to the kernel of a
 * processor. So events with an operation, and those of a processor, have no base.
 *
 * Context: process.
 */
void vperf_count_init(struct perf_event *event)
{
	unsigned int flags = sources[vperf_number(event)];

	if (flags & (VPERF_DOOR | VPERF_OWN) && !vperf_op(event) &&
	    event->attach_state & PERF_ATTACH_TASK)
		flags |= VPERF_BASE;
	event->hw.flags = flags;
}

static bool has_base(const struct perf_event *event)
{
	return vperf_sources(event) & VPERF_BASE;
}

/**
 * vperf_ticks_to_ns - convert ticks of the time stamp counter
 * @ticks: any number, as a process or a service may have made it up
 *
 * Return: nanoseconds, rounded down.
 */
u64 vperf_ticks_to_ns(u64 ticks)
{
	return mul_u64_u64_div_u64(min(ticks, MOST_TICKS), NSEC_PER_MSEC, tsc_khz);
}

/*
 * Add to the event's count. Nanoseconds are taken from the sum of all ticks, so that what is
 * rounded off does not add up.
 * Return: by how much the count has grown.
 */
static u64 add(struct perf_event *event, u64 n)
{
	u64 before = *vperf_ticks(event);

	if (vperf_sources(event) & VPERF_TICKS) {
		*vperf_ticks(event) = before + n;
		n = vperf_ticks_to_ns(before + n) - vperf_ticks_to_ns(before);
	}
	local64_add(n, &event->count);
	return n;
}

static u64 cost_value(const struct perf_event *event, const struct vos_cost *cost)
{
	switch (vperf_number(event)) {
	case VPERF_SERVICE_TICKS:
	case VPERF_SERVICE_NS:
		return cost->ticks;
	case VPERF_SERVICE_WAIT_NS:
		return cost->wait;
	case VPERF_BYTES:
		return cost->bytes;
	default:
		return cost->calls;
	}
}

/* Get the sums of the thread that runs; once for all events that a switch of threads moves. */
static const struct vos_sums *current_sums(void)
{
	struct sums *s = this_cpu_ptr(&thread_sums);

	if (!s->held || !s->fresh)
		vos_account_sums(current, &s->sums);
	s->fresh = true;
	return &s->sums;
}

static u64 door_value(const struct perf_event *event)
{
	const struct vos_sums *sums = current_sums();
	unsigned int service = vperf_service(event);
	u64 value = 0;
	int i;

	for (i = 0; i < VOS_DOOR_SERVICES; i++)
		if (!service || service - 1 == i)
			value += cost_value(event, &sums->door[i]);
	return value;
}

static u64 own_value(const struct perf_event *event)
{
	const struct virtuos_account *account = READ_ONCE(current->virtuos_account);

	if (!account)
		return 0;
	switch (vperf_number(event)) {
	case VPERF_WAIT_NS:
		return account->sleep_ns;
	case VPERF_SPIN_NS:
		return account->spin_ns;
	case VPERF_SENDS:
		return account->sends;
	case VPERF_WAKEUPS:
		return account->sleeps;
	default:
		return account->outage_ns;
	}
}

static u64 base_value(const struct perf_event *event)
{
	return vperf_sources(event) & VPERF_OWN ? own_value(event) : door_value(event);
}

/**
 * vperf_count_begin - begin to count what the thread that runs does from now on
 * @event: the event; it is on this processor's list
 *
 * Context: interrupts are off.
 */
void vperf_count_begin(struct perf_event *event)
{
	if (has_base(event))
		local64_set(vperf_base(event), base_value(event));
}

/**
 * vperf_count_update - add by how much the thread's own counters have grown
 * @event: the event; it has begun, on this processor
 *
 * A process writes the sums of its exceptionless calls, so these may shrink. Then nothing is
 * added.
 *
 * Context: interrupts are off.
 * Return: by how much the event's count has grown.
 */
u64 vperf_count_update(struct perf_event *event)
{
	u64 now, before;

	if (!has_base(event))
		return 0;
	now = base_value(event);
	before = local64_xchg(vperf_base(event), now);
	return now > before ? add(event, now - before) : 0;
}

/**
 * vperf_count_hold - tell that perf begins or ends to add and remove events
 * @hold: perf begins
 *
 * Context: interrupts are off.
 */
void vperf_count_hold(bool hold)
{
	struct sums *s = this_cpu_ptr(&thread_sums);

	s->held = hold;
	s->fresh = false;
}

/**
 * vperf_count_add - put an event on this processor's list
 * @event: the event; it is stopped
 *
 * Context: interrupts are off.
 */
void vperf_count_add(struct perf_event *event)
{
	if (has_base(event))
		local_inc(&event->ctx->nr_no_switch_fast);
	hlist_add_head(&event->hlist_entry, this_cpu_ptr(&active));
}

/**
 * vperf_count_del - take vperf_count_add() back
 * @event: the event; it is stopped
 *
 * Context: interrupts are off.
 */
void vperf_count_del(struct perf_event *event)
{
	hlist_del_init(&event->hlist_entry);
	if (has_base(event))
		local_dec(&event->ctx->nr_no_switch_fast);
}

/**
 * vperf_matches - test whether an event counts calls like this one
 * @event: the event
 * @charge: the call
 *
 * Context: any.
 * Return: true if so.
 */
bool vperf_matches(const struct perf_event *event, const struct vos_charge *charge)
{
	unsigned int service = vperf_service(event), op = vperf_op(event);

	/* A user that may not see the kernel does not see the calls of its threads. */
	if (event->attr.exclude_kernel && charge->task->flags & PF_KTHREAD)
		return false;
	return (!service || service - 1 == charge->service) && (!op || op - 1 == charge->opcode);
}

/**
 * vperf_charge_value - get what a charge adds to an event
 * @event: the event, which it matches
 * @charge: the charge
 *
 * Context: any.
 * Return: ticks, bytes, or 1 call; 0: the event does not count charges.
 */
u64 vperf_charge_value(const struct perf_event *event, const struct vos_charge *charge)
{
	struct vos_cost cost = {
		.calls = 1,
		.ticks = charge->ticks,
		.wait = charge->wait,
		.bytes = charge->bytes,
	};

	return vperf_sources(event) & VPERF_CHARGES ? cost_value(event, &cost) : 0;
}

/*
 * A charge of another thread is counted for this processor, but not for the thread that runs
 * nor for that thread's cgroup.
 */
static bool is_for(const struct perf_event *event, const struct vos_charge *charge)
{
	if (charge->task == current)
		return true;
#ifdef CONFIG_CGROUP_PERF
	if (event->cgrp)
		return false;
#endif
	return !(event->attach_state & PERF_ATTACH_TASK);
}

static void count(struct perf_event *event, const struct vos_charge *charge)
{
	u64 n;

	if (vperf_is_stopped(event) || !is_for(event, charge) || !vperf_matches(event, charge))
		return;
	n = add(event, vperf_charge_value(event, charge));
	if (!is_sampling_event(event) || charge->task != current || !in_task())
		return;
	if (vperf_sources(event) & VPERF_OWN)
		n += vperf_count_update(event);
	vperf_sample(event, charge, n);
}

/**
 * vperf_count_charge - count a charge for the events that are active on this processor
 * @charge: the charge
 *
 * Context: any.
 */
void vperf_count_charge(const struct vos_charge *charge)
{
	struct perf_event *event;
	unsigned long flags;

	local_irq_save(flags);
	hlist_for_each_entry(event, this_cpu_ptr(&active), hlist_entry)
		count(event, charge);
	local_irq_restore(flags);
}
