// SPDX-License-Identifier: GPL-2.0
/*
 * Receiving: the service takes the data that is there. This kernel waits for the data that is
 * not.
 *
 * Invariant: the kernel copies no more of an answer to the program than it asked for. It hands
 * control data out one checked message at a time, from a private copy. A message is handed out
 * if Linux's network stacks give its kind.
 */
#include <linux/in.h>
#include <linux/moduleparam.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uio.h>
#include "cgroup.h"
#include "control.h"
#include "vdoor_provider.h"
#include "vnet.h"
#include "wait.h"
#include "zerocopy.h"

#define RECV_FLAGS (MSG_OOB | MSG_PEEK | MSG_TRUNC | MSG_ERRQUEUE)
/* As in Linux, a reader passes over urgent data that lies in its way. */
#define RECV_WANT (VNET_WANT_IN | (__force u32)EPOLLPRI)
#define RECV_MSG_FLAGS (MSG_TRUNC | MSG_CTRUNC | MSG_OOB | MSG_EOR | MSG_ERRQUEUE)

static atomic_t foreign_control = ATOMIC_INIT(0);

static int foreign_control_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%u\n", (unsigned int)atomic_read(&foreign_control));
}

static const struct kernel_param_ops foreign_control_ops = { .get = foreign_control_get };
module_param_cb(foreign_control, &foreign_control_ops, NULL, 0444);
MODULE_PARM_DESC(foreign_control,
		 "control messages of the network domain that no program got");

struct recv {
	struct vnet_sock *vs;
	struct msghdr *msg;
	int flags;
	u8 opcode;
	u32 asked;		/* bytes asked for by the last call */
	u32 poll;		/* the mask after it */
	u64 place;		/* where it ended, as in RECVMSG's out[3] */
	u32 left;		/* with VOS_RECV_LEFT: what is left */
	u32 behind;		/* with MSG_PEEK: bytes of the stream to pass over */
	u32 dissolved;		/* as the socket had it when the program called */
	u32 refused;		/* bytes of the last answer that found no memory of the program */
	void *control;		/* the program's, and its length */
	size_t control_len;
};

static u32 side_len(const struct recv *r)
{
	u32 clen = r->control ? min_t(size_t, r->control_len, VNET_CONTROL_MAX) : 0;

	return r->msg->msg_name || clen ? VOS_ADDR_MAX + clen : 0;
}

/*
 * Hand out one message; @last: none follows. If its kind is not allowed, the message is
 * dropped. As in Linux, the program gets the data even if its control buffer cannot be written.
 */
static void put_one(struct msghdr *msg, const struct cmsghdr *c, bool last)
{
	size_t data = c->cmsg_len - sizeof(*c);

	if (vnet_control_allowed(c->cmsg_level, c->cmsg_type, data,
				 last && msg->msg_flags & MSG_CTRUNC)) {
		put_cmsg(msg, c->cmsg_level, c->cmsg_type, data, (void *)(c + 1));
		return;
	}
	atomic_inc(&foreign_control);
	pr_warn_ratelimited("virtuos-net: control message of level %d, type %d, %zu bytes dropped\n",
			    c->cmsg_level, c->cmsg_type, data);
}

/* Hand out control messages, one by one. They come in this kernel's own format (same ABI). */
static int put_control(struct msghdr *msg, const u8 *ctl, u32 len)
{
	u32 off = 0;

	while (len - off >= sizeof(struct cmsghdr)) {
		const struct cmsghdr *c = (const void *)(ctl + off);
		u32 next;

		if (c->cmsg_len < sizeof(*c) || c->cmsg_len > len - off)
			return -EIO;
		next = off + min_t(size_t, CMSG_ALIGN(c->cmsg_len), len - off);
		put_one(msg, c, next == len);
		off = next;
	}
	return 0;
}

/*
 * Copy address and control data. The memory is shared, so the copy comes before the checks. What a
 * stream tells with a later part takes the place of what it told before.
 */
static int copy_side(struct recv *r, struct vos_call *call)
{
	struct msghdr *msg = r->msg;
	const u8 __peer *ext = call->data[1];
	u32 side = call->room[1].len;
	u32 alen = min_t(u64, call->cqe.out[0], VOS_ADDR_MAX);
	u32 clen = min_t(u64, call->cqe.out[1], VNET_CONTROL_MAX);
	int rc = 0;
	u8 *ctl;

	msg->msg_flags |= (u32)call->cqe.out[2] & RECV_MSG_FLAGS;
	if (!side)
		return 0;
	if (msg->msg_name && alen) {
		vos_peer_read(msg->msg_name, ext, alen);
		msg->msg_namelen = alen;
	}
	clen = min(clen, side - VOS_ADDR_MAX);
	if (clen) {
		ctl = kmemdup(vos_peer_ptr(ext + VOS_ADDR_MAX), clen, GFP_KERNEL);
		if (!ctl)
			return -ENOMEM;
		msg->msg_control = r->control;
		msg->msg_controllen = r->control_len;
		rc = put_control(msg, ctl, clen);
		kfree(ctl);
	}
	return rc;
}

