// SPDX-License-Identifier: MIT
/*
 * Sending through the door. A stream is cut into chunks, one at a time under way. Only when the
 * service has taken all of one is it known where the next begins. While one is under way, the
 * next is copied into the other half of the lane.
 *
 * What several threads send is in one piece each, as long as no call has to wait. The trap door
 * sees to that, so chunks go through this one only if the process has one thread.
 */
#include <signal.h>
#include <sys/single_threaded.h>

#include "section.h"
#include "socket.h"
#include "syscall.h"

#define SEND_FLAGS (MSG_DONTWAIT | MSG_NOSIGNAL | MSG_MORE)

static void prepare(struct fwd_lane *l, const struct fwd_io *io, __u32 off, __u32 len, bool more)
{
	struct vos_sqe *e = fwd_lane_prepare(l, io->word);

	e->ext[0] = (struct vos_extent){ off, len };
	e->arg[0] = (io->flags & MSG_MORE) | (more ? MSG_MORE : 0);
}

/* A stream's chunks: the service has one half of the lane, this side the other. */
struct chunks {
	struct fwd_cursor from;
	__u32 half;		/* bytes in one half */
	__u32 next;		/* which half is filled next */
	size_t filled;		/* bytes copied so far */
	__u32 len;		/* of what was filled last */
};

/* Return: false: the program's memory cannot be read. */
static bool fill(struct fwd_lane *l, const struct fwd_io *io, struct chunks *c)
{
	size_t left = io->len - c->filled;

	c->next ^= 1;
	c->len = left < c->half ? left : c->half;
	c->filled += c->len;
	return fwd_cursor_get(&c->from, l->chan->arena + l->data + c->next * c->half, c->len);
}

static long send_chunk(struct fwd_lane *l, const struct fwd_io *io, size_t *done)
{
	struct vos_cqe answer;
	long rc;

	if (!fwd_gather(io->iov, l->chan->arena + l->data, io->len))
		return FWD_TRAP(VOS_WHY_FAULT);
	prepare(l, io, l->data, io->len, false);
	if (fwd_lane_ask(l, VOS_OP_SENDMSG, &answer))
		return FWD_TRAP(VOS_WHY_DEAD);
	rc = fwd_sock_check(l, io->word, io->flags, answer.result, io->len);
	if (rc < 0)
		return rc;
	*done = rc;
	return rc < (long)io->len ? fwd_would_block(io->word, io->flags) : 0;
}

static long send_chunks(struct fwd_lane *l, const struct fwd_io *io, size_t *done)
{
	struct chunks c = { .from = { io->iov, 0 }, .half = l->chan->lane_arena / 2 & ~63u };
	struct vos_cqe answer;
	bool good = fill(l, io, &c);
	__u32 len;
	int call;
	long rc;

	while (good && (len = c.len)) {
		prepare(l, io, l->data + c.next * c.half, len, c.filled < io->len);
		call = fwd_lane_submit(l, VOS_OP_SENDMSG);
		good = fill(l, io, &c);
		if (fwd_lane_wait(l, call, &answer))
			return FWD_TRAP(VOS_WHY_DEAD);
		rc = fwd_sock_check(l, io->word, io->flags, answer.result, len);
		if (rc < 0)
			return rc;
		*done += rc;
		if (rc < (long)len)	/* the buffer is full, as after -EAGAIN */
			return fwd_would_block(io->word, io->flags);
	}
	return good ? 0 : FWD_TRAP(VOS_WHY_FAULT);
}

static long send_stream(struct fwd_lane *l, const struct fwd_io *io, size_t *done)
{
	fwd_posts_first(l, io->word);
	if (io->len <= l->chan->lane_arena / 2)
		return send_chunk(l, io, done);
	return __libc_single_threaded ? send_chunks(l, io, done) : FWD_TRAP(VOS_WHY_ODD);
}

static long send_dgram(struct fwd_lane *l, const struct fwd_io *io, size_t *done)
{
	__u32 side = io->name ? VOS_ADDR_MAX : 0;
	char *arena = l->chan->arena + l->data;
	struct vos_sqe *e;
	struct vos_cqe c;
	long rc;

	if (io->len > l->chan->lane_arena - side)
		return FWD_TRAP(VOS_WHY_ODD);
	if ((io->name && !fwd_copy(arena, io->name, io->namelen)) ||
	    !fwd_gather(io->iov, arena + side, io->len))
		return FWD_TRAP(VOS_WHY_FAULT);
	e = fwd_lane_prepare(l, io->word);
	e->ext[0] = (struct vos_extent){ l->data + side, io->len };
	e->ext[1] = (struct vos_extent){ l->data, side ? io->namelen : 0 };
	e->arg[0] = io->flags & MSG_MORE;
	e->arg[1] = side ? io->namelen : 0;
	if (fwd_lane_ask(l, VOS_OP_SENDMSG, &c)) {
		*done = io->len;	/* the network may lose one as well */
		return 0;
	}
	rc = fwd_sock_check(l, io->word, io->flags, c.result, io->len);
	if (rc > 0)
		*done = rc;
	return rc < 0 ? rc : 0;
}

static long send_on(struct fwd_lane *l, const struct fwd_io *io, size_t *done)
{
	long rc = fwd_sock_take_error(l, io->word);

	if (!rc)
		rc = VOS_WORD_KIND(io->word) == VOS_KIND_STREAM ? send_stream(l, io, done) :
								  send_dgram(l, io, done);
	if (*done)
		fwd_sock_keep_error(l, io, rc);
	if (*done || !FWD_IS_TRAP(rc))
		fwd_lane_count(l, VOS_STAT_SEND, *done);
	return rc;
}

