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
 * fwd_sock_check - turn an answer into an outcome
 * @l: the lane; an impossible answer loses it
 * @word: of the socket
 * @flags: MSG_*
 * @result: of the answer
 * @max: bytes that may have been moved
 *
 * Return: bytes, -errno, or FWD_TRAP().
 */
static inline long fwd_sock_check(struct fwd_lane *l, __u64 word, int flags, __s64 result,
				  __u32 max)
{
	if (likely((__u64)result - 1 < max))
		return result;
	if (result == -EAGAIN)
		return fwd_would_block(word, flags);
	/* TCP_FASTOPEN_CONNECT: a call that may wait does so for the connection. */
	if (result == -EINPROGRESS && fwd_would_block(word, flags) != -EAGAIN)
		return FWD_TRAP(VOS_WHY_WAIT);
	if (fwd_not_done(result))
		return FWD_TRAP(VOS_WHY_STALE);
	if (result < -4095 || result > (__s64)max) {
		l->lost = true;
		return FWD_TRAP(VOS_WHY_DEAD);
	}
	return result;
}

/* Keep an error that comes after bytes have been moved for the next call. */
static inline void fwd_sock_keep_error(struct fwd_lane *l, const struct fwd_io *io, long rc)
{
	/* The service reports the first two again by itself. A fault is this call's alone. */
	if (rc < 0 && rc != -EPIPE && rc != -ENOTCONN && rc != -EAGAIN && rc != -EFAULT &&
	    !FWD_IS_TRAP(rc))
		vos_store(&l->chan->pending_error[VOS_WORD_SLOT(io->word)],
			  (__u64)VOS_WORD_GEN(io->word) << 32 | (__u64)-rc);
}

/* Take an error that fwd_sock_keep_error() kept. Return: -errno, or 0. */
static inline long fwd_sock_take_error(struct fwd_lane *l, __u64 word)
{
	__u64 *p = &l->chan->pending_error[VOS_WORD_SLOT(word)], was;

	if (likely(!vos_load(p)))
		return 0;
	was = __atomic_exchange_n(p, 0, __ATOMIC_RELAXED);
	return was >> 32 == VOS_WORD_GEN(word) ? -(long)(__u32)was : 0;
}

/* Note that @l carries the next call that is posted on the slot. */
static inline void fwd_posted_by(struct fwd_lane *l, __u64 word)
{
	vos_store(&l->chan->poster[VOS_WORD_SLOT(word)], (__u8)(l->index + 1));
}

/* Wait until the service has taken what was posted for the slot on another lane. */
static inline void fwd_posts_first(const struct fwd_lane *l, __u64 word)
{
	__u32 lane = vos_load(&l->chan->poster[VOS_WORD_SLOT(word)]);

	if (unlikely(lane && lane != l->index + 1))
		fwd_lane_drain(&l->chan->lane[lane - 1]);
}

#endif