static int copy_answer(struct recv *r, struct vos_call *call)
{
	bool stream = vnet_is_stream(r->vs) && !(r->flags & MSG_ERRQUEUE);
	/*
	 * With MSG_TRUNC a datagram's result is its true length, and a stream's data is
	 * dropped. What is queued as an error is neither.
	 */
	u32 max = r->flags & MSG_TRUNC && !stream ? INT_MAX : r->asked;
	int n = vnet_call_result(call, max), rc;
	u32 copy;

	r->poll = call->cqe.poll;
	r->place = call->cqe.out[3];
	if (n < 0)
		return n;
	r->left = call->cqe.out[2] >> 32;
	rc = copy_side(r, call);
	if (rc)
		return rc;
	copy = r->flags & MSG_TRUNC && stream ? 0 : min_t(u32, n, r->asked);
	if (copy && copy_to_iter(vos_peer_ptr(call->data[0]), copy,
				 &r->msg->msg_iter) != copy) {
		r->refused = copy;
		return -EFAULT;
	}
	return n;
}

/*
 * Take what is to be given back. As in Linux, a stream keeps what a program's memory does not
 * take, and a datagram is lost.
 */
static u8 *take_refused(const struct recv *r, const struct vos_call *call)
{
	u8 *data;

	if (!vnet_is_stream(r->vs) || r->flags & (MSG_PEEK | MSG_OOB | MSG_ERRQUEUE))
		return NULL;
	data = kvmalloc(r->refused, GFP_KERNEL);
	if (data)
		vos_peer_read(data, call->data[0], r->refused);
	return data;
}

/* The service does it, or the link has gone, and the connection with it. */
static void give_back(const struct recv *r, u8 *data)
{
	struct vnet_req req = {
		.opcode = VOS_OP_UNREAD, .in = { data }, .len = { r->refused },
	};

	vnet_req_once(r->vs, &req, VOS_GET_UP_ONLY);
	kvfree(data);
}

/*
 * Make one call.
 * @got: bytes that the program's call has
 * Return: bytes. -EOWNERDEAD: the link is gone. -EAGAIN and so on.
 */
static int recv_once(struct recv *r, size_t left, size_t got)
{
	/* A queue that is repaired is shown from its front, or not at all. */
	u32 max = vnet_is_stream(r->vs) && !READ_ONCE(r->vs->repaired) ? VNET_CHUNK :
									 vnet.max_extent;
	struct vos_call *call;
	u8 *back = NULL;
	int rc;

	r->asked = min_t(size_t, left, max);
	r->refused = 0;
	call = vnet_sock_call(r->vs, r->opcode, r->asked, side_len(r));
	if (IS_ERR(call))
		return PTR_ERR(call);
	call->sqe.arg[0] = r->flags & RECV_FLAGS;
	if (r->behind)
		call->sqe.arg[1] = r->behind | r->place >> 32 << 32;
	call->sqe.arg[2] = (got ? VOS_RECV_GOES_ON : 0) |
			   (r->msg->msg_get_inq ? VOS_RECV_LEFT : 0);
	rc = vos_call(call);
	if (rc == -EINTR)
		return rc;
	if (!rc)
		rc = copy_answer(r, call);
	if (unlikely(r->refused))
		back = take_refused(r, call);
	vos_call_put(call);
	if (unlikely(back))
		give_back(r, back);
	return rc;
}

/* Only TCP has urgent data. Others do not heed the flag, or refuse it. */
static bool is_urgent(const struct vnet_sock *vs, int flags)
{
	return flags & MSG_OOB && vnet_is_stream(vs);
}

/* Get what a receive on a lost socket has: its error, then the end of the file. */
static int recv_lost(struct vnet_sock *vs, int flags)
{
	if (unlikely(flags & MSG_ERRQUEUE))
		return -EAGAIN;
	return is_urgent(vs, flags) ? -EINVAL : sock_error(&vs->sk);
}

static int recv_some(struct recv *r, size_t left, size_t got)
{
	struct vnet_sock *vs = r->vs;
	int rc;

	r->poll = 0;
	r->left = 0;
	if (vnet_is_lost(vs))
		return recv_lost(vs, r->flags);
	rc = recv_once(r, left, got);
	if (rc == -EOWNERDEAD)
		rc = vnet_link_gone(vs) ?: -EAGAIN;
	return rc;
}

