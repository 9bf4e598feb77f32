// SPDX-License-Identifier: GPL-2.0
/*
 * What calls cost. Every completion says what its call took of this domain's processors, and
 * how long it waited (vos_cqe.cost, out[4]). The engine keeps sums of what it has said.
 *
 * A thread that carries out calls has a clock (struct veng_clock). veng_clock_lap() ends one
 * stretch of the thread's time and begins the next. Each stretch is one call's, or polling, or
 * background, so no tick counts twice.
 *
 * Invariant: a channel's sums change with each completion that is pushed, by exactly what the
 * completion says, under the channel's lock.
 */
#include <linux/export.h>
#include <asm/tsc.h>
#include <asm/xen/hypercall.h>
#include "engine_priv.h"

/**
 * veng_ticks - convert nanoseconds to ticks of the time stamp counter
 * @ns: the time
 *
 * Return: the same time in ticks.
 */
u64 veng_ticks(u64 ns)
{
	return mul_u64_u32_div(ns, tsc_khz, NSEC_PER_MSEC);
}

/**
 * veng_ns - convert ticks of the time stamp counter to nanoseconds
 * @ticks: the time
 *
 * Counters of two processors may differ a little, so a difference may be negative.
 *
 * Return: the same time in ns; 0: @ticks is negative. U64_MAX: it is more than decades.
 */
u64 veng_ns(u64 ticks)
{
	if ((s64)ticks < 0)
		return 0;
	/* The division faults if the result does not fit. */
	if (ticks >> 60)
		return U64_MAX;
	return mul_u64_u32_div(ticks, NSEC_PER_MSEC, tsc_khz);
}

/* Note what changes when this thread or its virtual processor leaves the processor. */
static void sample(struct veng_clock *c)
{
	const struct vcpu_runstate_info *run;
	unsigned long flags;
	u64 entry;

	/* The tick would change exec_start and sum_exec_runtime between the two reads. */
	local_irq_save(flags);
	run = this_cpu_ptr(&xen_runstate);
	do {
		entry = READ_ONCE(run->state_entry_time);
		c->stolen = READ_ONCE(run->time[RUNSTATE_runnable]) +
			    READ_ONCE(run->time[RUNSTATE_offline]);
	} while (entry != READ_ONCE(run->state_entry_time));
	c->stamp = entry + current->se.exec_start;
	c->off = current->se.exec_start - current->se.sum_exec_runtime;
	c->switches = current->nvcsw + current->nivcsw;
	local_irq_restore(flags);
}

/**
 * veng_clock_start - begin a thread's stretch of time; the time before is background
 * @c: the thread's
 *
 * Context: the thread.
 */
void veng_clock_start(struct veng_clock *c)
{
	sample(c);
	c->last = rdtsc();
}

/**
 * veng_clock_correct - leave out of a stretch what was not this thread's time
 * @c: the thread's
 * @ticks: how long the stretch lasted
 *
 * If another thread of this domain has run, the scheduler's times tell for how long this one
 * was away. Otherwise the hypervisor's tell how long the virtual processor was.
 *
 * Context: the thread.
 * Return: the thread's own part of the stretch.
 */
u64 veng_clock_correct(struct veng_clock *c, u64 ticks)
{
	const struct veng_clock was = *c;
	s64 away;

	sample(c);
	away = c->switches != was.switches ? c->off - was.off : c->stolen - was.stolen;
	/* Counters of two processors may differ by a little. */
	if ((s64)ticks < 0)
		return 0;
	return away > 0 ? ticks - min(ticks, veng_ticks(away)) : ticks;
}

void veng_scall_hand_over(struct veng_scall *call)
{
	struct veng_clock *clock = &call->conn->clock;

	veng_in_dispatcher(call->conn);
	call->taken = clock->last - call->cqe.cost - call->cqe.out[4];
	call->cqe.cost += veng_clock_lap(clock);
	call->worker = NULL;
}
EXPORT_SYMBOL_GPL(veng_scall_hand_over);

void veng_scall_take_up(struct veng_scall *call)
{
	call->worker = current;
	veng_clock_start(&call->clock);
	veng_trace(call, VOS_TRACE_RESUME, call->clock.last, call->cqe.cost);
}
EXPORT_SYMBOL_GPL(veng_scall_take_up);

