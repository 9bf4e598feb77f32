// SPDX-License-Identifier: MIT
/*
 * Writing files through the door. The data lies in the log, behind a record. It stays there
 * until the service says that it is on the disk. So a lane's own part of the arena is not used.
 *
 * Invariant: if the call has reserved a range by moving the offset, it writes the range by
 * either door or gives it back. That is in the file that the descriptor had then.
 */
#include "file.h"
#include "syscall.h"

#define CHUNK		32768u
#define RETRIES		64
#define COMMITS		2
#define SPINS		100
#define YIELDS		100

struct writing {
	const struct fwd_io *io;
	__u64 pos;
	__u32 chunk;
	size_t sent, done;
	unsigned int first, n;		/* chunks under way, oldest first */
	int call[FWD_DEPTH];
	struct vos_log_record *rec[FWD_DEPTH];
	__u32 len[FWD_DEPTH];
	struct fwd_cursor from;
	int commits;
	long rc;			/* not 0: the reason to end */
};

static __u32 place(const struct fwd_lane *l, const struct vos_log_record *r)
{
	return (__u32)((const char *)(r + 1) - l->chan->arena);
}

static inline __attribute__((always_inline)) void
submit(struct fwd_lane *l, struct writing *w, struct vos_log_record *r, __u32 len, bool claimed)
{
	unsigned int i = (w->first + w->n) % FWD_DEPTH;
	struct vos_sqe *e;

	if (unlikely(!fwd_cursor_get(&w->from, r + 1, len))) {
		fwd_log_complete(r, 0, 0);
		w->rc = FWD_TRAP(VOS_WHY_FAULT);
		return;
	}
	e = fwd_lane_prepare(l, w->io->word);
	fwd_log_fill(r, w->io, w->pos + w->sent, len);
	e->ext[0] = (struct vos_extent){ place(l, r), len };
	e->arg[0] = w->pos + w->sent;
	w->call[i] = fwd_lane_submit(l, VOS_OP_WRITE);
	w->rec[i] = r;
	w->len[i] = len;
	w->sent += len;
	w->n++;
	if (claimed && w->sent == w->io->len)
		fwd_file_end_turn(l, w->io);
	else if (claimed)
		fwd_file_passed(l, w->pos + w->sent);
}

static bool commit(struct fwd_lane *l, struct writing *w)
{
	struct vos_cqe c;

	if (w->commits++ == COMMITS)
		return false;
	fwd_lane_prepare(l, w->io->word);
	return !fwd_lane_wait(l, fwd_lane_submit(l, VOS_OP_COMMIT), &c) && c.result >= 0;
}

/* Return: false when the next chunk has to wait for those under way. */
static inline __attribute__((always_inline)) bool send_one(struct fwd_lane *l, struct writing *w,
							   bool claimed)
{
	size_t left = w->io->len - w->sent;
	__u32 len = left < w->chunk ? left : w->chunk;
	struct vos_log_record *r = fwd_log_alloc(l->chan, len);

	if (r)
		submit(l, w, r, len, claimed);
	else if (w->n)
		return false;
	else if (!commit(l, w))
		w->rc = FWD_TRAP(l->lost ? VOS_WHY_DEAD : VOS_WHY_LOG);
	return true;
}

/*
 * The kernel replays the log of a channel that has died, but skips records without a sequence
 * number. If the channel has died by now, it is not known whether the kernel has seen the
 * number. So the trap door writes the data again.
 */
static bool seen_by_all(struct fwd_lane *l)
{
	vos_mb();
	if (!fwd_epoch_is_old(l->chan))
		return true;
	l->lost = true;
	return false;
}

/* Take the oldest chunk's answer. Without a sequence number its record would stay for ever. */
static void complete_one(struct fwd_lane *l, struct writing *w)
{
	unsigned int i = w->first;
	struct vos_cqe c;
	long n;

	if (fwd_lane_wait(l, w->call[i], &c)) {
		w->rc = FWD_TRAP(VOS_WHY_DEAD);
		return;
	}
	n = fwd_file_check(l, c.result, w->len[i]);
	fwd_log_complete(w->rec[i], n > 0 ? n : 0, c.out[0] ? c.out[0] : 1);
	w->first = (i + 1) % FWD_DEPTH;
	w->n--;
	if (n > 0 && !seen_by_all(l))
		n = FWD_TRAP(VOS_WHY_DEAD);
	if (w->rc)
		return;		/* chunks after a failed one do not count */
	if (n > 0)
		w->done += n;
	if (n < (long)w->len[i])
		w->rc = n < 0 ? n : FWD_TRAP(VOS_WHY_STALE);
}

