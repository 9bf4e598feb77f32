// SPDX-License-Identifier: GPL-2.0
/*
 * What a dead storage domain has answered and its disk does not have, its successor carries out
 * again. It does one change after the other, in the order of the answers. Data is written again
 * afterwards, and callers are let in last.
 *
 * The mark on the disk says which changes it has (the service's change.c). A change that the mark
 * does not cover may be there all the same, but then nothing that depends on it is. So the
 * service can tell by the nodes that the first answer named.
 */
#include "changes.h"
#include "opcode.h"

#define REPLY_ROOM	256u

/* A request of recovery, and what its answer tells. */
struct again {
	struct vos_session *session;
	const struct fuse_in_header *header;
	const void *body;
	u64 flags;
	u64 nodes[2];
	u64 out[4];
	u32 epoch;
};

static int error_of(struct vos_call *call)
{
	struct fuse_out_header oh;

	if (call->cqe.result < 0)
		return max_t(s64, call->cqe.result, -MAX_ERRNO);
	if (call->cqe.result < sizeof(oh))
		return -EIO;
	vos_peer_read(&oh, call->data[1], sizeof(oh));
	barrier();
	return oh.error <= 0 && oh.error >= -MAX_ERRNO ? oh.error : -EIO;
}

static void put(struct vos_call *call, const struct again *a, u64 number)
{
	u8 __peer *to = call->data[0];

	vos_peer_write(to, a->header, sizeof(*a->header));
	vos_peer_write(to + sizeof(*a->header), a->body, a->header->len - sizeof(*a->header));
	call->sqe.opcode = VOS_OP_FUSE;
	call->sqe.flags |= VOS_SQE_REPLAY;
	call->sqe.arg[0] = a->flags | (u64)call->epoch << 32;
	call->sqe.arg[1] = a->nodes[0];
	call->sqe.arg[2] = number;
	call->sqe.arg[3] = a->nodes[1];
	vosfs_count_request(a->header->opcode);
}

/* Send a request. Return: 0 or an error of the file system. -ENOTCONN: the domain has died. */
static int send(struct vosfs_conn *conn, struct again *a)
{
	struct vos_call *call;
	int err;

	call = vos_call_get(a->session, a->header->len, REPLY_ROOM,
			    VOS_GET_RECOVERY | VOS_GET_NOCRED);
	if (IS_ERR(call))
		return -ENOTCONN;
	put(call, a, conn->changes.number);
	a->epoch = call->epoch;
	err = vos_call(call);
	if (err == -EINTR)
		return -ENOTCONN;
	if (err)
		err = -ENOTCONN;
	else
		err = error_of(call);
	memcpy(a->out, call->cqe.out, sizeof(a->out));
	vos_call_put(call);
	return err;
}

/* Set times of a node. They may reach the disk late, as any do. */
static int set_times(struct vosfs_conn *conn, struct vos_session *s, u64 node,
		     const struct fuse_setattr_in *in)
{
	struct fuse_in_header h = {
		.len = sizeof(h) + sizeof(*in),
		.opcode = FUSE_SETATTR,
		.unique = FUSE_UNIQUE_RESEND | 2,
		.nodeid = node,
	};
	struct again a = { .session = s, .header = &h, .body = in };

	return send(conn, &a) == -ENOTCONN ? -ENOTCONN : 0;
}

static int set_node_times(struct vosfs_conn *conn, struct vos_session *s,
			  const struct vosfs_change *c)
{
	struct fuse_setattr_in in = {
		.valid = FATTR_ATIME | FATTR_MTIME | FATTR_CTIME,
		.atime = c->attr.atime, .atimensec = c->attr.atimensec,
		.mtime = c->attr.mtime, .mtimensec = c->attr.mtimensec,
		.ctime = c->attr.ctime, .ctimensec = c->attr.ctimensec,
	};

	return c->has_attr ? set_times(conn, s, c->nodes[0], &in) : 0;
}

/* Set the times of a directory that the change was made in. */
static int set_dir_times(struct vosfs_conn *conn, struct vos_session *s,
			 const struct vosfs_change *c, u64 dir)
{
	struct fuse_setattr_in in = {
		.valid = FATTR_MTIME | FATTR_CTIME,
		.mtime = c->when.tv_sec, .mtimensec = c->when.tv_nsec,
		.ctime = c->when.tv_sec, .ctimensec = c->when.tv_nsec,
	};

	return set_times(conn, s, dir, &in);
}

static int set_all_times(struct vosfs_conn *conn, struct vos_session *s, struct vosfs_change *c)
{
	const struct fuse_in_header *h = vosfs_change_header(c);
	const struct vosfs_opcode *op = vosfs_opcode(h->opcode);
	int err = set_node_times(conn, s, c);

	if (h->opcode == FUSE_SETATTR || op->flags & VOSFS_SETS_XATTR)
		return err;
	err = err ?: set_dir_times(conn, s, c, h->nodeid);
	/* Its body begins with the new directory. */
	if (!err && op->flags & VOSFS_REPLACES)
		err = set_dir_times(conn, s, c, *(u64 *)vosfs_change_body(c));
	return err;
}

