// SPDX-License-Identifier: GPL-2.0
/*
 * Slots of a channel: what a call is while it exists, with its part of the arena.
 *
 * A slot that has just been given back lies aside, where it is taken from and put back
 * with one atomic exchange; the others are on a list.
 *
 * Invariant: a slot is FREE, OWNED by its user, SUBMITTED, or ABANDONED. While it is FREE
 * it is on the list, aside, or given to somebody who has waited and has not begun yet
 * (queue.c). VOS_RESERVE slots of the list are for recovery alone.
 */
#include <linux/export.h>
#include <linux/slab.h>
#include "core_priv.h"

static_assert(VOS_SLOT_MASK + 1 >= VOS_ENTRIES);
static_assert(VOS_ENTRIES / 2 > VOS_RESERVE);

/*
 * vos_slots_init - the slots of a channel whose arena begins at @arena
 * @bytes: of the whole arena
 * Return: 0 or -ENOMEM; on error nothing is left.
 */
int vos_slots_init(struct vos_channel *chan, void __peer *arena, u32 bytes)
{
	u32 i;

	spin_lock_init(&chan->slot_lock);
	chan->slots = kvcalloc(VOS_ENTRIES, sizeof(*chan->slots), GFP_KERNEL);
	if (!chan->slots)
		return -ENOMEM;
	if (vos_arena_init(&chan->arena, arena, VOS_ENTRIES * VOS_INLINE, bytes)) {
		kvfree(chan->slots);
		chan->slots = NULL;
		return -ENOMEM;
	}
	INIT_LIST_HEAD(&chan->free);
	INIT_LIST_HEAD(&chan->waiters);
	INIT_LIST_HEAD(&chan->ticket.node);
	for (i = 0; i < VOS_ENTRIES; i++) {
		struct vos_slot *slot = &chan->slots[i];

		slot->call.chan = chan;
		slot->call.slot = i;
		slot->call.state = VOS_CALL_FREE;
		init_completion(&slot->finished);
		list_add_tail(&slot->free, &chan->free);
	}
	chan->nr_free = VOS_ENTRIES;
	return 0;
}

/* Idempotent. All calls have ended. */
void vos_slots_exit(struct vos_channel *chan)
{
	if (!chan->slots)
		return;
	spin_lock_irq(&chan->slot_lock);
	vos_slot_recall_spare(chan);
	if (chan->ticket.slot)
		vos_slot_put_back(chan, chan->ticket.slot);
	list_del_init(&chan->ticket.node);
	spin_unlock_irq(&chan->slot_lock);
	WARN_ON_ONCE(chan->nr_free != VOS_ENTRIES || !list_empty(&chan->waiters));
	vos_arena_exit(&chan->arena);
	kvfree(chan->slots);
	chan->slots = NULL;
}

/* Small calls live in their slot's own bytes; the rest asks the arena. */
static bool is_small(u32 len0, u32 len1)
{
	return ALIGN(len0, 8) + len1 <= VOS_INLINE;
}

static void use_own_room(struct vos_call *call, u32 len0, u32 len1)
{
	call->room[0].off = call->slot * VOS_INLINE;
	call->room[0].len = len0;
	call->room[1].off = call->room[0].off + (len1 ? ALIGN(len0, 8) : 0);
	call->room[1].len = len1;
}

/* Return: 0 or -ENOSPC. */
static int take_room(struct vos_channel *chan, struct vos_call *call, u32 len0, u32 len1)
{
	lockdep_assert_held(&chan->slot_lock);
	memset(call->room, 0, sizeof(call->room));
	if (is_small(len0, len1)) {
		use_own_room(call, len0, len1);
		return 0;
	}
	if (len0 && vos_arena_take(&chan->arena, len0, &call->room[0]))
		return -ENOSPC;
	if (len1 && vos_arena_take(&chan->arena, len1, &call->room[1])) {
		if (len0)
			vos_arena_give(&chan->arena, &call->room[0]);
		/* The slot may be given back as it is: it has no room. */
		memset(call->room, 0, sizeof(call->room));
		return -ENOSPC;
	}
	return 0;
}

static bool is_in_arena(const struct vos_channel *chan, const struct vos_extent *room)
{
	return room->len && room->off >= chan->arena.first;
}

static void give_room(struct vos_channel *chan, struct vos_call *call)
{
	int i;

	lockdep_assert_held(&chan->slot_lock);
	for (i = 0; i < 2; i++)
		if (is_in_arena(chan, &call->room[i]))
			vos_arena_give(&chan->arena, &call->room[i]);
}

/* The slot that lies aside joins the others. */
void vos_slot_recall_spare(struct vos_channel *chan)
{
	struct vos_slot *slot = xchg(&chan->spare, NULL);

	lockdep_assert_held(&chan->slot_lock);
	if (!slot)
		return;
	list_add(&slot->free, &chan->free);
	chan->nr_free++;
}

/*
 * vos_slot_pick - take a slot with its room off the list
 * @reserve: so many shall be left
 * Return: the slot, or NULL.
 */
struct vos_slot *vos_slot_pick(struct vos_channel *chan, u32 len0, u32 len1, u32 reserve)
{
	struct vos_slot *slot;

