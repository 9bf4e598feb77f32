// SPDX-License-Identifier: GPL-2.0
/*
 * The life of a call. vos_call_get() gives it a slot and room on this processor's channel of a
 * link that is up, and credentials that the peer knows. Its user submits it and waits for the
 * answer: the user polls for a time, then sleeps. At the end the user puts the call.
 *
 * A caller that finds no free slot waits for one (queue.c).
 */
#include <linux/export.h>
#include <linux/ktime.h>
#include <linux/moduleparam.h>
#include <linux/sched/signal.h>
#include <virtuos/backoff.h>
#include "account.h"
#include "slot.h"
#include "vos_trace.h"

unsigned int vos_spin_us = 100;
module_param_named(spin_us, vos_spin_us, uint, 0644);
MODULE_PARM_DESC(spin_us, "microseconds that a caller polls for its answer before it sleeps");

/*
 * Get a slot with its room, off the list. Callers that wait (queue.c) come first. Only the
 * spare slot may go to a caller before them.
 * Return: the slot or NULL.
 */
static struct vos_slot *get_slot(struct vos_channel *chan, u32 len0, u32 len1)
{
	struct vos_slot *slot = xchg(&chan->spare, NULL);
	unsigned long flags;

	if (slot && vos_slot_is_enough(len0, len1)) {
		vos_slot_use_own(&slot->call, len0, len1);
		return slot;
	}
	spin_lock_irqsave(&chan->slot_lock, flags);
	if (slot) {
		list_add(&slot->free, &chan->free);
		chan->nr_free++;
	}
	slot = NULL;
	if (list_empty(&chan->waiters))
		slot = vos_slot_pick(chan, len0, len1, VOS_RESERVE);
	spin_unlock_irqrestore(&chan->slot_lock, flags);
	return slot;
}

/**
 * vos_channel_try_get - get a free slot with its room, if there is one and no caller waits
 * @chan: the channel
 * @len0: bytes of the first extent, or 0
 * @len1: bytes of the second extent, or 0
 *
 * The caller's reference on the link becomes the call's, until vos_call_put().
 *
 * Context: any.
 * Return: the call, or NULL.
 */
struct vos_call *vos_channel_try_get(struct vos_channel *chan, u32 len0, u32 len1)
{
	struct vos_slot *slot = get_slot(chan, len0, len1);

	return slot ? vos_slot_begin(slot) : NULL;
}

/**
 * vos_channel_get_reserved - get a slot of the reserve, for a call without extents
 * @chan: the channel
 *
 * The caller's reference on the link becomes the call's, until vos_call_put().
 *
 * Context: any.
 * Return: the call, or NULL.
 */
struct vos_call *vos_channel_get_reserved(struct vos_channel *chan)
{
	struct vos_slot *slot;
	unsigned long flags;

	spin_lock_irqsave(&chan->slot_lock, flags);
	slot = vos_slot_pick(chan, 0, 0, 0);
	spin_unlock_irqrestore(&chan->slot_lock, flags);
	return slot ? vos_slot_begin(slot) : NULL;
}

/*
 * Get a slot on this processor's channel; wait for one if the flags allow.
 * Return: the call; -ENOBUFS; -ERESTARTSYS. -ENOTCONN: the link died meanwhile.
 */
static struct vos_call *get_in_turn(struct vos_link *link, u32 len0, u32 len1, u32 flags)
{
	struct vos_channel *chan = vos_link_channel(link);
	struct vos_call *call = vos_channel_try_get(chan, len0, len1);

	if (likely(call))
		return call;
	if (flags & VOS_GET_NOWAIT)
		return vos_channel_ask(chan, len0, len1);
	return vos_channel_wait(chan, len0, len1, flags);
}

static struct vos_call *get_on(struct vos_link *link, u32 len0, u32 len1, u32 flags)
{
	struct vos_call *call;
	int cred = 0;

	if (vos_cred_needed(flags)) {
		cred = vos_cred_get(link, flags);
		if (cred < 0)
			return ERR_PTR(cred);
	}
	call = get_in_turn(link, len0, len1, flags);
	if (IS_ERR(call)) {
		if (cred)
			vos_cred_put(link, cred);
		return call;
	}
	vos_call_slot(call)->cred_index = cred;
	call->sqe.cred = cred;
	return call;
}

struct vos_call *vos_call_get(struct vos_session *s, u32 len0, u32 len1, u32 flags)
{
	bool once = flags & (VOS_GET_NOWAIT | VOS_GET_UP_ONLY | VOS_GET_RECOVERY);
	struct vos_call *call;

	if (unlikely(max(len0, len1) > vos_max_extent(s)))
		return ERR_PTR(-EMSGSIZE);
	do {
		struct vos_link *link = vos_session_link_get(s, flags);

		if (IS_ERR(link))
			return ERR_CAST(link);
		/* From here on the reference belongs to the call. */
		call = get_on(link, len0, len1, flags);
		if (IS_ERR(call))
			vos_link_put(link);
		/* If the link died meanwhile, wait for the next one. */
	} while (call == ERR_PTR(-ENOTCONN) && !once);
	return call;
}
EXPORT_SYMBOL_GPL(vos_call_get);

