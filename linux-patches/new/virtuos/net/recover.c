// SPDX-License-Identifier: GPL-2.0
/*
 * When the network domain dies, and when the next one comes.
 *
 *	state of a socket                 at the death           with the next domain
 *	stream, connecting or connected   ECONNRESET, EPOLLERR   stays so until closed
 *	                                  and EPOLLHUP at once
 *	stream, listening                 goes on waiting        options, bind, listen
 *	stream, neither                   goes on                options, bind
 *	datagram, raw                     goes on waiting        options, bind, connect, shutdown
 *	netlink                           goes on waiting        bind, options, connect; ENOBUFS
 *	                                                         once if anything is lost
 *	packet                            goes on waiting        options, bind, fanout
 *	/dev/net/tun                      goes on waiting        its interface: see tun_keep.c
 *
 *	call in flight                    answer
 *	recv, accept                      made again; of a connected stream ECONNRESET
 *	send, stream                      ECONNRESET, or the bytes taken before
 *	send, datagram                    counts as sent
 *	send, netlink                     made again
 *	connect, stream                   ECONNRESET
 *	socket, bind, listen, connect of a datagram socket, shutdown, getsockname,
 *	getpeername, get/setsockopt, ioctl   made again; ENETDOWN after restart_timeout
 *	close                             done
 *
 * Each step is made again under the credentials under which it was made (record.c).
 *
 * vnet_down() and vnet_up() run in the session's thread, one after the other.
 */
#include <linux/cred.h>
#include <linux/in.h>
#include <linux/in6.h>
#include "netns.h"
#include "option_keep.h"
#include "packet.h"
#include "tun.h"
#include "view.h"
#include "vnet.h"

static void socket_down(struct vnet_sock *vs)
{
	bool lost;

	mutex_lock(&vs->lock);
	/* A closed socket keeps its epoch: its release compares it. */
	if (vs->closed || vs->phase == VNET_NEW) {
		mutex_unlock(&vs->lock);
		return;
	}
	vs->epoch = 0;
	lost = vs->phase == VNET_CONNECTING || vs->phase == VNET_CONNECTED;
	mutex_unlock(&vs->lock);
	if (lost)
		vnet_sock_lose(vs, ECONNRESET);
}

/**
 * vnet_down - lose or detach the sockets of a link that has died; a session callback
 * @s: the session
 *
 * Context: the session's thread.
 */
void vnet_down(struct vos_session *s)
{
	vnet_each_socket(socket_down);
}

/*
 * Make a call for recovery, under @cred.
 * Return: 0 or -errno.
 */
static int again(struct vnet_sock *vs, struct vnet_req *req, const struct cred *cred)
{
	const struct cred *old = override_creds(cred);
	int rc = vnet_req_once(vs, req, VOS_GET_RECOVERY);

	revert_creds(old);
	return rc ?: vnet_result(req->cqe.result, 0);
}

static bool is_of_link(int rc)
{
	return rc == -EOWNERDEAD || rc == -ENETDOWN;
}

/* Set an option that was not the program's own. Return: 0 or -errno. */
static int set_int(struct vnet_sock *vs, int level, int name, int value, const struct cred *cred)
{
	struct vnet_req req = {
		.opcode = VOS_OP_SETSOCKOPT,
		.arg = { (u32)level, (u32)name },
		.in[0] = &value,
		.len[0] = sizeof(value),
		.max = INT_MAX,
	};

	return again(vs, &req, cred);
}

/*
 * Bind a socket to an interface that is not there, if its own has gone. In Linux it outlives that
 * one, and sends nothing. Without a binding it would reach other hosts than before.
 */
static int bind_to_gone(struct vnet_sock *vs, const struct vnet_opt *opt)
{
	return set_int(vs, SOL_SOCKET, SO_BINDTOIFINDEX, INT_MAX, opt->cred);
}

/* Test whether recovery of a socket may go on without an option. */
static bool is_dispensable(struct vnet_sock *vs, const struct vnet_opt *opt, int rc)
{
	return vnet_packet_device_gone(vs, rc) || (!is_of_link(rc) && vnet_opt_may_fail(opt));
}

/* When an option can be set: before bind(), after it, or when all else is done. */
enum stage { STAGE_FIRST, STAGE_BOUND, STAGE_LAST };

static enum stage stage_of(const struct vnet_opt *opt)
{
	if (vnet_packet_is_late(opt))
		return STAGE_BOUND;
	return vnet_opt_is_last(opt) ? STAGE_LAST : STAGE_FIRST;
}

