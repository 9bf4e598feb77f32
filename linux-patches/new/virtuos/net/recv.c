// SPDX-License-Identifier: GPL-2.0
/*
 * Receiving: the service takes what is there, we wait for what is not.
 *
 * Invariant: of an answer no more is copied to the program than it asked for, and
 * control data is handed out one checked message at a time from a private copy, if it
 * is of a kind that Linux's network stacks give.
 */
#include <linux/moduleparam.h>
#include <linux/slab.h>
#include <linux/uio.h>
#include "cgroup.h"
#include "control.h"
#include "vnet.h"

#define RECV_FLAGS (MSG_OOB | MSG_PEEK | MSG_TRUNC | MSG_ERRQUEUE)
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
	u32 asked;		/* bytes asked for by the last call */
};

static u32 side_len(const struct msghdr *msg)
{
	u32 clen = msg->msg_control ?
		min_t(size_t, msg->msg_controllen, VNET_CONTROL_MAX) : 0;

	return msg->msg_name || clen ? VOS_ADDR_MAX + clen : 0;
}

/*
 * One message; @last: nothing follows. A kind that is none of its business is not put.
 * Linux's stacks give the data even if the program's control buffer cannot be written.
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

/* Control messages come in this kernel's own format (same ABI), one by one. */
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

/* Address and control data; the memory is shared, so copy, then look. */
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
		rc = put_control(msg, ctl, clen);
		kfree(ctl);
	}
	return rc;
}

static int copy_answer(struct recv *r, struct vos_call *call)
{
	bool stream = vnet_is_stream(r->vs);
	/* A datagram's true length may be asked for; a stream's data dropped. */
	u32 max = r->flags & MSG_TRUNC && !stream ? INT_MAX : r->asked;
	int n = vnet_call_result(call, max), rc;
	u32 copy;

	if (n < 0)
		return n;
	rc = copy_side(r, call);
	if (rc)
		return rc;
	copy = r->flags & MSG_TRUNC && stream ? 0 : min_t(u32, n, r->asked);
	if (copy && copy_to_iter(vos_peer_ptr(call->data[0]), copy,
				 &r->msg->msg_iter) != copy)
		return -EFAULT;
	return n;
}

/* Return: bytes; -EOWNERDEAD the link is gone; -EAGAIN and so on. */
static int recv_once(struct recv *r, size_t left)
{
	u32 max = vnet_is_stream(r->vs) ? VNET_CHUNK : vnet.max_extent;
	struct vos_call *call;
	int rc;

	r->asked = min_t(size_t, left, max);
	call = vnet_sock_call(r->vs, VOS_OP_RECVMSG, r->asked, side_len(r->msg));
	if (IS_ERR(call))
		return PTR_ERR(call);
	call->sqe.arg[0] = r->flags & RECV_FLAGS;
	rc = vos_call(call);
	if (rc == -EINTR)
		return rc;
	if (!rc)
		rc = copy_answer(r, call);
	vos_call_put(call);
	return rc;
}

static int recv_some(struct recv *r, size_t left)
{
	struct vnet_sock *vs = r->vs;
	int rc;

	if (vnet_is_lost(vs))
		return sock_error(&vs->sk);	/* then end of file */
	rc = recv_once(r, left);
	if (rc == -EOWNERDEAD)
		rc = vnet_link_gone(vs) ?: -EAGAIN;
	return rc;
}

/*
 * A stream, in chunks: until @target bytes are there, then as long as full chunks
 * come without waiting.
 */
