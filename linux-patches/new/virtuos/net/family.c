// SPDX-License-Identifier: GPL-2.0
/*
 * Registers the forwarded socket families, makes and releases their sockets.
 *
 * The kernel of the primary has no TCP/IP (CONFIG_INET=n), so PF_INET and PF_INET6
 * are free for us. Only the initial network namespace is forwarded: the others
 * are what they are without TCP/IP, empty.
 */
#include <linux/in.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <net/net_namespace.h>
#include "cgroup.h"
#include "vnet.h"

static char *service = "net";
module_param(service, charp, 0444);
MODULE_PARM_DESC(service, "name of the service that answers (default net)");

static unsigned int objects = 16384;
module_param(objects, uint, 0444);
MODULE_PARM_DESC(objects, "most sockets at a time (default 16384)");

static unsigned int arena_pages = 512;
module_param(arena_pages, uint, 0444);
MODULE_PARM_DESC(arena_pages, "shared data pages for each processor (default 512)");

struct vnet vnet;

struct proto vnet_proto = {
	.name = "VIRTUOS",
	.owner = THIS_MODULE,
	.obj_size = sizeof(struct vnet_sock),
};

static void sock_destruct(struct sock *sk)
{
	struct vnet_sock *vs = vnet_sk(sk);

	vnet_record_free(vs);
	put_cred(vs->cred);
}

/* What 0 stands for: who looks at a socket is to see what it is, as in Linux. */
static int real_protocol(const struct socket *sock, int protocol)
{
	if (!protocol && sock->type == SOCK_STREAM)
		return IPPROTO_TCP;
	if (!protocol && sock->type == SOCK_DGRAM)
		return IPPROTO_UDP;
	return protocol;
}

/*
 * vnet_sock_new - a socket that no service knows yet, with its index
 * @sock: becomes its owner
 * Return: the socket, or ERR_PTR(-ENOMEM, -ENFILE).
 */
struct vnet_sock *vnet_sock_new(struct socket *sock, int family, int protocol, int kern)
{
	struct sock *sk = sk_alloc(&init_net, family, GFP_KERNEL, &vnet_proto, kern);
	struct vnet_sock *vs;
	int rc;

	if (!sk)
		return ERR_PTR(-ENOMEM);
	vs = vnet_sk(sk);
	mutex_init(&vs->lock);
	INIT_LIST_HEAD(&vs->opts);
	INIT_WORK(&vs->release, vnet_sock_release_work);
	INIT_LIST_HEAD(&vs->closing);
	vs->phase = VNET_NEW;
	vs->cred = get_current_cred();
	sock_init_data(sock, sk);
	sk->sk_protocol = real_protocol(sock, protocol);
	sk->sk_destruct = sock_destruct;
	/* Events find it by its index under RCU; its last reference may go there. */
	sock_set_flag(sk, SOCK_RCU_FREE);
	/* All of SOL_SOCKET and all ioctls are for the service to answer. */
	set_bit(SOCK_CUSTOM_SOCKOPT, &sock->flags);
	set_bit(SOCK_CUSTOM_GETSOCKOPT, &sock->flags);
	set_bit(SOCK_CUSTOM_IOCTL, &sock->flags);
	rc = vnet_object_add(vs);
	if (rc) {
		sock_orphan(sk);
		sock->sk = NULL;
		sock_put(sk);
		return ERR_PTR(rc);
	}
	return vs;
}

