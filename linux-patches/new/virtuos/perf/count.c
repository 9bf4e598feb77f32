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
 * Such a difference would then be one of two threads, so these events forbid that. An event of a
 * processor goes on over a switch. So it ends with one thread and begins with the next (switch.c).
 */
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/percpu.h>
#include <asm/tsc.h>
#include "vperf.h"

/* A process may claim any number of ticks. As nanoseconds, so many fit into 64 bits. */
#define MOST_TICKS	BIT_ULL(58)

/*
 * @sums: what a thread that runs has
 * @of: the thread; NULL: they have not been read since @held was set
 * @held: perf adds or removes events, so @sums cannot change meanwhile
 */
struct sums {
	struct vos_sums sums;
	const struct task_struct *of;
	bool held;
};

static DEFINE_PER_CPU(struct hlist_head, active);
static DEFINE_PER_CPU(struct sums, thread_sums);

/*
 * Whose counters those events read that are the processor's: from the switch to a thread on that
 * thread's. NULL: the caller's, for there was no switch while switches were told.
 */
static DEFINE_PER_CPU(struct task_struct *, runs);

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
 * An exceptionless call does not tell its operation. So events with an operation have no base.
 *
 * Context: process.
 */
void vperf_count_init(struct perf_event *event)
{
	unsigned int flags = sources[vperf_number(event)];

	if (flags & (VPERF_DOOR | VPERF_OWN) && !vperf_op(event))
		flags |= VPERF_BASE;
	event->hw.flags = flags;
}

static bool has_base(const struct perf_event *event)
{
	return vperf_sources(event) & VPERF_BASE;
}

static bool is_of_thread(const struct perf_event *event)
{
	return event->attach_state & PERF_ATTACH_TASK;
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

/* A user that may not see the kernel does not see the calls of its threads. */
static bool shows_calls_of(const struct perf_event *event, const struct task_struct *task)
{
	return !(event->attr.exclude_kernel && task->flags & PF_KTHREAD);
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

/* Get the sums of a thread that runs; once for all events that a switch of threads moves. */
static const struct vos_sums *sums_of(struct task_struct *task)
{
	struct sums *s = this_cpu_ptr(&thread_sums);

	if (!s->held || s->of != task)
		vos_account_sums(task, &s->sums);
	s->of = task;
	return &s->sums;
}

static u64 door_value(const struct perf_event *event, struct task_struct *task)
{
	const struct vos_sums *sums = sums_of(task);
	unsigned int service = vperf_service(event);
	u64 value = 0;
	int i;

	for (i = 0; i < VOS_DOOR_SERVICES; i++)
		if (!service || service - 1 == i)
			value += cost_value(event, &sums->door[i]);
	return value;
}

static u64 own_value(const struct perf_event *event, const struct task_struct *task)
{
	const struct virtuos_account *account = READ_ONCE(task->virtuos_account);

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

/* Get the thread whose counters an event reads. */
static struct task_struct *thread_of(const struct perf_event *event)
{
	struct task_struct *task = is_of_thread(event) ? NULL : *this_cpu_ptr(&runs);

	return task ?: current;
}

static u64 base_value(const struct perf_event *event)
{
	struct task_struct *task = thread_of(event);

	if (!shows_calls_of(event, task))
		return 0;
	return vperf_sources(event) & VPERF_OWN ? own_value(event, task) : door_value(event, task);
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
 */
void vperf_count_update(struct perf_event *event)
{
	u64 now, before;

	if (!has_base(event))
		return;
	now = base_value(event);
	before = local64_xchg(vperf_base(event), now);
	if (now <= before)
		return;
	if (vperf_sources(event) & VPERF_OWN)
		*vperf_unsampled(event) += now - before;
	add(event, now - before);
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
	s->of = NULL;
}

/**
 * vperf_count_switch - go over from a thread to the next, for events of this processor
 * @next: the next thread; NULL: no more switches are told
 *
 * Context: interrupts are off. The thread that runs is the former one.
 */
void vperf_count_switch(struct task_struct *next)
{
	struct perf_event *event;

	vperf_count_hold(true);
	hlist_for_each_entry(event, this_cpu_ptr(&active), hlist_entry)
		if (!is_of_thread(event) && !vperf_is_stopped(event))
			vperf_count_update(event);
	*this_cpu_ptr(&runs) = next;
	hlist_for_each_entry(event, this_cpu_ptr(&active), hlist_entry)
		if (!is_of_thread(event) && !vperf_is_stopped(event))
			vperf_count_begin(event);
	vperf_count_hold(false);
}

/**
 * vperf_count_add - put an event on this processor's list
 * @event: the event; it is stopped
 *
 * Context: interrupts are off.
 */
void vperf_count_add(struct perf_event *event)
{
	if (has_base(event) && is_of_thread(event))
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
	if (has_base(event) && is_of_thread(event))
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

	return shows_calls_of(event, charge->task) &&
	       (!service || service - 1 == charge->service) &&
	       (!op || op - 1 == charge->opcode);
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
	return !is_of_thread(event);
}

static void count(struct perf_event *event, const struct vos_charge *charge)
{
	u64 n;

	if (vperf_is_stopped(event) || !is_for(event, charge) || !vperf_matches(event, charge))
		return;
	n = add(event, vperf_charge_value(event, charge));
	if (!is_sampling_event(event) || charge->task != current || !in_task())
		return;
	if (vperf_sources(event) & VPERF_OWN) {
		vperf_count_update(event);
		n = *vperf_unsampled(event);
		*vperf_unsampled(event) = 0;
	}
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
