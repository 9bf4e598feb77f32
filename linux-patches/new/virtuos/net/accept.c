// SPDX-License-Identifier: GPL-2.0
/*
 * accept(). The connection has the options of its listener as they were when it came. This
 * kernel keeps a few of them, and takes those from the service's answer.
 */
#include <linux/jiffies.h>
#include "vnet.h"
#include "wait.h"

/* accept_once() returns it: killed, and the child belongs to the late answer. */
#define KILLED (-ERESTARTNOHAND)

/* Return: jiffies of a time-out as ACCEPT gives it. */
static long timeout_taken(u64 given)
{
	if (!given)
		return MAX_SCHEDULE_TIMEOUT;
	return min_t(u64, nsecs_to_jiffies64(given - 1), MAX_SCHEDULE_TIMEOUT);
}

/* Take over what a connection has from its listener, of what this kernel keeps. */
static void inherit(struct vnet_sock *child, const struct vnet_sock *vs, const struct vos_cqe *c)
{
	u32 lowat = min_t(u32, c->out[3], INT_MAX);

	WRITE_ONCE(child->sk.sk_rcvtimeo, timeout_taken(c->out[1]));
	WRITE_ONCE(child->sk.sk_sndtimeo, timeout_taken(c->out[2]));
	WRITE_ONCE(child->sk.sk_rcvlowat, lowat ?: 1);
	WRITE_ONCE(child->lingers, !!(c->out[3] & VOS_ACCEPT_LINGERS));
	WRITE_ONCE(child->stamps, READ_ONCE(vs->stamps));
	if (sock_flag(&vs->sk, SOCK_ZEROCOPY))
		sock_set_flag(&child->sk, SOCK_ZEROCOPY);
}

/*
 * Send one ACCEPT.
 * Return: 0: @child is connected. -EOWNERDEAD; -EAGAIN and so on.
 */
static int accept_once(struct vnet_sock *vs, struct vnet_sock *child)
{
	struct vnet_req req = {
		.opcode = VOS_OP_ACCEPT,
		.arg = { child->index | (u64)child->gen << 32, sock_i_ino(&child->sk) },
		.out[1] = &child->peer,
		.sized = true,
		.len[1] = sizeof(child->peer),
		.fresh = child,
	};
	int rc;

	if (vnet_is_lost(vs))
		return sock_error(&vs->sk) ?: -EINVAL;
	rc = vnet_req_once(vs, &req, VOS_GET_UP_ONLY);
	if (rc == -EINTR)
		return KILLED;
	if (rc == -ENETDOWN || rc == -EOWNERDEAD)
		return vnet_link_gone(vs) ?: -EAGAIN;
	if (!rc)
		rc = vnet_result(req.cqe.result, 0);
	if (rc)
		return rc;
	child->peer_len = min_t(u64, req.cqe.out[0], sizeof(child->peer));
	inherit(child, vs, &req.cqe);
	/* If the link has died since, so has the connection: take another one. */
	return vnet_sock_complete(child, req.epoch, VNET_CONNECTED) ? 0 : -EAGAIN;
}

static int accept_wait(struct vnet_sock *vs, struct vnet_sock *child, long timeo)
{
	struct vnet_wait w;
	int rc;

	vnet_wait_init(&w, vs, timeo);
	/* The mask says that no connection is there. That saves a call, see recv.c. */
	if (READ_ONCE(vs->phase) == VNET_LISTENING && !(vnet_sock_mask(vs) & VNET_WANT_IN)) {
		rc = vnet_wait_for(&w, VNET_WANT_IN);
		if (rc)
			goto out;
	}
	do {
		rc = accept_once(vs, child);
		if (rc != -EAGAIN)
			break;
		rc = vnet_wait_for(&w, VNET_WANT_IN);
	} while (!rc);
out:
	vnet_wait_end(&w);
	return rc;
}

/* Wake the first task that waits for its turn, and no others. */
static void wake_next(struct wait_queue_head *wq, u32 mask)
{
	wait_queue_entry_t *cur, *next;
	unsigned long flags;

	spin_lock_irqsave(&wq->lock, flags);
	list_for_each_entry_safe(cur, next, &wq->head, entry)
		if (cur->flags & WQ_FLAG_EXCLUSIVE &&
		    cur->func(cur, TASK_INTERRUPTIBLE, 0, poll_to_key((__force __poll_t)mask)))
			break;
	spin_unlock_irqrestore(&wq->lock, flags);
}

/*
 * Wake one more of the tasks that wait by EPOLLEXCLUSIVE. One event may tell of several
 * connections, and has woken one of these tasks.
 */
static void pass_on(struct vnet_sock *vs)
{
	struct socket_wq *wq;

	rcu_read_lock();
	wq = rcu_dereference(vs->sk.sk_wq);
	if (wq && skwq_has_sleeper(wq))
		wake_next(&wq->wait, vnet_sock_mask(vs));
	rcu_read_unlock();
}

/**
 * vnet_accept - carry out accept(2)
 * @sock: the listening socket
 * @newsock: gets the connection
 * @arg: flags
 *
 * Context: process.
 * Return: 0 or -errno.
 */
int vnet_accept(struct socket *sock, struct socket *newsock, struct proto_accept_arg *arg)
{
	struct vnet_sock *vs = vnet_sk(sock->sk), *child;
	int rc;

	/* Only listeners wait. For others the service has the answer. */
	bool nowait = arg->flags & O_NONBLOCK || READ_ONCE(vs->phase) != VNET_LISTENING;

	child = vnet_sock_new(sock_net(&vs->sk), newsock, vs->sk.sk_family, vs->sk.sk_protocol,
			      arg->kern);
	if (IS_ERR(child))
		return PTR_ERR(child);
	rc = accept_wait(vs, child, sock_rcvtimeo(&vs->sk, nowait));
	if (!rc) {
		/* For io_uring, which takes one connection after the other. */
		arg->is_empty = !(vnet_sock_mask(vs) & (__force u32)EPOLLIN);
		if (!arg->is_empty)
			pass_on(vs);
		return 0;
	}
	if (rc == KILLED) {
		/* The answer, when it comes, gives the object back. */
		sock_orphan(&child->sk);
		newsock->sk = NULL;
	} else {
		vnet_sock_drop(child);
	}
	return rc;
}
