// SPDX-License-Identifier: GPL-2.0
/*
 * From SOCKET to SHUTDOWN: the calls that change what a socket is.
 */
#include <linux/err.h>
#include <linux/in.h>
#include <linux/jiffies.h>
#include <linux/nsproxy.h>
#include <linux/string.h>
#include <net/inet_sock.h>
#include <net/net_namespace.h>
#include "vns.h"

static bool family_ok(u64 family)
{
	/* A primary must not reach descriptors or this domain's own services (AF_UNIX). */
	return family == PF_INET || family == PF_INET6 || family == PF_NETLINK ||
	       family == PF_PACKET || family == VOS_FAMILY_TUN;
}

static bool protocol_ok(u64 family, u64 protocol)
{
	return family == PF_PACKET ? protocol <= U16_MAX : protocol < IPPROTO_MAX;
}

/* A socket of one of these loads no module, so its creation does not wait. */
static bool is_common(u64 family, u64 protocol)
{
	if (family == PF_PACKET || family == PF_NETLINK || family == VOS_FAMILY_TUN)
		return false;
	return protocol == IPPROTO_IP || protocol == IPPROTO_TCP || protocol == IPPROTO_UDP;
}

/*
 * Have tables of this kernel show the number that programs of the primary know. No other inode
 * is found by it.
 */
static void give_number(struct socket *sock, u64 number)
{
	SOCK_INODE(sock)->i_ino = (u32)number;
}

static int create_socket(struct vns_obj *o, const struct veng_scall *call)
{
	const u64 *arg = call->sqe.arg;
	struct net *net = vns_net_get(o->nc, arg[1] >> 32);
	int rc;

	if (!net)
		return -ENXIO;
	rc = __sock_create(net, arg[0], (u32)arg[1], arg[2], &o->sock, 0);
	put_net(net);
	if (rc)
		o->sock = NULL;
	else
		give_number(o->sock, arg[3]);
	return rc;
}

/* Make the socket in the namespace that the call names. On error there is none. */
static int create_in(struct vns_obj *o, const struct veng_scall *call)
{
	int rc;

	if (call->sqe.arg[0] == VOS_FAMILY_TUN)
		return vns_tun_open(o, call);
	rc = create_socket(o, call);
	if (!rc && call->sqe.arg[0] == PF_NETLINK)
		rc = vns_netlink_open(o);
	return rc;
}

static s64 make_socket(struct veng_scall *call)
{
	struct vns_conn *nc = veng_conn_priv(call->conn);
	struct vns_obj *o = vns_obj_new(nc, call->sqe.obj, call->sqe.gen);
	s64 rc;

	if (IS_ERR(o))
		return PTR_ERR(o);
	rc = create_in(o, call);
	if (!rc)
		rc = vns_obj_open(o, NULL, &call->cqe.poll);
	if (rc)
		vns_obj_put(o);
	return rc;
}

/* Context: control thread. */
static s64 make_rare_socket(struct veng_scall *call)
{
	struct vns_conn *nc = veng_conn_priv(call->conn);
	s64 rc = make_socket(call);
	struct vns_obj *o;

	if (rc)
		return rc;
	o = vns_obj_find(nc, call->sqe.obj, call->sqe.gen);
	if (o) {
		vns_obj_mark(o, VOS_CAUSE_STATE);
		vns_obj_put(o);
	}
	return 0;
}

/**
 * vns_socket - carry out SOCKET
 * @none: NULL
 * @call: the call
 *
 * Context: dispatcher.
 * Return: 0, VENG_PENDING or -errno.
 */
s64 vns_socket(struct vns_obj *none, struct veng_scall *call)
{
	const u64 *arg = call->sqe.arg;

	if (!family_ok(arg[0]))
		return -EAFNOSUPPORT;
	if ((u32)arg[1] >= SOCK_MAX || !protocol_ok(arg[0], arg[2]))
		return -EINVAL;
	if (arg[0] == PF_NETLINK && !vns_netlink_ok(arg[2]))
		return -EPROTONOSUPPORT;
	if (is_common(arg[0], arg[2]))
		return make_socket(call);
	veng_scall_queue_ctl(call, make_rare_socket);
	return VENG_PENDING;
}

