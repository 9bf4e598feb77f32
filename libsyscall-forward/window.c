// SPDX-License-Identifier: MIT
/*
 * Files in place: a window shows the primary's page cache. A read or a write is a copy from it
 * or to it. See struct vos_door_window.
 *
 * Invariant: a thread touches a window only while it is counted in its users and has found the
 * word unchanged since. What was copied counts only if the word is unchanged afterwards.
 */
#include "file.h"

#define RETRIES		8

/**
 * fwd_window_fetch - ask the kernel where the file of a descriptor lies
 * @d: the door
 * @fd: the descriptor
 *
 * If the word has gone meanwhile, the window is not set, and no call will use it.
 *
 * Context: the thread that attaches.
 */
void fwd_window_fetch(struct fwd_door *d, int fd)
{
	__u64 word = vos_load_acquire(&d->state->word[fd]);
	struct vos_door_window info = { 0 };
	struct fwd_window *w = &d->window[VOS_WORD_SLOT(word) % VOS_UCHAN_SLOTS];

	if (VOS_WORD_KIND(word) != VOS_KIND_WINDOW || w->gen == VOS_WORD_GEN(word))
		return;
	info.users = (uintptr_t)&w->users;
	if (fwd_kernel(VOS_DOOR_WINDOW, fd, (long)&info) < 0 || info.gen != VOS_WORD_GEN(word) ||
	    info.slot != VOS_WORD_SLOT(word))
		return;
	/* Readers of the former window see that it is gone. */
	vos_store_release(&w->gen, 0u);
	vos_mb();
	vos_store(&w->base, info.base);
	vos_store(&w->size, info.size);
	vos_store_release(&w->gen, info.gen);
	fwd_file_is_held(fd);
}

static inline bool stands(int fd, __u64 word)
{
	const struct vos_door_state *state = vos_load(&vos_load(&fwd_door)->state);

	return vos_load_acquire(&state->word[fd]) == word;
}

static inline struct fwd_window *window_of(__u64 word)
{
	return &vos_load(&fwd_door)->window[VOS_WORD_SLOT(word) % VOS_UCHAN_SLOTS];
}

/*
 * Find @len bytes at @pos. Context: counted in. Return: how many of them the file has, if the
 * word is unchanged afterwards; or FWD_TRAP().
 */
static inline long find(const struct fwd_window *w, int fd, __u64 word, size_t len, __u64 pos,
			char **at)
{
	__u32 gen = vos_load_acquire(&w->gen);
	__u64 base = vos_load_acquire(&w->base), size = vos_load_acquire(&w->size);

	if (unlikely(gen != VOS_WORD_GEN(word) || vos_load(&w->gen) != gen || !stands(fd, word)))
		return FWD_TRAP(VOS_WHY_STALE);
	*at = (char *)(uintptr_t)base + pos;
	if (pos >= size)
		return 0;
	return (long)(len < size - pos ? len : size - pos);
}

static inline void count_in(struct fwd_window *w)
{
	__atomic_fetch_add(&w->users, 1, __ATOMIC_SEQ_CST);
}

/* Return: @rc if the copied data counts. */
static inline long count_out(struct fwd_window *w, int fd, __u64 word, long rc)
{
	__atomic_fetch_sub(&w->users, 1, __ATOMIC_SEQ_CST);
	if (likely(stands(fd, word)))
		return rc;
	/* The kernel may have left the window to its last reader. */
	fwd_kernel(VOS_DOOR_TIDY, 0, 0);
	return FWD_TRAP(VOS_WHY_STALE);
}

static inline long note_read(struct fwd_window *w, long rc)
{
	if (likely(!FWD_IS_TRAP(rc))) {
		fwd_count_add(&w->reads, 1);
		fwd_count_add(&w->bytes, rc);
	}
	return fwd_trapped(VOS_STAT_READ, rc);
}

/**
 * fwd_window_pread - read a file in place, into one buffer
 * @word: of kind WINDOW
 * @fd: the descriptor
 * @buf: the buffer
 * @len: bytes
 * @pos: position in the file
 *
 * Return: as fwd_window_read().
 */
long fwd_window_pread(__u64 word, int fd, void *buf, size_t len, __u64 pos)
{
	struct fwd_window *w = window_of(word);
	char *at = NULL;
	long n;

	if (unlikely(!fwd_file_range(pos, len)))
		return fwd_trapped(VOS_STAT_READ, FWD_TRAP(VOS_WHY_ODD));
	count_in(w);
	n = find(w, fd, word, len, pos, &at);
	if (likely(n > 0) && !fwd_copy(buf, at, n))
		n = FWD_TRAP(VOS_WHY_FAULT);
	return note_read(w, count_out(w, fd, word, n));
}

static long read_at(struct fwd_window *w, const struct fwd_io *io, __u64 pos)
{
	struct fwd_cursor to = { io->iov, 0 };
	char *at = NULL;
	long n;

	count_in(w);
	n = find(w, io->fd, io->word, io->len, pos, &at);
	if (n > 0 && !fwd_cursor_put(&to, at, n))
		n = FWD_TRAP(VOS_WHY_FAULT);
	return count_out(w, io->fd, io->word, n);
}

