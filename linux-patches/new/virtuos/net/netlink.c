// SPDX-License-Identifier: GPL-2.0
/*
 * Netlink sockets whose requests the network domain's kernel answers. Programs ask so for
 * interfaces, addresses, routes and connections, change them, and hear of changes.
 *
 * A program's socket has two halves. struct sock of the program's socket is an ordinary netlink
 * socket of this kernel (netlink_local.c). Beside it stands a struct vnet_sock. Both use the
 * program's wait queue. A few requests concern this kernel, and the first half carries those.
 *
 * Invariant: the domain's socket is bound before anything is sent or connected. So the domain
 * never chooses a port id, and getsockname() shows the one that answers carry.
 */
#include <linux/netlink.h>
#include <linux/random.h>
#include "netlink.h"
#include "netns.h"
#include "option_keep.h"

/* Port ids to try until one is free. Another primary may use the same domain. */
#define MAX_ATTEMPTS	64

static int bind_to(struct vnet_sock *vs, struct sockaddr_nl *addr)
{
	struct vnet_req req = {
		.opcode = VOS_OP_BIND,
		.in[1] = addr,
		.len[1] = sizeof(*addr),
	};
	int rc;

	do {
		rc = vnet_sock_run(vs, &req);
		if (!rc)
			rc = vnet_result(req.cqe.result, 0);
		if (rc)
			return rc;
	} while (vnet_record_bind(vs, req.epoch, (struct sockaddr *)addr, sizeof(*addr)));
	return 0;
}

/* Bind to a port id as Linux chooses it: the process's number, or any negative one. */
static int bind_anywhere(struct vnet_sock *vs, struct sockaddr_nl *addr)
{
	int i, rc;

	addr->nl_pid = task_tgid_vnr(current);
	for (i = 0; i < MAX_ATTEMPTS; i++) {
		rc = bind_to(vs, addr);
		if (rc != -EADDRINUSE)
			return rc;
		addr->nl_pid = S32_MIN + get_random_u32_below(-4096 - S32_MIN);
	}
	return rc;
}

static int bind_both(struct socket *sock, struct sockaddr_nl *addr)
{
	struct vnet_sock *vs = vnet_beside(sock);
	int rc;

	if (addr->nl_pid || READ_ONCE(vs->bound_len))
		rc = bind_to(vs, addr);
	else
		rc = bind_anywhere(vs, addr);
	if (!rc)
		vnet_local_bind(sock, addr->nl_pid);
	return rc;
}

/**
 * vnet_netlink_autobind - bind a socket that is not, as Linux does before it sends
 * @sock: the socket
 *
 * Groups that it has joined stay.
 *
 * Context: process.
 * Return: 0 or -errno.
 */
int vnet_netlink_autobind(struct socket *sock)
{
	struct vnet_sock *vs = vnet_beside(sock);
	struct sockaddr_storage storage = {};
	struct sockaddr_nl *addr = (struct sockaddr_nl *)&storage;
	int rc;

	if (READ_ONCE(vs->bound_len))
		return 0;
	rc = vnet_sock_getname(vs, (struct sockaddr *)addr, 0);
	if (rc < 0)
		return rc;
	addr->nl_family = AF_NETLINK;
	/* A bind() that was refused leaves its port id there, in Linux as well. */
	addr->nl_pid = 0;
	return bind_both(sock, addr);
}

static int nl_bind(struct socket *sock, struct sockaddr *addr, int len)
{
	struct sockaddr_nl nl;

	if (len < (int)sizeof(nl) || addr->sa_family != AF_NETLINK)
		return -EINVAL;
	memcpy(&nl, addr, sizeof(nl));
	return bind_both(sock, &nl);
}

static int nl_connect(struct socket *sock, struct sockaddr *addr, int len, int flags)
{
	struct vnet_req req = {
		.opcode = VOS_OP_CONNECT,
		.in[1] = addr,
		.len[1] = len,
	};
	int rc;

	if (len < (int)sizeof(addr->sa_family) || len > VOS_ADDR_MAX)
		return -EINVAL;
	rc = addr->sa_family == AF_NETLINK ? vnet_netlink_autobind(sock) : 0;
	return rc ?: vnet_connect_dgram(vnet_beside(sock), &req);
}

