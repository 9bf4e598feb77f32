// SPDX-License-Identifier: GPL-2.0
/*
 * Requests in the background. They read ahead, or write pages and attributes back. They are sent
 * as far as there is room, and answered ones end in process context.
 *
 * A call that its domain has not answered goes to the successor, before the pending ones.
 */
#include <linux/sched/mm.h>
#include "opcode.h"
#include "vosfs.h"

/* Queue an answered call for done_work. Interrupts are off. */
static void background_done(struct vos_call *call)
{
	struct fuse_req *req = call->priv;
	struct vosfs_conn *conn = req->fm->fc->iq.priv;

	spin_lock(&conn->lock);
	/* The core does not use a call's list entry until it is put. */
	list_add_tail(&call->node, &conn->done);
	spin_unlock(&conn->lock);
	queue_work(conn->wq, &conn->done_work);
}

/* Have a request fail where fuse_request_end() must not be called: under fc->bg_lock. */
static void fail_later(struct vosfs_conn *conn, struct fuse_req *req, int err)
{
	unsigned long flags;

	req->out.h.error = err;
	spin_lock_irqsave(&conn->lock, flags);
	list_add_tail(&req->list, &conn->failed);
	spin_unlock_irqrestore(&conn->lock, flags);
	queue_work(conn->wq, &conn->done_work);
}

/*
 * Take the first pending request if it can be sent.
 * Return: its call, NULL, or an error.
 */
static struct vos_call *dequeue_pending(struct vosfs_conn *conn, struct fuse_iqueue *fiq,
					struct fuse_req **reqp)
{
	struct vos_call *call = NULL;
	struct fuse_req *req;

	spin_lock(&fiq->lock);
	req = list_first_entry_or_null(&fiq->pending, struct fuse_req, list);
	if (req) {
		call = vos_call_get(conn->session, vosfs_in_len(req), vosfs_out_len(req),
				    VOS_GET_NOWAIT | VOS_GET_NOCRED);
		if (call != ERR_PTR(-ENOBUFS) && call != ERR_PTR(-ENOTCONN)) {
			list_del_init(&req->list);
			clear_bit(FR_PENDING, &req->flags);
		}
	}
	spin_unlock(&fiq->lock);
	*reqp = req;
	return call;
}

/* Put a request into a call. Its sender does not wait, and has a clean inode after the answer. */
static void put_background(struct vosfs_conn *conn, struct vos_call *call, struct fuse_req *req)
{
	struct vosfs_change *change = vosfs_change_begin(conn, req, GFP_NOWAIT);

	vosfs_put_request(call, req);
	call->sqe.arg[0] = req->in.h.opcode == FUSE_SETATTR ? VOS_FUSE_LASTS : 0;
	if (change)
		vosfs_change_mark(conn, call);
	call->done = background_done;
	call->priv = req;
	call->aux = change;
	call->charges = true;
}

/* Send pending requests, as far as there is room. The caller may hold fc->bg_lock. */
static void send_pending(struct vosfs_conn *conn, struct fuse_iqueue *fiq)
{
	struct vos_call *call;
	struct fuse_req *req;

	while ((call = dequeue_pending(conn, fiq, &req))) {
		if (!IS_ERR(call)) {
			put_background(conn, call, req);
			vos_call_submit(call);
			continue;
		}
		if (call == ERR_PTR(-ENOBUFS))
			break;		/* ops->room() comes later */
		if (call == ERR_PTR(-ENOTCONN)) {
			/*
			 * ops->room() comes after ops->up(). If no link comes for too long,
			 * expire_work runs.
			 */
			queue_delayed_work(conn->wq, &conn->expire_work,
					   vosfs_restart_timeout * HZ);
			break;
		}
		fail_later(conn, req, -EIO);
	}
	if (call)
		vosfs_count(VOSFS_DEFERRED, 1);
}

/**
 * vosfs_send_background - send a request without waiting for its answer
 * @fiq: the connection's
 * @req: request
 *
 * Context: process; fc->bg_lock may be held.
 */
void vosfs_send_background(struct fuse_iqueue *fiq, struct fuse_req *req)
{
	spin_lock(&fiq->lock);
	list_add_tail(&req->list, &fiq->pending);
	spin_unlock(&fiq->lock);
	vosfs_count(VOSFS_BACKGROUND, 1);
	send_pending(fiq->priv, fiq);
}

/*
 * Queue a request whose domain has died as the first for its successor. That may be there
 * already, and have told of its room.
 */
static void replay(struct fuse_iqueue *fiq, struct fuse_req *req)
{
	bool connected;

	vosfs_mark_replay(req);
	spin_lock(&fiq->lock);
	connected = fiq->connected;
	if (connected) {
		set_bit(FR_PENDING, &req->flags);
		list_add(&req->list, &fiq->pending);
	}
	spin_unlock(&fiq->lock);
	if (connected) {
		struct vosfs_conn *conn = fiq->priv;

		queue_work(conn->wq, &conn->send_work);
		return;
	}
	req->out.h.error = -ECONNABORTED;
	fuse_request_end(req);
}

static void end_background(struct vosfs_conn *conn, struct vos_call *call)
{
	struct vosfs_change *change = call->aux;
	struct fuse_req *req = call->priv;
	bool again = call->status;
	int err;

	if (!again) {
		vos_charge_late(call, req->in.h.pid, req->fm->fc->pid_ns);
		err = vosfs_copy_reply(call, req);
		req->out.h.error = err;
		again = vosfs_opcode(req->in.h.opcode)->flags & VOSFS_LOGS &&
			vosfs_change_answered(conn, &change, call, req, err) != err;
	}
	vosfs_change_cancel(conn, change);
	vos_call_put(call);
	if (again)
		replay(&req->fm->fc->iq, req);
	else
		fuse_request_end(req);
}

/**
 * vosfs_done_work - end background requests that were answered or have failed
 * @work: the connection's
 *
 * Context: process.
 */
void vosfs_done_work(struct work_struct *work)
{
	struct vosfs_conn *conn = container_of(work, struct vosfs_conn, done_work);
	unsigned int nofs = memalloc_nofs_save();
	struct fuse_req *req, *next_req;
	struct vos_call *call, *next;
	LIST_HEAD(failed);
	LIST_HEAD(done);

	spin_lock_irq(&conn->lock);
	list_splice_init(&conn->done, &done);
	list_splice_init(&conn->failed, &failed);
	spin_unlock_irq(&conn->lock);

	list_for_each_entry_safe(call, next, &done, node)
		end_background(conn, call);
	list_for_each_entry_safe(req, next_req, &failed, list) {
		list_del_init(&req->list);
		fuse_request_end(req);
	}
	memalloc_nofs_restore(nofs);
}

/**
 * vosfs_send_work - send pending requests when there is room again, or a link
 * @work: the connection's
 *
 * Context: process.
 */
void vosfs_send_work(struct work_struct *work)
{
	struct vosfs_conn *conn = container_of(work, struct vosfs_conn, send_work);

	mutex_lock(&conn->mutex);
	if (conn->fiq)
		send_pending(conn, conn->fiq);
	mutex_unlock(&conn->mutex);
}
