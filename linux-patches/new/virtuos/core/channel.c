// SPDX-License-Identifier: GPL-2.0
/*
 * The rings of one kernel channel of a link: submission and completion.
 *
 * Invariant: only a SUBMITTED or ABANDONED slot may be answered. The peer or the death of the
 * link answers it, once. A completion for any other slot is a violation and ends the link. The
 * tag of a completion is slot number and sequence, never a pointer.
 */
#include <xen/events.h>
#include "account.h"
#include "vos_trace.h"

/**
 * vos_channel_init - attach to the pages of a channel
 * @chan: filled
 * @link: its link
 * @nr: its number
 * @desc: names its pages in the link's area
 *
 * Context: process.
 * Return: 0 or -ENOMEM; on error nothing is left.
 */
int vos_channel_init(struct vos_channel *chan, struct vos_link *link, u32 nr,
		     const struct vos_channel_desc *desc)
{
	struct vos_channel_page __peer *hdr = vos_area_page(&link->area, desc->hdr_page);

	chan->link = link;
	chan->nr = nr;
	chan->service = link->session->service;
	vos_cost_init(chan);
	spin_lock_init(&chan->lock);
	vos_ring_init(&chan->sq, &hdr->sq, vos_area_page(&link->area, desc->sq_page),
		      desc->entries, VOS_SQ_PHASE);
	vos_ring_init(&chan->cq, &hdr->cq, vos_area_page(&link->area, desc->cq_page),
		      desc->entries, VOS_CQ_PHASE);
	/* No caller polls yet: the first completion comes with an event. */
	vos_ring_prepare_sleep(&chan->cq);

	return vos_slots_init(chan, vos_area_page(&link->area, desc->arena_page),
			      desc->arena_pages << PAGE_SHIFT);
}

/*
 * End the wait for a call that has its answer. A waiter that polls may then go on, and the slot
 * may become another call's. A waiter that sleeps stays until complete().
 */
static void end_wait(struct vos_slot *slot)
{
	if (xchg(&slot->wait, VOS_WAIT_OVER) == VOS_WAIT_SLEEPS)
		complete(&slot->finished);
}

/*
 * Note the answer of a call. If a waiter polls or sleeps, wake it at once. run_ended() calls
 * the other ends after the lock is released.
 */
static void answered(struct vos_channel *chan, struct vos_call *call, int status,
		     struct list_head *ended)
{
	lockdep_assert_held(&chan->lock);
	call->status = status;
	chan->stats.completions++;
	trace_call_done(chan->service, call);
	if (call->state == VOS_CALL_SUBMITTED && !call->done) {
		call->state = VOS_CALL_OWNED;
		end_wait(vos_call_slot(call));
		return;
	}
	if (!status && (call->state == VOS_CALL_ABANDONED || !call->charges))
		vos_charge_unclaimed(call);
	list_add_tail(&call->node, ended);
}

/* Cut down what the peer says that a call cost, before the call's waiter may go on. */
static void admit_cost(struct vos_channel *chan, struct vos_cqe *cqe)
{
	u32 ticks = VOS_COST_TICKS(cqe->cost);

	lockdep_assert_held(&chan->lock);
	if (unlikely(ticks > chan->stats.left)) {
		ticks = vos_cost_admit_more(chan, ticks);
		cqe->cost = ticks;
	}
	chan->stats.left -= ticks;
}

static void run_ended(struct list_head *ended)
{
	struct vos_call *call, *next;

	list_for_each_entry_safe(call, next, ended, node) {
		bool abandoned = call->state == VOS_CALL_ABANDONED;

		call->state = VOS_CALL_OWNED;
		if (abandoned)
			call->orphan(call);
		else
			call->done(call);
	}
}

/*
 * Find the call that a completion with @tag may answer.
 * Return: the call or NULL.
 */
static struct vos_call *find_call(struct vos_channel *chan, u32 tag)
{
	u32 nr = tag & VOS_SLOT_MASK;
	struct vos_call *call;

	lockdep_assert_held(&chan->lock);
	if (nr >= VOS_ENTRIES)
		return NULL;
	call = &chan->slots[nr].call;
	if (call->sqe.tag != tag)
		return NULL;
	if (call->state != VOS_CALL_SUBMITTED && call->state != VOS_CALL_ABANDONED)
		return NULL;
	/* A call on the list has its answer already. */
	if (!list_empty(&call->node))
		return NULL;
	return call;
}

