// SPDX-License-Identifier: GPL-2.0
/*
 * From socket() to shutdown(): the calls that change what a socket is.
 *
 * Each is recorded for recovery once the service has carried it out. If the link
 * died between the two, the record is refused and the call is made again.
 */
#include "cgroup.h"
#include "vnet.h"

/* Out of accept_once(): killed, and the child belongs to the late answer. */
#define KILLED (-ERESTARTNOHAND)

/*
 * vnet_socket_call - have the service make the object
 * @flags: VOS_GET_KILLABLE, from socket(); VOS_GET_RECOVERY with vs->lock held:
 *	then the caller settles it, with the epoch of the session
 * Return: 0 or a negative errno; -EINTR: killed, @vs is not the caller's any more.
 */
int vnet_socket_call(struct vnet_sock *vs, u32 flags)
{
	bool recovery = flags & VOS_GET_RECOVERY;
	struct vnet_req req = {
		.opcode = VOS_OP_SOCKET,
		.arg = { vs->sk.sk_family, vs->sk.sk_type, vs->sk.sk_protocol },
		.fresh = recovery ? NULL : vs,
	};
	int rc;

	do {
		rc = vnet_req_once(vs, &req, flags);
		if (rc == -EOWNERDEAD && !recovery)
			continue;
		if (!rc)
			rc = vnet_result(req.cqe.result, 0);
		if (rc || recovery)
			return rc;
	} while (rc || !vnet_sock_settle(vs, req.epoch, VNET_OPEN));
	return 0;
}

int vnet_bind(struct socket *sock, struct sockaddr *addr, int len)
{
	struct vnet_sock *vs = vnet_sk(sock->sk);
	struct vnet_req req = {
		.opcode = VOS_OP_BIND,
		.in[1] = addr,
		.len[1] = len,
	};
	int rc;

	if (len < 0 || len > VOS_ADDR_MAX)
		return -EINVAL;
	rc = vnet_cgroup_bind(vs, addr, len);
	if (!rc)
		rc = vnet_closing_settle();
	if (rc)
		return rc;
	do {
		rc = vnet_sock_run(vs, &req);
		if (!rc)
			rc = vnet_result(req.cqe.result, 0);
		if (rc)
			return rc;
	} while (vnet_record_bind(vs, req.epoch, addr, len));
	return 0;
}

int vnet_listen(struct socket *sock, int backlog)
{
	struct vnet_sock *vs = vnet_sk(sock->sk);
	struct vnet_req req = {
		.opcode = VOS_OP_LISTEN,
		.arg = { (u32)backlog },
	};
	int rc = vnet_closing_settle();

	if (rc)
		return rc;
	do {
		rc = vnet_sock_run(vs, &req);
		if (!rc)
			rc = vnet_result(req.cqe.result, 0);
		if (rc)
			return rc;
	} while (vnet_record_listen(vs, req.epoch, backlog));
	return 0;
}

static void set_phase(struct vnet_sock *vs, enum vnet_phase from, enum vnet_phase to)
{
	mutex_lock(&vs->lock);
	if (vs->phase == from)
		WRITE_ONCE(vs->phase, to);
	mutex_unlock(&vs->lock);
}

/* One CONNECT of a stream. Return: as connect() of a non-blocking socket. */
static int connect_once(struct vnet_sock *vs, struct vnet_req *req)
{
	bool unspec = req->len[1] >= sizeof(sa_family_t) &&
		((const struct sockaddr *)req->in[1])->sa_family == AF_UNSPEC;
	int rc;

	rc = vnet_sock_run(vs, req);
	if (!rc)
		rc = vnet_result(req->cqe.result, 0);
	if (!rc && unspec) {
		set_phase(vs, VNET_CONNECTED, VNET_OPEN);
		set_phase(vs, VNET_CONNECTING, VNET_OPEN);
	} else if (!rc || rc == -EISCONN) {
		set_phase(vs, VNET_CONNECTING, VNET_CONNECTED);
	} else if (rc != -EINPROGRESS && rc != -EALREADY) {
		set_phase(vs, VNET_CONNECTING, VNET_OPEN);
	}
	return rc;
}

static int connect_wait(struct vnet_sock *vs, struct vnet_req *req, long timeo, int first)
{
	struct vnet_wait w;
	int rc;

	vnet_wait_init(&w, vs, timeo);
	do {
		rc = vnet_wait_for(&w, VNET_WANT_OUT);
		if (rc) {
			/* The attempt goes on without us, as it does in Linux. */
			rc = rc == -EAGAIN ? first : rc;
			break;
		}
		rc = connect_once(vs, req);
	} while (rc == -EALREADY || rc == -EINPROGRESS);
	vnet_wait_end(&w);
	return rc;
}

static int connect_stream(struct vnet_sock *vs, struct vnet_req *req, int flags)
{
	long timeo = sock_sndtimeo(&vs->sk, flags & O_NONBLOCK);
	int rc = connect_once(vs, req);

	if ((rc == -EINPROGRESS || rc == -EALREADY) && timeo)
		rc = connect_wait(vs, req, timeo, rc);
	return rc;
}