/* Read at the file's own offset; see read_on() in file.c. A lane keeps the channel. */
static long read_on(struct fwd_window *w, const struct fwd_io *io)
{
	struct fwd_lane *l = fwd_lane_get(VOS_DOOR_STORAGE, io->fd, io->word);
	long n = FWD_TRAP(VOS_WHY_OFFSET);
	__u64 *p, pos;
	int tries;

	if (!l)
		return FWD_TRAP(VOS_WHY_LANE);
	p = io->word & VOS_WORD_POS ? &l->chan->head->pos[VOS_WORD_SLOT(io->word)] : NULL;
	for (tries = 0; p && tries < RETRIES; tries++) {
		pos = vos_load_acquire(p);
		if (!fwd_file_range(pos, io->len))
			break;
		n = read_at(w, io, pos);
		if (n <= 0 || __atomic_compare_exchange_n(p, &pos, pos + n, false, __ATOMIC_ACQ_REL,
							  __ATOMIC_RELAXED))
			break;
		n = FWD_TRAP(VOS_WHY_OFFSET);
	}
	fwd_lane_put(l);
	return n;
}

/**
 * fwd_window_read - read a file in place
 * @io: word of kind WINDOW; len not 0
 *
 * Return: bytes, -errno, or FWD_TRAP().
 */
long fwd_window_read(struct fwd_io *io)
{
	struct fwd_window *w = window_of(io->word);

	if (io->at && !fwd_file_range(io->pos, io->len))
		return fwd_trapped(VOS_STAT_READ, FWD_TRAP(VOS_WHY_ODD));
	return note_read(w, io->at ? read_at(w, io, io->pos) : read_on(w, io));
}

/*
 * Write all of it, or have the trap door write it: data beyond the end would make the file
 * longer. What is written before a fault the trap door writes again. The note for the
 * kernel that the file's times are old precedes the second check of the word.
 */
static long write_at(struct fwd_window *w, struct fwd_lane *l, const struct fwd_io *io, __u64 pos)
{
	struct fwd_cursor from = { io->iov, 0 };
	char *at = NULL;
	long n;

	count_in(w);
	n = find(w, io->fd, io->word, io->len, pos, &at);
	if (n == (long)io->len) {
		if (!fwd_cursor_get(&from, at, n))
			n = FWD_TRAP(VOS_WHY_FAULT);
		vos_store_release(&l->chan->head->wrote[VOS_WORD_SLOT(io->word)], (__u8)1);
	} else if (!FWD_IS_TRAP(n)) {
		n = FWD_TRAP(VOS_WHY_OFFSET);
	}
	return count_out(w, io->fd, io->word, n);
}

/* If the file has it all, move the offset over what is about to be written. */
static __u64 reserve(struct fwd_window *w, struct fwd_lane *l, const struct fwd_io *io, __u64 *p)
{
	__u64 size = vos_load(&w->size), pos;
	int tries;

	for (tries = 0; tries < RETRIES; tries++) {
		pos = vos_load_acquire(p);
		if (pos > size || io->len > size - pos)
			break;
		if (fwd_file_reserve(l, io, p, pos))
			return pos;
	}
	return VOS_POS_KERNEL;
}

/*
 * The file may have the bytes, and the range may be reserved, although they do not count. Then
 * the kernel writes them again, in that file. @pos: where to, or VOS_POS_KERNEL.
 * Return: as fwd_window_write().
 */
static inline __attribute__((always_inline)) long
write_or_trap(struct fwd_window *w, struct fwd_lane *l, const struct fwd_io *io, __u64 pos)
{
	long rc = pos == VOS_POS_KERNEL ? FWD_TRAP(VOS_WHY_OFFSET) : write_at(w, l, io, pos);

	if (!FWD_IS_TRAP(rc)) {
		fwd_count_add(&w->writes, 1);
		fwd_count_add(&w->written, rc);
		return rc;
	}
	fwd_trapped(VOS_STAT_WRITE, rc);
	if (pos == VOS_POS_KERNEL || (io->at && rc != FWD_TRAP(VOS_WHY_STALE)))
		return rc;
	return fwd_file_end_write(io, pos, 0, rc);
}

static __attribute__((noinline)) long write_on(struct fwd_window *w, struct fwd_lane *l,
					       const struct fwd_io *io)
{
	__u64 *p = io->word & VOS_WORD_POS ? &l->chan->head->pos[VOS_WORD_SLOT(io->word)] : NULL;
	long rc;

	if (!p || !fwd_file_take_turn(l, io))
		return fwd_trapped(VOS_STAT_WRITE, FWD_TRAP(VOS_WHY_OFFSET));
	rc = write_or_trap(w, l, io, reserve(w, l, io, p));
	fwd_file_end_turn(l, io);
	return rc;
}

/**
 * fwd_window_write - write a file in place
 * @io: word of kind WINDOW; len not 0
 *
 * This takes a lane: it keeps the channel, which has the offset and the note of a write.
 *
 * Return: bytes, -errno, or FWD_TRAP().
 */
long fwd_window_write(struct fwd_io *io)
{
	struct fwd_window *w = window_of(io->word);
	struct fwd_lane *l;
	long rc;

	if (!(io->word & VOS_WORD_WRITE))
		return fwd_trapped(VOS_STAT_WRITE, FWD_TRAP(VOS_WHY_ACCESS));
	if (io->len > FWD_IN_PLACE || (io->at && !fwd_file_range(io->pos, io->len)))
		return fwd_trapped(VOS_STAT_WRITE, FWD_TRAP(VOS_WHY_ODD));
	l = fwd_lane_get(VOS_DOOR_STORAGE, io->fd, io->word);
	if (!l)
		return fwd_trapped(VOS_STAT_WRITE, FWD_TRAP(VOS_WHY_LANE));
	rc = FWD_TRAP(VOS_WHY_STALE);
	if (fwd_file_begin_write(l, io))
		rc = io->at ? write_or_trap(w, l, io, io->pos) : write_on(w, l, io);
	else
		fwd_trapped(VOS_STAT_WRITE, rc);
	fwd_file_written(l, io);
	fwd_lane_put(l);
	return rc;
}
