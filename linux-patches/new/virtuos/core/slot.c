// SPDX-License-Identifier: GPL-2.0
/*
 * Slots of a channel: what a call is while it exists, with its part of the arena.
 *
 * The slot that was given back last may be the channel's spare. One atomic exchange takes it
 * and one puts it back. The other free slots are on a list.
 *
 * Invariant: a slot is FREE, OWNED by its user, SUBMITTED, or ABANDONED. While it is FREE it is
 * on the list, is the spare, or was given to a waiter that has not begun yet (queue.c).
 * VOS_RESERVE slots of the list are for recovery alone.
 */
#include <linux/slab.h>
#include "slot.h"

static_assert(VOS_SLOT_MASK + 1 >= VOS_ENTRIES);
static_assert(VOS_ENTRIES / 2 > VOS_RESERVE);

/**
 * vos_slots_init - make the slots of a channel
 * @chan: the channel
 * @arena: where its arena begins
 * @bytes: of the whole arena
 *
 * Context: process.
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

/**
 * vos_slots_exit - free the slots of a channel
 * @chan: the channel; all its calls have ended
 *
 * Idempotent.
 *
 * Context: process.
 */
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

/*
 * Give a call its room: the slot's own bytes, or parts of the arena.
 * Return: 0 or -ENOSPC.
 */
static int get_room(struct vos_channel *chan, struct vos_call *call, u32 len0, u32 len1)
{
	lockdep_assert_held(&chan->slot_lock);
	memset(call->room, 0, sizeof(call->room));
	if (vos_slot_is_enough(len0, len1)) {
		vos_slot_use_own(call, len0, len1);
		return 0;
	}
	if (len0 && vos_arena_get(&chan->arena, len0, &call->room[0]))
		return -ENOSPC;
	if (len1 && vos_arena_get(&chan->arena, len1, &call->room[1])) {
		if (len0)
			vos_arena_put(&chan->arena, &call->room[0]);
		/* The caller may give the slot back as it is: it has no room. */
		memset(call->room, 0, sizeof(call->room));
		return -ENOSPC;
	}
	return 0;
}

static void put_room(struct vos_channel *chan, struct vos_call *call)
{
	int i;

	lockdep_assert_held(&chan->slot_lock);
	for (i = 0; i < 2; i++)
		if (vos_room_is_in_arena(chan, &call->room[i]))
			vos_arena_put(&chan->arena, &call->room[i]);
}

/**
 * vos_slot_recall_spare - put the spare slot on the list
 * @chan: the channel
 *
 * Context: the channel's slot_lock is held.
 */
void vos_slot_recall_spare(struct vos_channel *chan)
{
	struct vos_slot *slot = xchg(&chan->spare, NULL);

	lockdep_assert_held(&chan->slot_lock);
	if (!slot)
		return;
	list_add(&slot->free, &chan->free);
	chan->nr_free++;
}

/**
 * vos_slot_pick - take a slot with its room off the list
 * @chan: the channel
 * @len0: bytes of the first extent, or 0
 * @len1: bytes of the second extent, or 0
 * @reserve: how many slots must be left
 *
 * Context: the channel's slot_lock is held.
 * Return: the slot, or NULL.
 */
struct vos_slot *vos_slot_pick(struct vos_channel *chan, u32 len0, u32 len1, u32 reserve)
{
	struct vos_slot *slot;

	lockdep_assert_held(&chan->slot_lock);
	if (chan->nr_free <= reserve)
		return NULL;
	slot = list_first_entry(&chan->free, struct vos_slot, free);
	if (get_room(chan, &slot->call, len0, len1))
		return NULL;
	list_del(&slot->free);
	chan->nr_free--;
	return slot;
}

/**
 * vos_slot_put_back - free a slot's room and put the slot on the list
 * @chan: the channel
 * @slot: as it was picked
 *
 * The last slot put back is the first picked: a cache may still have it.
 *
 * Context: the channel's slot_lock is held.
 */
void vos_slot_put_back(struct vos_channel *chan, struct vos_slot *slot)
{
	lockdep_assert_held(&chan->slot_lock);
	put_room(chan, &slot->call);
	list_add(&slot->free, &chan->free);
	chan->nr_free++;
}

/**
 * vos_slot_change_room - give a slot other room
 * @chan: the channel
 * @slot: as it was picked
 * @len0: bytes of the first extent, or 0
 * @len1: bytes of the second extent, or 0
 *
 * Context: the channel's slot_lock is held.
 * Return: true. false: there is not enough, and the slot has none.
 */
bool vos_slot_change_room(struct vos_channel *chan, struct vos_slot *slot, u32 len0, u32 len1)
{
	lockdep_assert_held(&chan->slot_lock);
	put_room(chan, &slot->call);
	return !get_room(chan, &slot->call, len0, len1);
}
