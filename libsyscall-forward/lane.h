/* SPDX-License-Identifier: MIT */
/*
 * Lanes: taking one, putting calls into it, waiting for the answers. All of it is inline, for
 * it is the cost of a call (tests/unit/test_door_cost.c).
 *
 * Invariant: when a lane is given back, only posted calls are under way on it. Those need no
 * answer and no part of the arena. A lane whose channel has died is never given back. Nor is a
 * lane whose peer has answered what was not asked.
 */
#ifndef FWD_LANE_H
#define FWD_LANE_H

#include "fwd_priv.h"

struct fwd_lane *fwd_lane_other(struct fwd_chan *c);
bool fwd_lane_await(struct fwd_lane *l);
bool fwd_lane_was_posted(struct fwd_lane *l, __u32 tag);
int fwd_lane_post(struct fwd_lane *l, enum vos_opcode opcode);
int fwd_lane_take_posted(struct fwd_lane *l, __u32 left);
void fwd_lane_drain(struct fwd_lane *l);

static inline bool fwd_lane_claim(struct fwd_lane *l)
{
	__u32 want = FWD_LANE_FREE;

	return vos_load(&l->state) == FWD_LANE_FREE &&
	       __atomic_compare_exchange_n(&l->state, &want, FWD_LANE_TAKEN, false,
					   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

/*
 * While the caller holds the lane, the channel cannot change. Return: true if it is still the
 * one that the word names.
 */
static inline bool fwd_lane_still_good(const struct fwd_lane *l, int fd, __u64 word)
{
	const struct fwd_chan *c = l->chan;

	return !fwd_epoch_is_old(c) && vos_load_acquire(&c->state->word[fd]) == word;
}

/**
 * fwd_lane_put - give a lane back
 * @l: the lane
 */
static inline void fwd_lane_put(struct fwd_lane *l)
{
	vos_store_release(&l->state, (__u32)(l->lost ? FWD_LANE_NONE : FWD_LANE_FREE));
}

/**
 * fwd_lane_get - take a free lane
 * @service: enum vos_door_service
 * @fd: the descriptor
 * @word: what the caller has read for @fd
 *
 * Return: the lane, or NULL: use the trap door.
 */
static inline struct fwd_lane *fwd_lane_get(unsigned int service, int fd, __u64 word)
{
	struct fwd_chan *c = &vos_load(&fwd_door)->chan[service];
	struct fwd_lane *l = &c->lane[fwd_thread.lane];

	if (unlikely(!fwd_lane_claim(l))) {
		l = fwd_lane_other(c);
		if (!l)
			return NULL;
	}
	if (likely(fwd_lane_still_good(l, fd, word)))
		return l;
	fwd_lane_put(l);
	return NULL;
}

/**
 * fwd_lane_prepare - begin a call
 * @l: the lane
 * @word: names the handle
 *
 * At most FWD_DEPTH calls, and FWD_POSTED more, may be under way, so there is room. A service
 * gives an entry back before it answers it, or confuses itself.
 *
 * Return: the submission, in its place in the ring. Only the handle is filled in; the caller
 * leaves its first word alone.
 */
static inline struct vos_sqe *fwd_lane_prepare(struct fwd_lane *l, __u64 word)
{
	struct vos_sqe *e = l->sq.next;

	e->obj = VOS_WORD_SLOT(word);
	e->gen = VOS_WORD_GEN(word);
	memset(e->ext, 0, sizeof(*e) - offsetof(struct vos_sqe, ext));
	return e;
}

static inline void fwd_lane_publish(struct fwd_lane *l, enum vos_opcode opcode)
{
	vos_ring_publish(&l->sq, opcode | (__u64)l->tag++ << 32);
	if (unlikely(vos_ring_must_notify(&l->sq)))
		l->kick = true;
}

/* Count an answer that was taken. */
static inline void fwd_account(unsigned int service, __u64 cost)
{
	struct vos_account_slot *a = fwd_thread.account;

	fwd_count_add(&a->service[service].calls, 1);
	fwd_count_add(&a->service[service].ticks, VOS_COST_TICKS(cost));
}

/* All calls of a lane are of one service, so any opcode tells it, when this is compiled. */
static inline unsigned int fwd_service_of(enum vos_opcode opcode)
{
	return opcode < VOS_OP_FUSE ? VOS_DOOR_NET : VOS_DOOR_STORAGE;
}

typedef __u32 __attribute__((may_alias)) fwd_half_t;

/* Copy what a short call needs of the answer: field by field, so that it stays in registers. */
static inline void fwd_lane_take_short(struct fwd_lane *l, struct vos_cqe *c)
{
	const struct vos_cqe *e = vos_ring_front(&l->cq);

	c->tag = vos_load(&e->tag);
	c->result = vos_load(&e->result);
	/* Its low half, the ticks; the rest is not used. */
	c->cost = vos_load((const fwd_half_t *)&e->cost);
	vos_ring_release(&l->cq);
}

/**
 * fwd_lane_ask_some - submit the prepared call, and wait for its answer, or a part of it
 * @l: the lane, with no other call under way but posted ones, which makes this short
 * @opcode: of the call
 * @c: set to a private copy of the answer
 * @whole: not only its tag, result and cost
 *
 * Return: as fwd_lane_wait().
 */
static inline __attribute__((always_inline)) int
fwd_lane_ask_some(struct fwd_lane *l, enum vos_opcode opcode, struct vos_cqe *c, bool whole)
{
	__u32 tag = l->tag;

	fwd_lane_publish(l, opcode);
	do {
		bool ready = !l->kick && vos_ring_front_ready(&l->cq);

		if (!ready && unlikely(!fwd_lane_await(l)))
			break;
		if (whole)
			vos_ring_consume(&l->cq, c);
		else
			fwd_lane_take_short(l, c);
		fwd_account(fwd_service_of(opcode), c->cost);
		if (likely(c->tag == tag))
			return 0;
	} while (fwd_lane_was_posted(l, c->tag));
	l->lost = true;
	return -ENOTCONN;
}

/**
 * fwd_lane_ask - submit the prepared call, and wait for its answer
 * @l: as for fwd_lane_ask_some()
 * @opcode: of the call
 * @c: set to a private copy of the answer
 *
 * Return: as fwd_lane_wait().
 */
static inline int fwd_lane_ask(struct fwd_lane *l, enum vos_opcode opcode, struct vos_cqe *c)
{
	return fwd_lane_ask_some(l, opcode, c, true);
}

/**
 * fwd_lane_ask_short - submit the prepared call, and wait for its result
 * @l: as for fwd_lane_ask_some()
 * @opcode: of the call
 * @result: set to the answer's result
 *
 * Return: as fwd_lane_wait().
 */
static inline __attribute__((always_inline)) int
fwd_lane_ask_short(struct fwd_lane *l, enum vos_opcode opcode, __s64 *result)
{
	struct vos_cqe c;
	int rc;

	c.result = 0;
	rc = fwd_lane_ask_some(l, opcode, &c, false);
	*result = c.result;
	return rc;
}

/**
 * fwd_lane_submit - submit the prepared call
 * @l: the lane
 * @opcode: of the call
 *
 * Return: the call's number on the lane.
 */
static inline int fwd_lane_submit(struct fwd_lane *l, enum vos_opcode opcode)
{
	int call = l->tag % FWD_DEPTH;

	l->asked[call] = l->tag;
	l->busy |= 1u << call;
	fwd_lane_publish(l, opcode);
	return call;
}

/* Take the answer to a call. Return: 1: @c is set; 0: not answered yet; -ENOTCONN: never. */
static inline int fwd_lane_answered(struct fwd_lane *l, int call, struct vos_cqe *c)
{
	if (unlikely(l->have & 1u << call)) {
		l->have &= ~(1u << call);
		*c = l->stash[call];
		return 1;
	}
	while (vos_ring_pop(&l->cq, c)) {
		int other = c->tag % FWD_DEPTH;

		fwd_account(l->chan->service, c->cost);
		if (unlikely(l->posted) && fwd_lane_was_posted(l, c->tag))
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
 * fwd_lane_wait - wait for the answer to a call
 * @l: the lane
 * @call: as fwd_lane_submit() returned
 * @c: set to the answer
 *
 * A signal does not end the wait; its handler runs meanwhile. A call through the door is
 * answered at once.
 *
 * Return: 0, or -ENOTCONN: it will never be answered, and the lane is lost.
 */
static inline int fwd_lane_wait(struct fwd_lane *l, int call, struct vos_cqe *c)
{
	int rc = l->kick ? 0 : fwd_lane_answered(l, call, c);

	while (!rc) {
		rc = fwd_lane_await(l) ? fwd_lane_answered(l, call, c) : -ENOTCONN;
	}
	if (likely(rc > 0))
		return 0;
	l->lost = true;
	return -ENOTCONN;
}

#endif