/*
 * vnet_sock_drop - take a socket back that the service does not know
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

	if (!sk)
		return 0;
	vnet_cgroup_release(vnet_sk(sk));
	sock_orphan(sk);
	sock->sk = NULL;
	vnet_sock_release(vnet_sk(sk));
	return 0;
}

#define VNET_PROTO_OPS(fam)			\
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
	.mmap = sock_no_mmap

static const struct proto_ops inet_ops = { VNET_PROTO_OPS(PF_INET) };
static const struct proto_ops inet6_ops = { VNET_PROTO_OPS(PF_INET6) };

static int create(struct net *net, struct socket *sock, const struct proto_ops *ops,
		  int protocol, int kern)
{
	struct vnet_sock *vs;
	int rc;

	if (!net_eq(net, &init_net))
		return -EAFNOSUPPORT;
	sock->ops = ops;
	vs = vnet_sock_new(sock, ops->family, protocol, kern);
	if (IS_ERR(vs))
		return PTR_ERR(vs);
	rc = kern ? 0 : vnet_cgroup_create(vs);
	if (!rc)
		rc = vnet_socket_call(vs, VOS_GET_KILLABLE);
	if (rc == -EINTR) {
		/* The answer, when it comes, gives the object back. */
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

static const struct net_proto_family families[] = {
	{ .family = PF_INET, .create = inet_create, .owner = THIS_MODULE },
	{ .family = PF_INET6, .create = inet6_create, .owner = THIS_MODULE },
};

static const struct vos_session_ops session_ops = {
	.up = vnet_up,
	.down = vnet_down,
	.event = vnet_object_event,
	.room = vnet_room,
	.prompt = true,
};

static void families_unregister(int n)
{
	while (n--)
		sock_unregister(families[n].family);
}

static int families_register(void)
{
	int i, rc;

	for (i = 0; i < ARRAY_SIZE(families); i++) {
		rc = sock_register(&families[i]);
		if (rc) {
			families_unregister(i);
			return rc;
		}
	}
	return 0;
}

static int session_open(void)
{
	if (!objects || objects > VOS_MAX_OBJECTS || objects % 64 ||
	    arena_pages > VOS_MAX_ARENA_PAGES) {
		pr_err("virtuos-net: objects must be a multiple of 64 up to %u, arena_pages at most %u\n",
		       VOS_MAX_OBJECTS, VOS_MAX_ARENA_PAGES);
		return -EINVAL;
	}
	vnet.nr = objects;
	ida_init(&vnet.ida);
	vnet.table = kvcalloc(objects, sizeof(*vnet.table), GFP_KERNEL);
	if (!vnet.table)
		return -ENOMEM;
	vnet.wq = alloc_workqueue("virtuos-net-release", WQ_UNBOUND, 0);
	if (!vnet.wq) {
		kvfree(vnet.table);
		return -ENOMEM;
	}
	INIT_WORK(&vnet.rouse, vnet_rouse_work);
	vnet.session = vos_session_get(service, &session_ops, &vnet, objects,
				       arena_pages);
	if (!IS_ERR(vnet.session))
		return 0;
	destroy_workqueue(vnet.wq);
	kvfree(vnet.table);
	return PTR_ERR(vnet.session);
}

static void session_close(void)
{
	drain_workqueue(vnet.wq);	/* its work uses the session */
	vos_session_put(vnet.session);
	destroy_workqueue(vnet.wq);
	rcu_barrier();		/* sockets still to be freed */
	ida_destroy(&vnet.ida);
	kvfree(vnet.table);
}

static int __init vnet_init(void)
{
	int rc = proto_register(&vnet_proto, 1);

	if (rc)
		return rc;
	rc = session_open();
	if (rc)
		goto err_proto;
	rc = vnet_door_init();
	if (rc)
		goto err_session;
	rc = families_register();
	if (rc)
		goto err_door;
	return 0;

err_door:
	vnet_door_exit();
err_session:
	session_close();
err_proto:
	proto_unregister(&vnet_proto);
	return rc;
}
module_init(vnet_init);

/* No socket exists: each holds the module. Releases may still be under way. */
static void __exit vnet_exit(void)
{
	families_unregister(ARRAY_SIZE(families));
	vnet_door_exit();
	session_close();
	proto_unregister(&vnet_proto);
}
module_exit(vnet_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("VirtuOS: sockets served by a network domain");
MODULE_ALIAS_NETPROTO(PF_INET);
MODULE_ALIAS_NETPROTO(PF_INET6);
