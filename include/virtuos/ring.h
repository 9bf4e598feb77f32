/* SPDX-License-Identifier: MIT */
/*
 * Single-producer single-consumer rings of protocol version 1, for the kernels, the library and
 * the tests on the host alike.
 *
 * An entry says itself whether it is new. A bit of its first word (VOS_SQE_PHASE,
 * VOS_CQE_PHASE) changes with every round of the ring, and that word is written last. So a
 * message costs one cache line on its way, as in NVMe's completion queues. A producer reads the
 * consumer's index only when the ring is full as far as it knows.
 *
 * Invariant: a side trusts only what it wrote itself. Its own index lies in private memory
 * (struct vos_ring). The consumer publishes its index from there and never reads it back. The
 * producer checks the index that it reads. If the distance is above the ring's size, that is a
 * protocol violation (-EPROTO), and the caller retires the connection.
 *
 * A consumer takes entries that the phase bit says are new. It takes at most as many as its own
 * side has asked for or has room for. It checks a private copy of each.
 *
 * The caller serializes the calls of one side. No call waits.
 */
#ifndef VIRTUOS_RING_H
#define VIRTUOS_RING_H

#include "abi.h"
#include "peer.h"

#ifdef __KERNEL__
#include <linux/errno.h>
#else
#include <errno.h>
#include <stdbool.h>
#endif

/* One side's private view of one ring. */
struct vos_ring {
	struct vos_ring_hdr __peer *hdr;
	void __peer *entry;		/* entries * 64 bytes */
	__u32 entries;			/* power of two, private copy */
	__u32 own;			/* own index: prod of a producer, cons of a consumer */
	__u32 peer;			/* a producer's: cons as last read and checked */
	__u64 phase;			/* VOS_SQ_PHASE or VOS_CQ_PHASE */
	__u64 is_new;			/* phase bit of entries of this round: @phase, or 0 */
	void __peer *next;		/* the entry at @own */
	void __peer *last;		/* the last one; a round ends behind it */
};

/* VOS_SQE_PHASE and VOS_CQE_PHASE as bits of an entry's first word. */
#define VOS_SQ_PHASE	((__u64)VOS_SQE_PHASE << 8)
#define VOS_CQ_PHASE	((__u64)VOS_CQE_PHASE << 32)

typedef __u64 __attribute__((may_alias)) vos_word_t;

#define VOS_ENTRY_SIZE 64u

/* Set the own index to @own. In the first round the phase bit is set, in the next it is not. */
static inline void vos_ring_at(struct vos_ring *r, __u32 own)
{
	r->own = own;
	r->is_new = own & r->entries ? 0 : r->phase;
	r->next = (char __peer *)r->entry + (size_t)(own & (r->entries - 1)) * VOS_ENTRY_SIZE;
}

/*
 * Go to the next entry. The caller has read the view's @next and @own before its barrier, so
 * they are not read again. Another thread may read the index, or test for an entry. It must never
 * see the place behind the last entry.
 */
static inline void vos_ring_advance(struct vos_ring *r, void __peer *next, __u32 own)
{
	if (next != r->last) {
		next = (char __peer *)next + VOS_ENTRY_SIZE;
	} else {
		next = r->entry;
		vos_store(&r->is_new, r->is_new ^ r->phase);
	}
	vos_store(&r->own, own + 1);
	vos_store(&r->next, next);
}

/**
 * vos_ring_init - attach one side to a ring
 * @r: private view to fill
 * @hdr: shared header; the owner of the memory has zeroed it, and the entries
 * @entry: shared entries
 * @entries: number of entries, a power of two
 * @phase: VOS_SQ_PHASE for submissions, VOS_CQ_PHASE for completions
 */
static inline void vos_ring_init(struct vos_ring *r, struct vos_ring_hdr __peer *hdr,
				 void __peer *entry, __u32 entries, __u64 phase)
{
	r->hdr = hdr;
	r->entry = entry;
	r->entries = entries;
	r->peer = 0;
	r->phase = phase;
	r->last = (char __peer *)entry + (size_t)(entries - 1) * VOS_ENTRY_SIZE;
	vos_ring_at(r, 0);
}

