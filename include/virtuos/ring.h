/* SPDX-License-Identifier: MIT */
/*
 * Single-producer single-consumer rings of protocol version 1, for the kernels,
 * the library and the tests on the host alike.
 *
 * Invariant: a side trusts only what it wrote itself. Its own index lives in
 * private memory (struct vos_ring); the shared index is published from there and
 * never read back. The peer's index is checked whenever it is read: a distance
 * above the ring's size is a protocol violation (-EPROTO), upon which the caller
 * retires the connection. What passed the check is kept privately, and the peer's
 * cache line is left alone until that is used up.
 *
 * Two ways to use a ring: vos_ring_push() and vos_ring_pop() publish every entry;
 * vos_ring_put() and vos_ring_take() do not, and one vos_ring_publish() or
 * vos_ring_release() follows a batch of them.
 *
 * Calls of one side must be serialised by the caller. No call ever waits.
 */
#ifndef VIRTUOS_RING_H
#define VIRTUOS_RING_H

#include "abi.h"

#ifdef __KERNEL__
#include <linux/errno.h>
#include <linux/prefetch.h>
#include <linux/string.h>
#include <asm/barrier.h>
#include <linux/compiler.h>
#define vos_load_acquire(p)	virt_load_acquire(p)
#define vos_store_release(p, v)	virt_store_release(p, v)
#define vos_load(p)		READ_ONCE(*(p))
#define vos_store(p, v)		WRITE_ONCE(*(p), v)
#define vos_mb()		virt_mb()
#define vos_prefetch(p)		prefetch(p)
#else
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#define vos_load_acquire(p)	__atomic_load_n(p, __ATOMIC_ACQUIRE)
#define vos_store_release(p, v)	__atomic_store_n(p, v, __ATOMIC_RELEASE)
#define vos_load(p)		__atomic_load_n(p, __ATOMIC_RELAXED)
#define vos_store(p, v)		__atomic_store_n(p, v, __ATOMIC_RELAXED)
#define vos_mb()		__atomic_thread_fence(__ATOMIC_SEQ_CST)
#define vos_prefetch(p)		__builtin_prefetch(p)
#endif

/* One side's private view of one ring. */
struct vos_ring {
	struct vos_ring_hdr *hdr;	/* shared */
	void *entry;			/* shared: entries * 64 bytes */
	__u32 entries;			/* power of two, private copy */
	__u32 own;			/* own index: prod of a producer, cons of a consumer */
	__u32 peer;			/* the peer's index as last read and checked */
};

#define VOS_ENTRY_SIZE 64u

/**
 * vos_ring_init - attach one side to a ring
 * @r: private view to fill
 * @hdr: shared header; the owner of the memory has zeroed it
 * @entry: shared entries
 * @entries: number of entries, a power of two
 */
static inline void vos_ring_init(struct vos_ring *r, struct vos_ring_hdr *hdr,
				 void *entry, __u32 entries)
{
	r->hdr = hdr;
	r->entry = entry;
	r->entries = entries;
	r->own = 0;
	r->peer = 0;
}

static inline void *vos_ring_slot(const struct vos_ring *r, __u32 index)
{
	return (char *)r->entry + (size_t)(index & (r->entries - 1)) * VOS_ENTRY_SIZE;
}

/**
 * vos_ring_room - free entries, as the producer sees them
 * Return: 0..entries, or -EPROTO if the consumer's index is impossible.
 */
static inline int vos_ring_room(const struct vos_ring *r)
{
	__u32 untrusted_cons = vos_load_acquire(&r->hdr->cons);
	__u32 used = r->own - untrusted_cons;

	return used > r->entries ? -EPROTO : (int)(r->entries - used);
}

/* Look again how far the consumer is. Return: as vos_ring_room(). */
static inline int vos_ring_update_room(struct vos_ring *r)
{
	int room = vos_ring_room(r);

	if (room >= 0)
		r->peer = r->own - (r->entries - (__u32)room);
	return room;
}

/**
 * vos_ring_put - copy one entry in, to be published later
 * @e: 64 bytes
 *
 * The consumer's index is read only when the ring is full as far as is known.
 * Return: 0, -ENOSPC when full, -EPROTO on a violation.
 */
