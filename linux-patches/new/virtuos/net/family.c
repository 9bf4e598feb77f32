// SPDX-License-Identifier: GPL-2.0
/*
 * Registers the forwarded socket families, makes and releases their sockets.
 *
 * The kernel of the primary has no TCP/IP (CONFIG_INET=n) and no packet sockets, so PF_INET,
 * PF_INET6 and PF_PACKET are free.
 * Each network namespace is one of the domain's, see netns.h.
 */
#include <linux/in.h>
#include <linux/module.h>
#include <net/net_namespace.h>
#include "cgroup.h"
#include "netns.h"
#include "packet.h"
#include "vnet.h"

struct proto vnet_proto = {
	.name = "VIRTUOS",
	.owner = THIS_MODULE,
	.obj_size = sizeof(struct vnet_sock),
	.ioctl = vnet_uring_queued,
};

static void sock_destruct(struct sock *sk)
{
	struct vnet_sock *vs = vnet_sk(sk);

	vnet_record_free(vs);
	vnet_ring_free(vs);
	put_cred(vs->cred);
}

/* Get the protocol for which 0 stands: a reader of the socket must see it, as in Linux. */
static int real_protocol(const struct socket *sock, int family, int protocol)
{
	if (family == PF_PACKET)
		return protocol;
	if (!protocol && sock->type == SOCK_STREAM)
		return IPPROTO_TCP;
	if (!protocol && sock->type == SOCK_DGRAM)
		return IPPROTO_UDP;
	return protocol;
}

/**
 * vnet_sock_new - make a socket that no service knows yet, with its index
 * @net: its namespace
 * @sock: becomes its owner
 * @family: PF_INET, PF_INET6 or PF_PACKET
 * @protocol: as in socket(2)
 * @kern: it is for the kernel
 *
 * Context: process.
 * Return: the socket, or ERR_PTR(-ENOMEM, -ENFILE).
 */
struct vnet_sock *vnet_sock_new(struct net *net, struct socket *sock, int family, int protocol,
				int kern)
{
	struct sock *sk = sk_alloc(net, family, GFP_KERNEL, &vnet_proto, kern);
	struct vnet_sock *vs;
	int rc;

	if (!sk)
		return ERR_PTR(-ENOMEM);
	vs = vnet_sk(sk);
	mutex_init(&vs->lock);
	mutex_init(&vs->sending);
	mutex_init(&vs->receiving);
	INIT_LIST_HEAD(&vs->opts);
	INIT_WORK(&vs->release, vnet_sock_release_work);
	INIT_WORK(&vs->urgent, vnet_urgent_work);
	INIT_LIST_HEAD(&vs->closing);
	init_completion(&vs->gone);
	vs->phase = VNET_NEW;
	vs->cred = get_current_cred();
	sock_init_data(sock, sk);
	sk->sk_protocol = real_protocol(sock, family, protocol);
	vnet_protoname_set(sk);
	sk->sk_destruct = sock_destruct;
	/* Events find the socket by its index under RCU, and may put its last reference there. */
	sock_set_flag(sk, SOCK_RCU_FREE);
	/* The service answers all of SOL_SOCKET and all ioctls. */
	set_bit(SOCK_CUSTOM_SOCKOPT, &sock->flags);
	set_bit(SOCK_CUSTOM_GETSOCKOPT, &sock->flags);
	set_bit(SOCK_CUSTOM_IOCTL, &sock->flags);
	/* The data is copied. io_uring then gives the program its buffer back at once. */
	set_bit(SOCK_SUPPORT_ZC, &sock->flags);
	rc = vnet_object_add(vs);
	if (rc) {
		sock_orphan(sk);
		sock->sk = NULL;
		sock_put(sk);
		return ERR_PTR(rc);
	}
	return vs;
}

/**
 * vnet_sock_drop - drop a socket that the service does not know
 * @vs: the socket
 *
 * Context: process.
 */
void vnet_sock_drop(struct vnet_sock *vs)
{
	struct socket *sock = vs->sk.sk_socket;

	sock_orphan(&vs->sk);
	if (sock)
		sock->sk = NULL;
	vnet_object_remove(vs);
}

static int vnet_release(struct socket *sock)
{
	struct sock *sk = sock->sk;
	struct vnet_sock *vs;
	bool is_seen;

	if (!sk)
		return 0;
	vs = vnet_sk(sk);
	vnet_cgroup_release(vs);
	vnet_linger(vs);
	is_seen = vnet_closing_is_seen(vs);
	sock_hold(sk);
	sock_orphan(sk);
	sock->sk = NULL;
	vnet_sock_release(vs);
	if (is_seen)
		vnet_closing_seen(vs);
	sock_put(sk);
	return 0;
}

