// SPDX-License-Identifier: GPL-2.0
/*
 * The transport under the FUSE client: sends requests as calls and ends them.
 *
 * There are two ways. If a task waits for a request, that task carries it out:
 * vosfs_send_sync() returns with it ended. A background request (readahead, write-back,
 * asynchronous direct I/O) waits on fiq->pending until there is a link and room. done_work ends
 * it.
 *
 * When the storage domain dies, its calls come back with -EOWNERDEAD. They are sent again to
 * the successor, marked as replayed. Their order does not matter: no two requests of the client
 * are under way of which one must come first. A directory's lock serializes its changes, and a
 * page serializes its writes.
 *
 * Invariant: every request ends exactly once.
 */
#include <linux/completion.h>
#include <linux/ktime.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include "vos_trace.h"
#include "opcode.h"
#include "vosfs.h"

/*
 * Test whether a killed task may leave a request before its answer. It may not if the request
 * changes something: what comes after it, under the same locks, must not overtake it. As with a
 * local disk, the task waits. If the domain dies or hangs, the wait ends.
 */
static bool may_be_left(const struct fuse_req *req)
{
	return !(vosfs_opcode(req->in.h.opcode)->flags & VOSFS_CHANGES);
}

static void sync_done(struct vos_call *call)
{
	complete(call->priv);
}

/* Submit a call and wait for the answer. No signal ends the wait. */
static int call_unkillable(struct vos_call *call)
{
	DECLARE_COMPLETION_ONSTACK(done);
	u64 since = ktime_get_ns();

	call->done = sync_done;
	call->priv = &done;
	call->charges = true;
	vos_call_submit(call);
	trace_wait_begin(VOS_DOOR_STORAGE, call);
	wait_for_completion(&done);
	trace_wait_end(VOS_DOOR_STORAGE, call);
	vos_account_note_sleep(ktime_get_ns() - since);
	if (!call->status)
		vos_charge_caller(call);
	return call->status;
}

/*
 * Get the flag for requests that need no credentials. The service uses them where only a file
 * system can decide (its cred.c): for reserved blocks and for trusted attributes.
 */
static u32 cred_flag(const struct fuse_req *req)
{
	u8 flags = vosfs_opcode(req->in.h.opcode)->flags;

	return flags & (VOSFS_CHANGES | VOSFS_AS_CALLER) ? 0 : VOS_GET_NOCRED;
}

static struct vos_call *get_call(struct vosfs_conn *conn, const struct fuse_req *req)
{
	u32 flags = VOS_GET_KILLABLE | cred_flag(req);
	struct vos_call *call;

	/* If more credentials are in use than the service keeps, some call will end. */
	while ((call = vos_call_get(conn->session, vosfs_in_len(req), vosfs_out_len(req),
				    flags)) == ERR_PTR(-EAGAIN) &&
	       !fatal_signal_pending(current))
		schedule_timeout_killable(1);
	return call;
}

/* Get the error of a request that did not get a call. */
static int no_call(int err)
{
	if (err == -ENOTCONN)
		vosfs_count(VOSFS_EXPIRED, 1);
	/* These mean that the task was killed: see get_call(). */
	return err == -ERESTARTSYS || err == -EINTR || err == -EAGAIN ? -EINTR : -EIO;
}

/*
 * Make one attempt.
 * Return: as the request must end. -EOWNERDEAD: try again.
 */
static int try_sync(struct vosfs_conn *conn, struct fuse_req *req, bool keep,
		    struct vosfs_change **change)
{
	struct vos_call *call;
	int err;

	call = get_call(conn, req);
	if (IS_ERR(call))
		return no_call(PTR_ERR(call));
	vosfs_put_request(call, req);
	call->sqe.arg[0] = keep ? VOS_FUSE_KEEP : 0;
	if (*change)
		vosfs_change_mark(conn, call);
	if (req->in.h.unique & FUSE_UNIQUE_RESEND)
		call->sqe.arg[1] = vosfs_victim_moves(req);
	err = may_be_left(req) ? vos_call(call) : call_unkillable(call);
	if (err == -EINTR)
		return err;	/* the core puts the call */
	if (!err) {
		err = vosfs_copy_reply(call, req);
		if (!may_be_left(req))
			err = vosfs_change_answered(conn, change, call, req, err);
	}
	vos_call_put(call);
	return err;
}

static void mark_replay(struct fuse_req *req)
{
	req->in.h.unique |= FUSE_UNIQUE_RESEND;
	vosfs_count(VOSFS_REPLAYED, 1);
}

/*
 * Try until a domain has answered.
 * Return: as the request must end.
 */