/*
 * Have the kernel skip the records of calls that will not be answered: the trap door repeats
 * them.
 */
static void give_up(struct writing *w)
{
	for (; w->n; w->n--, w->first = (w->first + 1) % FWD_DEPTH)
		fwd_log_complete(w->rec[w->first], 0, 0);
}

/*
 * Return: 0: all is written; else the reason. @done: bytes that are written. @claimed: the range
 * has been reserved.
 */
static inline __attribute__((always_inline)) long
write_range(struct fwd_lane *l, const struct fwd_io *io, __u64 pos, size_t *done, bool claimed)
{
	__u32 part = l->chan->log_size / 8 & ~63u;
	struct writing w = {
		.io = io,
		.pos = pos,
		.chunk = part < CHUNK ? part : CHUNK,
		.from = { io->iov, 0 },
	};

	if (!part)
		return FWD_TRAP(VOS_WHY_LOG);
	do {
		while (!w.rc && w.n < FWD_DEPTH && w.sent < io->len)
			if (!send_one(l, &w, claimed))
				break;
		if (w.n && !l->lost)
			complete_one(l, &w);
	} while (!l->lost && (w.n || (!w.rc && w.sent < io->len)));
	give_up(&w);
	*done = w.done;
	return w.rc;
}

static __attribute__((noinline)) long write_at(struct fwd_lane *l, const struct fwd_io *io,
					       __u64 pos, size_t *done)
{
	return write_range(l, io, pos, done, false);
}

static __attribute__((noinline)) long write_claimed(struct fwd_lane *l, const struct fwd_io *io,
						    __u64 pos, size_t *done)
{
	return write_range(l, io, pos, done, true);
}

/**
 * fwd_file_wait_turn - wait until another thread has ended its turn, for a moment
 * @turn: of the file, taken by another thread
 *
 * The other one may wait for a processor, and for nothing else but it and the service.
 *
 * Return: false: it takes too long. If its process ended now, the file would have a hole.
 */
