// SPDX-License-Identifier: MIT
/*
 * Reading files through the door. A long read goes in chunks, several of which are
 * under way at once: the service copies one while we copy another.
 *
 * Reading changes nothing but the offset, and that at the very end; so whatever
 * goes wrong, the whole call can go through the trap door instead.
 */
#include "file.h"

#define CHUNK		32768u
#define RETRIES		8

/* A read under way, as a queue of chunks; oldest first. */
struct reading {
	const struct vos_io *io;
	__u64 pos;
	__u32 chunk, depth;
	size_t asked, got;
	unsigned int first, n;		/* chunks under way */
	int call[VOS_DEPTH];
	__u32 len[VOS_DEPTH];
	struct vos_cursor to;
	long rc;			/* not 0: the reason to end */
	bool end;			/* what comes from now on is not wanted */
};

static __u32 place(const struct vos_lane *l, const struct reading *r, unsigned int i)
{
	return l->data + i * r->chunk;
}

static void ask(struct vos_lane *l, struct reading *r)
{
	unsigned int i = (r->first + r->n) % r->depth;
	size_t left = r->io->len - r->asked;
	__u32 len = left < r->chunk ? left : r->chunk;
	struct vos_sqe *e = vos_lane_prepare(l, r->io->word);

	e->ext[0] = (struct vos_extent){ place(l, r, i), len };
	e->arg[0] = r->pos + r->asked;
	r->call[i] = vos_lane_submit(l, VOS_OP_READ);
	r->len[i] = len;
	r->asked += len;
	r->n++;
}

static void take_one(struct vos_lane *l, struct reading *r)
{
	unsigned int i = r->first;
	struct vos_cqe c;
	long n;

	if (vos_lane_wait(l, r->call[i], &c)) {
		r->rc = VOS_TRAP(VOS_WHY_DEAD);
		return;
	}
	r->first = (i + 1) % r->depth;
	r->n--;
	if (r->end)
		return;
	n = vos_file_check(l, c.result, r->len[i]);
	if (n < (long)r->len[i])
		r->end = true;
	if (n < 0) {
		/* Bytes first; who reads on is told the error then. */
		if (VOS_IS_TRAP(n) || !r->got)
			r->rc = n;
		return;
	}
	vos_cursor_put(&r->to, l->chan->arena + place(l, r, i), n);
	r->got += n;
}

/* Return: bytes, -errno, or VOS_TRAP(). */
static long read_at(struct vos_lane *l, const struct vos_io *io, __u64 pos)
{
	__u32 room = l->chan->lane_arena;
	struct reading r = {
		.io = io,
		.pos = pos,
		.chunk = room / 2 < CHUNK ? room / 2 : CHUNK,
		.to = { io->iov, 0 },
	};

	r.depth = room / r.chunk < VOS_DEPTH ? room / r.chunk : VOS_DEPTH;
	do {
		while (!r.end && !r.rc && r.n < r.depth && r.asked < io->len)
			ask(l, &r);
		if (r.n && !l->lost)
			take_one(l, &r);
	} while (!l->lost && (r.n || (!r.end && r.asked < io->len)));
	return r.rc ? r.rc : (long)r.got;
}

/*
 * At the file's own offset, which others may move meanwhile. What was read counts
 * only if the offset is then still where it was.
 */
static long read_on(struct vos_lane *l, const struct vos_io *io)
{
	__u64 *p = vos_file_pos(l, io), pos;
	int tries;
	long n;

	if (!p)
		return VOS_TRAP(VOS_WHY_OFFSET);
	for (tries = 0; tries < RETRIES; tries++) {
		pos = vos_load_acquire(p);
		if (!vos_file_range(pos, io->len))
			return VOS_TRAP(VOS_WHY_OFFSET);
		n = read_at(l, io, pos);
		if (n <= 0)
			return n;
		if (__atomic_compare_exchange_n(p, &pos, pos + n, false, __ATOMIC_ACQ_REL,
						__ATOMIC_RELAXED))
			return n;
	}
	return VOS_TRAP(VOS_WHY_OFFSET);
}

/**
 * vos_file_pread_short - what most reads are: a few bytes into one buffer
 * @word: of kind FILE
 * @len: 1 to VOS_SHORT
 * Return: as vos_file_read().
 */
long vos_file_pread_short(__u64 word, int fd, void *buf, __u32 len, __u64 pos)
{
	struct vos_lane *l;
	struct vos_sqe *e;
	__s64 result;
	long n = VOS_TRAP(VOS_WHY_DEAD);

	if (unlikely(!(word & VOS_WORD_READ) || !vos_file_range(pos, len)))
		return vos_trapped(VOS_STAT_READ, VOS_TRAP(VOS_WHY_ACCESS));
	l = vos_lane_get(VOS_DOOR_STORAGE, fd, word);
	if (unlikely(!l))
		return vos_trapped(VOS_STAT_READ, VOS_TRAP(VOS_WHY_LANE));
	e = vos_lane_prepare(l, word);
	e->ext[0] = (struct vos_extent){ l->data, len };
	e->arg[0] = pos;
	if (likely(!vos_lane_ask_short(l, VOS_OP_READ, &result)))
		n = vos_file_check(l, result, len);
	if (n > 0)
		memcpy(buf, l->chan->arena + l->data, n);
	if (likely(!VOS_IS_TRAP(n)))
		vos_file_was_read(l, word, fd, n);
	vos_lane_put(l);
	return vos_trapped(VOS_STAT_READ, n);
}

/**
 * vos_file_read - read a file
 * @io: word of kind FILE; len not 0
 * Return: bytes, -errno, or VOS_TRAP().
 */
long vos_file_read(struct vos_io *io)
{
	struct vos_lane *l;
	long rc;

	if (!(io->word & VOS_WORD_READ))
		return vos_trapped(VOS_STAT_READ, VOS_TRAP(VOS_WHY_ACCESS));
	if (io->at && !vos_file_range(io->pos, io->len))
		return vos_trapped(VOS_STAT_READ, VOS_TRAP(VOS_WHY_ODD));
	l = vos_lane_get(VOS_DOOR_STORAGE, io->fd, io->word);
	if (!l)
		return vos_trapped(VOS_STAT_READ, VOS_TRAP(VOS_WHY_LANE));
	rc = io->at ? read_at(l, io, io->pos) : read_on(l, io);
	if (!VOS_IS_TRAP(rc))
		vos_file_was_read(l, io->word, io->fd, rc);
	vos_lane_put(l);
	return vos_trapped(VOS_STAT_READ, rc);
}