/* Say what a change needs besides its request. */
static u64 flags_of(struct vosfs_conn *conn, struct vosfs_change *c)
{
	const struct vosfs_opcode *op = vosfs_opcode(vosfs_change_header(c)->opcode);
	bool renames = op->flags & VOSFS_REPLACES;
	u64 victim = c->nodes[renames];
	u64 flags = VOS_FUSE_LOG | VOS_FUSE_AGAIN;

	/* If the client has dropped the file since, it will not tell the service once more. */
	return victim && vosfs_client_has(conn, victim) ? flags | VOS_FUSE_KEEP : flags;
}

static bool is_empty(struct vosfs_change *c)
{
	const struct fuse_setattr_in *in = vosfs_change_body(c);

	return vosfs_change_header(c)->opcode == FUSE_SETATTR && !in->valid;
}

static void report(const struct fuse_in_header *h, int err)
{
	vosfs_count(VOSFS_LOST, 1);
	pr_err("virtuosfs: %s in node %llx was answered, lost with its domain, and cannot be made again: error %d\n",
	       vosfs_opcode(h->opcode)->name, h->nodeid, err);
}

/*
 * Test for a change of a file that went without a trace after it. It had lost its name before, so
 * the service freed it when it carried that out.
 */
static bool has_gone(struct vosfs_conn *conn, const struct fuse_in_header *h, int err)
{
	if (h->opcode != FUSE_SETATTR && !(vosfs_opcode(h->opcode)->flags & VOSFS_SETS_XATTR))
		return false;
	return err == -ESTALE && !vosfs_client_has(conn, h->nodeid);
}

/* Carry out the first change of the log. Return: 0, or -ENOTCONN. */
static int carry_out(struct vosfs_conn *conn, struct vos_session *s, struct vosfs_change *c)
{
	struct fuse_in_header *h = vosfs_change_header(c);
	struct again a = {
		.session = s, .header = h, .body = vosfs_change_body(c),
		.flags = flags_of(conn, c), .nodes = { c->nodes[0], c->nodes[1] },
	};
	int err;

	h->unique |= FUSE_UNIQUE_RESEND;
	err = is_empty(c) ? 0 : send(conn, &a);
	if (err == -ENOTCONN)
		return err;
	vosfs_count(VOSFS_AGAIN, 1);
	if (err && !has_gone(conn, h, err))
		report(h, err);
	else if (!err && set_all_times(conn, s, c))
		return -ENOTCONN;
	c->epoch = a.epoch;
	c->tid = a.out[0];
	c->pending = false;
	/* The disk has what is not to be kept; and what has failed would fail again. */
	return err || !(a.out[0] & VOS_FUSE_LOGGED);
}

static int ask(struct vosfs_conn *conn, struct again *a)
{
	struct fuse_in_header h = {
		.len = sizeof(h),
		.opcode = FUSE_STATFS,
		.unique = FUSE_UNIQUE_RESEND | 2,
		.nodeid = FUSE_ROOT_ID,
	};

	a->header = &h;
	a->body = NULL;
	a->flags = VOS_FUSE_ASK;
	return send(conn, a);
}

/* Begin an epoch: answers over earlier links do not count any more. */
static void begin_epoch(struct vosfs_changes *log, u32 epoch)
{
	spin_lock(&log->lock);
	log->epoch = epoch;
	spin_unlock(&log->lock);
}

/* Test for a disk that had changes of this log and has no mark of them: it is another one. */
static bool is_other_disk(const struct vosfs_changes *log, bool has_mark)
{
	return !list_empty(&log->list) && log->disk_has_some && !has_mark;
}

/**
 * vosfs_changes_again - have a new domain carry out what its predecessor has lost
 * @conn: the connection
 * @s: its session, in recovery
 *
 * Context: the session's thread, with @conn->again held.
 */
void vosfs_changes_again(struct vosfs_conn *conn, struct vos_session *s)
{
	struct vosfs_changes *log = &conn->changes;
	struct vosfs_change *c, *next;
	struct again a = { .session = s };
	bool has_mark;
	int done;

	lockdep_assert_held(&conn->again);
	begin_epoch(log, vos_session_epoch(s));
	if (list_empty(&log->list) || ask(conn, &a) == -ENOTCONN)
		return;
	has_mark = a.out[2] & VOS_FUSE_LOGGED;
	if (is_other_disk(log, has_mark)) {
		pr_err("virtuosfs: this disk is not the one that was changed: %u changes are lost\n",
		       log->count);
		vosfs_changes_drop(conn);
		return;
	}
	vosfs_changes_drop_done(conn, has_mark, a.out[3], a.out[2]);
	list_for_each_entry_safe(c, next, &log->list, list) {
		done = carry_out(conn, s, c);
		if (done == -ENOTCONN)
			return;
		if (done)
			vosfs_change_done(conn, c);
	}
}
