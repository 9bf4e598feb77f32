// SPDX-License-Identifier: GPL-2.0
/*
 * The queue of callers that wait for a slot of a channel, or for room in its arena.
 *
 * Invariant: while a caller waits, no later caller gets a slot before it. Recovery is the
 * exception: it stands in front, and VOS_RESERVE slots are kept for it (slot.c). A caller that
 * gives a slot back serves the queue. So does a caller that leaves the queue without a slot.
 *
 * For a user that cannot wait (VOS_GET_NOWAIT), the channel's ticket stands in the queue. When
 * the ticket gets a slot, ops->room() tells the user. If the user does not fetch the slot, it
 * goes back as soon as another caller has waited for a second.
 */
#include <linux/sched/signal.h>
#include "slot.h"

static u32 reserve_for(const struct vos_waiter *w)
{
	return w->recovery ? 0 : VOS_RESERVE;
}

/**
 * vos_channel_serve - give what is free to the callers that wait, in turn
 * @chan: the channel
 *
 * Context: any.
 */
void vos_channel_serve(struct vos_channel *chan)
{
	struct vos_session *s = chan->link->session;
	struct vos_waiter *w;
	struct vos_slot *slot;
	bool told = false;
	unsigned long flags;

	spin_lock_irqsave(&chan->slot_lock, flags);
	vos_slot_recall_spare(chan);
	while ((w = list_first_entry_or_null(&chan->waiters, struct vos_waiter, node))) {
		slot = vos_slot_pick(chan, w->len0, w->len1, reserve_for(w));
		if (!slot)
			break;
		list_del_init(&w->node);
		WRITE_ONCE(w->slot, slot);
		if (w->task)
			wake_up_process(w->task);
		else
			told = true;
	}
	spin_unlock_irqrestore(&chan->slot_lock, flags);
	if (told && s->ops->room)
		s->ops->room(s);
}

/**
 * vos_channel_wake_all - wake all callers that wait for a slot of a dead link
 * @chan: the link's channel
 *
 * Context: any.
 */
void vos_channel_wake_all(struct vos_channel *chan)
{
	struct vos_waiter *w;
	unsigned long flags;

	spin_lock_irqsave(&chan->slot_lock, flags);
	list_for_each_entry(w, &chan->waiters, node)
		if (w->task)
			wake_up_process(w->task);
	spin_unlock_irqrestore(&chan->slot_lock, flags);
}

/*
 * Enter the queue, then serve it. A slot given back before is not missed: the caller that gives
 * it back tests for waiters afterwards. This one tests for slots afterwards.
 */
static void enqueue(struct vos_channel *chan, struct vos_waiter *w)
{
	unsigned long flags;

	spin_lock_irqsave(&chan->slot_lock, flags);
	if (w->recovery)
		list_add(&w->node, &chan->waiters);
	else
		list_add_tail(&w->node, &chan->waiters);
	spin_unlock_irqrestore(&chan->slot_lock, flags);
	vos_channel_serve(chan);
}

/* Give the ticket's slot back. */
static void revoke_ticket(struct vos_channel *chan)
{
	unsigned long flags;

	spin_lock_irqsave(&chan->slot_lock, flags);
	if (chan->ticket.slot)
		vos_slot_put_back(chan, chan->ticket.slot);
	WRITE_ONCE(chan->ticket.slot, NULL);
	spin_unlock_irqrestore(&chan->slot_lock, flags);
	vos_channel_serve(chan);
}

static void sleep_in_line(struct vos_channel *chan, struct vos_waiter *w, unsigned int state)
{
	for (;;) {
		set_current_state(state);
		if (READ_ONCE(w->slot) || READ_ONCE(chan->link->dead) ||
		    signal_pending_state(state, current))
			break;
		if (!schedule_timeout(HZ))
			revoke_ticket(chan);
	}
	__set_current_state(TASK_RUNNING);
}

/*
 * Leave the queue.
 * Return: the slot that this caller got, even if only now, or NULL.
 */
static struct vos_slot *leave_line(struct vos_channel *chan, struct vos_waiter *w)
{
	unsigned long flags;