/*
 * Take completions until the ring is empty.
 * Return: true. false: the next completion answers no call that is submitted, a violation.
 */
static bool consume_answers(struct vos_channel *chan, struct list_head *ended)
{
	lockdep_assert_held(&chan->lock);
	while (vos_ring_front_ready(&chan->cq)) {
		const struct vos_cqe __peer *untrusted_entry = vos_ring_front(&chan->cq);
		struct vos_call *call = find_call(chan, vos_load(&untrusted_entry->tag));

		if (call)
			vos_ring_consume(&chan->cq, &call->cqe);
		/* The peer may have changed the entry between the check and the copy. */
		if (!call || call->cqe.tag != call->sqe.tag)
			return false;
		admit_cost(chan, &call->cqe);
		answered(chan, call, 0, ended);
	}
	return true;
}

/**
 * vos_channel_reap_ring - take all completions, but no events
 * @chan: the channel
 *
 * Context: interrupts are off.
 */
void vos_channel_reap_ring(struct vos_channel *chan)
{
	LIST_HEAD(ended);

	spin_lock(&chan->lock);
	if (!chan->link->dead && !consume_answers(chan, &ended))
		vos_link_violation(chan->link, "completion ring");
	spin_unlock(&chan->lock);
	run_ended(&ended);
}

/**
 * vos_channel_reap - take all completions and events
 * @chan: the channel
 *
 * Callbacks run with interrupts off and no lock held.
 *
 * Context: any.
 */
void vos_channel_reap(struct vos_channel *chan)
{
	unsigned long flags;

	local_irq_save(flags);
	vos_channel_reap_ring(chan);
	vos_object_events(chan->link);
	local_irq_restore(flags);
}

static void end_unanswered(struct vos_channel *chan, struct list_head *ended)
{
	u32 i;

	for (i = 0; i < VOS_ENTRIES; i++) {
		struct vos_call *call = &chan->slots[i].call;

		if ((call->state == VOS_CALL_SUBMITTED || call->state == VOS_CALL_ABANDONED) &&
		    list_empty(&call->node))
			answered(chan, call, -EOWNERDEAD, ended);
	}
}

/**
 * vos_channel_end_all - end all submitted calls of a link that dies
 * @chan: one of its channels
 *
 * If the peer has answered a call before it died, the call gets that answer, as far as the
 * answers are valid. The function sets link->dead under this channel's lock, so no call can be
 * submitted past it.
 *
 * Context: process.
 */
void vos_channel_end_all(struct vos_channel *chan)
{
	unsigned long flags;
	LIST_HEAD(ended);

	local_irq_save(flags);
	spin_lock(&chan->lock);
	WRITE_ONCE(chan->link->dead, true);
	consume_answers(chan, &ended);
	end_unanswered(chan, &ended);
	spin_unlock(&chan->lock);
	run_ended(&ended);
	local_irq_restore(flags);
}

/* Write need_wakeup: how the peer is to announce completions from now on. */
static void set_wakeup(struct vos_channel *chan)
{
	lockdep_assert_held(&chan->lock);
	vos_ring_ask(&chan->cq, chan->spinners ? VOS_WAKE_NOT :
				chan->idle ? VOS_WAKE_NOW : VOS_WAKE_SOON);
}

/**
 * vos_channel_poll_begin - tell the peer that a caller polls, so that it sends no event
 * @chan: the channel
 *
 * Context: any.
 */
void vos_channel_poll_begin(struct vos_channel *chan)
{
	unsigned long flags;

	spin_lock_irqsave(&chan->lock, flags);
	if (!chan->spinners++)
		set_wakeup(chan);
	spin_unlock_irqrestore(&chan->lock, flags);
}

/**
 * vos_channel_poll_end - take vos_channel_poll_begin() back
 * @chan: the channel
 * @outcome: counter of chan->stats that goes up
 *
 * Afterwards the caller polls the completion ring once more: for what came between its last
 * poll and the flag the peer sent no event.
 *
 * Context: any.
 */
