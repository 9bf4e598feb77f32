// SPDX-License-Identifier: GPL-2.0
/*
 * Calls on sockets, and what happens to them when the link dies.
 *
 * Invariant: a call is submitted only to the link that knows the socket's object (equal
 * epochs). No result is believed before vnet_result() has checked it.
 */
#include <linux/errno.h>
#include <linux/string.h>
#include "vnet.h"

/*
 * Convert an errno to one that a program may get. The kernel's own codes (ERESTARTSYS and so
 * on) are not for programs, nor are those that have a meaning of their own here.
 */
static int shown(s64 err)
{
	return err > -512 && err != -EINTR && err != -EOWNERDEAD ? err : -EIO;
}

/* Test for a result that no honest service sends: neither an errno nor up to @max. */
static bool is_lie(s64 untrusted_result, u32 max)
{
	return (u64)untrusted_result + MAX_ERRNO > (u64)max + MAX_ERRNO;
}

/* End the connection. The call is treated as if the link had died now, and soon it has. */
static noinline int cut_off(struct vos_call *call)
{
	vos_call_violation(call, "result");
	return -EOWNERDEAD;
}

/**
 * vnet_result - check a completion's result
 * @untrusted_result: as it came
 * @max: highest value that makes sense
 *
 * Return: 0..@max, or a negative errno that a program may get. Never -EINTR or -EOWNERDEAD,
 * which vos_call() keeps for itself.
 */
int vnet_result(s64 untrusted_result, u32 max)
{
	if (is_lie(untrusted_result, max))
		return -EIO;
	return untrusted_result < 0 ? shown(untrusted_result) : untrusted_result;
}

/**
 * vnet_call_result - check the result of an answered call; cut off a service that lies
 * @call: answered with status 0
 * @max: highest value that makes sense
 *
 * Context: any.
 * Return: as vnet_result(). -EOWNERDEAD: the service has been cut off.
 */
int vnet_call_result(struct vos_call *call, u32 max)
{
	return unlikely(is_lie(call->cqe.result, max)) ? cut_off(call) :
		vnet_result(call->cqe.result, max);
}

static void lose_stream(struct vnet_sock *vs)
{
	enum vnet_phase phase = READ_ONCE(vs->phase);

	if (phase == VNET_CONNECTING || phase == VNET_CONNECTED)
		vnet_sock_lose(vs, ECONNRESET);
}

/**
 * vnet_link_gone - note that a call ended because its link died
 * @vs: the call's socket
 *
 * A stream that connects or is connected is lost.
 *
 * Context: process.
 * Return: 0 if recovery makes the socket again, else the error to report.
 */
int vnet_link_gone(struct vnet_sock *vs)
{
	lose_stream(vs);
	return vnet_is_lost(vs) ? vnet_lost_error(vs) : 0;
}

/**
 * vnet_lost_error - get what a call on a lost socket reports
 * @vs: the socket
 *
 * Return: the pending error, once; afterwards -ENOTCONN, as after a reset.
 */
int vnet_lost_error(struct vnet_sock *vs)
{
	int err = sock_error(&vs->sk);

	return err ?: -ENOTCONN;
}

/* Release the object that a killed call has made. Interrupts may be off. */
static void orphan_fresh(struct vos_call *call)
{
	struct vnet_sock *fresh = call->priv;
	bool made = !call->status && call->cqe.result >= 0;

	if (made)
		WRITE_ONCE(fresh->epoch, call->epoch);
	vos_call_put(call);
	if (made)
		queue_work(vnet.wq, &fresh->release);
	else
		vnet_object_remove(fresh);
}

static void copy_out(struct vos_call *call, struct vnet_req *req)
{
	u64 there;
	int i;

	req->cqe = call->cqe;
	there = req->sized ? req->cqe.out[0] : U64_MAX;
	for (i = 0; i < 2; i++)
		if (req->out[i])
			vos_peer_read(req->out[i], call->data[i],
				      min_t(u64, req->len[i], there));
}

/*
 * Mark a stream as connecting, just before its connect goes out.
 * Return: true. false: the socket is on another link.
 */
static bool mark_connecting(struct vnet_sock *vs, u32 epoch)
{
	bool ok;

	mutex_lock(&vs->lock);
	ok = vs->epoch == epoch;
	if (ok && vs->phase == VNET_OPEN)
		WRITE_ONCE(vs->phase, VNET_CONNECTING);
	mutex_unlock(&vs->lock);
	return ok;
}

