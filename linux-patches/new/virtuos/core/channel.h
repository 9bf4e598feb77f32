/* SPDX-License-Identifier: GPL-2.0 */
/* A channel to a service domain: its rings, arena, slots and waiters. */
#ifndef VOS_CORE_CHANNEL_H
#define VOS_CORE_CHANNEL_H

#include <linux/completion.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <xen/interface/event_channel.h>
#include <virtuos/abi.h>
#include <virtuos/ring.h>
#include "vos_front.h"

struct vos_link;

#define VOS_ENTRIES		256u
#define VOS_INLINE		1024u	/* arena bytes that every slot owns */
#define VOS_RESERVE		16u	/* slots that are kept for recovery */
#define VOS_ARENA_UNIT_SHIFT	8	/* the rest is given out in 256 bytes */

/* arena.c: which bytes of a channel's arena are in use */
struct vos_arena {
	void __peer *base;
	u32 first;			/* bytes before it belong to slots */
	unsigned long units;
	unsigned long hint;
	unsigned long *used;
};

int vos_arena_init(struct vos_arena *arena, void __peer *base, u32 first, u32 bytes);
void vos_arena_exit(struct vos_arena *arena);
int vos_arena_get(struct vos_arena *arena, u32 len, struct vos_extent *ext);
void vos_arena_put(struct vos_arena *arena, const struct vos_extent *ext);

/* channel.c */
enum vos_call_state {
	VOS_CALL_FREE,
	VOS_CALL_OWNED,			/* its user fills or reads it */
	VOS_CALL_SUBMITTED,
	VOS_CALL_ABANDONED,		/* submitted, and its waiter was killed */
};

/* All of them u64: see vos_chan_stats_add(). */
struct vos_chan_stats {
	u64 calls;			/* under the lock */
	u64 sends;			/* under the lock: event-channel sends */
	u64 interrupts;			/* handler only */
	u64 throttled;			/* handler only: those of an event storm */
	u64 completions;		/* under the lock */
	u64 spun;			/* under the lock: answered within the spin */
	u64 slept;			/* under the lock */
	u64 idled;			/* under the lock: polls of an idle processor */
	u64 bytes;			/* under the lock: extents handed over */
	u64 admitted;			/* under the lock: ticks that may be charged, cost.c */
	u64 left;			/* under the lock: of those, not charged yet */
	u64 refused;			/* under the lock: ticks above them */
};

static inline void vos_chan_stats_add(struct vos_chan_stats *sum, const struct vos_chan_stats *c)
{
	const u64 *from = (const u64 *)c;
	u64 *to = (u64 *)sum;
	u32 i;

	for (i = 0; i < sizeof(*sum) / sizeof(*to); i++)
		to[i] += READ_ONCE(from[i]);
}

/* How the caller of vos_call() waits. */
enum vos_wait_state { VOS_WAIT_POLLS, VOS_WAIT_SLEEPS, VOS_WAIT_OVER };

struct vos_slot {
	struct vos_call call;
	int wait;			/* enum vos_wait_state, changed by exchange */
	struct completion finished;	/* only if the caller sleeps */
	struct list_head free;
	u32 seq;
	u16 cred_index;
	u16 checks;			/* watch.c's: checks that have found unanswered */
	u32 checked_tag;		/* the call with this tag */
};

/**
 * struct vos_waiter - a caller that waits for a slot (queue.c)
 * @node: on the channel's list, while it waits
 * @task: to be woken; NULL: the channel's ticket
 * @len0: bytes that it wants for ext[0]
 * @len1: bytes that it wants for ext[1]
 * @recovery: it stands in front, and may have the reserve
 * @slot: the slot that it was given, off the list
 */
struct vos_waiter {
	struct list_head node;
	struct task_struct *task;
	u32 len0;
	u32 len1;
	bool recovery;
	struct vos_slot *slot;
};

/* What interrupts have found (interrupt.c); handler only. */
struct vos_storm {
	unsigned long tick;
	u32 progress;
	u32 unfounded;			/* in this tick */
	u32 all;			/* same */
};

struct vos_channel {
	struct vos_link *link;
	u32 nr;
	u32 service;			/* enum vos_door_service */
	int irq;
	evtchn_port_t evtchn;

	spinlock_t lock;		/* rings, states of calls, the fields below */
	struct vos_ring sq;
	struct vos_ring cq;
	unsigned int spinners;
	bool idle;			/* its processor sleeps */

	struct vos_slot *spare;		/* one free slot, changed by exchange, or NULL */
	spinlock_t slot_lock;		/* the fields below, but for stats */
	struct list_head free;
	u32 nr_free;
	struct list_head waiters;	/* in turn */
	struct vos_waiter ticket;	/* of callers that cannot wait */
	struct vos_slot *slots;
	struct vos_arena arena;

	struct vos_storm storm;
	u64 admitted_at;		/* cost.c's, under the lock */
	struct vos_chan_stats stats;
};

/* cost.c: what a service may charge */
void vos_cost_init(struct vos_channel *chan);
u32 vos_cost_admit_more(struct vos_channel *chan, u32 ticks);

void vos_channel_poll_begin(struct vos_channel *chan);
void vos_channel_poll_end(struct vos_channel *chan, u64 *outcome);
void vos_channel_set_idle(struct vos_channel *chan, bool idle);
bool vos_channel_pending(const struct vos_channel *chan);
int vos_channel_init(struct vos_channel *chan, struct vos_link *link, u32 nr,
		     const struct vos_channel_desc *desc);
void vos_channel_reap(struct vos_channel *chan);
void vos_channel_reap_ring(struct vos_channel *chan);
void vos_channel_end_all(struct vos_channel *chan);
bool vos_channel_submit(struct vos_channel *chan, struct vos_call *call,
			const struct vos_sqe *sqe, bool polls);
bool vos_channel_abandon(struct vos_channel *chan, struct vos_call *call);

/*
 * slot.c, slot.h: what a call is while it exists. Its tag is its sequence and its slot's
 * number.
 */
#define VOS_SLOT_BITS	10
#define VOS_SLOT_MASK	((1u << VOS_SLOT_BITS) - 1)

int vos_slots_init(struct vos_channel *chan, void __peer *arena, u32 bytes);
void vos_slots_exit(struct vos_channel *chan);
struct vos_slot *vos_slot_pick(struct vos_channel *chan, u32 len0, u32 len1, u32 reserve);
bool vos_slot_change_room(struct vos_channel *chan, struct vos_slot *slot, u32 len0, u32 len1);
void vos_slot_put_back(struct vos_channel *chan, struct vos_slot *slot);
void vos_slot_recall_spare(struct vos_channel *chan);

/* call.c */
struct vos_call *vos_channel_try_get(struct vos_channel *chan, u32 len0, u32 len1);
struct vos_call *vos_channel_get_reserved(struct vos_channel *chan);

/* queue.c: callers that wait for a slot */
struct vos_call *vos_channel_wait(struct vos_channel *chan, u32 len0, u32 len1, u32 flags);
struct vos_call *vos_channel_ask(struct vos_channel *chan, u32 len0, u32 len1);
void vos_channel_serve(struct vos_channel *chan);
void vos_channel_wake_all(struct vos_channel *chan);

/* interrupt.c */
int vos_interrupt_bind(struct vos_channel *chan);
void vos_interrupt_unbind(struct vos_channel *chan);

static inline struct vos_slot *vos_call_slot(struct vos_call *call)
{
	return container_of(call, struct vos_slot, call);
}

#endif
