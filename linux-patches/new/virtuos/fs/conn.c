// SPDX-License-Identifier: GPL-2.0
/*
 * Connections: one per service name in use, shared by the mounts of that service
 * (which share one super block, too). What the session says of its links is
 * turned into work here.
 */
#include <linux/slab.h>
#include "vosfs.h"
#include "vdoor_provider.h"

static DEFINE_MUTEX(vosfs_mutex);
static LIST_HEAD(conns);

/* Before anybody else may call: what was written and lost. */
static void vosfs_up(struct vos_session *s)
{
	vdoor_replay(s);
}

static void vosfs_down(struct vos_session *s)
{
	struct vosfs_conn *conn = vos_session_priv(s);

	mod_delayed_work(conn->wq, &conn->expire_work, vosfs_restart_timeout * HZ);
}

static void vosfs_room(struct vos_session *s)
{
	struct vosfs_conn *conn = vos_session_priv(s);

	queue_work(conn->wq, &conn->send_work);
}

static const struct vos_session_ops session_ops = {
	.up	= vosfs_up,
	.down	= vosfs_down,
	.room	= vosfs_room,
};

static void conn_free(struct vosfs_conn *conn)
{
	if (conn->wq)
		destroy_workqueue(conn->wq);
	vosfs_caps_free(conn->caps);
	kfree(conn);
}

static struct vosfs_conn *conn_alloc(const char *name, size_t len)
{
	struct vosfs_conn *conn = kzalloc(sizeof(*conn), GFP_KERNEL);

	if (!conn)
		return NULL;
	conn->users = 1;
	memcpy(conn->name, name, len);
	mutex_init(&conn->mutex);
	spin_lock_init(&conn->lock);
	INIT_LIST_HEAD(&conn->done);
	INIT_LIST_HEAD(&conn->failed);
	INIT_WORK(&conn->done_work, vosfs_done_work);
	INIT_WORK(&conn->send_work, vosfs_send_work);
	INIT_WORK(&conn->forget_work, vosfs_forget_work);
	INIT_DELAYED_WORK(&conn->expire_work, vosfs_expire_work);
	conn->caps = vosfs_caps_new();
	conn->wq = alloc_workqueue("virtuosfs-%s", WQ_MEM_RECLAIM | WQ_HIGHPRI, 0, conn->name);
	if (conn->wq && conn->caps)
		return conn;
	conn_free(conn);
	return NULL;
}

/* Under vosfs_mutex. */
static struct vosfs_conn *conn_new(const char *name, size_t len)
{
	struct vosfs_conn *conn = conn_alloc(name, len);
	struct vos_session *s;

	if (!conn)
		return ERR_PTR(-ENOMEM);
	s = vos_session_get(conn->name, &session_ops, conn, 0, vosfs_arena_pages);
	if (IS_ERR(s)) {
		conn_free(conn);
		return ERR_CAST(s);
	}
	conn->session = s;
	/* Files of one service at most are offered to doors. */
	vosfs_provider_init(s);
	list_add_tail(&conn->node, &conns);
	return conn;
}

/* Under vosfs_mutex. */
static struct vosfs_conn *conn_find(const char *name, size_t len)
{
	struct vosfs_conn *conn;

	list_for_each_entry(conn, &conns, node)
		if (strlen(conn->name) == len && !memcmp(conn->name, name, len))
			return conn;
	return NULL;
}

/**
 * vosfs_conn_get - the connection with a service
 * @name: as in xenstore, not terminated
 * @len: its length
 *
 * Return: the connection with a reference, or ERR_PTR: -EINVAL, -EBUSY (the
 * service is in use by another part of the front end), -ENOMEM.
 */
struct vosfs_conn *vosfs_conn_get(const char *name, size_t len)
{
	struct vosfs_conn *conn;

	if (!len || len >= VOSFS_NAME_MAX)
		return ERR_PTR(-EINVAL);
	mutex_lock(&vosfs_mutex);
	conn = conn_find(name, len);
	if (conn)
		conn->users++;
	else
		conn = conn_new(name, len);
	mutex_unlock(&vosfs_mutex);
	return conn;
}

/* No request of the caller is under way. */
void vosfs_conn_put(struct vosfs_conn *conn)
{
	mutex_lock(&vosfs_mutex);
	if (!--conn->users) {
		list_del(&conn->node);
		vosfs_provider_exit(conn->session);
		vos_session_put(conn->session);
		cancel_delayed_work_sync(&conn->expire_work);
		conn_free(conn);
	}
	mutex_unlock(&vosfs_mutex);
}

/**
 * vosfs_conn_wait - wait until the service answers
 * @conn: the connection
 *
 * Return: 0; -ENOTCONN after the core's restart_timeout; -ERESTARTSYS if killed.
 */
int vosfs_conn_wait(struct vosfs_conn *conn)
{
	struct vos_call *call;
	int rc;

	do {
		call = vos_call_get(conn->session, 0, 0, VOS_GET_KILLABLE | VOS_GET_NOCRED);
		if (IS_ERR(call))
			return PTR_ERR(call);
		call->sqe.opcode = VOS_OP_NOP;
		rc = vos_call(call);
		if (rc == -EINTR)
			return -ERESTARTSYS;
		vos_call_put(call);
	} while (rc == -EOWNERDEAD);
	return rc;
}

/* A super block begins to use the connection. */
void vosfs_conn_attach(struct vosfs_conn *conn, struct fuse_iqueue *fiq)
{
	mutex_lock(&conn->mutex);
	conn->fiq = fiq;
	mutex_unlock(&conn->mutex);
}

/* It has ended: all its requests are through, nothing touches its queue any more. */
void vosfs_conn_detach(struct vosfs_conn *conn)
{
	mutex_lock(&conn->mutex);
	conn->fiq = NULL;
	mutex_unlock(&conn->mutex);
	flush_work(&conn->done_work);
	flush_work(&conn->forget_work);
}