/* Copy the address out of the second extent. Return: its length or -errno. */
static int copy_address(const struct veng_scall *call, struct sockaddr_storage *addr)
{
	u32 len = call->sqe.ext[1].len;

	if (len > sizeof(*addr))
		return -EINVAL;
	memset(addr, 0, sizeof(*addr));
	if (len)
		vos_peer_read(addr, call->in[1], len);
	return len;
}

static void give_address(struct veng_scall *call, const struct sockaddr_storage *addr, int len)
{
	u32 room = call->sqe.ext[1].len;

	vos_peer_write(call->out[1], addr, min_t(u32, len, room));
	call->cqe.out[0] = len;
}

static bool is_dgram(const struct sock *sk)
{
	return sk->sk_type == SOCK_DGRAM && (sk->sk_family == AF_INET || sk->sk_family == AF_INET6);
}

/**
 * vns_chosen_port - get the port that this kernel has chosen for a socket
 * @sk: the socket
 *
 * Context: any.
 * Return: it. 0: there is none, or bind() has named it.
 */
u16 vns_chosen_port(const struct sock *sk)
{
	if (!is_dgram(sk) || sk->sk_userlocks & SOCK_BINDPORT_LOCK)
		return 0;
	return READ_ONCE(inet_sk(sk)->inet_num);
}

/* Have a socket that is bound be as one for which this kernel has chosen the port. */
static void set_chosen(struct sock *sk)
{
	lock_sock(sk);
	sk->sk_userlocks &= ~SOCK_BINDPORT_LOCK;
	release_sock(sk);
}

static s64 bind_now(struct vns_obj *o, struct veng_scall *call)
{
	struct sockaddr_storage addr;
	int len = copy_address(call, &addr), rc;

	if (len < 0)
		return len;
	rc = kernel_bind(o->sock, (struct sockaddr *)&addr, len);
	if (!rc && call->sqe.arg[0] & VOS_BIND_CHOSEN && is_dgram(o->sock->sk))
		set_chosen(o->sock->sk);
	return rc;
}

/*
 * Context: control thread. Groups of netlink may take long locks. A packet socket that is bound
 * again waits until no processor delivers to it.
 */
static s64 run_bind(struct veng_scall *call)
{
	struct vns_obj *o = call->priv;
	s64 rc = bind_now(o, call);

	call->cqe.poll = vns_obj_refresh_early(o);
	vns_obj_put(o);
	return rc;
}

/**
 * vns_bind - carry out BIND
 * @o: the object
 * @call: the call
 *
 * Context: dispatcher.
 * Return: 0, VENG_PENDING or -errno.
 */
s64 vns_bind(struct vns_obj *o, struct veng_scall *call)
{
	if (!o->file && !vns_is_packet(o))
		return bind_now(o, call);
	call->priv = o;
	veng_scall_queue_ctl(call, run_bind);
	return VENG_PENDING;
}

/**
 * vns_listen - carry out LISTEN, with a backlog of somaxconn at most
 * @o: the object
 * @call: the call
 *
 * Context: dispatcher.
 * Return: 0 or -errno.
 */
s64 vns_listen(struct vns_obj *o, struct veng_scall *call)
{
	int backlog = call->sqe.arg[0];
	int most = READ_ONCE(sock_net(o->sock->sk)->core.sysctl_somaxconn);

	if ((unsigned int)backlog > most)
		backlog = most;
	return kernel_listen(o->sock, backlog);
}

/* Return: length of the address; the connection may be gone already. */
static int child_address(struct socket *sock, struct sockaddr_storage *addr)
{
	int len = READ_ONCE(sock->ops)->getname(sock, (struct sockaddr *)addr, 2);

	return len < 0 ? -ECONNABORTED : len;
}

