/* SPDX-License-Identifier: MIT */
/* What receiving and sending have in common. */
#ifndef FWD_SOCKET_H
#define FWD_SOCKET_H

#include "iov.h"

static inline long fwd_would_block(__u64 word, int flags)
{
	return word & VOS_WORD_NONBLOCK || flags & MSG_DONTWAIT ? -EAGAIN :
								  FWD_TRAP(VOS_WHY_WAIT);
}

/**
 * fwd_sock_check - what an answer means
 * @max: bytes that may have been moved
 * Return: bytes, -errno, or FWD_TRAP(). An impossible answer loses the lane.
 */
static inline long fwd_sock_check(struct fwd_lane *l, __u64 word, int flags, __s64 result,
				  __u32 max)
{
	if (result == -EAGAIN)
		return fwd_would_block(word, flags);
	if (fwd_not_done(result))
		return FWD_TRAP(VOS_WHY_STALE);
	if (result < -4095 || result > (__s64)max) {
		l->lost = true;
		return FWD_TRAP(VOS_WHY_DEAD);
	}
	return result;
}

/* An error that comes after bytes have been moved is for the next call. */
static inline void fwd_sock_owe(struct fwd_lane *l, const struct fwd_io *io, long rc)
{
	if (rc < 0 && rc != -EAGAIN && !FWD_IS_TRAP(rc))
		vos_store(&l->chan->owed[VOS_WORD_SLOT(io->word)],
			  (__u64)VOS_WORD_GEN(io->word) << 32 | (__u64)-rc);
}

/* Return: such an error, or 0. */
static inline long fwd_sock_owed(struct fwd_lane *l, __u64 word)
{
	__u64 *p = &l->chan->owed[VOS_WORD_SLOT(word)], was;

	if (likely(!vos_load(p)))
		return 0;
	was = __atomic_exchange_n(p, 0, __ATOMIC_RELAXED);
	return was >> 32 == VOS_WORD_GEN(word) ? -(long)(__u32)was : 0;
}

/* The next call that is posted on the slot is so on @l. */
static inline void fwd_posted_by(struct fwd_lane *l, __u64 word)
{
	vos_store(&l->chan->poster[VOS_WORD_SLOT(word)], (__u8)(l->index + 1));
}

/* What was posted on another lane comes before what is to be sent on this one. */
static inline void fwd_posts_first(const struct fwd_lane *l, __u64 word)
{
	__u32 lane = vos_load(&l->chan->poster[VOS_WORD_SLOT(word)]);

	if (unlikely(lane && lane != l->index + 1))
		fwd_lane_drain(&l->chan->lane[lane - 1]);
}

#endif