static int nl_getname(struct socket *sock, struct sockaddr *addr, int peer)
{
	return vnet_sock_getname(vnet_beside(sock), addr, peer);
}

static int nl_ioctl(struct socket *sock, unsigned int cmd, unsigned long arg)
{
	return vnet_sock_ioctl(vnet_beside(sock), cmd, arg);
}

static __poll_t nl_poll(struct file *file, struct socket *sock, poll_table *wait)
{
	struct vnet_sock *vs = vnet_beside(sock);

	sock_poll_wait(file, sock, wait);
	if (READ_ONCE(vs->local))
		return vnet_local_mask(sock) | EPOLLOUT | EPOLLWRNORM;
	if (!poll_does_not_wait(wait))
		vnet_sock_arm(vs);
	return (__force __poll_t)vnet_sock_mask(vs) | vnet_local_mask(sock);
}

static bool is_group(int level, int name)
{
	return level == SOL_NETLINK &&
	       (name == NETLINK_ADD_MEMBERSHIP || name == NETLINK_DROP_MEMBERSHIP);
}

/* Options of SOL_SOCKET about what is queued or filtered, where the answers are. */
static bool domain_needs(int name)
{
	switch (name) {
	case SO_RCVBUF:
	case SO_RCVBUFFORCE:
	case SO_SNDBUF:
	case SO_SNDBUFFORCE:
	case SO_ATTACH_FILTER:
	case SO_DETACH_FILTER:
	case SO_LOCK_FILTER:
	case SO_TIMESTAMP_OLD:
	case SO_TIMESTAMP_NEW:
	case SO_TIMESTAMPNS_OLD:
	case SO_TIMESTAMPNS_NEW:
	case SO_RXQ_OVFL:
		return true;
	}
	return false;
}

/* Both halves get what either may need. Of groups only the one half that has the events. */
static int nl_setsockopt(struct socket *sock, int level, int name, sockptr_t val,
			 unsigned int len)
{
	struct vnet_sock *vs = vnet_beside(sock);
	bool local = READ_ONCE(vs->local);
	int rc = 0;

	if (level == SOL_SOCKET && name == SO_ATTACH_BPF)
		return -EOPNOTSUPP;
	if (local || !is_group(level, name))
		rc = vnet_local_setsockopt(sock, level, name, val, len);
	if (rc || local || (level == SOL_SOCKET && !domain_needs(name)))
		return rc;
	return vnet_option_set(vs, level, name, val, len);
}

static int nl_getsockopt(struct socket *sock, int level, int name, sockopt_t *opt)
{
	if (level != SOL_NETLINK)
		return -ENOPROTOOPT;
	return vnet_option_get(vnet_beside(sock), level, name, opt);
}

static int nl_release(struct socket *sock)
{
	struct vnet_sock *vs;

	if (!sock->sk)
		return 0;
	vs = vnet_beside(sock);
	sock_orphan(&vs->sk);
	vnet_sock_release(vs);
	return vnet_local_release(sock);
}

static const struct proto_ops nl_ops = {
	.family = PF_NETLINK,
	.owner = THIS_MODULE,
	.release = nl_release,
	.bind = nl_bind,
	.connect = nl_connect,
	.socketpair = sock_no_socketpair,
	.accept = sock_no_accept,
	.getname = nl_getname,
	.poll = nl_poll,
	.ioctl = nl_ioctl,
	.listen = sock_no_listen,
	.shutdown = sock_no_shutdown,
	.setsockopt = nl_setsockopt,
	.getsockopt_iter = nl_getsockopt,
	.sendmsg = vnet_netlink_sendmsg,
	.recvmsg = vnet_netlink_recvmsg,
	.mmap = sock_no_mmap,
};

/* The service does not know @vs, unless @rc is -EINTR. Then its answer gives the object back. */
static void drop(struct vnet_sock *vs, int rc)
{
	sock_orphan(&vs->sk);
	if (rc != -EINTR)
		vnet_object_remove(vs);
}