/**
 * vnet_req_once - carry out @req on the link that is up
 * @vs: the socket
 * @req: the call
 * @flags: VOS_GET_*
 *
 * If req->fresh is set and the result is -EINTR, that socket no longer belongs to the caller.
 *
 * Context: process.
 * Return: 0: answered, req->cqe is valid. -EOWNERDEAD: the link died, or does not know the
 * socket. -ENETDOWN: no link. -EINTR: killed. -ERESTARTSYS; -ENOMEM; -EMSGSIZE.
 */
int vnet_req_once(struct vnet_sock *vs, struct vnet_req *req, u32 flags)
{
	struct vos_call *call;
	int i, rc;

	call = vos_call_get(vnet.session, req->len[0], req->len[1], flags);
	if (IS_ERR(call))
		return PTR_ERR(call) == -ENOTCONN ? -ENETDOWN : PTR_ERR(call);
	req->epoch = call->epoch;
	if ((req->opcode != VOS_OP_SOCKET && req->epoch != READ_ONCE(vs->epoch)) ||
	    (req->connecting && !mark_connecting(vs, req->epoch))) {
		vos_call_put(call);
		return -EOWNERDEAD;
	}
	call->sqe.opcode = req->opcode;
	call->sqe.obj = vs->index;
	call->sqe.gen = vs->gen;
	memcpy(call->sqe.arg, req->arg, sizeof(req->arg));
	for (i = 0; i < 2; i++)
		if (req->in[i] && req->len[i])
			vos_peer_write(call->data[i], req->in[i], req->len[i]);
	if (req->fresh) {
		call->orphan = orphan_fresh;
		call->priv = req->fresh;
	}
	rc = vos_call(call);
	if (rc == -EINTR)
		return rc;
	if (!rc && unlikely(is_lie(call->cqe.result, req->max)))
		rc = cut_off(call);
	if (!rc)
		copy_out(call, req);
	vos_call_put(call);
	return rc;
}

/* What the call gets of a lost socket. */
static int lost_error(struct vnet_sock *vs, const struct vnet_req *req)
{
	return req->tells || req->opcode == VOS_OP_CONNECT ? vnet_lost_error(vs) : -ENOTCONN;
}

/**
 * vnet_sock_run - carry out @req, again on the next link if one dies
 * @vs: the socket
 * @req: the call; it may be repeated
 *
 * It waits for a link. Programs do not expect EINTR from these calls, so only a kill ends the
 * wait. connect() is the exception.
 *
 * Context: process.
 * Return: 0: req->cqe is valid; or a negative errno.
 */
int vnet_sock_run(struct vnet_sock *vs, struct vnet_req *req)
{
	u32 flags = req->opcode == VOS_OP_CONNECT ? 0 : VOS_GET_KILLABLE;
	int rc;

	for (;;) {
		if (vnet_is_lost(vs))
			return lost_error(vs, req);
		rc = vnet_req_once(vs, req, flags);
		if (rc != -EOWNERDEAD)
			return rc;
		lose_stream(vs);
	}
}

/**
 * vnet_sock_call - get a call for data on a socket
 * @vs: the socket
 * @opcode: VOS_OP_*
 * @len0: bytes of the first extent, or 0
 * @len1: bytes of the second extent, or 0
 *
 * It does not wait for a link.
 *
 * Context: process.
 * Return: the call, or ERR_PTR. -EOWNERDEAD: no link knows the socket. -ERESTARTSYS; -ENOMEM;
 * -EMSGSIZE.
 */
struct vos_call *vnet_sock_call(struct vnet_sock *vs, u8 opcode, u32 len0, u32 len1)
{
	struct vos_call *call;

	call = vos_call_get(vnet.session, len0, len1, VOS_GET_UP_ONLY);
	if (call == ERR_PTR(-ENOTCONN))
		return ERR_PTR(-EOWNERDEAD);
	if (IS_ERR(call))
		return call;
	if (call->epoch != READ_ONCE(vs->epoch)) {
		vos_call_put(call);
		return ERR_PTR(-EOWNERDEAD);
	}
	call->sqe.opcode = opcode;
	call->sqe.obj = vs->index;
	call->sqe.gen = vs->gen;
	return call;
}
