/* SPDX-License-Identifier: GPL-2.0 */
/* What slot.c, queue.c and call.c do with a slot on the way of every call. */
#ifndef VOS_CORE_SLOT_H
#define VOS_CORE_SLOT_H

#include "core_priv.h"

/*
 * Test whether a call's data fits into the slot's own bytes. If it does not, it lies in the
 * arena.
 */
static inline bool vos_slot_is_enough(u32 len0, u32 len1)
{
	return ALIGN(len0, 8) + len1 <= VOS_INLINE;
}

static inline void vos_slot_use_own(struct vos_call *call, u32 len0, u32 len1)
{
	call->room[0].off = call->slot * VOS_INLINE;
	call->room[0].len = len0;
	call->room[1].off = call->room[0].off + (len1 ? ALIGN(len0, 8) : 0);
	call->room[1].len = len1;
}

static inline bool vos_room_is_in_arena(const struct vos_channel *chan,
					const struct vos_extent *room)
{
	return room->len && room->off >= chan->arena.first;
}

/**
 * vos_slot_begin - begin a call in a slot that was taken
 * @slot: the slot
 *
 * The caller's reference on the link becomes the call's, until vos_call_put().
 *
 * Context: any.
 * Return: the call.
 */
static inline struct vos_call *vos_slot_begin(struct vos_slot *slot)
{
	struct vos_call *call = &slot->call;
	const struct vos_channel *chan = call->chan;

	VOS_DEBUG_WARN(call->state != VOS_CALL_FREE);
	memset(&call->sqe, 0, sizeof(call->sqe));
	call->sqe.tag = ++slot->seq << VOS_SLOT_BITS | call->slot;
	call->sqe.ext[0] = call->room[0];
	call->sqe.ext[1] = call->room[1];
	call->data[0] = chan->arena.base + call->room[0].off;
	call->data[1] = chan->arena.base + call->room[1].off;
	call->epoch = chan->link->epoch;
	call->done = NULL;
	call->orphan = NULL;
	call->priv = NULL;
	call->status = 0;
	slot->cred_index = 0;
	call->state = VOS_CALL_OWNED;
	call->charges = false;
	return call;
}

#endif