void vos_call_submit(struct vos_call *call)
{
	struct vos_channel *chan = call->chan;
	struct vos_sqe sqe = call->sqe;
	unsigned long flags;
	bool submitted;

	/* Once submitted, the call may end at any time, and its reference with it. */
	rcu_read_lock();
	submitted = vos_channel_submit(chan, call, &sqe, false);
	rcu_read_unlock();
	if (submitted)
		return;
	call->status = -EOWNERDEAD;
	/* As where it is called for a call that was under way */
	local_irq_save(flags);
	call->done(call);
	local_irq_restore(flags);
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
	 * The peer sent no event for what came between the last poll and the flag. The peer
	 * sends events of objects later: see docs/protocol.md, section 5.
	 */
	if (vos_ring_ready(&chan->cq))
		reap(chan);
}

/* Test whether the call has ended. If it has, no processor writes to it any more. */
static bool is_over(const struct vos_slot *slot)
{
	/* Pairs with the exchange in end_wait() (channel.c). */
	return smp_load_acquire(&slot->wait) == VOS_WAIT_OVER;
}

/* Poll for the answer for vos_spin_us, or a little longer. The submission has announced it. */
static __always_inline bool spin(struct vos_channel *chan, const struct vos_slot *slot)
{
	struct vos_poll poll = {};
	bool done;

	do {
		if (vos_ring_ready(&chan->cq))
			reap(chan);
		done = is_over(slot);
		if (done || need_resched())
			break;
		cpu_relax();
	} while (!vos_poll_over(&poll, (u64)READ_ONCE(vos_spin_us) * NSEC_PER_USEC));
	spin_end(chan, done);
	return done || is_over(slot);
}

/* The same, timed. */
static noinline bool spin_timed(struct vos_channel *chan, const struct vos_slot *slot)
{
	struct virtuos_account *account = vos_account_own();
	u64 since = ktime_get_ns();
	bool over = spin(chan, slot);

	if (account)
		account->spin_ns += ktime_get_ns() - since;
	return over;
}

static bool spin_for(struct vos_channel *chan, const struct vos_slot *slot)
{
	if (static_branch_unlikely(&vos_charge_used))
		return spin_timed(chan, slot);
	return spin(chan, slot);
}

/*
 * Sleep until the call has ended.
 * Return: 0. -EINTR: the caller was killed, and the call has not ended.
 */
static int sleep_for(struct vos_channel *chan, struct vos_slot *slot, bool killable)
{
	u64 since = ktime_get_ns();
	int rc = 0;

	reinit_completion(&slot->finished);
	if (cmpxchg(&slot->wait, VOS_WAIT_POLLS, VOS_WAIT_SLEEPS) == VOS_WAIT_OVER)
		return 0;
	trace_wait_begin(chan->service, &slot->call);
	if (killable)
		rc = wait_for_completion_killable(&slot->finished);
	else
		wait_for_completion(&slot->finished);
	trace_wait_end(chan->service, &slot->call);
	vos_account_note_sleep(ktime_get_ns() - since);
	if (!rc)
		return 0;
	if (!slot->call.orphan)
		slot->call.orphan = vos_call_put;
	if (vos_channel_abandon(chan, &slot->call))
		return -EINTR;
	wait_for_completion(&slot->finished);	/* the call's end is running already */
	return 0;
}

static __always_inline int run(struct vos_call *call, bool killable)
{
	struct vos_slot *slot = vos_call_slot(call);
	struct vos_channel *chan = call->chan;

	call->done = NULL;
	slot->wait = VOS_WAIT_POLLS;
	if (!vos_channel_submit(chan, call, &call->sqe, true)) {
		call->status = -EOWNERDEAD;
		return -EOWNERDEAD;
	}
	if (!spin_for(chan, slot) && sleep_for(chan, slot, killable))
		return -EINTR;
	if (likely(!call->status))
		vos_charge_own(call);
	return call->status;
}

int vos_call(struct vos_call *call)
{
	return run(call, true);
}
EXPORT_SYMBOL_GPL(vos_call);

int vos_call_unkillable(struct vos_call *call)
{
	return run(call, false);
}
EXPORT_SYMBOL_GPL(vos_call_unkillable);

static void put_slot(struct vos_channel *chan, struct vos_slot *slot)
{
	struct vos_call *call = &slot->call;
	unsigned long flags;

	VOS_DEBUG_WARN(call->state != VOS_CALL_OWNED);
	call->state = VOS_CALL_FREE;
	if (!vos_room_is_in_arena(chan, &call->room[0]) &&
	    !vos_room_is_in_arena(chan, &call->room[1]) &&
	    !cmpxchg(&chan->spare, NULL, slot))
		return;
	spin_lock_irqsave(&chan->slot_lock, flags);
	vos_slot_put_back(chan, slot);
	spin_unlock_irqrestore(&chan->slot_lock, flags);
}

void vos_call_put(struct vos_call *call)
{
	struct vos_channel *chan = call->chan;
	struct vos_slot *slot = vos_call_slot(call);
	struct vos_link *link = chan->link;

	if (slot->cred_index)
		vos_cred_put(link, slot->cred_index);
	put_slot(chan, slot);
	/*
	 * Pairs with enqueue() in queue.c. The exchange that stored the spare slot, or the
	 * lock, orders this test after it.
	 */
	if (unlikely(!list_empty(&chan->waiters)))
		vos_channel_serve(chan);
	vos_link_put(link);
}
EXPORT_SYMBOL_GPL(vos_call_put);

void vos_call_violation(struct vos_call *call, const char *what)
{
	vos_link_violation(call->chan->link, what);
}
EXPORT_SYMBOL_GPL(vos_call_violation);