static int options_again(struct vnet_sock *vs, enum stage stage)
{
	struct vnet_opt *opt;
	int rc;

	list_for_each_entry(opt, &vs->opts, node) {
		struct vnet_req req = {
			.opcode = VOS_OP_SETSOCKOPT,
			.arg = { (u32)opt->level, (u32)opt->name },
			.in[0] = opt->data,
			.len[0] = opt->len,
			.max = INT_MAX,
		};

		if (stage_of(opt) != stage)
			continue;
		rc = again(vs, &req, opt->cred);
		if (rc == -ENODEV && !vnet_is_packet(vs) && vnet_opt_binds_to_device(opt))
			rc = bind_to_gone(vs, opt);
		if (rc && !is_dispensable(vs, opt, rc))
			return rc;
	}
	return 0;
}

static bool is_inet(const struct vnet_sock *vs)
{
	return vs->sk.sk_family == AF_INET || vs->sk.sk_family == AF_INET6;
}

/*
 * Bind a socket that was not bound to the port that the last incarnation has chosen. If another
 * has it now, this one chooses anew. Return: 0, or that the link has died.
 */
static int port_again(struct vnet_sock *vs)
{
	struct sockaddr_in6 any = { .sin6_family = vs->sk.sk_family };
	struct vnet_req req = {
		.opcode = VOS_OP_BIND,
		.arg = { VOS_BIND_CHOSEN },
		.in[1] = &any,
		.len[1] = vs->sk.sk_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(any),
	};
	int rc;

	/* It stands at the same place in both families. */
	any.sin6_port = htons(READ_ONCE(vs->port));
	if (!any.sin6_port || !is_inet(vs) || vnet_is_stream(vs))
		return 0;
	rc = again(vs, &req, vs->cred);
	return is_of_link(rc) ? rc : 0;
}

static int set_freebind(struct vnet_sock *vs, int on)
{
	if (vs->sk.sk_family == AF_INET)
		return set_int(vs, SOL_IP, IP_FREEBIND, on, vs->cred);
	return set_int(vs, SOL_IPV6, IPV6_FREEBIND, on, vs->cred);
}

/*
 * Bind a socket to an address that was this host's, and may be so again. In Linux a socket outlives
 * its address.
 */
static int bind_ahead(struct vnet_sock *vs, struct vnet_req *req)
{
	int rc = set_freebind(vs, 1), off;

	if (rc)
		return rc;
	rc = again(vs, req, vs->bind_cred ?: vs->cred);
	off = set_freebind(vs, 0);
	return rc ?: off;
}

static int bind_again(struct vnet_sock *vs)
{
	struct vnet_req req = {
		.opcode = VOS_OP_BIND,
		.in[1] = &vs->bound,
		.len[1] = vs->bound_len,
	};
	int rc;

	if (!vs->bound_len)
		return port_again(vs);
	rc = again(vs, &req, vs->bind_cred ?: vs->cred);
	if (rc == -EADDRNOTAVAIL && is_inet(vs))
		rc = bind_ahead(vs, &req);
	return vnet_packet_device_gone(vs, rc) ? 0 : rc;
}

/* @how: VOS_CONNECT_* or 0 */
static int connect_again(struct vnet_sock *vs, u64 how)
{
	struct vnet_req req = {
		.opcode = VOS_OP_CONNECT,
		.arg = { how, vs->own[0], vs->own[1] },
		.in[1] = &vs->peer,
		.len[1] = vs->peer_len,
	};
	int rc = again(vs, &req, vs->cred);

	if (!rc)
		memcpy(vs->own, &req.cqe.out[1], sizeof(vs->own));
	return rc;
}

/* In Linux a socket outlives the route to its peer. */
static int peer_again(struct vnet_sock *vs)
{
	int rc = vs->peer_len ? connect_again(vs, 0) : 0;

	if (!rc || is_of_link(rc) || !is_inet(vs))
		return rc;
	return connect_again(vs, VOS_CONNECT_AHEAD);
}

/* Shut a datagram socket down. Without a peer it refuses, and is shut down all the same. */
static int shut_again(struct vnet_sock *vs)
{
	struct vnet_req req = {
		.opcode = VOS_OP_SHUTDOWN,
		.arg = { vs->shut - 1u },
	};
	int rc = vs->shut ? again(vs, &req, vs->cred) : 0;

	return rc == -ENOTCONN ? 0 : rc;
}

