// SPDX-License-Identifier: GPL-2.0
/*
 * Submitting a call, and waiting for its answer: polling for a while, then asleep.
 */
#include <linux/export.h>
#include <linux/ktime.h>
#include <linux/moduleparam.h>
#include <linux/sched/signal.h>
#include "core_priv.h"

unsigned int vos_spin_us = 100;
module_param_named(spin_us, vos_spin_us, uint, 0644);
MODULE_PARM_DESC(spin_us, "microseconds that a caller polls for its answer before it sleeps");

void vos_call_submit(struct vos_call *call)
{
	struct vos_channel *chan = call->chan;
	struct vos_sqe sqe = call->sqe;
	bool submitted;

	/* Once submitted, the call may end at any time, and its reference with it. */
	rcu_read_lock();
	submitted = vos_channel_submit(chan, call, &sqe, false);
	rcu_read_unlock();
	if (submitted)
		return;
	call->status = -EOWNERDEAD;
	call->done(call);
}
EXPORT_SYMBOL_GPL(vos_call_submit);

static void reap(struct vos_channel *chan)
{
	unsigned long flags;

	local_irq_save(flags);
	vos_channel_reap_ring(chan);
	local_irq_restore(flags);
}

static void spin_end(struct vos_channel *chan, bool answered)
{
	vos_channel_poll_end(chan, answered ? &chan->stats.spun : &chan->stats.slept);
	/*
	 * What came between our last look and the flag came without an event. (Events of
	 * objects the peer tells of later: see docs/protocol.md, section 5.)
	 */
	if (vos_ring_ready(&chan->cq))
		reap(chan);
}

/* After this nothing of the call is written any more. */
static bool is_over(const struct vos_slot *slot)
{
	/* Pairs with the release by which whoever ended it said so. */
	return smp_load_acquire(&slot->wait) == VOS_WAIT_OVER;
}

/* Having said so: poll for the answer for at most vos_spin_us, or a little longer. */
static bool spin_for(struct vos_channel *chan, const struct vos_slot *slot)
{
	u64 until = 0;
	u32 passes = 0;
	bool done;

	for (;;) {
		if (vos_ring_ready(&chan->cq))
			reap(chan);
		done = is_over(slot);
		if (done || need_resched())
			break;
		cpu_relax();
		if (++passes % VOS_LOOK_AT_CLOCK)
			continue;
		if (!until)
			until = ktime_get_ns() + (u64)READ_ONCE(vos_spin_us) * NSEC_PER_USEC;
		else if (ktime_get_ns() >= until)
			break;
	}
	spin_end(chan, done);
	return done || is_over(slot);
}

/* Return: 0 it is over; -EINTR killed, and it is not. */
static int sleep_for(struct vos_channel *chan, struct vos_slot *slot)
{
	reinit_completion(&slot->finished);
	if (cmpxchg(&slot->wait, VOS_WAIT_POLLS, VOS_WAIT_SLEEPS) == VOS_WAIT_OVER ||
	    !wait_for_completion_killable(&slot->finished))
		return 0;
	if (vos_channel_abandon(chan, &slot->call))
		return -EINTR;
	wait_for_completion(&slot->finished);	/* its end is running already */
	return 0;
}

int vos_call(struct vos_call *call)
{
	struct vos_slot *slot = vos_call_slot(call);
	struct vos_channel *chan = call->chan;

	call->done = NULL;
	slot->wait = VOS_WAIT_POLLS;
	if (!vos_channel_submit(chan, call, &call->sqe, true)) {
		call->status = -EOWNERDEAD;
		return -EOWNERDEAD;
	}
	if (!spin_for(chan, slot) && sleep_for(chan, slot))
		return -EINTR;
	return call->status;
}
EXPORT_SYMBOL_GPL(vos_call);
