// SPDX-License-Identifier: GPL-2.0
/*
 * From socket() to shutdown(): the calls that change what a socket is.
 *
 * Each is recorded for recovery once the service has carried it out. If the link died between
 * the two, the record is refused and the call is made again.
 */
#include "cgroup.h"
#include "netns.h"
#include "wait.h"

/**
 * vnet_socket_call - have the service make the object
 * @vs: the socket
 * @flags: VOS_GET_KILLABLE: from socket(). VOS_GET_RECOVERY: vs->lock is held, and the
 *	caller sets epoch and phase
 *
 * Context: process.
 * Return: 0 or a negative errno. -EINTR: killed, @vs no longer belongs to the caller.
 */
int vnet_socket_call(struct vnet_sock *vs, u32 flags)
{
	bool recovery = flags & VOS_GET_RECOVERY;
	struct vnet_req req = {
		.opcode = VOS_OP_SOCKET,
		/* A packet socket gets its protocol from bind(), when its filter is there. */
		.arg = { vs->sk.sk_family,
			 vs->sk.sk_type | (u64)vnet_netns_number(sock_net(&vs->sk)) << 32,
			 recovery && vnet_is_packet(vs) ? 0 : vs->sk.sk_protocol,
			 sock_i_ino(&vs->sk) },
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
	} while (rc || !vnet_sock_complete(vs, req.epoch, VNET_OPEN));
	return 0;
}

/**
 * vnet_bind - carry out bind(2)
 * @sock: the socket
 * @addr: where to
 * @len: length of @addr
 *
 * Context: process.
 * Return: 0 or -errno.
 */
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
		rc = vnet_closing_wait(true);
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

/**
 * vnet_listen - carry out listen(2)
 * @sock: the socket
 * @backlog: as the program has it
 *
 * Context: process.
 * Return: 0 or -errno.
 */
int vnet_listen(struct socket *sock, int backlog)
{
	struct vnet_sock *vs = vnet_sk(sock->sk);
	struct vnet_req req = {
		.opcode = VOS_OP_LISTEN,
		.arg = { (u32)backlog },
	};
	int rc = vnet_closing_wait(false);

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

/*
 * Test for the mask of a stream without a connection. One whose both directions were shut down
 * has EPOLLRDHUP as well.
 */
static bool is_unconnected(u32 mask)
{
	const u32 bits = (__force u32)(EPOLLHUP | EPOLLRDHUP);

	return (mask & bits) == (__force u32)EPOLLHUP;
}

/*
 * Send one CONNECT of a stream.
 * Return: as connect() of a non-blocking socket.
 */
static int connect_once(struct vnet_sock *vs, struct vnet_req *req)
{
	bool unspec = req->len[1] >= sizeof(sa_family_t) &&
		((const struct sockaddr *)req->in[1])->sa_family == AF_UNSPEC;
	int rc;

	/* Before the call: it wakes the tasks that wait, which compare. */
	if (unspec)
		WRITE_ONCE(vs->dissolved, vs->dissolved + 1);
	rc = vnet_sock_run(vs, req);
	if (!rc)
		rc = vnet_result(req->cqe.result, 0);
	if (!rc && unspec) {
		set_phase(vs, VNET_CONNECTED, VNET_OPEN);
		set_phase(vs, VNET_CONNECTING, VNET_OPEN);
		set_phase(vs, VNET_LISTENING, VNET_OPEN);
	} else if (!rc || rc == -EISCONN) {
		set_phase(vs, VNET_CONNECTING, VNET_CONNECTED);
	} else if (rc != -EINPROGRESS && rc != -EALREADY) {
		set_phase(vs, VNET_CONNECTING, VNET_OPEN);
	}
	return rc;
}

/**
 * vnet_connect_failed - note that an attempt to connect has failed, as the caller knows by itself
 * @vs: the socket
 *
 * Context: process.
 */
void vnet_connect_failed(struct vnet_sock *vs)
{
	set_phase(vs, VNET_CONNECTING, VNET_OPEN);
}

/* Get the error with which an attempt to connect has ended. */
static int attempt_error(struct vnet_sock *vs)
{
	s32 err = 0;
	struct vnet_req req = vnet_req_fetch_error(&err);
	int rc = vnet_sock_run(vs, &req) ?: vnet_result(req.cqe.result, 0);

	return rc ?: err > 0 ? vnet_result(-(s64)err, 0) : -ECONNABORTED;
}

/*
 * Test whether another thread has ended the attempt. Then CONNECT would begin a new one.
 * Return: 0: it goes on, or has ended by itself.
 */
static int ended_by_others(struct vnet_sock *vs, u32 shutdowns, u32 dissolved)
{
	if (READ_ONCE(vs->dissolved) != dissolved)
		return -EPIPE;
	if (READ_ONCE(vs->shutdowns) != shutdowns && is_unconnected(vnet_sock_mask(vs)))
		return attempt_error(vs);
	return 0;
}

static int connect_wait(struct vnet_sock *vs, struct vnet_req *req, long timeo, int first)
{
	u32 shutdowns = READ_ONCE(vs->shutdowns), dissolved = READ_ONCE(vs->dissolved);
	struct vnet_wait w;
	int rc;

	vnet_wait_init(&w, vs, timeo);
	do {
		rc = vnet_wait_for(&w, VNET_WANT_OUT);
		if (rc) {
			/* The attempt goes on without the caller, as in Linux. */
			rc = rc == -EAGAIN ? first : rc;
			break;
		}
		rc = ended_by_others(vs, shutdowns, dissolved);
		if (rc)
			break;
		rc = connect_once(vs, req);
	} while (rc == -EALREADY || rc == -EINPROGRESS);
	vnet_wait_end(&w);
	return rc;
}

/**
 * vnet_connect_finish - wait until a connection that a send has begun is there, or fails
 * @vs: the socket, a stream
 * @timeo: jiffies at most
 *
 * Context: process.
 * Return: 0 or -errno, as connect().
 */
int vnet_connect_finish(struct vnet_sock *vs, long timeo)
{
	/* The service knows the peer: of the address it reads the family. */
	struct sockaddr_storage peer = { .ss_family = vs->sk.sk_family };
	struct vnet_req req = {
		.opcode = VOS_OP_CONNECT,
		.in[1] = &peer,
		.len[1] = sizeof(peer),
		.connecting = true,
	};

	set_phase(vs, VNET_CONNECTED, VNET_CONNECTING);
	return connect_wait(vs, &req, timeo, -EINPROGRESS);
}

static int connect_stream(struct vnet_sock *vs, struct vnet_req *req, int flags)
{
	long timeo = sock_sndtimeo(&vs->sk, flags & O_NONBLOCK);
	int rc = connect_once(vs, req);

	if ((rc == -EINPROGRESS || rc == -EALREADY) && timeo)
		rc = connect_wait(vs, req, timeo, rc);
	return rc;
}

/**
 * vnet_connect_dgram - connect a socket that needs no other's consent, and record its peer
 * @vs: the socket
 * @req: CONNECT
 *
 * Context: process.
 * Return: 0 or -errno.
 */
int vnet_connect_dgram(struct vnet_sock *vs, struct vnet_req *req)
{
	int rc;

	do {
		rc = vnet_sock_run(vs, req) ?: vnet_result(req->cqe.result, 0);
		if (rc)
			return rc;
	} while (vnet_record_peer(vs, req->epoch, req->in[1], req->len[1], &req->cqe.out[1]));
	vnet_record_port(vs, req->cqe.out[0]);
	return 0;
}

/**
 * vnet_connect - carry out connect(2)
 * @sock: the socket
 * @addr: where to
 * @len: length of @addr
 * @flags: O_NONBLOCK
 *
 * Context: process.
 * Return: 0 or -errno.
 */
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
	/* A socket that listened there may have been closed. */
	if (!rc)
		rc = vnet_closing_wait(false);
	if (rc)
		return rc;
	return vnet_is_stream(vs) ? connect_stream(vs, &req, flags) : vnet_connect_dgram(vs, &req);
}