#define VNET_PROTO_OPS(fam, mmap_)		\
	.family = fam,				\
	.owner = THIS_MODULE,			\
	.release = vnet_release,		\
	.bind = vnet_bind,			\
	.connect = vnet_connect,		\
	.socketpair = sock_no_socketpair,	\
	.accept = vnet_accept,			\
	.getname = vnet_getname,		\
	.poll = vnet_poll,			\
	.ioctl = vnet_ioctl,			\
	.listen = vnet_listen,			\
	.shutdown = vnet_shutdown,		\
	.setsockopt = vnet_setsockopt,		\
	.getsockopt_iter = vnet_getsockopt,	\
	.sendmsg = vnet_sendmsg,		\
	.recvmsg = vnet_recvmsg,		\
	.splice_eof = vnet_splice_eof,		\
	.mmap = mmap_

static const struct proto_ops inet_ops = { VNET_PROTO_OPS(PF_INET, sock_no_mmap) };
static const struct proto_ops inet6_ops = { VNET_PROTO_OPS(PF_INET6, sock_no_mmap) };
static const struct proto_ops packet_ops = { VNET_PROTO_OPS(PF_PACKET, vnet_ring_mmap) };

static int create(struct net *net, struct socket *sock, const struct proto_ops *ops,
		  int protocol, int kern)
{
	struct vnet_sock *vs;
	int rc;

	/* The number is kept with 16 bits. */
	if (ops->family != PF_PACKET && (protocol < 0 || protocol >= IPPROTO_MAX))
		return -EINVAL;
	rc = vnet_netns_need(net);
	if (rc)
		return rc;
	sock->ops = ops;
	vs = vnet_sock_new(net, sock, ops->family, protocol, kern);
	if (IS_ERR(vs))
		return PTR_ERR(vs);
	vnet_packet_begin(vs);
	rc = kern ? 0 : vnet_cgroup_create(vs);
	if (!rc)
		rc = vnet_socket_call(vs, VOS_GET_KILLABLE);
	if (rc == -EINTR) {
		/* When the answer comes, it gives the object back. */
		sock_orphan(&vs->sk);
		sock->sk = NULL;
	} else if (rc) {
		vnet_sock_drop(vs);
	}
	return rc;
}

static int inet_create(struct net *net, struct socket *sock, int protocol, int kern)
{
	return create(net, sock, &inet_ops, protocol, kern);
}

static int inet6_create(struct net *net, struct socket *sock, int protocol, int kern)
{
	return create(net, sock, &inet6_ops, protocol, kern);
}

static int packet_create(struct net *net, struct socket *sock, int protocol, int kern)
{
	if (sock->type != SOCK_RAW && sock->type != SOCK_DGRAM)
		return -ESOCKTNOSUPPORT;
	return create(net, sock, &packet_ops, (u16)protocol, kern);
}

static const struct net_proto_family families[] = {
	{ .family = PF_INET, .create = inet_create, .owner = THIS_MODULE },
	{ .family = PF_INET6, .create = inet6_create, .owner = THIS_MODULE },
	{ .family = PF_PACKET, .create = packet_create, .owner = THIS_MODULE },
};

static void unregister(int n)
{
	while (n--)
		sock_unregister(families[n].family);
}

/**
 * vnet_families_register - register the families: from here on programs may make sockets
 *
 * Context: process.
 * Return: 0 or -errno; on error nothing is left.
 */
int vnet_families_register(void)
{
	int i, rc;

	/* A kernel for debugging has a family of its own. It gives way, as its table does. */
	if (IS_BUILTIN(CONFIG_PACKET))
		sock_unregister(PF_PACKET);
	for (i = 0; i < ARRAY_SIZE(families); i++) {
		rc = sock_register(&families[i]);
		if (rc) {
			unregister(i);
			return rc;
		}
	}
	return 0;
}

/**
 * vnet_families_unregister - undo vnet_families_register()
 *
 * Context: process.
 */
void vnet_families_unregister(void)
{
	unregister(ARRAY_SIZE(families));
}

MODULE_ALIAS_NETPROTO(PF_INET);
MODULE_ALIAS_NETPROTO(PF_INET6);
MODULE_ALIAS_NETPROTO(PF_PACKET);