/*
 * Wait until another try is worth it. What was peeked at keeps the mask set, so then an event
 * is waited for. As in Linux, a wait ends with -EPIPE if another thread dissolves the
 * connection. Nor does O_ASYNC tell of data of a stream that a task waits for (sk_wait_data()).
 */
static int wait_for_more(struct recv *r, size_t got, struct vnet_wait *w)
{
	bool untold = w->timeo && vnet_is_stream(r->vs);
	int rc;

	if (untold)
		sk_set_bit(SOCKWQ_ASYNC_WAITDATA, &r->vs->sk);
	rc = got && r->flags & MSG_PEEK ? vnet_wait_event(w) : vnet_wait_for(w, RECV_WANT);
	if (untold)
		sk_clear_bit(SOCKWQ_ASYNC_WAITDATA, &r->vs->sk);
	if (!rc && READ_ONCE(r->vs->dissolved) != r->dissolved)
		rc = -EPIPE;
	return rc;
}

/*
 * Take the next chunk of a stream, or peek at it behind what the program has.
 * Return: as recv_some(). If another thread has taken data, peeking goes on at the new front,
 * as in Linux.
 */
static int recv_chunk(struct recv *r, size_t left, size_t got)
{
	int rc;

	do {
		rc = recv_some(r, left, got);
		if (rc != -ESTALE || !r->behind)
			break;
		r->behind = 0;
	} while (!fatal_signal_pending(current));

	if (rc > 0 && r->flags & MSG_PEEK)
		r->behind += rc + !!(r->place & VOS_RECV_HOLE);
	return rc;
}

/*
 * Take what came while a call waited in vain for more. Fewer bytes than the mark wake no task,
 * and the call gets them all the same, as in Linux.
 * @rc: how the wait ended
 * Return: bytes, 0 perhaps.
 */
static int take_the_few(struct recv *r, size_t left, size_t got, int rc)
{
	int few;

	/* A task that is killed may have no turn, and the bytes would go with it. */
	if (rc == -EPIPE || fatal_signal_pending(current))
		return 0;
	few = recv_chunk(r, left, got);
	return max(few, 0);
}

/* Test whether an error stays with the service, which reports it again. */
static bool is_lasting(int rc)
{
	return rc == -EPIPE || rc == -ENOTCONN || rc == -EOPNOTSUPP;
}

/*
 * Receive from a stream, in chunks: until @target bytes are there, then as long as full chunks
 * come without waiting. Urgent data ends it.
 */
static int recv_stream(struct recv *r, size_t len, size_t target, struct vnet_wait *w)
{
	size_t got = 0;
	int rc = vnet_turn_take(w, &r->vs->receiving);

	if (rc)
		return rc;
	if (r->flags & MSG_PEEK && target > 1)
		vnet_wait_begin(w);
	do {
		rc = recv_chunk(r, len - got, got);
		if (rc > 0)
			got += rc;
		if (rc > 0 && !(r->place & VOS_RECV_AT_MARK) && !READ_ONCE(r->vs->repaired) &&
		    (got < target || rc == r->asked))
			continue;
		if (rc != -EAGAIN || got >= max_t(size_t, target, 1))
			break;
		rc = wait_for_more(r, got, w);
		if (rc && target > 1 && w->queued)
			got += take_the_few(r, len - got, got, rc);
		if (rc)
			break;
		rc = 1;		/* not the end of the stream */
	} while (got < len);

	if (got && rc < 0 && rc != -EAGAIN && rc != -EINTR && rc != -ERESTARTSYS &&
	    rc != -EFAULT && !is_lasting(rc))
		/* The bytes first, the error with the next call. */
		vnet_sock_keep_error(r->vs, -rc);
	return got ? got : min(rc, 0);
}

static int recv_dgram(struct recv *r, size_t len, struct vnet_wait *w)
{
	int rc;

	do {
		rc = recv_some(r, len, 0);
		if (rc != -EAGAIN)
			return rc;
		/* In Linux, only a call that would wait hears of shutdown(). */
		if (w->timeo && r->poll & (__force u32)EPOLLRDHUP)
			return 0;
		rc = vnet_wait_for(w, RECV_WANT);
	} while (!rc);
	return rc;
}

/*
 * Wait until the mask says that data is there; this saves a call. If the caller must not wait,
 * an empty mask is the answer. The service publishes masks before it answers the call that
 * changed them. So the mask shows all data that the program can know of.
 *
 * A listener's mask describes connections. No mask describes the error queue, or what TCP_REPAIR
 * or IPV6_RECVPATHMTU shows. A caller may get fewer bytes than SO_RCVLOWAT, of which the mask
 * says nothing.
 */