/* Copy all of an entry but its first word, by as few moves as possible: no call, no loop. */
static inline void vos_ring_copy_rest(void *to, const void *from)
{
	vos_word_t *t = (vos_word_t *)to;
	const vos_word_t *f = (const vos_word_t *)from;

	t[1] = f[1];
	t[2] = f[2];
	t[3] = f[3];
	t[4] = f[4];
	t[5] = f[5];
	t[6] = f[6];
	t[7] = f[7];
}

/**
 * vos_ring_room - count the free entries, as the producer sees them
 * @r: this side's view of the ring
 *
 * Return: 0..entries, or -EPROTO if the consumer's index is impossible.
 */
static inline int vos_ring_room(const struct vos_ring *r)
{
	__u32 untrusted_cons = vos_load_acquire(&r->hdr->cons);
	__u32 used = r->own - untrusted_cons;

	return used > r->entries ? -EPROTO : (int)(r->entries - used);
}

/**
 * vos_ring_has_room - test for @n free entries
 * @r: this side's view of the ring
 * @n: how many are wanted
 *
 * It reads the consumer's index only if need be.
 *
 * Return: 1, 0, or -EPROTO if the consumer's index is impossible.
 */
static inline int vos_ring_has_room(struct vos_ring *r, __u32 n)
{
	int room = r->entries - (r->own - r->peer);

	if (room < (int)n) {
		room = vos_ring_room(r);
		if (room < 0)
			return room;
		r->peer = r->own - (r->entries - (__u32)room);
	}
	return room >= (int)n;
}

/**
 * vos_ring_publish - publish the entry at @r->next, filled but for its first word
 * @r: this side's view of the ring
 * @first: that word, its phase bit clear
 *
 * The caller has found room.
 */
static inline void vos_ring_publish(struct vos_ring *r, __u64 first)
{
	void __peer *next = r->next;
	__u32 own = r->own;

	/* The rest before the first word: pairs with the acquire in vos_ring_ready(). */
	vos_store_release((vos_word_t __peer *)next, first | r->is_new);
	vos_ring_advance(r, next, own);
}

/**
 * vos_ring_push - copy one entry in and publish it
 * @r: this side's view of the ring
 * @e: 64 bytes
 *
 * Return: 0. -ENOSPC: the ring is full. -EPROTO: a violation.
 */
static inline int vos_ring_push(struct vos_ring *r, const void *e)
{
	int room = vos_ring_has_room(r, 1);

	if (room <= 0)
		return room ? room : -ENOSPC;
	vos_ring_copy_rest((__peer_force void *)r->next, e);
	vos_ring_publish(r, *(const vos_word_t *)e & ~r->phase);
	return 0;
}

/**
 * vos_ring_wakeup - read how the consumer wants to be told
 * @r: this side's view of the ring
 *
 * Return: VOS_WAKE_*, not checked. The barrier is as in vos_ring_must_notify().
 */
static inline __u32 vos_ring_wakeup(const struct vos_ring *r)
{
	vos_mb();
	return vos_load(&r->hdr->need_wakeup);
}

/**
 * vos_ring_must_notify - test whether the consumer sleeps
 * @r: this side's view of the ring
 *
 * The producer calls it after its pushes. The full barrier pairs with the one in
 * vos_ring_prepare_sleep(). Either the consumer sees the new entry, or the producer sees the
 * consumer's flag.
 *
 * Return: true if it wants to be told.
 */
static inline bool vos_ring_must_notify(const struct vos_ring *r)
{
	return vos_ring_wakeup(r) != VOS_WAKE_NOT;
}

/**
 * vos_ring_ready - test for an entry
 * @r: this side's view of the ring
 *
 * Without the consumer's lock the answer may be out of date. Another thread may take the entry,
 * or may be on its way from the ring's end to its begin. That thread tests again afterwards, so
 * no entry is left lying. Only a thread that has the lock takes an entry.
 *
 * Return: true if there is one.
 */