/**
 * vnet_shutdown - carry out shutdown(2)
 * @sock: the socket
 * @how: SHUT_*
 *
 * Context: process.
 * Return: 0 or -errno.
 */
int vnet_shutdown(struct socket *sock, int how)
{
	struct vnet_sock *vs = vnet_sk(sock->sk);
	struct vnet_req req = {
		.opcode = VOS_OP_SHUTDOWN,
		.arg = { (u32)how },
	};
	int rc;

	WRITE_ONCE(vs->shutdowns, vs->shutdowns + 1);
	do {
		rc = vnet_sock_run(vs, &req) ?: vnet_result(req.cqe.result, 0);
	} while (vnet_record_shutdown(vs, req.epoch, how, rc));
	if (!rc && vnet_is_stream(vs) && is_unconnected(req.cqe.poll)) {
		set_phase(vs, VNET_LISTENING, VNET_OPEN);
		set_phase(vs, VNET_CONNECTING, VNET_OPEN);
	}
	return rc;
}

static int family_len(int family)
{
	return family == AF_INET6 ? 28 : family == AF_NETLINK ? 12 : 16;
}

/* Get the address of a lost socket: as bound, else zero. */
static int getname_lost(struct vnet_sock *vs, struct sockaddr *addr)
{
	int len;

	mutex_lock(&vs->lock);
	len = vs->bound_len;
	memcpy(addr, &vs->bound, len);
	mutex_unlock(&vs->lock);
	if (len)
		return len;
	len = family_len(vs->sk.sk_family);
	memset(addr, 0, len);
	addr->sa_family = vs->sk.sk_family;
	return len;
}

/**
 * vnet_sock_getname - vnet_getname() for a socket that may stand beside a program's
 * @vs: the socket
 * @addr: filled
 * @peer: as there
 *
 * Context: process.
 * Return: length of @addr, or -errno.
 */
int vnet_sock_getname(struct vnet_sock *vs, struct sockaddr *addr, int peer)
{
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

/**
 * vnet_getname - carry out getsockname(2) and getpeername(2)
 * @sock: the socket
 * @addr: filled
 * @peer: 0: own address; 1: the peer's; 2: for accept(): the peer's, connected or not
 *
 * Context: process.
 * Return: length of @addr, or -errno.
 */
int vnet_getname(struct socket *sock, struct sockaddr *addr, int peer)
{
	return vnet_sock_getname(vnet_sk(sock->sk), addr, peer);
}
