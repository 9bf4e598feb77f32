// SPDX-License-Identifier: MIT
/*
 * Receiving through the door. The door takes only what is there. If nothing is there, the trap
 * door waits, which handles signals, time-outs and cancellation.
 *
 * Invariant: one call at a time on a lane. So every byte and every error that the service has
 * given has a reader.
 */
#include <sys/epoll.h>
#include <sys/single_threaded.h>

#include "socket.h"

/* A reader passes over urgent data that lies in its way. */
#define IN_BITS		(EPOLLIN | EPOLLPRI | EPOLLRDHUP | EPOLLHUP | EPOLLERR)
#define SHOWN_FLAGS	(MSG_TRUNC | MSG_CTRUNC | MSG_OOB | MSG_EOR | MSG_ERRQUEUE)
#define DGRAM_MAX	65535u

/*
 * The service publishes the mask before it answers the call that changed it. So this sees all
 * that the program can know to be there.
 */
static inline long await_ready(const struct fwd_lane *l, __u64 word, int flags)
{
	const struct vos_uchan_slot *s = &l->chan->head->slot[VOS_WORD_SLOT(word)];

	if (vos_load_acquire(&s->gen) != VOS_WORD_GEN(word))
		return FWD_TRAP(VOS_WHY_STALE);
	return vos_load(&s->poll) & IN_BITS ? 0 : fwd_would_block(word, flags);
}

/*
 * The program's memory cannot be written. A stream takes its bytes back, for the next reader. A
 * datagram is lost, as Linux loses it.
 *
 * @off, @n: where the bytes are in the arena, and how many
 */
static __attribute__((noinline)) long refuse(struct fwd_lane *l, __u64 word, __u32 off, __u32 n)
{
	struct vos_sqe *e;
	__s64 result;

	if (VOS_WORD_KIND(word) != VOS_KIND_STREAM)
		return -EFAULT;
	e = fwd_lane_prepare(l, word);
	e->ext[0] = (struct vos_extent){ off, n };
	fwd_lane_ask_short(l, VOS_OP_UNREAD, &result);
	return -EFAULT;
}

static bool copy_name(struct fwd_io *io, const char *name, __u32 n)
{
	if (n > VOS_ADDR_MAX)
		n = VOS_ADDR_MAX;
	io->truelen = n;
	return fwd_copy(io->name, name, n < io->namelen ? n : io->namelen);
}

/* As in Linux, the data comes first, and is taken even if there is no place for the address. */
static long copy_answer(struct fwd_lane *l, struct fwd_io *io, const struct vos_cqe *c,
			__u32 asked, struct fwd_cursor *to, __u32 data)
{
	const char *arena = l->chan->arena + l->data;
	long rc = fwd_sock_check(l, io->word, io->flags, c->result, asked);

	if (rc < 0)
		return rc;
	io->msg_flags = c->out[2] & SHOWN_FLAGS;
	if (!fwd_cursor_put(to, arena + data, rc))
		return refuse(l, io->word, l->data + data, rc);
	if (io->name && !copy_name(io, arena, c->out[0]))
		return -EFAULT;
	return rc;
}

/*
 * Test whether the next call gets data of a stream at once, or the end. It must not get an error,
 * which is for the program's next call. Of one byte that is left, the service says the same as of
 * the end.
 */
static bool more_is_there(const struct vos_cqe *c)
{
	if (!(c->poll & EPOLLIN) || c->out[3] & VOS_RECV_AT_MARK)
		return false;
	return !(c->poll & EPOLLERR) || c->out[2] >> 32 > 1;
}

/*
 * @goes_on: the program's call has got bytes
 * @more: set: the next call may get more at once
 */
static long recv_once(struct fwd_lane *l, struct fwd_io *io, __u32 asked, struct fwd_cursor *to,
		      bool goes_on, bool *more)
{
	__u32 side = io->name ? VOS_ADDR_MAX : 0;
	struct vos_sqe *e = fwd_lane_prepare(l, io->word);
	struct vos_cqe c;

	e->ext[0] = (struct vos_extent){ l->data + side, asked };
	e->ext[1] = (struct vos_extent){ l->data, side };
	e->arg[2] = (goes_on ? VOS_RECV_GOES_ON : 0) | (asked < io->len ? VOS_RECV_LEFT : 0);
	if (fwd_lane_ask(l, VOS_OP_RECVMSG, &c))
		return FWD_TRAP(VOS_WHY_DEAD);
	*more = more_is_there(&c);
	return copy_answer(l, io, &c, asked, to, side);
}

static __u32 room(const struct fwd_lane *l, const struct fwd_io *io)
{
	return l->chan->lane_arena - (io->name ? VOS_ADDR_MAX : 0);
}

/*
 * Receive full chunks while more is there. Other threads could receive between two of them. The
 * trap door keeps them out.
 */