static inline int vos_ring_put(struct vos_ring *r, const void *e)
{
	if (r->own - r->peer >= r->entries) {
		int room = vos_ring_update_room(r);

		if (room <= 0)
			return room ? room : -ENOSPC;
	}
	memcpy(vos_ring_slot(r, r->own++), e, VOS_ENTRY_SIZE);
	return 0;
}

/**
 * vos_ring_publish - show the consumer what was put in
 *
 * To be followed by vos_ring_must_notify().
 */
static inline void vos_ring_publish(struct vos_ring *r)
{
	/* The entries before the index: pairs with the acquire in vos_ring_ready(). */
	vos_store_release(&r->hdr->prod, r->own);
}

/**
 * vos_ring_push - copy one entry in and publish it
 * @e: 64 bytes
 * Return: 0, -ENOSPC when full, -EPROTO on a violation.
 */
static inline int vos_ring_push(struct vos_ring *r, const void *e)
{
	int rc = vos_ring_put(r, e);

	if (!rc)
		vos_ring_publish(r);
	return rc;
}

/**
 * vos_ring_must_notify - does the consumer sleep?
 *
 * To be called by the producer after its pushes. The full barrier pairs with the
 * one in vos_ring_prepare_sleep(): either the consumer sees the new entry, or we
 * see its flag.
 */
static inline bool vos_ring_must_notify(const struct vos_ring *r)
{
	vos_mb();
	return vos_load(&r->hdr->need_wakeup) != 0;
}

/**
 * vos_ring_ready - entries waiting, as the consumer sees them
 * Return: 0..entries, or -EPROTO if the producer's index is impossible.
 */
static inline int vos_ring_ready(const struct vos_ring *r)
{
	__u32 untrusted_prod = vos_load_acquire(&r->hdr->prod);
	__u32 used = untrusted_prod - r->own;

	return used > r->entries ? -EPROTO : (int)used;
}

/* Look again how far the producer is. Return: as vos_ring_ready(). */
static inline int vos_ring_update_ready(struct vos_ring *r)
{
	int ready;

	/*
	 * A consumer that polls wants the entry as soon as the index has moved: ask
	 * for both lines at once, so that the second does not wait for the first.
	 */
	vos_prefetch(vos_ring_slot(r, r->own));
	ready = vos_ring_ready(r);
	if (ready >= 0)
		r->peer = r->own + (__u32)ready;
	return ready;
}

/**
 * vos_ring_known - entries that can be taken without another look at the producer
 */
static inline __u32 vos_ring_known(const struct vos_ring *r)
{
	return r->peer - r->own;
}

/**
 * vos_ring_take - copy one entry out into private memory, to be released later
 * @e: 64 bytes
 *
 * The producer's index is read only when the ring is empty as far as is known.
 * What is not released still counts as used: before the producer may rely on the
 * room (a back end that completes, a front end that submits the next call), and
 * before it sleeps, the consumer calls vos_ring_release().
 * Return: 1, 0 when empty, -EPROTO on a violation.
 */
static inline int vos_ring_take(struct vos_ring *r, void *e)
{
	if (r->own == r->peer) {
		int ready = vos_ring_update_ready(r);

		if (ready <= 0)
			return ready;
	}
	memcpy(e, vos_ring_slot(r, r->own++), VOS_ENTRY_SIZE);
	return 1;
}

/**
 * vos_ring_release - let the producer overwrite what was taken
 */
static inline void vos_ring_release(struct vos_ring *r)
{
	/* The copies before the index: the producer may overwrite the slots at once. */
	vos_store_release(&r->hdr->cons, r->own);
}

/**
 * vos_ring_pop - copy one entry out into private memory and release it
 * @e: 64 bytes
 * Return: 1, 0 when empty, -EPROTO on a violation.
 */
static inline int vos_ring_pop(struct vos_ring *r, void *e)
{
	int rc = vos_ring_take(r, e);

	if (rc > 0)
		vos_ring_release(r);
	return rc;
}

/**
 * vos_ring_prepare_sleep - ask the producer for an event
 *
 * The consumer must look at the ring once more afterwards, and call
 * vos_ring_awake() when it polls again.
 */
static inline void vos_ring_prepare_sleep(struct vos_ring *r)
{
	vos_store(&r->hdr->need_wakeup, 1u);
	vos_mb();
}

static inline void vos_ring_awake(struct vos_ring *r)
{
	vos_store(&r->hdr->need_wakeup, 0u);
}

#endif
