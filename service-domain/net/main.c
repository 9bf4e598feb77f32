// SPDX-License-Identifier: GPL-2.0
/*
 * virtuos-net-service: serves the calls of class NET. See service.h.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/module.h>
#include "service.h"

static void *net_connection(struct vos_conn *conn)
{
	u32 nr = vos_conn_nr_objects(conn);
	struct netconn *nc = kvzalloc(struct_size(nc, table, nr), GFP_KERNEL);

	if (!nc)
		return ERR_PTR(-ENOMEM);
	nc->conn = conn;
	nc->nr = nr;
	spin_lock_init(&nc->lock);
	return nc;
}

static void net_disconnection(struct vos_conn *conn, void *priv)
{
	struct netconn *nc = priv;

	netobj_release_all(nc);
	/*
	 * The callbacks are gone; let those that were running finish, then deal with
	 * what they queued.
	 */
	synchronize_rcu();
	vos_dispatcher_sync(conn);
	kvfree(nc);
}

static s64 call_object(struct netobj *o, struct vos_scall *call)
{
	switch (call->sqe.opcode) {
	case VOS_OP_BIND:
		return net_bind(o, call);
	case VOS_OP_LISTEN:
		return net_listen(o, call);
	case VOS_OP_ACCEPT:
		return net_accept(o, call);
	case VOS_OP_CONNECT:
		return net_connect(o, call);
	case VOS_OP_SHUTDOWN:
		return net_shutdown(o, call);
	case VOS_OP_SENDMSG:
		return net_sendmsg(o, call);
	case VOS_OP_RECVMSG:
		return net_recvmsg(o, call);
	case VOS_OP_GETSOCKOPT:
		return net_getsockopt(o, call);
	case VOS_OP_SETSOCKOPT:
		return net_setsockopt(o, call);
	case VOS_OP_SETINT:
		return net_setint(o, call);
	case VOS_OP_GETNAME:
		return net_getname(o, call);
	case VOS_OP_IOCTL:
		return net_ioctl(o, call);
	}
	return -EOPNOTSUPP;
}

/* What the kernel keeps to itself must not reach a program of the primary. */
static s64 presentable(s64 rc)
{
	return rc <= -512 && rc >= -MAX_ERRNO ? -EIO : rc;
}

static s64 net_dispatch(struct vos_scall *call)
{
	struct netconn *nc = vos_conn_priv(call->conn);
	struct netobj *o;
	s64 rc;

	if (call->sqe.opcode == VOS_OP_SOCKET)
		return net_socket(nc, call);
	if (call->sqe.opcode == VOS_OP_RELEASE)
		return netobj_release(nc, call->sqe.obj, call->sqe.gen);

	o = netobj_find(nc, call->sqe.obj, call->sqe.gen);
	if (!o)
		return -EBADF;
	rc = -EBADF;
	if (o->sock)
		rc = call_object(o, call);
	if (rc == VOS_PENDING)
		return rc;		/* our reference went along */
	call->cqe.poll = netobj_refresh(o, false);
	netobj_put(o);
	/* What the call did to other sockets (loopback) shows before its answer. */
	vos_dispatcher_sync(call->conn);
	return presentable(rc);
}

static const struct vos_service net_service = {
	.role = "network",
	.class = VOS_CLASS_NET,
	.connect = net_connection,
	.disconnect = net_disconnection,
	.dispatch = net_dispatch,
};

static int __init net_service_init(void)
{
	return vos_service_register(&net_service);
}
module_init(net_service_init);

static void __exit net_service_exit(void)
{
	vos_service_unregister(&net_service);
	rcu_barrier();		/* objects still to be freed */
}
module_exit(net_service_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("VirtuOS network service: sockets on behalf of primaries");