static long recv_stream(struct fwd_lane *l, struct fwd_io *io)
{
	struct fwd_cursor to = { io->iov, 0 };
	size_t got = 0;
	__u32 asked;
	bool more;
	long rc;

	if (io->len > room(l, io) && !__libc_single_threaded)
		return FWD_TRAP(VOS_WHY_ODD);
	do {
		asked = room(l, io);
		if (asked > io->len - got)
			asked = io->len - got;
		rc = recv_once(l, io, asked, &to, got, &more);
		if (rc > 0)
			got += rc;
	} while (rc == (long)asked && got < io->len && more);
	if (got)
		fwd_sock_keep_error(l, io, rc);
	return got ? (long)got : rc;
}

/* A datagram has to fit, for the rest of it would be lost. */
static long recv_dgram(struct fwd_lane *l, struct fwd_io *io)
{
	struct fwd_cursor to = { io->iov, 0 };
	__u32 max = room(l, io);
	bool more;

	if (io->len > max && max < DGRAM_MAX)
		return FWD_TRAP(VOS_WHY_ODD);
	return recv_once(l, io, io->len < max ? io->len : max, &to, false, &more);
}

static long recv_on(struct fwd_lane *l, struct fwd_io *io)
{
	long rc = fwd_sock_take_error(l, io->word);

	if (!rc)
		rc = await_ready(l, io->word, io->flags);
	if (!rc)
		rc = VOS_WORD_KIND(io->word) == VOS_KIND_STREAM ? recv_stream(l, io) :
								  recv_dgram(l, io);
	if (!FWD_IS_TRAP(rc))
		fwd_lane_count(l, VOS_STAT_RECV, rc);
	return rc;
}

static long recv_plain_on(struct fwd_lane *l, __u64 word, void *buf, __u32 len, int flags)
{
	long rc = fwd_sock_take_error(l, word);
	struct vos_sqe *e;
	__s64 result;

	/* A stream may give less than was asked for; a datagram may not. */
	if (unlikely(len > l->chan->lane_arena)) {
		if (VOS_WORD_KIND(word) == VOS_KIND_DGRAM)
			return FWD_TRAP(VOS_WHY_ODD);
		len = l->chan->lane_arena;
	}
	if (likely(!rc))
		rc = await_ready(l, word, flags);
	if (rc)
		return rc;
	e = fwd_lane_prepare(l, word);
	e->ext[0] = (struct vos_extent){ l->data, len };
	if (unlikely(fwd_lane_ask_short(l, VOS_OP_RECVMSG, &result)))
		return FWD_TRAP(VOS_WHY_DEAD);
	rc = fwd_sock_check(l, word, flags, result, len);
	if (rc > 0 && !fwd_copy(buf, l->chan->arena + l->data, rc))
		return refuse(l, word, l->data, rc);
	return rc;
}

/**
 * fwd_recv_plain - receive into one short buffer without an address, like most calls
 * @word: of kind STREAM or DGRAM
 * @fd: the descriptor
 * @buf: the buffer
 * @len: not 0
 * @flags: MSG_*
 *
 * Return: as fwd_recv().
 */
long fwd_recv_plain(__u64 word, int fd, void *buf, __u32 len, int flags)
{
	struct fwd_lane *l;
	long rc;

	if (unlikely(flags & ~(MSG_DONTWAIT | MSG_NOSIGNAL)))
		return fwd_trapped(VOS_STAT_RECV, FWD_TRAP(VOS_WHY_ODD));
	l = fwd_lane_get(VOS_DOOR_NET, fd, word);
	if (unlikely(!l))
		return fwd_trapped(VOS_STAT_RECV, FWD_TRAP(VOS_WHY_LANE));
	rc = recv_plain_on(l, word, buf, len, flags);
	if (!FWD_IS_TRAP(rc))
		fwd_lane_count(l, VOS_STAT_RECV, rc);
	fwd_lane_put(l);
	return fwd_trapped(VOS_STAT_RECV, rc);
}

/**
 * fwd_recv - receive on a socket
 * @io: word of kind STREAM or DGRAM; len not 0
 *
 * Return: bytes, -errno, or FWD_TRAP().
 */
long fwd_recv(struct fwd_io *io)
{
	struct fwd_lane *l;
	long rc;

	if (io->flags & ~(MSG_DONTWAIT | MSG_NOSIGNAL))
		return fwd_trapped(VOS_STAT_RECV, FWD_TRAP(VOS_WHY_ODD));
	l = fwd_lane_get(VOS_DOOR_NET, io->fd, io->word);
	if (!l)
		return fwd_trapped(VOS_STAT_RECV, FWD_TRAP(VOS_WHY_LANE));
	rc = recv_on(l, io);
	fwd_lane_put(l);
	return fwd_trapped(VOS_STAT_RECV, rc);
}
