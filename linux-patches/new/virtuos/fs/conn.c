// SPDX-License-Identifier: GPL-2.0
/*
 * Connections: one per service name in use, shared by the mounts of that service. These share
 * one super block, too. This file turns what the session says of its links into work.
 */
#include <linux/slab.h>
#include <linux/wait_bit.h>
#include "vosfs.h"
#include "vdoor_provider.h"

static DEFINE_MUTEX(vosfs_mutex);
static LIST_HEAD(conns);

/* Carry out what was lost, before other callers may use the link: names before data. */
static void vosfs_up(struct vos_session *s)
{
	struct vosfs_conn *conn = vos_session_priv(s);

	mutex_lock(&conn->again);
	vosfs_changes_again(conn, s);
	vdoor_replay(s);
	mutex_unlock(&conn->again);
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
	queue_work(conn->wq, &conn->forget_work);
}

/* End pending requests with -EIO: no domain came for too long. */
static void expire_work(struct work_struct *work)
{
	struct vosfs_conn *conn = container_of(to_delayed_work(work), struct vosfs_conn,
					       expire_work);
	struct fuse_req *req, *next;
	LIST_HEAD(expired);

	mutex_lock(&conn->mutex);
	if (conn->fiq && !vos_session_is_up(conn->session)) {
		spin_lock(&conn->fiq->lock);
		list_for_each_entry(req, &conn->fiq->pending, list)
			clear_bit(FR_PENDING, &req->flags);
		list_splice_init(&conn->fiq->pending, &expired);
		spin_unlock(&conn->fiq->lock);
	}
	mutex_unlock(&conn->mutex);

	list_for_each_entry_safe(req, next, &expired, list) {
		list_del_init(&req->list);
		vosfs_count(VOSFS_EXPIRED, 1);
		req->out.h.error = -EIO;
		fuse_request_end(req);
	}
}

static const struct vos_session_ops session_ops = {
	.up	= vosfs_up,
	.down	= vosfs_down,
	.room	= vosfs_room,
	.service = VOS_DOOR_STORAGE,
};

static void conn_free(struct vosfs_conn *conn)
{
	if (conn->wq)
		destroy_workqueue(conn->wq);
	vosfs_caps_free(conn->caps);
	vosfs_drop_forgets(conn);
	vosfs_changes_drop(conn);
	kfree(conn);
}

static struct vosfs_conn *conn_alloc(const char *name, size_t len)
{
	struct vosfs_conn *conn = kzalloc(sizeof(*conn), GFP_KERNEL);

	if (!conn)
		return NULL;
	conn->users = 1;
	memcpy(conn->name, name, len);
	mutex_init(&conn->again);
	mutex_init(&conn->mutex);
	mutex_init(&conn->space.mutex);
	conn->space.until = jiffies;
	spin_lock_init(&conn->lock);
	vosfs_changes_init(&conn->changes);
	INIT_LIST_HEAD(&conn->done);
	INIT_LIST_HEAD(&conn->failed);
	INIT_WORK(&conn->done_work, vosfs_done_work);
	INIT_WORK(&conn->send_work, vosfs_send_work);
	init_waitqueue_head(&conn->forget_wait);
	INIT_WORK(&conn->forget_work, vosfs_forget_work);
	INIT_DELAYED_WORK(&conn->expire_work, expire_work);
	conn->caps = vosfs_caps_new();
	conn->wq = alloc_workqueue("virtuosfs-%s", WQ_MEM_RECLAIM | WQ_HIGHPRI, 0, conn->name);
	if (conn->wq && conn->caps)
		return conn;
	conn_free(conn);
	return NULL;
}

/* Make the connection with a service. vosfs_mutex is held. */
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
	/* Doors get the files of one service at most. */
	vosfs_provider_init(s);
	list_add_tail(&conn->node, &conns);
	return conn;
}

/* Find the connection with a service, or NULL. vosfs_mutex is held. */
static struct vosfs_conn *conn_find(const char *name, size_t len)
{
	struct vosfs_conn *conn;

	list_for_each_entry(conn, &conns, node)
		if (strlen(conn->name) == len && !memcmp(conn->name, name, len))
			return conn;
	return NULL;
}

/**
 * vosfs_conn_get - get the connection with a service
 * @name: as in xenstore, not terminated
 * @len: its length
 *
 * Context: process.
 * Return: the connection with a reference, or ERR_PTR. -EINVAL, -ENOMEM. -EBUSY: another part
 * of the front end uses the service.
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

/**
 * vosfs_conn_put - put a connection
 * @conn: the connection; no request of the caller is under way
 *
 * Context: process.
 */
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
 * Context: process.
 * Return: 0. -ENOTCONN: no answer within the core's restart_timeout. -ERESTARTSYS: killed.
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

/**
 * vosfs_conn_attach - begin to use the connection for a super block
 * @conn: the connection
 * @fiq: the FUSE queue of the super block
 *
 * Context: process.
 */
void vosfs_conn_attach(struct vosfs_conn *conn, struct fuse_iqueue *fiq)
{
	mutex_lock(&conn->mutex);
	conn->fiq = fiq;
	mutex_unlock(&conn->mutex);
}

/**
 * vosfs_conn_settle - wait until no door holds an inode
 * @conn: the connection; no file of it is open, and none is opened
 *
 * A door ends a handle some time after its last descriptor was closed, and syncs what was
 * written through it. If that awaits a domain that does not come, it is given up and lost.
 *
 * Context: process.
 */
void vosfs_conn_settle(struct vosfs_conn *conn)
{
	while (!wait_var_event_timeout(&conn->held, !atomic_read(&conn->held),
				       vosfs_restart_timeout * HZ)) {
		mutex_lock(&conn->again);
		vdoor_replay_is_lost(conn->session);
		mutex_unlock(&conn->again);
	}
}

/**
 * vosfs_conn_detach - end the use of the connection for a super block
 * @conn: the connection; all requests of the super block have ended
 *
 * Afterwards no work uses the super block's queue.
 *
 * Context: process.
 */
void vosfs_conn_detach(struct vosfs_conn *conn)
{
	mutex_lock(&conn->mutex);
	conn->fiq = NULL;
	mutex_unlock(&conn->mutex);
	cancel_delayed_work_sync(&conn->expire_work);
	flush_work(&conn->done_work);
	flush_work(&conn->forget_work);
	vosfs_drop_forgets(conn);
	mutex_lock(&conn->again);
	vosfs_changes_drop(conn);
	mutex_unlock(&conn->again);
}