/*
 * A blocking call has to send the rest, even if it waits. So this call is no more in one piece:
 * a signal ends it, one that was held back as well. An error after bytes have gone belongs to
 * the next call.
 */
static size_t rest_by_trap(const struct fwd_io *io, size_t done)
{
	struct fwd_cursor c = { io->iov, 0 };
	int saved = errno;

	if (fwd_leave(fwd_thread.account))
		return done;
	fwd_cursor_skip(&c, done);
	while (done < io->len) {
		struct iovec p = fwd_cursor_piece(&c, io->len - done);
		int more = done + p.iov_len < io->len ? MSG_MORE : 0;
		ssize_t n = fwd_trap_send(io->fd, p.iov_base, p.iov_len,
					  io->flags | more | MSG_NOSIGNAL);

		if (n <= 0)
			break;
		done += n;
		c.off += n;
		if ((size_t)n < p.iov_len)
			break;
	}
	errno = saved;
	return done;
}

/* As the kernel's own, it names the process that has it sent. */
static void raise_sigpipe(void)
{
	siginfo_t si = { .si_signo = SIGPIPE, .si_code = SI_USER };

	si.si_pid = fwd_syscall(SYS_getpid, 0, 0, 0, 0, 0, 0);
	si.si_uid = fwd_syscall(SYS_getuid, 0, 0, 0, 0, 0, 0);
	fwd_syscall(SYS_rt_tgsigqueueinfo, si.si_pid, fwd_syscall(SYS_gettid, 0, 0, 0, 0, 0, 0),
		    SIGPIPE, (long)&si, 0, 0);
}

/* Return: the outcome for @done bytes, and a reason @rc not to have sent the rest. */
static long conclude(const struct fwd_io *io, size_t done, long rc)
{
	fwd_trapped(VOS_STAT_SEND, rc);
	if (done && (rc == FWD_TRAP(VOS_WHY_WAIT) || rc == FWD_TRAP(VOS_WHY_STALE) ||
		     rc == FWD_TRAP(VOS_WHY_FAULT)))
		return rest_by_trap(io, done);
	if (done)
		return done;
	if (rc == -EPIPE && VOS_WORD_KIND(io->word) == VOS_KIND_STREAM &&
	    !(io->flags & MSG_NOSIGNAL))
		raise_sigpipe();
	return rc;
}

/* Return: bytes, -errno, or FWD_TRAP(). */
static long send_short_on(struct fwd_lane *l, __u64 word, const void *buf, __u32 len, int flags)
{
	long rc = fwd_sock_take_error(l, word);
	struct vos_sqe *e;
	__s64 result;

	if (unlikely(rc))
		return rc;
	fwd_posts_first(l, word);
	if (!fwd_copy(l->chan->arena + l->data, buf, len))
		return FWD_TRAP(VOS_WHY_FAULT);
	e = fwd_lane_prepare(l, word);
	e->ext[0] = (struct vos_extent){ l->data, len };
	e->arg[0] = flags & MSG_MORE;
	if (likely(!fwd_lane_ask_short(l, VOS_OP_SENDMSG, &result)))
		return fwd_sock_check(l, word, flags, result, len);
	/* The network may lose a datagram as well. */
	return VOS_WORD_KIND(word) == VOS_KIND_DGRAM ? (long)len : FWD_TRAP(VOS_WHY_DEAD);
}

static __attribute__((noinline)) long conclude_short(__u64 word, int fd, const void *buf,
						     __u32 len, int flags, long rc)
{
	struct iovec iov = { .iov_base = (void *)buf, .iov_len = len };
	struct fwd_io io = { .word = word, .fd = fd, .flags = flags, .iov = &iov, .len = len };

	if (rc > 0)
		return conclude(&io, rc, fwd_would_block(word, flags));
	return conclude(&io, 0, rc);
}

/**
 * fwd_send_short - send few bytes from one buffer without an address, like most calls
 * @word: of kind STREAM or DGRAM
 * @fd: the descriptor
 * @buf: the buffer
 * @len: 1 to FWD_SHORT
 * @flags: MSG_*
 *
 * Return: as fwd_send().
 */
long fwd_send_short(__u64 word, int fd, const void *buf, __u32 len, int flags)
{
	struct fwd_lane *l;
	long rc;

	if (unlikely(flags & ~SEND_FLAGS))
		return fwd_trapped(VOS_STAT_SEND, FWD_TRAP(VOS_WHY_ODD));
	l = fwd_lane_get(VOS_DOOR_NET, fd, word);
	if (unlikely(!l))
		return fwd_trapped(VOS_STAT_SEND, FWD_TRAP(VOS_WHY_LANE));
	rc = send_short_on(l, word, buf, len, flags);
	if (likely(!FWD_IS_TRAP(rc)))
		fwd_lane_count(l, VOS_STAT_SEND, rc);
	fwd_lane_put(l);
	if (likely(rc == (long)len))
		return rc;
	return conclude_short(word, fd, buf, len, flags, rc);
}

/**
 * fwd_send - send on a socket
 * @io: word of kind STREAM or DGRAM; len not 0; an address of at most
 *	VOS_ADDR_MAX bytes, and for datagrams only
 *
 * Return: bytes, -errno, or FWD_TRAP().
 */
long fwd_send(struct fwd_io *io)
{
	struct fwd_lane *l;
	size_t done = 0;
	long rc;

	if (io->flags & ~SEND_FLAGS)
		return fwd_trapped(VOS_STAT_SEND, FWD_TRAP(VOS_WHY_ODD));
	l = fwd_lane_get(VOS_DOOR_NET, io->fd, io->word);
	if (!l)
		return fwd_trapped(VOS_STAT_SEND, FWD_TRAP(VOS_WHY_LANE));
	rc = send_on(l, io, &done);
	fwd_lane_put(l);
	return conclude(io, done, rc);
}