	lockdep_assert_held(&chan->slot_lock);
	if (chan->nr_free <= reserve)
		return NULL;
	slot = list_first_entry(&chan->free, struct vos_slot, free);
	if (take_room(chan, &slot->call, len0, len1))
		return NULL;
	list_del(&slot->free);
	chan->nr_free--;
	return slot;
}

/* @slot, as it was picked, goes back to the list. The last in is the first out: it is warm. */
void vos_slot_put_back(struct vos_channel *chan, struct vos_slot *slot)
{
	lockdep_assert_held(&chan->slot_lock);
	give_room(chan, &slot->call);
	list_add(&slot->free, &chan->free);
	chan->nr_free++;
}

/* Have @slot, as it was picked, with other room. Return: it could be; else it has none. */
bool vos_slot_change_room(struct vos_channel *chan, struct vos_slot *slot, u32 len0, u32 len1)
{
	lockdep_assert_held(&chan->slot_lock);
	give_room(chan, &slot->call);
	return !take_room(chan, &slot->call, len0, len1);
}

/*
 * Return: a slot with its room, not on the list, or NULL. Those who wait (queue.c) come
 * first; only what lies aside for a moment may be had past them.
 */
static struct vos_slot *take_slot(struct vos_channel *chan, u32 len0, u32 len1)
{
	struct vos_slot *slot = xchg(&chan->spare, NULL);
	unsigned long flags;

	if (slot && is_small(len0, len1)) {
		use_own_room(&slot->call, len0, len1);
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

static void give_slot(struct vos_channel *chan, struct vos_slot *slot)
{
	struct vos_call *call = &slot->call;
	unsigned long flags;

	VOS_DEBUG_WARN(call->state != VOS_CALL_OWNED);
	call->state = VOS_CALL_FREE;
	if (!is_in_arena(chan, &call->room[0]) && !is_in_arena(chan, &call->room[1]) &&
	    !cmpxchg(&chan->spare, NULL, slot))
		return;
	spin_lock_irqsave(&chan->slot_lock, flags);
	vos_slot_put_back(chan, slot);
	spin_unlock_irqrestore(&chan->slot_lock, flags);
}

/*
 * vos_slot_begin - a call in the slot that was taken
 *
 * The caller's reference on the link becomes the call's, until vos_call_put().
 */
struct vos_call *vos_slot_begin(struct vos_slot *slot)
{
	struct vos_call *call = &slot->call;

	VOS_DEBUG_WARN(call->state != VOS_CALL_FREE);
	memset(&call->sqe, 0, sizeof(call->sqe));
	call->sqe.tag = ++slot->seq << VOS_SLOT_BITS | call->slot;
	call->sqe.ext[0] = call->room[0];
	call->sqe.ext[1] = call->room[1];
	call->done = NULL;
	call->orphan = NULL;
	call->priv = NULL;
	call->status = 0;
	slot->cred_index = 0;
	call->state = VOS_CALL_OWNED;
	return call;
}

/*
 * vos_channel_take - a free slot with its room, if there is one now and nobody waits
 *
 * The caller's reference on the link becomes the call's, until vos_call_put().
 * Return: the call, or NULL.
 */
struct vos_call *vos_channel_take(struct vos_channel *chan, u32 len0, u32 len1)
{
	struct vos_slot *slot = take_slot(chan, len0, len1);

	return slot ? vos_slot_begin(slot) : NULL;
}

/*
 * vos_channel_take_reserved - the same out of the reserve, for a call without extents
 */
struct vos_call *vos_channel_take_reserved(struct vos_channel *chan)
{
	struct vos_slot *slot;
	unsigned long flags;

	spin_lock_irqsave(&chan->slot_lock, flags);
	slot = vos_slot_pick(chan, 0, 0, 0);
	spin_unlock_irqrestore(&chan->slot_lock, flags);
	return slot ? vos_slot_begin(slot) : NULL;
}

void vos_call_put(struct vos_call *call)
{
	struct vos_channel *chan = call->chan;
	struct vos_slot *slot = vos_call_slot(call);
	struct vos_link *link = chan->link;

	if (slot->cred_index)
		vos_cred_put(link, slot->cred_index);
	give_slot(chan, slot);
	/*
	 * Pairs with enqueue() in queue.c: the exchange that laid the slot aside, or the
	 * lock, orders this after it.
	 */
	if (unlikely(!list_empty(&chan->waiters)))
		vos_channel_serve(chan);
	vos_link_put(link);
}
EXPORT_SYMBOL_GPL(vos_call_put);

void __peer *vos_call_data(struct vos_call *call, unsigned int i)
{
	return call->chan->arena.base + call->room[i].off;
}
EXPORT_SYMBOL_GPL(vos_call_data);

void vos_call_violation(struct vos_call *call, const char *what)
{
	vos_link_violation(call->chan->link, what);
}
EXPORT_SYMBOL_GPL(vos_call_violation);

u32 vos_call_epoch(const struct vos_call *call)
{
	return call->chan->link->epoch;
}
EXPORT_SYMBOL_GPL(vos_call_epoch);
