/* SPDX-License-Identifier: GPL-2.0 */
/* Rings of packet sockets: what ring.c, which fills them, and ring_set.c share. */
#ifndef VNET_RING_H
#define VNET_RING_H

#include <linux/atomic.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/workqueue.h>
#include "packet.h"

/* Room for control messages: those that are used, and a few that the program may have set. */
#define VNET_RING_CONTROL	512u

/**
 * struct vnet_ring_memory - what a program maps
 * @data: blocks of frames, in one piece
 * @size: bytes
 * @block_size: bytes of a block
 * @per_block: frames of a block
 * @nr: frames
 * @frame_size: bytes of a frame
 * @reserve: see struct vnet_frame
 */
struct vnet_ring_memory {
	u8 *data;
	unsigned long size;
	u32 block_size;
	u32 per_block;
	u32 nr;
	u32 frame_size;
	u32 reserve;
};

/**
 * struct vnet_ring - a socket's ring; it stays until the socket is freed
 * @vs: the socket
 * @lock: for @memory, and against its removal
 * @memory: NULL: the program has removed it
 * @head: the next frame to be filled
 * @mapped: mappings of @memory
 * @fill: the work; while it is queued or runs, it has a reference to the socket
 * @side: address and control messages of the last packet; the work's
 */
struct vnet_ring {
	struct vnet_sock *vs;
	struct mutex lock;	/* see @lock above */
	struct vnet_ring_memory __rcu *memory;
	u32 head;
	atomic_t mapped;
	struct delayed_work fill;
	u8 side[VOS_ADDR_MAX + VNET_RING_CONTROL] __aligned(8);
};

static inline struct vnet_ring_memory *vnet_ring_memory_of(struct vnet_ring *r)
{
	return rcu_dereference_protected(r->memory, lockdep_is_held(&r->lock));
}

/* ring.c */
void vnet_ring_fill(struct work_struct *work);

#endif
