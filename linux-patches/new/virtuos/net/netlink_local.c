// SPDX-License-Identifier: GPL-2.0
/*
 * The half of a forwarded netlink socket that is this kernel's own, and which requests it gets.
 *
 * It is a netlink socket as any other: sock->sk of the program's socket. So mq_notify(), which
 * takes a program's netlink socket for a queue, finds one. This kernel knows its local sockets
 * (`ss -x`) and its processes (TASKSTATS). The network domain knows all else.
 */
#include <linux/genetlink.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <net/netlink.h>
#include <net/sock.h>
#include "netlink.h"

/* struct proto_ops of this kernel's netlink sockets. It is the same for all. */
static const struct proto_ops *local_ops;

/* Test for a protocol that this kernel has. The others are those of TCP/IP. */
static bool is_ours(int protocol)
{
	return protocol == NETLINK_ROUTE || protocol == NETLINK_SOCK_DIAG ||
	       protocol == NETLINK_GENERIC;
}

/**
 * vnet_local_create - give a program's socket its local half
 * @net: its namespace
 * @sock: the program's socket
 * @protocol: NETLINK_*
 *
 * If this kernel does not have the protocol, the half is one that gets no requests.
 *
 * Context: process.
 * Return: 0 or -errno.
 */
int vnet_local_create(struct net *net, struct socket *sock, int protocol)
{
	struct socket *made;
	struct sock *sk;
	int own = is_ours(protocol) ? protocol : NETLINK_USERSOCK;
	int rc = __sock_create(net, PF_NETLINK, sock->type, own, &made, 1);

	if (rc)
		return rc;
	WRITE_ONCE(local_ops, made->ops);
	sk = made->sk;
	/* A socket that is made for the kernel does not keep its namespace by itself. */
	sk_net_refcnt_upgrade(sk);
	made->sk = NULL;
	sock_graft(sk, sock);
	sock_release(made);
	sk->sk_protocol = protocol;
	return 0;
}

/**
 * vnet_local_release - release the local half
 * @sock: the program's socket
 *
 * Context: process.
 * Return: 0.
 */
int vnet_local_release(struct socket *sock)
{
	sock->sk->sk_user_data = NULL;
	return local_ops->release(sock);
}

/**
 * vnet_local_bind - give the local half the port id that the domain's has
 * @sock: the program's socket
 * @port: the port id
 *
 * If a socket from before the first link has it, the half gets another when it first sends.
 *
 * Context: process.
 */
void vnet_local_bind(struct socket *sock, u32 port)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK, .nl_pid = port };

	if (local_ops->bind(sock, (struct sockaddr *)&addr, sizeof(addr)))
		pr_debug("virtuos-net: port id %u has an older owner\n", port);
}

/* Generic netlink's families about this kernel's processes and machine. */
static const char * const local_families[] = {
	"TASKSTATS", "VFS_DQUOT", "acpi_event", "thermal",
};

static bool names_local_family(const struct nlmsghdr *h)
{
	const struct nlattr *name;
	int i, head = NLMSG_HDRLEN + GENL_HDRLEN;

	if (h->nlmsg_type != GENL_ID_CTRL || h->nlmsg_len < head ||
	    ((const struct genlmsghdr *)nlmsg_data(h))->cmd != CTRL_CMD_GETFAMILY)
		return false;
	name = nla_find((const void *)((const u8 *)h + head), h->nlmsg_len - head,
			CTRL_ATTR_FAMILY_NAME);
	for (i = 0; name && i < ARRAY_SIZE(local_families); i++)
		if (!nla_strcmp(name, local_families[i]))
			return true;
	return false;
}

/* Test for a question about sockets that the domain does not have. */
static bool is_about_local_sockets(const struct nlmsghdr *h)
{
	const struct sock_diag_req *req = nlmsg_data(h);

	if (h->nlmsg_type != SOCK_DIAG_BY_FAMILY && h->nlmsg_type != SOCK_DESTROY)
		return false;
	return h->nlmsg_len >= NLMSG_HDRLEN + sizeof(*req) && req->sdiag_family != AF_INET &&
	       req->sdiag_family != AF_INET6 && req->sdiag_family != AF_PACKET;
}

/**
 * vnet_local_asks - test whether this kernel has to carry a request out
 * @vs: the other half
 * @data: the request. Of several in one message the first one decides
 * @len: bytes of it
 *
 * A program that asks generic netlink for a family of this kernel means that family from then
 * on. Numbers of families differ between kernels, so the socket stays this kernel's.
 *
 * Context: process.
 * Return: whether so.
 */
bool vnet_local_asks(struct vnet_sock *vs, const void *data, size_t len)
{
	const struct nlmsghdr *h = data;

	if (!nlmsg_ok(h, min_t(size_t, len, INT_MAX)))
		return false;
	if (vs->sk.sk_protocol == NETLINK_SOCK_DIAG)
		return is_about_local_sockets(h);
	if (vs->sk.sk_protocol == NETLINK_GENERIC && names_local_family(h))
		WRITE_ONCE(vs->local, true);
	return READ_ONCE(vs->local);
}

/**
 * vnet_local_send - send by the local half
 * @sock: the program's socket
 * @msg: the message
 * @len: bytes of it
 *
 * Context: process.
 * Return: as sendmsg(2).
 */
int vnet_local_send(struct socket *sock, struct msghdr *msg, size_t len)
{
	return local_ops->sendmsg(sock, msg, len);
}

/**
 * vnet_local_recv - receive by the local half
 * @sock: the program's socket
 * @msg: where to put the message
 * @len: most bytes
 * @flags: MSG_*
 *
 * Context: process.
 * Return: as recvmsg(2).
 */
int vnet_local_recv(struct socket *sock, struct msghdr *msg, size_t len, int flags)
{
	return local_ops->recvmsg(sock, msg, len, flags);
}

/**
 * vnet_local_setsockopt - set an option of the local half
 * @sock: the program's socket
 * @level: of the option
 * @name: of the option
 * @val: its value
 * @len: length of its value
 *
 * Context: process.
 * Return: 0 or -errno.
 */
int vnet_local_setsockopt(struct socket *sock, int level, int name, sockptr_t val,
			  unsigned int len)
{
	if (level == SOL_SOCKET)
		return sock_setsockopt(sock, level, name, val, len);
	return local_ops->setsockopt(sock, level, name, val, len);
}

/**
 * vnet_local_mask - get what the local half is ready for
 * @sock: the program's socket
 *
 * Context: any.
 * Return: EPOLL* bits but those about sending; 0: nothing is there.
 */
__poll_t vnet_local_mask(struct socket *sock)
{
	struct sock *sk = sock->sk;
	__poll_t mask = 0;

	if (!skb_queue_empty_lockless(&sk->sk_receive_queue))
		mask |= EPOLLIN | EPOLLRDNORM;
	if (READ_ONCE(sk->sk_err))
		mask |= EPOLLERR;
	return mask;
}
