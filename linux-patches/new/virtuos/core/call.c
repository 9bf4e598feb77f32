// SPDX-License-Identifier: GPL-2.0
/*
 * The life of a call: it gets a free slot, and its user puts it. A caller that finds no slot
 * waits for one (queue.c).
 */
#include <linux/export.h>
#include "slot.h"

/*
 * Return: a slot with its room, not on the list, or NULL. Those who wait (queue.c) come
 * first; only what lies aside for a moment may be had past them.
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

/*
 * vos_channel_try_get - a free slot with its room, if there is one now and nobody waits
 *
 * The caller's reference on the link becomes the call's, until vos_call_put().
 * Return: the call, or NULL.
 */
struct vos_call *vos_channel_try_get(struct vos_channel *chan, u32 len0, u32 len1)
{
	struct vos_slot *slot = get_slot(chan, len0, len1);

	return slot ? vos_slot_begin(slot) : NULL;
}

/*
 * vos_channel_get_reserved - the same out of the reserve, for a call without extents
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

void vos_call_put(struct vos_call *call)
{
	struct vos_channel *chan = call->chan;
	struct vos_slot *slot = vos_call_slot(call);
	struct vos_link *link = chan->link;

	if (slot->cred_index)
		vos_cred_put(link, slot->cred_index);
	put_slot(chan, slot);
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