static int recv_stream(struct recv *r, size_t len, size_t target, struct vnet_wait *w)
{
	size_t got = 0;
	int rc;

	do {
		rc = recv_some(r, len - got);
		if (rc > 0)
			got += rc;
		if (rc > 0 && (got < target || rc == r->asked))
			continue;
		if (rc != -EAGAIN || got >= max_t(size_t, target, 1))
			break;
		rc = vnet_wait_for(w, VNET_WANT_IN);
		if (rc)
			break;
		rc = 1;		/* not the end of the stream */
	} while (got < len);

	if (got && rc < 0 && rc != -EAGAIN && rc != -EINTR && rc != -ERESTARTSYS &&
	    rc != -EFAULT)
		/* The bytes first, the error with the next call. */
		vnet_sock_keep_error(r->vs, -rc);
	return got ? got : min(rc, 0);
}

/* MSG_PEEK: always from the start, so each try replaces the one before. */
static int recv_peek(struct recv *r, size_t len, size_t target, struct vnet_wait *w)
{
	struct iov_iter start = r->msg->msg_iter;
	int rc, waited;

	if (target > 1)
		vnet_wait_begin(w);
	for (;;) {
		r->msg->msg_iter = start;
		rc = recv_some(r, len);
		if (rc != -EAGAIN && (rc <= 0 || rc >= min_t(size_t, target, r->asked)))
			return rc;
		/* With bytes there, the mask is set already: wait for news. */
		waited = rc > 0 ? vnet_wait_event(w) : vnet_wait_for(w, VNET_WANT_IN);
		if (waited)
			return rc > 0 ? rc : waited;
	}
}

static int recv_dgram(struct recv *r, size_t len, struct vnet_wait *w)
{
	int rc;

	do {
		rc = recv_some(r, len);
		if (rc != -EAGAIN)
			return rc;
		rc = vnet_wait_for(w, VNET_WANT_IN);
	} while (!rc);
	return rc;
}

/*
 * When the mask says that nothing is there, that is the answer, or the reason to
 * wait; it saves a call. The service publishes masks before it answers the call
 * that changed them, so what this program can know to be there is seen.
 *
 * A listener's mask speaks of connections, and nobody's of the error queue. Less
 * than SO_RCVLOWAT may be had, but is not waited for.
 */
static int await_ready(struct recv *r, struct vnet_wait *w)
{
	struct vnet_sock *vs = r->vs;

	if (r->flags & (MSG_OOB | MSG_ERRQUEUE) || READ_ONCE(vs->phase) == VNET_LISTENING ||
	    vnet_sock_mask(vs) & VNET_WANT_IN)
		return 0;
	if (!w->timeo && READ_ONCE(vs->sk.sk_rcvlowat) > 1)
		return 0;
	return vnet_wait_for(w, VNET_WANT_IN);
}

static int recv_any(struct recv *r, size_t len, struct vnet_wait *w)
{
	size_t target = r->flags & MSG_WAITALL ? len : 1;
	int rc = await_ready(r, w);

	if (rc)
		return rc;
	if (!vnet_is_stream(r->vs) || r->flags & (MSG_OOB | MSG_ERRQUEUE))
		return recv_dgram(r, len, w);
	if (r->flags & MSG_PEEK)
		return recv_peek(r, len, target, w);
	return recv_stream(r, len, target, w);
}

int vnet_recvmsg(struct socket *sock, struct msghdr *msg, size_t len, int flags)
{
	struct vnet_sock *vs = vnet_sk(sock->sk);
	struct recv r = { .vs = vs, .msg = msg, .flags = flags };
	bool nowait = flags & (MSG_DONTWAIT | MSG_OOB | MSG_ERRQUEUE);
	struct vnet_wait w;
	int rc = 0;

	msg->msg_namelen = 0;
	if (READ_ONCE(vs->sk.sk_err))
		rc = sock_error(&vs->sk);
	vnet_wait_init(&w, vs, sock_rcvtimeo(&vs->sk, nowait));
	if (!rc)
		rc = recv_any(&r, min_t(size_t, len, INT_MAX & PAGE_MASK), &w);
	vnet_wait_end(&w);
	if (msg->msg_namelen)
		vnet_cgroup_recv(vs, msg);
	return rc;
}