static inline bool vos_ring_ready(const struct vos_ring *r)
{
	const vos_word_t __peer *first = vos_load(&r->next);

	return (vos_load_acquire(first) & r->phase) == vos_load(&r->is_new);
}

/**
 * vos_ring_front_ready - test for an entry, as vos_ring_ready() does, by the consumer itself
 * @r: this side's view of the ring
 *
 * No other thread changes the view, so its fields need no marked access. That costs an
 * instruction less in each call.
 *
 * Return: true if there is one.
 */
static inline bool vos_ring_front_ready(const struct vos_ring *r)
{
	const vos_word_t __peer *first = r->next;

	return (vos_load_acquire(first) & r->phase) == r->is_new;
}

/**
 * vos_ring_waiting - test whether an entry waits for the consumer
 * @hdr: the ring's header
 * @entry: its entries
 * @entries: how many there are
 * @phase: VOS_SQ_PHASE or VOS_CQ_PHASE
 *
 * For a caller that is neither side. It uses the index that the consumer has published.
 *
 * Return: true if one does.
 */
static inline bool vos_ring_waiting(const struct vos_ring_hdr __peer *hdr,
				    const void __peer *entry, __u32 entries, __u64 phase)
{
	struct vos_ring r = { .entry = (void __peer *)entry, .entries = entries, .phase = phase };

	vos_ring_at(&r, vos_load(&hdr->cons));
	return vos_ring_ready(&r);
}

/**
 * vos_ring_front - get the address of the next entry
 * @r: this side's view of the ring; vos_ring_ready() has said that there is an entry
 *
 * The entry is shared and may change at any time.
 *
 * Return: its address.
 */
static inline const void __peer *vos_ring_front(const struct vos_ring *r)
{
	return r->next;
}

/**
 * vos_ring_release - give back the entry that vos_ring_front() has shown
 * @r: this side's view of the ring
 *
 * What is used of it has been copied.
 */
static inline void vos_ring_release(struct vos_ring *r)
{
	void __peer *next = r->next;
	__u32 own = r->own;

	/* The copy before the index: the producer may overwrite the slot at once. */
	vos_store_release(&r->hdr->cons, own + 1);
	vos_ring_advance(r, next, own);
}

/**
 * vos_ring_consume - copy out the next entry
 * @r: this side's view of the ring; vos_ring_ready() has said that there is an entry
 * @e: 64 bytes; the phase bit is cleared
 */
static inline void vos_ring_consume(struct vos_ring *r, void *e)
{
	*(vos_word_t *)e = vos_load((const vos_word_t __peer *)r->next) & ~r->phase;
	vos_ring_copy_rest(e, (__peer_force const void *)r->next);
	vos_ring_release(r);
}

/**
 * vos_ring_pop - copy one entry out into private memory
 * @r: this side's view of the ring
 * @e: 64 bytes; the phase bit is cleared
 *
 * Return: true. false: there is none.
 */
static inline bool vos_ring_pop(struct vos_ring *r, void *e)
{
	if (!vos_ring_front_ready(r))
		return false;
	vos_ring_consume(r, e);
	return true;
}

/**
 * vos_ring_ask - tell the producer how the consumer wants to be told
 * @r: this side's view of the ring
 * @how: VOS_WAKE_*
 *
 * Unless it is VOS_WAKE_NOT, the consumer must poll the ring once more afterwards.
 */
static inline void vos_ring_ask(struct vos_ring *r, __u32 how)
{
	vos_store(&r->hdr->need_wakeup, how);
	if (how != VOS_WAKE_NOT)
		vos_mb();
}

/**
 * vos_ring_prepare_sleep - ask the producer for an event
 * @r: this side's view of the ring
 *
 * The consumer must poll the ring once more afterwards, and call vos_ring_awake() when it polls
 * again.
 */
static inline void vos_ring_prepare_sleep(struct vos_ring *r)
{
	vos_ring_ask(r, VOS_WAKE_NOW);
}

static inline void vos_ring_awake(struct vos_ring *r)
{
	vos_ring_ask(r, VOS_WAKE_NOT);
}

#endif