/**
 * vnet_netlink_new - make the half that stands beside, which no service knows yet
 * @net: its namespace
 * @sock: the program's socket; it has no struct sock afterwards, as before
 * @protocol: NETLINK_*
 *
 * Context: process.
 * Return: as vnet_sock_new().
 */
struct vnet_sock *vnet_netlink_new(struct net *net, struct socket *sock, int protocol)
{
	return vnet_beside_new(net, sock, PF_NETLINK, protocol);
}

/**
 * vnet_beside_new - vnet_netlink_new() for a socket of any family
 * @net: as there
 * @sock: as there
 * @family: PF_*
 * @protocol: of the family
 *
 * Context: process.
 * Return: as vnet_sock_new().
 */
struct vnet_sock *vnet_beside_new(struct net *net, struct socket *sock, int family, int protocol)
{
	struct vnet_sock *vs = vnet_sock_new(net, sock, family, protocol, 0);

	if (IS_ERR(vs))
		return vs;
	vs->sk.sk_protocol = protocol;
	sock->sk = NULL;
	clear_bit(SOCK_CUSTOM_GETSOCKOPT, &sock->flags);
	clear_bit(SOCK_SUPPORT_ZC, &sock->flags);
	return vs;
}

static int nl_create(struct net *net, struct socket *sock, int protocol, int kern)
{
	struct vnet_sock *vs;
	int rc = vnet_netns_need(net);

	if (rc)
		return rc;
	vs = vnet_netlink_new(net, sock, protocol);
	if (IS_ERR(vs))
		return PTR_ERR(vs);
	rc = vnet_local_create(net, sock, protocol);
	if (rc) {
		drop(vs, rc);
		return rc;
	}
	rc = vnet_socket_call(vs, VOS_GET_KILLABLE);
	if (rc) {
		vnet_local_release(sock);
		drop(vs, rc);
		return rc;
	}
	sock->sk->sk_user_data = vs;
	sock->ops = &nl_ops;
	return 0;
}

static const struct net_proto_family nl_family = {
	.family = PF_NETLINK,
	.create = nl_create,
	.owner = THIS_MODULE,
};

static bool begun;

static void delegate(const struct net_proto_family *family)
{
	int i;

	for (i = 0; i < MAX_LINKS; i++)
		if (VOS_NETLINK_PROTOCOLS & BIT(i))
			netlink_delegate(i, family);
}

/**
 * vnet_netlink_begin - have the domain answer sockets that are made from now on
 *
 * It is called when a link is there, so a system without a network domain goes on as before.
 * Sockets that were made earlier stay this kernel's.
 *
 * Context: the session's thread, in up().
 */
void vnet_netlink_begin(void)
{
	if (begun)
		return;
	begun = true;
	delegate(&nl_family);
}

/**
 * vnet_netlink_end - undo vnet_netlink_begin()
 *
 * Context: process; there is no link any more.
 */
void vnet_netlink_end(void)
{
	if (begun)
		delegate(NULL);
	begun = false;
}

static bool hears_events(const struct vnet_sock *vs)
{
	const struct sockaddr_nl *bound = (const void *)&vs->bound;
	const struct vnet_opt *opt;

	lockdep_assert_held(&vs->lock);
	if (vs->bound_len && bound->nl_groups)
		return true;
	list_for_each_entry(opt, &vs->opts, node)
		if (opt->level == SOL_NETLINK && opt->name == NETLINK_ADD_MEMBERSHIP)
			return true;
	return false;
}

/**
 * vnet_netlink_again - tell a program what its socket has lost with a domain
 * @vs: the socket, made again. Its lock is held
 *
 * Answers and events that it had not read are lost. Linux says so by ENOBUFS when a queue is
 * full, and programs ask anew.
 *
 * Context: the session's thread.
 */
void vnet_netlink_again(struct vnet_sock *vs)
{
	if (READ_ONCE(vs->pending) || hears_events(vs))
		WRITE_ONCE(vs->sk.sk_err, ENOBUFS);
	WRITE_ONCE(vs->pending, false);
}
