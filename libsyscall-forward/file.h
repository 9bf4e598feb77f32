/* SPDX-License-Identifier: MIT */
/* What reading and writing of files have in common. */
#ifndef VOS_LIB_FILE_H
#define VOS_LIB_FILE_H

#include "iov.h"

/* Is all of the range a possible part of a file? Not so VOS_POS_HOME. */
static inline bool vos_file_range(__u64 pos, size_t len)
{
	return pos < 1ull << 63 && len < (1ull << 63) - pos;
}

/* Where the file's offset stands, or NULL: the kernel keeps it. */
static inline __u64 *vos_file_pos(struct vos_lane *l, const struct vos_io *io)
{
	struct vos_uchan_head *head = l->chan->head;
	__u32 slot = VOS_WORD_SLOT(io->word);

	if (!(io->word & VOS_WORD_POS))
		return NULL;
	/* The service is not told of windows. */
	if (VOS_WORD_KIND(io->word) != VOS_KIND_WINDOW &&
	    vos_load_acquire(&head->slot[slot].gen) != VOS_WORD_GEN(io->word))
		return NULL;
	return &head->pos[slot];
}

#define VOS_LOOK_EVERY	1024u	/* reads */

/* A read has been answered. */
static inline void vos_file_was_read(struct vos_lane *l, __u64 word, int fd, long n)
{
	vos_lane_count(l, VOS_STAT_READ, n);
	if (unlikely(!(vos_load(&l->count.door[VOS_STAT_READ]) % VOS_LOOK_EVERY)))
		vos_file_look(l, word, fd);
}

/*
 * What an answer to a call of @len bytes means: bytes, -errno, or VOS_TRAP(). An
 * impossible one loses the lane.
 */
static inline long vos_file_check(struct vos_lane *l, __s64 result, __u32 len)
{
	if (vos_not_done(result) || result == -EAGAIN || result == -EIO)
		return VOS_TRAP(VOS_WHY_STALE);
	if (result < -4095 || result > (__s64)len) {
		l->lost = true;
		return VOS_TRAP(VOS_WHY_DEAD);
	}
	return result;
}

#endif
