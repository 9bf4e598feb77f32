/* SPDX-License-Identifier: MIT */
/*
 * Lanes: taking one, putting calls into it, waiting for the answers. Inline, for this
 * is what a call costs (tests/unit/test_door_cost.c).
 *
 * Invariant: a lane is given back only when nothing is under way on it but what was
 * posted: calls that need no answer and no part of the arena. One whose channel has
 * died, or whose peer has answered what was not asked, is not given back at all.
 */
#ifndef VOS_LIB_LANE_H
#define VOS_LIB_LANE_H

#include "fwd_priv.h"

/* The lane that served last serves again: its lines are in this CPU's cache. */
extern __thread __u32 vos_lane_favourite __attribute__((tls_model("initial-exec")));

struct vos_lane *vos_lane_other(struct vos_chan *c);
bool vos_lane_await(struct vos_lane *l);
bool vos_lane_was_posted(struct vos_lane *l, __u32 tag);
int vos_lane_post(struct vos_lane *l, enum vos_opcode opcode);
int vos_lane_settle(struct vos_lane *l, __u32 left);
void vos_lane_taken(struct vos_lane *l);

static inline bool vos_lane_take(struct vos_lane *l)
{
	__u32 want = VOS_LANE_FREE;

	return vos_load(&l->state) == VOS_LANE_FREE &&
	       __atomic_compare_exchange_n(&l->state, &want, VOS_LANE_TAKEN, false,
					   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

/*
 * With the lane in hand the channel cannot be changed any more; is it still the
 * one that the word spoke of?
 */
static inline bool vos_lane_still_good(const struct vos_lane *l, int fd, __u64 word)
{
	const struct vos_chan *c = l->chan;

	return !vos_epoch_is_old(c) && vos_load_acquire(&c->state->word[fd]) == word;
}

/** vos_lane_put - give a lane back */
static inline void vos_lane_put(struct vos_lane *l)
{
	vos_store_release(&l->state, (__u32)(l->lost ? VOS_LANE_NONE : VOS_LANE_FREE));
}

/**
 * vos_lane_get - take a free lane
 * @word: what the caller has read for descriptor @fd
 * Return: the lane, or NULL: use the trap door.
 */
static inline struct vos_lane *vos_lane_get(unsigned int service, int fd, __u64 word)
{
	struct vos_chan *c = &vos_load(&vos_door)->chan[service];
	struct vos_lane *l = &c->lane[vos_lane_favourite];

	if (unlikely(!vos_lane_take(l))) {
		l = vos_lane_other(c);
		if (!l)
			return NULL;
	}
	if (likely(vos_lane_still_good(l, fd, word)))
		return l;
	vos_lane_put(l);
	return NULL;
}

/**
 * vos_lane_prepare - begin a call
 * @word: names the handle
 * Return: the submission, in its place in the ring, with nothing but the handle filled
 * in; its first word is not to be touched.
 *
 * At most VOS_DEPTH calls, and VOS_POSTED more, may be under way, so there is room: a
 * service gives an entry back before it answers it, or confuses itself.
 */
static inline struct vos_sqe *vos_lane_prepare(struct vos_lane *l, __u64 word)
{
	struct vos_sqe *e = l->sq.next;

	e->obj = VOS_WORD_SLOT(word);
	e->gen = VOS_WORD_GEN(word);
	memset(e->ext, 0, sizeof(*e) - offsetof(struct vos_sqe, ext));
	return e;
}

static inline void vos_lane_publish(struct vos_lane *l, enum vos_opcode opcode)
{
	vos_ring_publish(&l->sq, opcode | (__u64)l->tag++ << 32);
	if (unlikely(vos_ring_must_notify(&l->sq)))
		l->kick = true;
}

/**
 * vos_lane_ask - hand the call that was prepared to the service, wait for its answer
 * @c: private copy of the answer
 * Return: as vos_lane_wait().
 *
 * For a lane that has no other call under way but posted ones, which makes it short.
 */
static inline __attribute__((always_inline)) int
vos_lane_ask_some(struct vos_lane *l, enum vos_opcode opcode, struct vos_cqe *c, __u32 n)
{
	__u32 tag = l->tag;

	vos_lane_publish(l, opcode);
	do {
		bool ready = !l->kick && vos_ring_ready(&l->cq);

		if (!ready && unlikely(!vos_lane_await(l)))
			break;
		vos_ring_consume_some(&l->cq, c, n);
		if (likely(c->tag == tag))
			return 0;
	} while (vos_lane_was_posted(l, c->tag));
	l->lost = true;
	return -ENOTCONN;
}

static inline int vos_lane_ask(struct vos_lane *l, enum vos_opcode opcode, struct vos_cqe *c)
{
	return vos_lane_ask_some(l, opcode, c, sizeof(*c));
}

/** vos_lane_ask_short - the same, for who wants to know the result and no more */
static inline __attribute__((always_inline)) int
vos_lane_ask_short(struct vos_lane *l, enum vos_opcode opcode, __s64 *result)
{
	struct vos_cqe c;
	int rc;

	c.result = 0;
	rc = vos_lane_ask_some(l, opcode, &c, offsetof(struct vos_cqe, pos));
	*result = c.result;
	return rc;
}

/**
 * vos_lane_submit - hand the call that was prepared to the service
 * Return: which of the lane's calls it is.
 */
static inline int vos_lane_submit(struct vos_lane *l, enum vos_opcode opcode)
{
	int call = l->tag % VOS_DEPTH;

	l->asked[call] = l->tag;
	l->busy |= 1u << call;
	vos_lane_publish(l, opcode);
	return call;
}

/* Return: 1 answered, and *c is the answer; 0 not yet; -ENOTCONN never. */
static inline int vos_lane_answered(struct vos_lane *l, int call, struct vos_cqe *c)
{
	if (unlikely(l->have & 1u << call)) {
		l->have &= ~(1u << call);
		*c = l->stash[call];
		return 1;
	}
	while (vos_ring_pop(&l->cq, c)) {
		int other = c->tag % VOS_DEPTH;

		if (unlikely(l->posted) && vos_lane_was_posted(l, c->tag))
			continue;
		if (!(l->busy & 1u << other) || l->asked[other] != c->tag)
			return -ENOTCONN;
		l->busy &= ~(1u << other);
		if (likely(other == call))
			return 1;
		l->have |= 1u << other;
		l->stash[other] = *c;
	}
	return 0;
}

/**
 * vos_lane_wait - wait for the answer to a call
 * @call: as vos_lane_submit() returned
 * Return: 0, or -ENOTCONN: it will never be answered, and the lane is lost.
 *
 * Not ended by signals, whose handlers run meanwhile: a call through the door is
 * answered at once.
 */
static inline int vos_lane_wait(struct vos_lane *l, int call, struct vos_cqe *c)
{
	int rc = l->kick ? 0 : vos_lane_answered(l, call, c);

	while (!rc) {
		rc = vos_lane_await(l) ? vos_lane_answered(l, call, c) : -ENOTCONN;
	}
	if (likely(rc > 0))
		return 0;
	l->lost = true;
	return -ENOTCONN;
}

#endif