	spin_lock_irqsave(&chan->slot_lock, flags);
	if (!w->slot)
		list_del(&w->node);
	spin_unlock_irqrestore(&chan->slot_lock, flags);
	/* This caller may have stood in front of one that wants less. */
	if (!w->slot)
		vos_channel_serve(chan);
	return w->slot;
}

/**
 * vos_channel_wait - wait in turn for a slot with its room
 * @chan: the channel
 * @len0: bytes of the first extent, or 0
 * @len1: bytes of the second extent, or 0
 * @flags: VOS_GET_KILLABLE, VOS_GET_RECOVERY
 *
 * The caller has found no slot by vos_channel_try_get(). Its reference on the link becomes the
 * call's, until vos_call_put().
 *
 * Context: process.
 * Return: the call; ERR_PTR(-ERESTARTSYS). ERR_PTR(-ENOTCONN): the link has died.
 */
struct vos_call *vos_channel_wait(struct vos_channel *chan, u32 len0, u32 len1, u32 flags)
{
	struct vos_waiter w = {
		.task = current,
		.len0 = len0,
		.len1 = len1,
		.recovery = flags & VOS_GET_RECOVERY,
	};
	struct vos_slot *slot;

	might_sleep();
	enqueue(chan, &w);
	sleep_in_line(chan, &w, flags & VOS_GET_KILLABLE ? TASK_KILLABLE : TASK_INTERRUPTIBLE);
	slot = leave_line(chan, &w);
	if (slot)
		return vos_slot_begin(slot);
	return ERR_PTR(READ_ONCE(chan->link->dead) ? -ENOTCONN : -ERESTARTSYS);
}

/*
 * Take the ticket's slot, if it is there and has room enough.
 * Return: the slot or NULL.
 */
static struct vos_slot *fetch_ticket(struct vos_channel *chan, u32 len0, u32 len1)
{
	struct vos_slot *slot;
	unsigned long flags;

	if (!READ_ONCE(chan->ticket.slot))
		return NULL;
	spin_lock_irqsave(&chan->slot_lock, flags);
	slot = chan->ticket.slot;
	WRITE_ONCE(chan->ticket.slot, NULL);
	if (slot && !vos_slot_change_room(chan, slot, len0, len1)) {
		vos_slot_put_back(chan, slot);
		slot = NULL;
	}
	spin_unlock_irqrestore(&chan->slot_lock, flags);
	return slot;
}

static void queue_ticket(struct vos_channel *chan, u32 len0, u32 len1)
{
	struct vos_waiter *t = &chan->ticket;
	unsigned long flags;

	spin_lock_irqsave(&chan->slot_lock, flags);
	if (list_empty(&t->node) && !t->slot) {
		t->len0 = len0;
		t->len1 = len1;
		list_add_tail(&t->node, &chan->waiters);
	}
	spin_unlock_irqrestore(&chan->slot_lock, flags);
}

/**
 * vos_channel_ask - get a slot with its room for a caller that cannot wait
 * @chan: the channel
 * @len0: bytes of the first extent, or 0
 * @len1: bytes of the second extent, or 0
 *
 * The caller's reference on the link becomes the call's, until vos_call_put().
 *
 * Context: any.
 * Return: the call. ERR_PTR(-ENOBUFS): ops->room() will say when to ask again.
 */
struct vos_call *vos_channel_ask(struct vos_channel *chan, u32 len0, u32 len1)
{
	struct vos_link *link = chan->link;
	struct vos_slot *slot;
	u32 i;

	/* Another processor's channel may have the ticket with a slot. */
	for (i = 0; i < link->nr_channels; i++) {
		slot = fetch_ticket(&link->chan[i], len0, len1);
		if (slot)
			return vos_slot_begin(slot);
	}
	queue_ticket(chan, len0, len1);
	/*
	 * As in enqueue(). If the ticket's turn has come already, ops->room() is called for
	 * nothing.
	 */
	vos_channel_serve(chan);
	slot = fetch_ticket(chan, len0, len1);
	return slot ? vos_slot_begin(slot) : ERR_PTR(-ENOBUFS);
}