static int connect_dgram(struct vnet_sock *vs, struct vnet_req *req)
{
	int rc;

	do {
		rc = vnet_sock_run(vs, req);
		if (!rc)
			rc = vnet_result(req->cqe.result, 0);
		if (rc)
			return rc;
	} while (vnet_record_peer(vs, req->epoch, req->in[1], req->len[1]));
	return 0;
}

int vnet_connect(struct socket *sock, struct sockaddr *addr, int len, int flags)
{
	struct vnet_sock *vs = vnet_sk(sock->sk);
	struct vnet_req req = {
		.opcode = VOS_OP_CONNECT,
		.in[1] = addr,
		.len[1] = len,
		.connecting = vnet_is_stream(vs),
	};
	int rc;

	if (len < 0 || len > VOS_ADDR_MAX)
		return -EINVAL;
	rc = vnet_cgroup_connect(vs, addr, len);
	/* Who listened there may have been closed. */
	if (!rc)
		rc = vnet_closing_settle();
	if (rc)
		return rc;
	return vnet_is_stream(vs) ? connect_stream(vs, &req, flags) : connect_dgram(vs, &req);
}

/* One ACCEPT. Return: 0 and @child is connected; -EOWNERDEAD; -EAGAIN and so on. */
static int accept_once(struct vnet_sock *vs, struct vnet_sock *child)
{
	struct vnet_req req = {
		.opcode = VOS_OP_ACCEPT,
		.arg = { child->index | (u64)child->gen << 32 },
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
	/* If the link has died since, so has the connection: take another. */
	return vnet_sock_settle(child, req.epoch, VNET_CONNECTED) ? 0 : -EAGAIN;
}

static int accept_wait(struct vnet_sock *vs, struct vnet_sock *child, long timeo)
{
	struct vnet_wait w;
	int rc;

	vnet_wait_init(&w, vs, timeo);
	/* The mask says that nobody is there: that saves a call, see recv.c. */
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

int vnet_accept(struct socket *sock, struct socket *newsock, struct proto_accept_arg *arg)
{
	struct vnet_sock *vs = vnet_sk(sock->sk), *child;
	int rc;

	/* Waiting is for listeners only; for others the service has the answer. */
	bool nowait = arg->flags & O_NONBLOCK || READ_ONCE(vs->phase) != VNET_LISTENING;

	child = vnet_sock_new(newsock, vs->sk.sk_family, vs->sk.sk_protocol, arg->kern);
	if (IS_ERR(child))
		return PTR_ERR(child);
	rc = accept_wait(vs, child, sock_rcvtimeo(&vs->sk, nowait));
	if (!rc)
		return 0;
	if (rc == KILLED) {
		/* The answer, when it comes, gives the object back. */
		sock_orphan(&child->sk);
		newsock->sk = NULL;
	} else {
		vnet_sock_drop(child);
	}
	return rc;
}

int vnet_shutdown(struct socket *sock, int how)
{
	struct vnet_sock *vs = vnet_sk(sock->sk);
	struct vnet_req req = {
		.opcode = VOS_OP_SHUTDOWN,
		.arg = { (u32)how },
	};
	int rc = vnet_sock_run(vs, &req);

	if (!rc)
		rc = vnet_result(req.cqe.result, 0);
	if (!rc && how != SHUT_WR)
		set_phase(vs, VNET_LISTENING, VNET_OPEN);
	return rc;
}

/* The service is gone with the connection: what is known here must do. */
static int getname_lost(struct vnet_sock *vs, struct sockaddr *addr)
{
	int len;

	mutex_lock(&vs->lock);
	len = vs->bound_len;
	memcpy(addr, &vs->bound, len);
	mutex_unlock(&vs->lock);
	if (len)
		return len;
	len = vs->sk.sk_family == AF_INET6 ? 28 : 16;
	memset(addr, 0, len);
	addr->sa_family = vs->sk.sk_family;
	return len;
}

/* @peer: 0 own address, 1 the peer's, 2 for accept(): the peer's, connected or not */
int vnet_getname(struct socket *sock, struct sockaddr *addr, int peer)
{
	struct vnet_sock *vs = vnet_sk(sock->sk);
	struct vnet_req req = {
		.opcode = VOS_OP_GETNAME,
		.arg = { !!peer },
		.out[1] = addr,
		.sized = true,
		.len[1] = VOS_ADDR_MAX,
	};
	int rc;

	if (peer == 2) {
		memcpy(addr, &vs->peer, vs->peer_len);
		return vs->peer_len;
	}
	rc = vnet_sock_run(vs, &req);
	if (rc && vnet_is_lost(vs) && !peer)
		return getname_lost(vs, addr);
	if (!rc)
		rc = vnet_result(req.cqe.result, 0);
	if (rc)
		return rc;
	return min_t(u64, req.cqe.out[0], VOS_ADDR_MAX);
}