static int listen_again(struct vnet_sock *vs)
{
	struct vnet_req req = {
		.opcode = VOS_OP_LISTEN,
		.arg = { (u32)vs->backlog },
	};

	return again(vs, &req, vs->cred);
}

static int socket_again(struct vnet_sock *vs)
{
	const struct cred *old = override_creds(vs->cred);
	int rc = vnet_socket_call(vs, VOS_GET_RECOVERY);

	revert_creds(old);
	return rc;
}

/* Netlink's bind() names all groups of the first 32; options then join and leave others. */
static int bound_again(struct vnet_sock *vs)
{
	if (vnet_is_netlink(vs))
		return bind_again(vs) ?: options_again(vs, STAGE_FIRST);
	return options_again(vs, STAGE_FIRST) ?: bind_again(vs) ?: options_again(vs, STAGE_BOUND);
}

static int make_again(struct vnet_sock *vs)
{
	int rc;

	lockdep_assert_held(&vs->lock);
	rc = socket_again(vs);
	if (rc)
		return rc;
	vs->epoch = vos_session_epoch(vnet.session);
	rc = bound_again(vs);
	if (!rc && !vnet_is_stream(vs))
		rc = peer_again(vs) ?: shut_again(vs);
	if (!rc && vs->phase == VNET_LISTENING)
		rc = listen_again(vs);
	return rc ?: options_again(vs, STAGE_LAST);
}

/* Have the service forget a socket that was made only in part. */
static void give_up(struct vnet_sock *vs)
{
	struct vnet_req req = { .opcode = VOS_OP_RELEASE };

	lockdep_assert_held(&vs->lock);
	if (vs->epoch)
		vnet_req_once(vs, &req, VOS_GET_RECOVERY | VOS_GET_NOCRED);
}

static bool is_due(const struct vnet_sock *vs)
{
	return !vs->closed && !vs->epoch &&
	       (vs->phase == VNET_OPEN || vs->phase == VNET_LISTENING);
}

/**
 * vnet_socket_again - make a socket again, if that is due
 * @vs: the socket. If it cannot be made, it is lost
 *
 * Context: the session's thread, in up(). If the link dies, up() comes again.
 */
void vnet_socket_again(struct vnet_sock *vs)
{
	int rc = 0;

	mutex_lock(&vs->lock);
	if (is_due(vs)) {
		rc = make_again(vs);
		/* The link has died again: down() and the next up() are still to come. */
		if (is_of_link(rc))
			rc = 0;
		else if (rc)
			give_up(vs);
		else if (vnet_is_netlink(vs))
			vnet_netlink_again(vs);
	}
	mutex_unlock(&vs->lock);
	if (rc) {
		pr_warn_ratelimited("virtuos-net: a socket could not be made again: error %d\n",
				    -rc);
		vnet_sock_lose(vs, -rc);
	}
}

static void socket_wake(struct vnet_sock *vs)
{
	vnet_sock_arm(vs);
	vnet_sock_wake(vs, VOS_CAUSE_STATE);
}

/**
 * vnet_up - make the sockets again that recovery can make; a session callback
 * @s: the session
 *
 * Context: the session's thread.
 */
void vnet_up(struct vos_session *s)
{
	vnet_netns_again();
	/* Changes find these interfaces under their numbers. */
	vnet_tun_again();
	/* Interfaces have settings, and both decide which addresses sockets may be bound to. */
	vnet_changes_again();
	vnet_keep_again();
	vnet_each_in_order(vnet_socket_again);
	vnet_each_socket(vnet_socket_again);
	vnet_netlink_begin();
	vnet_any_socket_begin();
	set_bit(0, &vnet.wake_due);
}

/**
 * vnet_wake_work - wake all waiters after a recovery
 * @work: of vnet
 *
 * Context: process.
 */
void vnet_wake_work(struct work_struct *work)
{
	vnet_each_socket(socket_wake);
	vnet_netns_refresh_all();
}

/**
 * vnet_room - have all waiters woken if recovery has ended; a session callback
 * @s: the session
 *
 * The session calls this, among others, once ordinary callers may use the link after up(). A
 * waiter that woke earlier would get no link.
 *
 * Context: any.
 */
void vnet_room(struct vos_session *s)
{
	if (test_and_clear_bit(0, &vnet.wake_due))
		queue_work(vnet.wq, &vnet.wake);
}
