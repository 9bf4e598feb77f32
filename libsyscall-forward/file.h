/* SPDX-License-Identifier: MIT */
/* What reading and writing of files have in common. */
#ifndef FWD_FILE_H
#define FWD_FILE_H

#include "iov.h"

/*
 * Return: true if all of the range can be part of a file; it is not at VOS_POS_KERNEL.
 * @len: at most FWD_MAX_IO
 */
static inline bool fwd_file_range(__u64 pos, size_t len)
{
	return !((pos | (pos + len)) >> 63);
}

/* Return: the file's offset in shared memory, or NULL: the kernel keeps it. */
static inline __u64 *fwd_file_pos(struct fwd_lane *l, const struct fwd_io *io)
{
	struct vos_uchan_head *head = l->chan->head;
	__u32 slot = VOS_WORD_SLOT(io->word);

	if (!(io->word & VOS_WORD_POS))
		return NULL;
	/* The service does not know windows. */
	if (VOS_WORD_KIND(io->word) != VOS_KIND_WINDOW &&
	    vos_load_acquire(&head->slot[slot].gen) != VOS_WORD_GEN(io->word))
		return NULL;
	return &head->pos[slot];
}

#define FWD_RECALL_EVERY	1024u	/* reads */

/* Count a read that has been answered. */
static inline void fwd_file_was_read(struct fwd_lane *l, __u64 word, int fd, long n)
{
	if (unlikely(!(fwd_lane_count(l, VOS_STAT_READ, n) % FWD_RECALL_EVERY)))
		fwd_file_try_recall(l, word, fd);
}

/*
 * Turn an answer to a call of @len bytes into bytes, -errno, or FWD_TRAP(). An impossible one
 * loses the lane.
 */
static inline long fwd_file_check(struct fwd_lane *l, __s64 result, __u32 len)
{
	if (likely((__u64)result - 1 < len))
		return result;
	if (fwd_not_done(result) || result == -EAGAIN || result == -EIO)
		return FWD_TRAP(VOS_WHY_STALE);
	if (result < -4095 || result > (__s64)len) {
		l->lost = true;
		return FWD_TRAP(VOS_WHY_DEAD);
	}
	return result;
}

#endif
