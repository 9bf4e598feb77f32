// SPDX-License-Identifier: MIT
/*
 * Reading files through the door. A long read goes in chunks. Several are under way at once:
 * the service copies one while this side copies another.
 *
 * Reading changes nothing but the offset, and that at the very end. So if anything fails, the
 * whole call can go through the trap door instead.
 */
#include "file.h"

#define CHUNK		32768u
#define RETRIES		8

/* A read under way, as a queue of chunks; oldest first. */
struct reading {
	const struct fwd_io *io;
	__u64 pos;
	__u32 chunk, depth;
	size_t asked, got;
	unsigned int first, n;		/* chunks under way */
	int call[FWD_DEPTH];
	__u32 len[FWD_DEPTH];
	struct fwd_cursor to;
	long rc;			/* not 0: the reason to end */
	bool end;			/* drop the data of all later answers */
};

static __u32 place(const struct fwd_lane *l, const struct reading *r, unsigned int i)
{
	return l->data + i * r->chunk;
}

static void ask(struct fwd_lane *l, struct reading *r)
{
	unsigned int i = (r->first + r->n) % r->depth;
	size_t left = r->io->len - r->asked;
	__u32 len = left < r->chunk ? left : r->chunk;
	struct vos_sqe *e = fwd_lane_prepare(l, r->io->word);

	e->ext[0] = (struct vos_extent){ place(l, r, i), len };
	e->arg[0] = r->pos + r->asked;
	r->call[i] = fwd_lane_submit(l, VOS_OP_READ);
	r->len[i] = len;
	r->asked += len;
	r->n++;
}

static void finish_one(struct fwd_lane *l, struct reading *r)
{
	unsigned int i = r->first;
	struct vos_cqe c;
	long n;

	if (fwd_lane_wait(l, r->call[i], &c)) {
		r->rc = FWD_TRAP(VOS_WHY_DEAD);
		return;
	}
	r->first = (i + 1) % r->depth;
	r->n--;
	if (r->end)
		return;
	n = fwd_file_check(l, c.result, r->len[i]);
	if (n < (long)r->len[i])
		r->end = true;
	if (n < 0) {
		/* Bytes first: the next read returns the error. */
		if (FWD_IS_TRAP(n) || !r->got)
			r->rc = n;
		return;
	}
	if (fwd_cursor_put(&r->to, l->chan->arena + place(l, r, i), n)) {
		r->got += n;
	} else {
		r->end = true;
		r->rc = FWD_TRAP(VOS_WHY_FAULT);
	}
}

/* Return: bytes, -errno, or FWD_TRAP(). */
static long read_at(struct fwd_lane *l, const struct fwd_io *io, __u64 pos)
{
	__u32 room = l->chan->lane_arena;
	struct reading r = {
		.io = io,
		.pos = pos,
		.chunk = room / 2 < CHUNK ? room / 2 : CHUNK,
		.to = { io->iov, 0 },
	};

	r.depth = room / r.chunk < FWD_DEPTH ? room / r.chunk : FWD_DEPTH;
	do {
		while (!r.end && !r.rc && r.n < r.depth && r.asked < io->len)
			ask(l, &r);
		if (r.n && !l->lost)
			finish_one(l, &r);
	} while (!l->lost && (r.n || (!r.end && r.asked < io->len)));
	return r.rc ? r.rc : (long)r.got;
}

/*
 * Read at the file's own offset, which other threads may move meanwhile. If the offset has
 * moved after the read, the data does not count.
 */
static long read_on(struct fwd_lane *l, const struct fwd_io *io)
{
	__u64 *p = fwd_file_pos(l, io), pos;
	int tries;
	long n;

	if (!p)
		return FWD_TRAP(VOS_WHY_OFFSET);
	for (tries = 0; tries < RETRIES; tries++) {
		pos = vos_load_acquire(p);
		if (!fwd_file_range(pos, io->len))
			return FWD_TRAP(VOS_WHY_OFFSET);
		n = read_at(l, io, pos);
		if (n <= 0)
			return n;
		if (__atomic_compare_exchange_n(p, &pos, pos + n, false, __ATOMIC_ACQ_REL,
						__ATOMIC_RELAXED))
			return n;
	}
	return FWD_TRAP(VOS_WHY_OFFSET);
}

/**
 * fwd_file_pread_short - read few bytes into one buffer, like most reads
 * @word: of kind FILE
 * @fd: the descriptor
 * @buf: the buffer
 * @len: 1 to FWD_SHORT
 * @pos: position in the file
 *
 * Return: as fwd_file_read().
 */
long fwd_file_pread_short(__u64 word, int fd, void *buf, __u32 len, __u64 pos)
{
	struct fwd_lane *l;
	struct vos_sqe *e;
	__s64 result;
	long n = FWD_TRAP(VOS_WHY_DEAD);

	if (unlikely(!(word & VOS_WORD_READ) || !fwd_file_range(pos, len)))
		return fwd_trapped(VOS_STAT_READ, FWD_TRAP(VOS_WHY_ACCESS));
	l = fwd_lane_get(VOS_DOOR_STORAGE, fd, word);
	if (unlikely(!l))
		return fwd_trapped(VOS_STAT_READ, FWD_TRAP(VOS_WHY_LANE));
	e = fwd_lane_prepare(l, word);
	e->ext[0] = (struct vos_extent){ l->data, len };
	e->arg[0] = pos;
	if (likely(!fwd_lane_ask_short(l, VOS_OP_READ, &result)))
		n = fwd_file_check(l, result, len);
	if (n > 0 && !fwd_copy(buf, l->chan->arena + l->data, n))
		n = FWD_TRAP(VOS_WHY_FAULT);
	if (likely(!FWD_IS_TRAP(n)))
		fwd_file_was_read(l, word, fd, n);
	fwd_lane_put(l);
	return fwd_trapped(VOS_STAT_READ, n);
}

/**
 * fwd_file_read - read a file
 * @io: word of kind FILE; len not 0
 *
 * Return: bytes, -errno, or FWD_TRAP().
 */
long fwd_file_read(struct fwd_io *io)
{
	struct fwd_lane *l;
	long rc;

	if (!(io->word & VOS_WORD_READ))
		return fwd_trapped(VOS_STAT_READ, FWD_TRAP(VOS_WHY_ACCESS));
	if (io->at && !fwd_file_range(io->pos, io->len))
		return fwd_trapped(VOS_STAT_READ, FWD_TRAP(VOS_WHY_ODD));
	l = fwd_lane_get(VOS_DOOR_STORAGE, io->fd, io->word);
	if (!l)
		return fwd_trapped(VOS_STAT_READ, FWD_TRAP(VOS_WHY_LANE));
	rc = io->at ? read_at(l, io, io->pos) : read_on(l, io);
	if (!FWD_IS_TRAP(rc))
		fwd_file_was_read(l, io->word, io->fd, rc);
	fwd_lane_put(l);
	return fwd_trapped(VOS_STAT_READ, rc);
}