/**
 * veng_cost_pending - find what a call cost that the dispatcher has handed over
 * @call: the call; out[4] of its completion is set
 *
 * If another thread answers than has taken the call up, its processor time is not known. It
 * then counts as waiting.
 *
 * Context: any but hard interrupt.
 * Return: what is to be added to its cost.
 */
u64 veng_cost_pending(struct veng_scall *call)
{
	u64 own = call->worker == current ? veng_clock_lap(&call->clock) : 0;
	s64 waited = rdtsc() - call->taken - call->cqe.cost - own;

	call->cqe.out[4] = max(waited, 0ll) & call->conn->cost_mask;
	return own;
}

/**
 * veng_cost_nest - begin to carry out other calls within a call
 * @call: the call
 *
 * Context: dispatcher.
 */
void veng_cost_nest(struct veng_scall *call)
{
	call->cqe.cost += veng_clock_lap(&call->conn->clock);
}

/**
 * veng_cost_unnest - go on with a call after veng_cost_nest()
 * @call: the call; it has waited since
 * @since: the dispatcher's clock.last after veng_cost_nest()
 *
 * Context: dispatcher.
 */
void veng_cost_unnest(struct veng_scall *call, u64 since)
{
	call->cqe.out[4] += (call->conn->clock.last - since) & call->conn->cost_mask;
}

static void add_sums(struct veng_sums *to, struct veng_chan *chan)
{
	unsigned long flags;

	spin_lock_irqsave(&chan->lock, flags);
	to->calls += chan->sums.calls;
	to->ticks += chan->sums.ticks;
	to->wait += chan->sums.wait;
	spin_unlock_irqrestore(&chan->lock, flags);
}

/**
 * veng_cost_lanes - add up the sums of a user channel
 * @to: they are added to these
 * @uc: the user channel
 *
 * Context: any.
 */
void veng_cost_lanes(struct veng_sums *to, struct veng_uchan *uc)
{
	u32 i;

	for (i = 0; i < uc->nr_lanes; i++)
		add_sums(to, &uc->lane[i]);
}

/**
 * veng_cost_list - count a user channel's lanes in the connection's sums from now on
 * @uc: the user channel; its lanes are ready
 *
 * Context: process.
 */
void veng_cost_list(struct veng_uchan *uc)
{
	spin_lock(&uc->conn->uchan_lock);
	list_add(&uc->listed, &uc->conn->listed);
	spin_unlock(&uc->conn->uchan_lock);
}

/**
 * veng_cost_unlist - keep the sums of a user channel that ends
 * @uc: the user channel; no call is under way
 *
 * Idempotent.
 *
 * Context: process.
 */
void veng_cost_unlist(struct veng_uchan *uc)
{
	spin_lock(&uc->conn->uchan_lock);
	if (!list_empty(&uc->listed)) {
		list_del_init(&uc->listed);
		veng_cost_lanes(&uc->conn->past, uc);
	}
	spin_unlock(&uc->conn->uchan_lock);
}

static struct veng_sums all_sums(struct veng_conn *conn)
{
	struct veng_uchan *uc;
	struct veng_sums sums;
	u32 i;

	spin_lock(&conn->uchan_lock);
	sums = conn->past;
	list_for_each_entry(uc, &conn->listed, listed)
		veng_cost_lanes(&sums, uc);
	spin_unlock(&conn->uchan_lock);
	for (i = 0; i < conn->nr_channels; i++)
		add_sums(&sums, &conn->chan[i]);
	return sums;
}

/* The time that this domain's virtual processors have run. Xen alone knows of those that run. */
static u64 running_ns(void)
{
	struct vcpu_runstate_info info;
	u64 ns = 0;
	int cpu;

	for_each_online_cpu(cpu)
		if (!HYPERVISOR_vcpu_op(VCPUOP_get_runstate_info, xen_vcpu_nr(cpu), &info))
			ns += info.time[RUNSTATE_running];
	return ns;
}

/**
 * veng_cost_show - write the sums of a connection into its control page
 * @conn: the connection
 *
 * Context: process.
 */
void veng_cost_show(struct veng_conn *conn)
{
	struct vos_ctrl __peer *ctrl = conn->ctrl;
	struct veng_sums sums;

	if (!conn->cost_mask)
		return;
	sums = all_sums(conn);
	vos_store(&ctrl->calls, sums.calls);
	vos_store(&ctrl->called, sums.ticks);
	vos_store(&ctrl->waited, sums.wait);
	vos_store(&ctrl->polled, READ_ONCE(conn->polled));
	vos_store(&ctrl->running_ns, running_ns());
}
