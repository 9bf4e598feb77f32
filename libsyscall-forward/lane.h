/* SPDX-License-Identifier: MIT */
/*
 * Lanes: taking one, putting calls into it, waiting for the answers. Inline, for this
 * is what a call costs (tests/unit/test_door_cost.c).
 *
 * Invariant: a lane is given back only when nothing is under way on it but what was
 * posted: calls that need no answer and no part of the arena. One whose channel has
 * died, or whose peer has answered what was not asked, is not given back at all.
 */
#ifndef FWD_LANE_H
#define FWD_LANE_H

#include "fwd_priv.h"

/* The lane that served last serves again: its lines are in this CPU's cache. */
extern __thread __u32 fwd_lane_favourite __attribute__((tls_model("initial-exec")));

struct fwd_lane *fwd_lane_other(struct fwd_chan *c);
bool fwd_lane_await(struct fwd_lane *l);
bool fwd_lane_was_posted(struct fwd_lane *l, __u32 tag);
int fwd_lane_post(struct fwd_lane *l, enum vos_opcode opcode);
int fwd_lane_settle(struct fwd_lane *l, __u32 left);
void fwd_lane_drain(struct fwd_lane *l);

static inline bool fwd_lane_claim(struct fwd_lane *l)
{
	__u32 want = FWD_LANE_FREE;

	return vos_load(&l->state) == FWD_LANE_FREE &&
	       __atomic_compare_exchange_n(&l->state, &want, FWD_LANE_TAKEN, false,
					   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

/*
 * With the lane in hand the channel cannot be changed any more; is it still the
 * one that the word spoke of?
 */
static inline bool fwd_lane_still_good(const struct fwd_lane *l, int fd, __u64 word)
{
	const struct fwd_chan *c = l->chan;

	return !fwd_epoch_is_old(c) && vos_load_acquire(&c->state->word[fd]) == word;
}

/** fwd_lane_put - give a lane back */
static inline void fwd_lane_put(struct fwd_lane *l)
{
	vos_store_release(&l->state, (__u32)(l->lost ? FWD_LANE_NONE : FWD_LANE_FREE));
}

/**
 * fwd_lane_get - take a free lane
 * @word: what the caller has read for descriptor @fd
 * Return: the lane, or NULL: use the trap door.
 */
static inline struct fwd_lane *fwd_lane_get(unsigned int service, int fd, __u64 word)
{
	struct fwd_chan *c = &vos_load(&fwd_door)->chan[service];
	struct fwd_lane *l = &c->lane[fwd_lane_favourite];

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
 * @word: names the handle
 * Return: the submission, in its place in the ring, with nothing but the handle filled
 * in; its first word is not to be touched.
 *
 * At most FWD_DEPTH calls, and FWD_POSTED more, may be under way, so there is room: a
 * service gives an entry back before it answers it, or confuses itself.
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

/**
 * fwd_lane_ask - hand the call that was prepared to the service, wait for its answer
 * @c: private copy of the answer
 * Return: as fwd_lane_wait().
 *
 * For a lane that has no other call under way but posted ones, which makes it short.
 */
static inline __attribute__((always_inline)) int
fwd_lane_ask_some(struct fwd_lane *l, enum vos_opcode opcode, struct vos_cqe *c, __u32 n)
{
	__u32 tag = l->tag;

	fwd_lane_publish(l, opcode);
	do {
		bool ready = !l->kick && vos_ring_ready(&l->cq);

		if (!ready && unlikely(!fwd_lane_await(l)))
			break;
		vos_ring_consume_some(&l->cq, c, n);
		if (likely(c->tag == tag))
			return 0;
	} while (fwd_lane_was_posted(l, c->tag));
	l->lost = true;
	return -ENOTCONN;
}

static inline int fwd_lane_ask(struct fwd_lane *l, enum vos_opcode opcode, struct vos_cqe *c)
{
	return fwd_lane_ask_some(l, opcode, c, sizeof(*c));
}

/** fwd_lane_ask_short - the same, for who wants to know the result and no more */
static inline __attribute__((always_inline)) int
fwd_lane_ask_short(struct fwd_lane *l, enum vos_opcode opcode, __s64 *result)
{
	struct vos_cqe c;
	int rc;

	c.result = 0;
	rc = fwd_lane_ask_some(l, opcode, &c, offsetof(struct vos_cqe, pos));
	*result = c.result;
	return rc;
}

/**
 * fwd_lane_submit - hand the call that was prepared to the service
 * Return: which of the lane's calls it is.
 */
static inline int fwd_lane_submit(struct fwd_lane *l, enum vos_opcode opcode)
{
	int call = l->tag % FWD_DEPTH;

	l->asked[call] = l->tag;
	l->busy |= 1u << call;
	fwd_lane_publish(l, opcode);
	return call;
}

/* Return: 1 answered, and *c is the answer; 0 not yet; -ENOTCONN never. */
static inline int fwd_lane_answered(struct fwd_lane *l, int call, struct vos_cqe *c)
{
	if (unlikely(l->have & 1u << call)) {
		l->have &= ~(1u << call);
		*c = l->stash[call];
		return 1;
	}
	while (vos_ring_pop(&l->cq, c)) {
		int other = c->tag % FWD_DEPTH;

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
 * @call: as fwd_lane_submit() returned
 * Return: 0, or -ENOTCONN: it will never be answered, and the lane is lost.
 *
 * Not ended by signals, whose handlers run meanwhile: a call through the door is
 * answered at once.
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
