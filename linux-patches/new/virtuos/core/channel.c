// SPDX-License-Identifier: GPL-2.0
/*
 * The rings of one kernel channel of a link: submission and completion.
 *
 * Invariant: only SUBMITTED and ABANDONED slots may be answered, once, by the peer or
 * by the death of the link; a completion for anything else is a violation and ends the
 * link. The tag of a completion is slot number and sequence, never a pointer.
 */
#include <xen/events.h>
#include "core_priv.h"

/*
 * vos_channel_init - attach to the pages that @desc names in the link's area
 * Return: 0 or -ENOMEM; on error nothing is left.
 */
int vos_channel_init(struct vos_channel *chan, struct vos_link *link, u32 nr,
		     const struct vos_channel_desc *desc)
{
	struct vos_channel_page __peer *hdr = vos_area_page(&link->area, desc->hdr_page);

	chan->link = link;
	chan->nr = nr;
	spin_lock_init(&chan->lock);
	vos_ring_init(&chan->sq, &hdr->sq, vos_area_page(&link->area, desc->sq_page),
		      desc->entries, VOS_SQ_PHASE);
	vos_ring_init(&chan->cq, &hdr->cq, vos_area_page(&link->area, desc->cq_page),
		      desc->entries, VOS_CQ_PHASE);
	/* Nobody polls yet: the first completion comes with an event. */
	vos_ring_prepare_sleep(&chan->cq);

	return vos_slots_init(chan, vos_area_page(&link->area, desc->arena_page),
			      desc->arena_pages << PAGE_SHIFT);
}

/*
 * The call has its answer. The waiter may go on, and the slot be another call's, as soon as
 * this is said; a waiter that sleeps stays until it is woken.
 */
static void end_wait(struct vos_slot *slot)
{
	if (xchg(&slot->wait, VOS_WAIT_OVER) == VOS_WAIT_SLEEPS)
		complete(&slot->finished);
}

/* The call has its answer. A waiter is told at once; other ends run when the lock is gone. */
static void answered(struct vos_channel *chan, struct vos_call *call, int status,
		     struct list_head *ended)
{
	lockdep_assert_held(&chan->lock);
	call->status = status;
	chan->stats.completions++;
	if (call->state == VOS_CALL_SUBMITTED && !call->done) {
		call->state = VOS_CALL_OWNED;
		end_wait(vos_call_slot(call));
	} else {
		list_add_tail(&call->node, ended);
	}
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

/* Return: the call that may be answered with @tag, or NULL. */
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
	/* Answered already in this round, and still on the list? */
	if (!list_empty(&call->node))
		return NULL;
	return call;
}

/* Return: false: what comes next is none of our calls' answer, a violation. */
static bool consume_answers(struct vos_channel *chan, struct list_head *ended)
{
	lockdep_assert_held(&chan->lock);
	while (vos_ring_ready(&chan->cq)) {
		const struct vos_cqe __peer *untrusted_entry = vos_ring_front(&chan->cq);
		struct vos_call *call = find_call(chan, vos_load(&untrusted_entry->tag));

		if (call)
			vos_ring_consume(&chan->cq, &call->cqe);
		/* It may have changed between the look and the copy. */
		if (!call || call->cqe.tag != call->sqe.tag)
			return false;
		answered(chan, call, 0, ended);
	}
	return true;
}

/* vos_channel_reap_ring - take all completions, but no events. Interrupts are off. */
void vos_channel_reap_ring(struct vos_channel *chan)
{
	LIST_HEAD(ended);

	spin_lock(&chan->lock);
	if (!chan->link->dead && !consume_answers(chan, &ended))
		vos_link_violation(chan->link, "completion ring");
	spin_unlock(&chan->lock);
	run_ended(&ended);
}

/*
 * vos_channel_reap - take all completions and events
 *
 * Any context. Callbacks run with interrupts off and no lock held.
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

/*
 * vos_channel_end_all - the link is dead: end what was submitted
 *
 * What the peer has answered before it died was answered: its answers are taken, as far
 * as they are good. Sets link->dead under this channel's lock, so that no call can be
 * submitted past it. Process context.
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

/* How the peer is to tell of what it pushes from now on. */
static void set_wakeup(struct vos_channel *chan)
{
	lockdep_assert_held(&chan->lock);
	vos_ring_ask(&chan->cq, chan->spinners ? VOS_WAKE_NOT :
				chan->idle ? VOS_WAKE_NOW : VOS_WAKE_SOON);
}

/*
 * vos_channel_poll_begin, vos_channel_poll_end - between the two nothing has to be told
 *
 * @outcome: counter of chan->stats that goes up
 *
 * After the end the caller looks at the completions once more: what came between his
 * last look and the flag came without an event.
 */
void vos_channel_poll_begin(struct vos_channel *chan)
{
	unsigned long flags;

	spin_lock_irqsave(&chan->lock, flags);
	if (!chan->spinners++)
		set_wakeup(chan);
	spin_unlock_irqrestore(&chan->lock, flags);
}

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

/*
 * vos_channel_set_idle - its processor goes to sleep, or has woken up
 *
 * Who has said that it is idle looks once more, at completions and events: what came
 * before the peer could see that came without an event.
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

/*
 * vos_channel_pending - has anything come that was not taken?
 */
bool vos_channel_pending(const struct vos_channel *chan)
{
	return vos_ring_ready(&chan->cq) || vos_object_pending(chan->link);
}

/*
 * Mark as submitted. Who will poll for the answer says so first: it may come before
 * push() returns.
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

/* Return: 1: send the event, 0, or -EPROTO. */
static int push(struct vos_channel *chan, const struct vos_sqe *sqe)
{
	int rc = vos_ring_push(&chan->sq, sqe) ? -EPROTO : vos_ring_must_notify(&chan->sq);

	chan->stats.calls++;
	chan->stats.sends += rc > 0;
	chan->stats.bytes += sqe->ext[0].len + sqe->ext[1].len;
	return rc;
}

/*
 * vos_channel_submit - hand a call to the peer
 * @sqe: the call's, or a copy where the call may end before this returns
 * @polls: the caller looks for the answer, until vos_channel_poll_end()
 * Return: it is submitted; false: the link is dead, and nobody polls.
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
		notify_remote_via_evtchn(chan->evtchn);
	return submitted;
}

/*
 * vos_channel_abandon - leave the slot to the completion that is still to come
 * Return: false: it has come, and the call's end is running.
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