static int try_until_answered(struct fuse_iqueue *fiq, struct fuse_req *req)
{
	struct vosfs_change *change = vosfs_change_begin(fiq->priv, req);
	bool keep = vosfs_victim_may_be_open(req);
	int err = -EOWNERDEAD;

	while (READ_ONCE(fiq->connected)) {
		err = try_sync(fiq->priv, req, keep, &change);
		if (err != -EOWNERDEAD)
			break;
		mark_replay(req);
		/* Let the session's thread take the dead link out of use. */
		schedule_timeout_killable(1);
	}
	vosfs_change_cancel(fiq->priv, change);
	return err == -EOWNERDEAD ? -ENOTCONN : err;
}

static void vosfs_send_sync(struct fuse_iqueue *fiq, struct fuse_req *req)
{
	/* The task may reclaim memory that this file system writes back. */
	unsigned int nofs = memalloc_nofs_save();
	struct vosfs_conn *conn = fiq->priv;
	u64 since = ktime_get_ns();
	int err = -ENODATA;
	u32 changes;

	clear_bit(FR_PENDING, &req->flags);
	if (vosfs_caps_before(conn->caps, req, &changes)) {
		vosfs_count(VOSFS_KNOWN, 1);
	} else {
		err = try_until_answered(fiq, req);
		vosfs_caps_after(conn->caps, req, changes, err);
		vosfs_count_wait(req->in.h.opcode, ktime_get_ns() - since);
	}
	memalloc_nofs_restore(nofs);
	req->out.h.error = err;
	fuse_request_end(req);
}

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

/* Send pending requests, as far as there is room. The caller may hold fc->bg_lock. */
static void send_pending(struct vosfs_conn *conn, struct fuse_iqueue *fiq)
{
	struct vos_call *call;
	struct fuse_req *req;

	while ((call = dequeue_pending(conn, fiq, &req))) {
		if (!IS_ERR(call)) {
			vosfs_put_request(call, req);
			call->done = background_done;
			call->priv = req;
			call->charges = true;
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

static void vosfs_send_background(struct fuse_iqueue *fiq, struct fuse_req *req)
{
	spin_lock(&fiq->lock);
	list_add_tail(&req->list, &fiq->pending);
	spin_unlock(&fiq->lock);
	vosfs_count(VOSFS_BACKGROUND, 1);
	send_pending(fiq->priv, fiq);
}

/*
 * End a FORGET of a name that was listed and could not be cached. The service counts no
 * lookups, and the name is still there: the caller holds its directory. The inode may be open
 * by another name.
 */
static void end_forget(struct fuse_req *req)
{
	clear_bit(FR_PENDING, &req->flags);
	vosfs_count(VOSFS_KNOWN, 1);
	fuse_request_end(req);
}

/*
 * The client names an owner only for what is made, for a mount may map it. In a request that is
 * sent in the background the service needs the caller for other things (its cred.c).
 */
static void name_caller(struct fuse_req *req)
{
	if (req->in.h.uid != FUSE_INVALID_UIDGID || current->flags & PF_KTHREAD)
		return;
	req->in.h.uid = from_kuid(&init_user_ns, current_fsuid());
	req->in.h.gid = from_kgid(&init_user_ns, current_fsgid());
}

static void vosfs_send_req(struct fuse_iqueue *fiq, struct fuse_req *req)
{
	req->in.h.unique = fuse_get_unique(fiq);
	name_caller(req);
	if (req->in.h.opcode == FUSE_FORGET)
		end_forget(req);
	else if (test_bit(FR_BACKGROUND, &req->flags))
		vosfs_send_background(fiq, req);
	else
		vosfs_send_sync(fiq, req);
}

/* Queue a request whose domain has died as the first for its successor. */
static void replay(struct fuse_iqueue *fiq, struct fuse_req *req)
{
	bool connected;

	mark_replay(req);
	spin_lock(&fiq->lock);
	connected = fiq->connected;
	if (connected) {
		set_bit(FR_PENDING, &req->flags);
		list_add(&req->list, &fiq->pending);
	}
	spin_unlock(&fiq->lock);
	if (connected)
		return;
	req->out.h.error = -ECONNABORTED;
	fuse_request_end(req);
}

static void end_background(struct vos_call *call)
{
	struct fuse_req *req = call->priv;

	if (call->status) {
		vos_call_put(call);
		replay(&req->fm->fc->iq, req);
		return;
	}
	vos_charge_late(call, req->in.h.pid, req->fm->fc->pid_ns);
	req->out.h.error = vosfs_copy_reply(call, req);
	vos_call_put(call);
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
		end_background(call);
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

/* Ignore a signal. fc->no_interrupt is set, so it must not cut a request short. */
static void vosfs_send_interrupt(struct fuse_iqueue *fiq, struct fuse_req *req)
{
}

static void vosfs_release(struct fuse_iqueue *fiq)
{
	vosfs_conn_put(fiq->priv);
}

const struct fuse_iqueue_ops vosfs_fiq_ops = {
	.send_forget	= vosfs_send_forget,
	.send_interrupt	= vosfs_send_interrupt,
	.send_req	= vosfs_send_req,
	.release	= vosfs_release,
};