__attribute__((noinline)) bool fwd_file_wait_turn(__u32 *turn)
{
	int i;

	for (i = 0; i < SPINS + YIELDS; i++) {
		if (!vos_load(turn) && !__atomic_exchange_n(turn, 1u, __ATOMIC_ACQUIRE))
			return true;
		if (i < SPINS)
			__builtin_ia32_pause();
		else
			fwd_syscall(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
	}
	return false;
}

/* Move the offset over the range to be written. Return: where it begins, or VOS_POS_KERNEL. */
static __u64 reserve(struct fwd_lane *l, const struct fwd_io *io, __u64 *p)
{
	int tries;

	for (tries = 0; tries < RETRIES; tries++) {
		__u64 pos = vos_load_acquire(p);

		if (!fwd_file_range(pos, io->len))
			break;
		if (fwd_file_reserve(l, io, p, pos))
			return pos;
	}
	return VOS_POS_KERNEL;
}

/*
 * Have the kernel write in the file that the word stands for, or stood for. If the channel has
 * been replaced meanwhile, the kernel does not know the word any more.
 */
static long write_by_kernel(const struct fwd_io *io, const void *data, size_t len, __u64 pos)
{
	struct vos_door_rest r = {
		.word = io->word,
		.pos = pos,
		.data = (uintptr_t)data,
		.len = len,
	};
	long n = fwd_kernel(VOS_DOOR_REST, (long)&r, 0);

	if (n != -ESTALE && n != -ENOTCONN && n != -EINVAL)
		return n;
	n = fwd_write_at(io->fd, data, len, pos);
	/* The kernel has counted that. The whole call counts once, when it ends. */
	fwd_count_add(&fwd_thread.account->io[VOS_ACCOUNT_WRITE].calls, -1);
	fwd_count_add(&fwd_thread.account->io[VOS_ACCOUNT_WRITE].bytes, n > 0 ? -n : 0);
	return n;
}

/* Write what the door did not take, at its place in the file. */
static long write_rest(const struct fwd_io *io, __u64 pos, size_t done)
{
	struct fwd_cursor c = { io->iov, 0 };
	long n = 0;

	fwd_cursor_skip(&c, done);
	while (done < io->len) {
		struct iovec p = fwd_cursor_piece(&c, io->len - done);

		n = write_by_kernel(io, p.iov_base, p.iov_len, pos + done);
		if (n <= 0)
			break;
		done += n;
		c.off += n;
		if ((size_t)n < p.iov_len)
			break;
	}
	return done ? (long)done : n;
}

/*
 * Give back the unused part of the reservation. If another call has moved the offset on, this
 * does nothing.
 */
static void give_back(const struct fwd_io *io, __u64 pos, size_t done)
{
	struct vos_door_rest r = {
		.word = io->word,
		.pos = pos + done,
		.end = pos + io->len,
	};

	fwd_kernel(VOS_DOOR_REST, (long)&r, 0);
}

/**
 * fwd_file_end_write - finish a write that has begun or reserved a range
 * @io: the write; fwd_file_begin_write() has been called
 * @pos: where it begins
 * @done: bytes that are written
 * @rc: 0, or the reason for the rest
 *
 * Return: as fwd_file_write(), but never FWD_TRAP().
 */
long fwd_file_end_write(const struct fwd_io *io, __u64 pos, size_t done, long rc)
{
	long total = FWD_IS_TRAP(rc) ? write_rest(io, pos, done) : done ? (long)done : rc;

	if (!io->at && total < (long)io->len)
		give_back(io, pos, total > 0 ? total : 0);
	return total;
}

/* Return: as fwd_file_write(). */
static inline __attribute__((always_inline)) long
write_from(struct fwd_lane *l, const struct fwd_io *io, __u64 pos, bool claimed)
{
	size_t done = 0;
	long rc = claimed ? write_claimed(l, io, pos, &done) : write_at(l, io, pos, &done);

	if (done || !FWD_IS_TRAP(rc))
		fwd_lane_count(l, VOS_STAT_WRITE, done);
	fwd_trapped(VOS_STAT_WRITE, rc);
	if (!rc)
		return (long)io->len;
	if (claimed)
		fwd_file_passed(l, pos + done);
	/* It is not known what a service that has died has done. */
	if (!claimed && !done && rc != FWD_TRAP(VOS_WHY_DEAD))
		return rc;
	return fwd_file_end_write(io, pos, done, rc);
}

static __attribute__((noinline)) long write_on(struct fwd_lane *l, const struct fwd_io *io)
{
	__u64 *p = fwd_file_pos(l, io), pos;
	long rc = FWD_TRAP(VOS_WHY_OFFSET);

	if (!p || !fwd_file_take_turn(l, io))
		return fwd_trapped(VOS_STAT_WRITE, rc);
	pos = reserve(l, io, p);
	if (pos == VOS_POS_KERNEL)
		fwd_trapped(VOS_STAT_WRITE, rc);
	else
		rc = write_from(l, io, pos, true);
	fwd_file_end_turn(l, io);
	return rc;
}

static long write_on_lane(struct fwd_lane *l, const struct fwd_io *io)
{
	vos_store(&l->chan->written[VOS_WORD_SLOT(io->word) % VOS_UCHAN_SLOTS], (__u8)1);
	if (!l->chan->log_size)
		return fwd_trapped(VOS_STAT_WRITE, FWD_TRAP(VOS_WHY_LOG));
	return io->at ? write_from(l, io, io->pos, false) : write_on(l, io);
}

/**
 * fwd_file_write - write a file
 * @io: word of kind FILE; len not 0
 *
 * Return: bytes, -errno, or FWD_TRAP().
 */
long fwd_file_write(struct fwd_io *io)
{
	struct fwd_lane *l;
	long rc;

	if (!(io->word & VOS_WORD_WRITE))
		return fwd_trapped(VOS_STAT_WRITE, FWD_TRAP(VOS_WHY_ACCESS));
	if (io->at && !fwd_file_range(io->pos, io->len))
		return fwd_trapped(VOS_STAT_WRITE, FWD_TRAP(VOS_WHY_ODD));
	l = fwd_lane_get(VOS_DOOR_STORAGE, io->fd, io->word);
	if (!l)
		return fwd_trapped(VOS_STAT_WRITE, FWD_TRAP(VOS_WHY_LANE));
	rc = fwd_file_begin_write(l, io) ? write_on_lane(l, io) :
					   fwd_trapped(VOS_STAT_WRITE, FWD_TRAP(VOS_WHY_STALE));
	fwd_file_written(l, io);
	fwd_lane_put(l);
	return rc;
}