/* Return: a time-out as ACCEPT gives it. */
static u64 timeout_given(long timeo)
{
	return timeo == MAX_SCHEDULE_TIMEOUT ? 0 : jiffies64_to_nsecs(timeo) + 1;
}

/* Tell what the primary has to know of the options that the child has from its listener. */
static void give_inherited(struct veng_scall *call, const struct sock *sk)
{
	call->cqe.out[1] = timeout_given(READ_ONCE(sk->sk_rcvtimeo));
	call->cqe.out[2] = timeout_given(READ_ONCE(sk->sk_sndtimeo));
	call->cqe.out[3] = (u32)READ_ONCE(sk->sk_rcvlowat);
	if (sock_flag(sk, SOCK_LINGER))
		call->cqe.out[3] |= VOS_ACCEPT_LINGERS;
}

static s64 open_child(struct vns_obj *o, struct vns_obj *child, struct veng_scall *call)
{
	struct sockaddr_storage addr = {};
	int len = child_address(child->sock, &addr);
	u32 mask;
	s64 rc;

	if (len < 0)
		return len;
	give_inherited(call, child->sock->sk);
	rc = vns_obj_open(child, o, &mask);
	if (!rc && call->out[1])
		give_address(call, &addr, len);
	return rc;
}

/**
 * vns_accept - carry out ACCEPT without blocking
 * @o: the listener
 * @call: the call
 *
 * Context: dispatcher.
 * Return: 0 or -errno.
 */
s64 vns_accept(struct vns_obj *o, struct veng_scall *call)
{
	struct vns_obj *child = vns_obj_new(o->nc, (u32)call->sqe.arg[0],
					    call->sqe.arg[0] >> 32);
	s64 rc;

	if (IS_ERR(child))
		return PTR_ERR(child);
	rc = kernel_accept(o->sock, &child->sock, O_NONBLOCK);
	if (rc) {
		child->sock = NULL;
		goto err;
	}
	give_number(child->sock, call->sqe.arg[1]);
	rc = open_child(o, child, call);
	if (!rc)
		return 0;
err:
	vns_obj_put(child);
	return rc;
}

/**
 * vns_connect - carry out CONNECT without blocking
 * @o: the object
 * @call: the call
 *
 * Context: dispatcher.
 * Return: 0 or -errno.
 */
s64 vns_connect(struct vns_obj *o, struct veng_scall *call)
{
	struct sockaddr_storage addr;
	int len = copy_address(call, &addr), rc;

	if (len < 0)
		return len;
	vns_obj_connects(o);
	if (call->sqe.arg[0] & VOS_CONNECT_AHEAD)
		rc = vns_connect_ahead(o->sock->sk, &addr, len, &call->sqe.arg[1]);
	else
		rc = kernel_connect(o->sock, (struct sockaddr *)&addr, len, O_NONBLOCK);
	call->cqe.out[0] = vns_chosen_port(o->sock->sk);
	vns_own_address(o->sock->sk, &call->cqe.out[1]);
	return rc;
}

/**
 * vns_shutdown - carry out SHUTDOWN
 * @o: the object
 * @call: the call
 *
 * Context: dispatcher.
 * Return: 0 or -errno.
 */
s64 vns_shutdown(struct vns_obj *o, struct veng_scall *call)
{
	return READ_ONCE(o->sock->ops)->shutdown(o->sock, call->sqe.arg[0]);
}

/**
 * vns_getname - carry out GETNAME: give the socket's address or its peer's
 * @o: the object
 * @call: the call
 *
 * Context: dispatcher.
 * Return: 0 or -errno.
 */
s64 vns_getname(struct vns_obj *o, struct veng_scall *call)
{
	struct sockaddr_storage addr = {};
	int len;

	len = READ_ONCE(o->sock->ops)->getname(o->sock, (struct sockaddr *)&addr,
					       !!call->sqe.arg[0]);
	if (len < 0)
		return len;
	give_address(call, &addr, len);
	return 0;
}
