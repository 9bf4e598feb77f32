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

/* Return: true if the descriptor still has the word that the call has read. */
static inline bool fwd_file_stands(const struct fwd_io *io)
{
	const struct vos_door_state *state = vos_load(&vos_load(&fwd_door)->state);

	return vos_load_acquire(&state->word[io->fd]) == io->word;
}

/*
 * Say that this lane's call writes through its word. From here on the kernel keeps the file,
 * whatever becomes of the descriptor. Moving the offset tells whether that was in time; a call
 * that does not move it has to find its word unchanged. Return: false: it has changed.
 */
static inline bool fwd_file_begin_write(struct fwd_lane *l, const struct fwd_io *io)
{
	__atomic_store_n(&l->chan->head->writing[l->index],
			 VOS_WRITING(VOS_WORD_SLOT(io->word), VOS_WORD_GEN(io->word)),
			 __ATOMIC_SEQ_CST);
	return !io->at || fwd_file_stands(io);
}

/*
 * Reserving a range by moving the offset, and submitting it: one thread at a time, as a system
 * call has the file's position for itself. The claim tells the kernel what is not submitted if
 * the process ends meanwhile (claim.pml).
 */
bool fwd_file_wait_turn(__u32 *turn);

/* Return: false: another thread has its turn, and does not end it. */
static inline bool fwd_file_take_turn(struct fwd_lane *l, const struct fwd_io *io)
{
	__u32 *turn = &l->chan->turn[VOS_WORD_SLOT(io->word)];

	if (unlikely(__atomic_exchange_n(turn, 1u, __ATOMIC_ACQUIRE)) && !fwd_file_wait_turn(turn))
		return false;
	/* An empty claim, but a turn to be ended. */
	vos_store(&l->chan->head->from[l->index], ~(__u64)0);
	vos_store(&l->chan->head->till[l->index], ~(__u64)0);
	return true;
}

/* Move the offset over what is to be written, if it is still at @pos. */
static inline bool fwd_file_reserve(struct fwd_lane *l, const struct fwd_io *io, __u64 *p, __u64 pos)
{
	struct vos_uchan_head *head = l->chan->head;

	vos_store(&head->till[l->index], pos + io->len);
	vos_store(&head->from[l->index], pos);
	return __atomic_compare_exchange_n(p, &pos, pos + io->len, false, __ATOMIC_ACQ_REL,
					   __ATOMIC_RELAXED);
}

/* What lies before @pos will be written, even if the process ends. */
static inline void fwd_file_passed(struct fwd_lane *l, __u64 pos)
{
	vos_store(&l->chan->head->from[l->index], pos);
}

/* All that is reserved is submitted, or was given back. Idempotent. */
static inline void fwd_file_end_turn(struct fwd_lane *l, const struct fwd_io *io)
{
	__u64 *till = &l->chan->head->till[l->index];

	if (!vos_load(till))
		return;
	vos_store(till, (__u64)0);
	vos_store_release(&l->chan->turn[VOS_WORD_SLOT(io->word)], 0u);
}

/* Say that all is written. */
static inline void fwd_file_written(struct fwd_lane *l, const struct fwd_io *io)
{
	vos_store_release(&l->chan->head->writing[l->index], (__u64)0);
	if (unlikely(!fwd_file_stands(io)))
		fwd_kernel(VOS_DOOR_TIDY, 0, 0);
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