static int await_ready(struct recv *r, struct vnet_wait *w)
{
	struct vnet_sock *vs = r->vs;

	if (r->flags & (MSG_OOB | MSG_ERRQUEUE) || READ_ONCE(vs->phase) == VNET_LISTENING ||
	    READ_ONCE(vs->sk.sk_rcvlowat) > 1 || READ_ONCE(vs->unmasked) ||
	    vnet_sock_mask(vs) & RECV_WANT)
		return 0;
	return wait_for_more(r, 0, w);
}

static int recv_any(struct recv *r, size_t len, struct vnet_wait *w)
{
	size_t target = r->flags & MSG_WAITALL ? len :
		min_t(size_t, READ_ONCE(r->vs->sk.sk_rcvlowat), len);
	int rc = await_ready(r, w);

	if (rc)
		return rc;
	if (!vnet_is_stream(r->vs) || r->flags & (MSG_OOB | MSG_ERRQUEUE))
		return recv_dgram(r, len, w);
	return recv_stream(r, len, target, w);
}

/*
 * Receive while an error is kept for the next call. As in Linux, a stream first gives what came
 * before it.
 */
static int recv_before_error(struct recv *r, size_t len, struct vnet_wait *w)
{
	struct vnet_sock *vs = r->vs;
	long timeo = w->timeo;
	int rc = 0;

	if (vnet_is_stream(vs) && !vnet_is_lost(vs)) {
		w->timeo = 0;
		rc = recv_any(r, len, w);
		vnet_wait_end(w);
		w->timeo = timeo;
	}
	if (rc > 0)
		return rc;
	/* If another task has taken it, the call goes on. */
	return sock_error(&vs->sk) ?: recv_any(r, len, w);
}

/* Test for an error that a receive reports. One for queued errors or urgent data does not. */
static bool reports_error(const struct vnet_sock *vs, int flags)
{
	return READ_ONCE(vs->sk.sk_err) && !(flags & MSG_ERRQUEUE) && !is_urgent(vs, flags);
}

/**
 * vnet_recv_netlink - receive a message of netlink without waiting
 * @vs: the socket
 * @msg: where to put it
 * @len: most bytes
 * @flags: MSG_*
 *
 * Context: process.
 * Return: bytes, -EAGAIN or another -errno.
 */
int vnet_recv_netlink(struct vnet_sock *vs, struct msghdr *msg, size_t len, int flags)
{
	struct recv r = {
		.vs = vs, .msg = msg, .flags = flags, .opcode = VOS_OP_NLRECV,
		.control = msg->msg_control, .control_len = msg->msg_controllen,
	};
	int rc = recv_some(&r, len, 0);

	if (rc >= 0)
		WRITE_ONCE(vs->pending, r.poll & (__force u32)EPOLLIN);
	return rc;
}

/**
 * vnet_recvmsg - carry out recvmsg(2)
 * @sock: the socket
 * @msg: where to put the data
 * @len: most bytes
 * @flags: MSG_*
 *
 * Context: process.
 * Return: bytes or -errno.
 */
int vnet_recvmsg(struct socket *sock, struct msghdr *msg, size_t len, int flags)
{
	struct vnet_sock *vs = vnet_sk(sock->sk);
	struct recv r = {
		.vs = vs, .msg = msg, .flags = flags, .opcode = VOS_OP_RECVMSG,
		.dissolved = READ_ONCE(vs->dissolved),
		.control = msg->msg_control, .control_len = msg->msg_controllen,
	};
	bool nowait = flags & (MSG_DONTWAIT | MSG_ERRQUEUE) || is_urgent(vs, flags);
	struct vnet_wait w;
	int rc;

	msg->msg_namelen = 0;
	if (unlikely(flags & MSG_ERRQUEUE) && !vnet_zerocopy_recv(vs, msg))
		return 0;
	len = min_t(size_t, len, INT_MAX & PAGE_MASK);
	vnet_wait_init(&w, vs, sock_rcvtimeo(&vs->sk, nowait));
	if (unlikely(reports_error(vs, flags)))
		rc = recv_before_error(&r, len, &w);
	else
		rc = recv_any(&r, len, &w);
	vnet_wait_end(&w);
	/* recvmmsg() may put the error into sk_err, as vnet_sock_keep_error() does. */
	if (unlikely(rc < 0 && rc != -EAGAIN && !vnet_is_stream(vs)))
		vdoor_object_changed(vnet.session, vs->index);
	if (msg->msg_namelen)
		vnet_cgroup_recv(vs, msg);
	if (msg->msg_get_inq && rc >= 0 && vs->sk.sk_protocol == IPPROTO_TCP)
		msg->msg_inq = min_t(u32, r.left, INT_MAX);
	return rc;
}
