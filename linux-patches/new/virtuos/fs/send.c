// SPDX-License-Identifier: GPL-2.0
/*
 * The transport under the FUSE client: sends requests as calls and ends them.
 *
 * There are two ways. If a task waits for a request, that task carries it out:
 * vosfs_send_sync() returns with it ended. A background request (readahead, write-back,
 * direct I/O that is asynchronous, large or extends the file) goes the way of background.c.
 *
 * When the storage domain dies, its calls come back with -EOWNERDEAD. They are sent again to
 * the successor, marked as replayed. Their order does not matter: no two requests of the client
 * are under way of which one must come first. A directory's lock serializes its changes, and a
 * page serializes its writes. An inode serializes its times (FUSE_I_ATTR_SENT).
 *
 * Invariant: every request ends exactly once.
 */
#include <linux/ktime.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/task_io_accounting_ops.h>
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
 * Say at what time the change is made: the coarse one, as of a file that is written here. So times
 * of files and directories come in the order of what was done.
 */
static void tell_time(struct vos_call *call)
{
	struct timespec64 now;

	ktime_get_coarse_real_ts64(&now);
	call->sqe.arg[0] |= VOS_FUSE_TIME;
	call->sqe.arg[3] = timespec64_to_ns(&now);
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
	if (!may_be_left(req))
		tell_time(call);
	if (*change)
		vosfs_change_mark(conn, call);
	if (req->in.h.unique & FUSE_UNIQUE_RESEND)
		call->sqe.arg[1] = vosfs_victim_moves(req);
	err = may_be_left(req) ? vos_call(call) : vos_call_unkillable(call);
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

/**
 * vosfs_mark_replay - say in a request that a domain may have carried it out before
 * @req: request that is about to be sent again
 *
 * Context: any.
 */
void vosfs_mark_replay(struct fuse_req *req)
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
	struct vosfs_change *change = vosfs_change_begin(fiq->priv, req, GFP_NOFS);
	bool keep = vosfs_victim_may_be_open(req);
	int err = -EOWNERDEAD;

	while (READ_ONCE(fiq->connected)) {
		err = try_sync(fiq->priv, req, keep, &change);
		if (err != -EOWNERDEAD)
			break;
		vosfs_mark_replay(req);
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

/*
 * Charge the caller with what the disk reads and writes for it (/proc/PID/io, getrusage()), as a
 * local file system does. Data of the page cache was charged when it was written there.
 */
static void charge_disk(const struct fuse_req *req)
{
	const void *in = req->args->in_args[0].value;
	const struct fuse_write_in *write = in;
	const struct fuse_read_in *read = in;

	if (current->flags & PF_KTHREAD)
		return;
	if (req->in.h.opcode == FUSE_READ)
		task_io_account_read(read->size);
	else if (req->in.h.opcode == FUSE_WRITE && !(write->write_flags & FUSE_WRITE_CACHE))
		task_io_account_write(write->size);
}

/* A thread may have made no other call so far. */
static void send_background(struct fuse_iqueue *fiq, struct fuse_req *req)
{
	if (!(current->flags & PF_KTHREAD))
		vos_account_prepare();
	vosfs_send_background(fiq, req);
}

static void vosfs_send_req(struct fuse_iqueue *fiq, struct fuse_req *req)
{
	req->in.h.unique = fuse_get_unique(fiq);
	name_caller(req);
	charge_disk(req);
	if (req->in.h.opcode == FUSE_FORGET)
		end_forget(req);
	else if (test_bit(FR_BACKGROUND, &req->flags))
		send_background(fiq, req);
	else
		vosfs_send_sync(fiq, req);
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