void vos_channel_poll_end(struct vos_channel *chan, u64 *outcome)
{
	unsigned long flags;

	spin_lock_irqsave(&chan->lock, flags);
	++*outcome;
	VOS_DEBUG_WARN(!chan->spinners);
	if (!--chan->spinners)
		set_wakeup(chan);
	spin_unlock_irqrestore(&chan->lock, flags);
}

/**
 * vos_channel_set_idle - note that the channel's processor goes to sleep, or has woken up
 * @chan: the channel
 * @idle: it goes to sleep
 *
 * After @idle the caller checks completions and events once more. For what came before the peer
 * could see the flag, the peer sent no event.
 *
 * Context: any.
 */
void vos_channel_set_idle(struct vos_channel *chan, bool idle)
{
	unsigned long flags;

	if (READ_ONCE(chan->idle) == idle)
		return;
	spin_lock_irqsave(&chan->lock, flags);
	chan->idle = idle;
	set_wakeup(chan);
	spin_unlock_irqrestore(&chan->lock, flags);
}

/**
 * vos_channel_pending - test for completions and events that are not taken
 * @chan: the channel
 *
 * Context: any.
 * Return: true if there is one.
 */
bool vos_channel_pending(const struct vos_channel *chan)
{
	return vos_ring_ready(&chan->cq) || vos_object_pending(chan->link);
}

/*
 * Mark a call as submitted. If the caller will poll, announce that first: the answer may come
 * before push() returns.
 */
static void mark_submitted(struct vos_channel *chan, struct vos_call *call, bool polls)
{
	lockdep_assert_held(&chan->lock);
	VOS_DEBUG_WARN(call->state != VOS_CALL_OWNED);
	INIT_LIST_HEAD(&call->node);
	call->state = VOS_CALL_SUBMITTED;
	if (polls && !chan->spinners++)
		set_wakeup(chan);
}

/*
 * Push the submission.
 * Return: 1: the caller sends the event. 0: no event. -EPROTO.
 */
static int push(struct vos_channel *chan, const struct vos_sqe *sqe)
{
	int rc;

	trace_call_submit(chan, sqe);
	rc = vos_ring_push(&chan->sq, sqe) ? -EPROTO : vos_ring_must_notify(&chan->sq);

	chan->stats.calls++;
	chan->stats.sends += rc > 0;
	chan->stats.bytes += sqe->ext[0].len + sqe->ext[1].len;
	return rc;
}

/* Tell a peer that sleeps. The thread that submits pays for it. */
static void send_event(const struct vos_channel *chan)
{
	struct virtuos_account *account = current->virtuos_account;

	notify_remote_via_evtchn(chan->evtchn);
	if (account && in_task())
		account->sends++;
}

/**
 * vos_channel_submit - hand a call to the peer
 * @chan: the call's channel
 * @call: the call
 * @sqe: the call's, or a copy where the call may end before this returns
 * @polls: the caller polls for the answer, until vos_channel_poll_end()
 *
 * Context: any.
 * Return: true. false: the link is dead, the call is not submitted, and @polls has had no
 * effect.
 */
bool vos_channel_submit(struct vos_channel *chan, struct vos_call *call,
			const struct vos_sqe *sqe, bool polls)
{
	unsigned long flags;
	bool submitted;
	int rc = 0;

	spin_lock_irqsave(&chan->lock, flags);
	submitted = !chan->link->dead;
	if (submitted) {
		mark_submitted(chan, call, polls);
		rc = push(chan, sqe);
	}
	spin_unlock_irqrestore(&chan->lock, flags);

	if (unlikely(rc < 0))	/* there are as many entries as slots */
		vos_link_violation(chan->link, "submission ring");
	else if (rc)
		send_event(chan);
	return submitted;
}

/**
 * vos_channel_abandon - leave the slot to the completion that is still to come
 * @chan: the call's channel
 * @call: a submitted call
 *
 * Context: any.
 * Return: true. false: the completion has come, and the call's end is running.
 */
bool vos_channel_abandon(struct vos_channel *chan, struct vos_call *call)
{
	unsigned long flags;
	bool left = false;

	spin_lock_irqsave(&chan->lock, flags);
	if (call->state == VOS_CALL_SUBMITTED && list_empty(&call->node)) {
		call->state = VOS_CALL_ABANDONED;
		left = true;
	}
	spin_unlock_irqrestore(&chan->lock, flags);
	return left;
}
