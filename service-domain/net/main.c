// SPDX-License-Identifier: GPL-2.0
/*
 * virtuos-net-service: serves the calls of class NET. See vns.h.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/module.h>
#include "netns.h"

static void *net_connection(struct veng_conn *conn)
{
	u32 nr = veng_conn_nr_objects(conn);
	struct vns_conn *nc = kvzalloc(struct_size(nc, table, nr), GFP_KERNEL);
	int rc;

	if (!nc)
		return ERR_PTR(-ENOMEM);
	nc->conn = conn;
	nc->nr = nr;
	spin_lock_init(&nc->lock);
	vns_pressure_begin(nc);
	rc = vns_spaces_begin(nc);
	if (rc)
		goto err;
	rc = vns_ioctl_begin(nc);
	if (!rc)
		return nc;
	vns_spaces_end(nc);
err:
	kvfree(nc);
	return ERR_PTR(rc);
}

static void net_disconnection(struct veng_conn *conn, void *priv)
{
	struct vns_conn *nc = priv;

	vns_obj_release_all(nc);
	vns_pressure_end(nc);
	/* The callbacks are gone. Let those that run finish, then run what they queued. */
	synchronize_rcu();
	veng_dispatcher_sync(conn);
	vns_ioctl_end(nc);
	vns_table_end(nc);
	vns_spaces_end(nc);
	kvfree(nc);
}

static s64 (* const serve[])(struct vns_obj *o, struct veng_scall *call) = {
#define VOS_X(NAME, name, nr, ...)	\
	[nr] = vns_##name,
	VOS_NET_OPCODES(VOS_X)
#undef VOS_X
};

/* An errno that the kernel keeps to itself must not reach a program of the primary. */
static s64 presentable(s64 rc)
{
	return rc <= -512 && rc >= -MAX_ERRNO ? -EIO : rc;
}

static bool names_socket(u8 opcode)
{
	switch (opcode) {
#define VOS_X(NAME, ...)	\
	case VOS_OP_##NAME:
	VOS_NET_OTHER_OPCODES(VOS_X)
#undef VOS_X
		return false;
	}
	return true;
}

static s64 serve_socket(struct veng_scall *call)
{
	struct vns_conn *nc = veng_conn_priv(call->conn);
	struct vns_obj *o = vns_obj_find(nc, call->sqe.obj, call->sqe.gen);
	s64 rc;

	if (!o)
		return -EBADF;
	if (vns_is_tun(o) && !vns_tun_serves(call->sqe.opcode))
		rc = -EOPNOTSUPP;
	else
		rc = serve[call->sqe.opcode](o, call);
	if (rc == VENG_PENDING)
		return rc;		/* the pending call has our reference */
	call->cqe.poll = vns_obj_refresh(o);
	vns_obj_put(o);
	return presentable(rc);
}

static s64 net_dispatch(struct veng_scall *call)
{
	s64 rc = names_socket(call->sqe.opcode) ? serve_socket(call) :
		 serve[call->sqe.opcode](NULL, call);

	/* Publish what the call did to other sockets (loopback) before its answer. */
	if (rc != VENG_PENDING)
		veng_dispatcher_sync(call->conn);
	return rc;
}

static const struct veng_service net_service = {
	.role = "network",
	.class = VOS_CLASS_NET,
	.connect = net_connection,
	.disconnect = net_disconnection,
	.dispatch = net_dispatch,
	.user_ns = vns_user_ns,
};

static int __init net_service_init(void)
{
	int rc = vns_spaces_init();

	if (rc)
		return rc;
	rc = vns_tun_init();
	if (rc)
		goto err_spaces;
	rc = veng_service_register(&net_service);
	if (!rc)
		return 0;
	vns_tun_exit();
err_spaces:
	vns_spaces_exit();
	return rc;
}
module_init(net_service_init);

static void __exit net_service_exit(void)
{
	veng_service_unregister(&net_service);
	vns_tun_exit();
	vns_spaces_exit();
	rcu_barrier();		/* objects still to be freed */
}
module_exit(net_service_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("VirtuOS network service: sockets on behalf of primaries");
