/* SPDX-License-Identifier: MIT */
/*
 * The rings of ring.h, used in batches: what is put is shown with one publication for
 * many entries, and the peer's cache line is left alone until what was last seen of it
 * is used up. The same protocol, so a peer may use either way. Only the benchmark
 * tests/bench/ring uses these functions so far: the kernels and the library send and
 * answer one call at a time, with vos_ring_push() and vos_ring_pop().
 *
 * Invariant: as in ring.h. The peer's index is checked whenever it is read, and only
 * what passed the check is remembered: no side ever has more entries open than the
 * ring has.
 *
 * A view of this type is moved by the functions below alone; vos_ring_push() and
 * vos_ring_pop() on its ring would make what is remembered wrong. Those that move
 * nothing (vos_ring_room(), vos_ring_ready(), vos_ring_must_notify(),
 * vos_ring_prepare_sleep(), vos_ring_awake()) are for @ring as ever.
 */
#ifndef VIRTUOS_RING_BATCH_H
#define VIRTUOS_RING_BATCH_H

#include "ring.h"

/* One side's private view of one ring that it uses in batches. */
struct vos_ring_batch {
	struct vos_ring ring;
	__u32 peer;		/* the peer's index as last read and checked */
};

/**
 * vos_ring_batch_init - attach one side to a ring, see vos_ring_init()
 *
 * Used by the benchmark only.
 */
static inline void vos_ring_batch_init(struct vos_ring_batch *b, struct vos_ring_hdr *hdr,
				       void *entry, __u32 entries)
{
	vos_ring_init(&b->ring, hdr, entry, entries);
	b->peer = 0;
}

/**
 * vos_ring_put - copy one entry in, to be published later
 * @e: 64 bytes
 *
 * The consumer's index is read only when the ring is full as far as is known.
 * Used by the benchmark only.
 * Return: 0, -ENOSPC when full, -EPROTO on a violation.
 */
static inline int vos_ring_put(struct vos_ring_batch *b, const void *e)
{
	struct vos_ring *r = &b->ring;

	if (r->own - b->peer >= r->entries) {
		int room = vos_ring_room(r);

		if (room <= 0)
			return room ? room : -ENOSPC;
		b->peer = r->own - (r->entries - (__u32)room);
	}
	memcpy(vos_ring_slot(r, r->own++), e, VOS_ENTRY_SIZE);
	return 0;
}

/**
 * vos_ring_publish - show the consumer what was put in
 *
 * To be followed by vos_ring_must_notify(). Used by the benchmark only.
 */
static inline void vos_ring_publish(struct vos_ring_batch *b)
{
	/* The entries before the index: pairs with the acquire in vos_ring_ready(). */
	vos_store_release(&b->ring.hdr->prod, b->ring.own);
}

/**
 * vos_ring_known - entries that can be taken without another look at the producer
 *
 * Used by the benchmark only.
 */
static inline __u32 vos_ring_known(const struct vos_ring_batch *b)
{
	return b->peer - b->ring.own;
}

/**
 * vos_ring_take - copy one entry out into private memory, to be released later
 * @e: 64 bytes
 *
 * The producer's index is read only when the ring is empty as far as is known.
 * What is not released still counts as used: before the producer may rely on the
 * room (a back end that completes, a front end that submits the next call), and
 * before it sleeps, the consumer calls vos_ring_release().
 * Used by the benchmark only.
 * Return: 1, 0 when empty, -EPROTO on a violation.
 */
static inline int vos_ring_take(struct vos_ring_batch *b, void *e)
{
	struct vos_ring *r = &b->ring;

	if (r->own == b->peer) {
		int ready = vos_ring_ready(r);

		if (ready <= 0)
			return ready;
		b->peer = r->own + (__u32)ready;
	}
	memcpy(e, vos_ring_slot(r, r->own++), VOS_ENTRY_SIZE);
	return 1;
}

/**
 * vos_ring_release - let the producer overwrite what was taken
 *
 * Used by the benchmark only.
 */
static inline void vos_ring_release(struct vos_ring_batch *b)
{
	/* The copies before the index: the producer may overwrite the slots at once. */
	vos_store_release(&b->ring.hdr->cons, b->ring.own);
}

#endif
