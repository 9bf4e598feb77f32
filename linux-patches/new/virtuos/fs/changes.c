// SPDX-License-Identifier: GPL-2.0
/*
 * The log of changes: see changes.h. A change is in it from its answer until the service tells
 * that the disk has it. If there is no room, the next change asks to be on the disk before it is
 * answered. All changes before it are on the disk then, too, and their room is free again.
 *
 * The order of the answers will do for carrying them out again. What depends on a change begins
 * after its answer, for the client holds its locks until then.
 *
 * Invariant: an answer counts only if no later link has begun to carry out the log. Otherwise the
 * request is sent again, as if its domain had died before the answer.
 */
#include <linux/moduleparam.h>
#include <linux/slab.h>
#include "changes.h"
#include "opcode.h"

#define MAX_CHANGES	4096u
#define MAX_BYTES	(4u << 20)
#define MAX_LEN		4096u	/* of one request */

static bool log_changes = true;
module_param(log_changes, bool, 0644);
MODULE_PARM_DESC(log_changes,
		 "keep changes of names and attributes, so that they are answered before the disk has them");

static u32 size_of(const struct vosfs_change *c)
{
	return struct_size(c, message, c->len);
}

static bool has_tid(u64 out)
{
	return out & VOS_FUSE_LOGGED;
}

/* Test whether transaction @a is not before @b. */
static bool reaches(u32 a, u32 b)
{
	return (s32)(a - b) >= 0;
}

static bool reserve(struct vosfs_changes *log, u32 bytes)
{
	bool fits;

	spin_lock(&log->lock);
	fits = log->count < MAX_CHANGES && log->bytes + bytes <= MAX_BYTES;
	if (fits) {
		log->count++;
		log->bytes += bytes;
	}
	spin_unlock(&log->lock);
	return fits;
}

static void free_change(struct vosfs_changes *log, struct vosfs_change *c)
{
	lockdep_assert_held(&log->lock);
	log->count--;
	log->bytes -= size_of(c);
	kfree(c);
}

/*
 * Test for a change that can be carried out a second time. A new size cannot: it would take what
 * was written since.
 */
static bool can_log(const struct fuse_req *req)
{
	const struct super_block *sb = req->fm->sb;
	const struct fuse_setattr_in *in = req->args->in_args[0].value;

	if (!READ_ONCE(log_changes) || !(vosfs_opcode(req->in.h.opcode)->flags & VOSFS_LOGS))
		return false;
	if (!sb || sb->s_flags & (SB_SYNCHRONOUS | SB_DIRSYNC) || req->args->in_pages)
		return false;
	return req->in.h.opcode != FUSE_SETATTR || !(in->valid & FATTR_SIZE);
}

static void copy_request(struct vosfs_change *c, const struct fuse_req *req)
{
	u8 *to = c->message;
	unsigned int i;

	memcpy(to, &req->in.h, sizeof(req->in.h));
	to += sizeof(req->in.h);
	for (i = 0; i < req->args->in_numargs; i++) {
		memcpy(to, req->args->in_args[i].value, req->args->in_args[i].size);
		to += req->args->in_args[i].size;
	}
}

/**
 * vosfs_change_begin - make room in the log for a change
 * @conn: the connection
 * @req: of any kind, not sent yet
 * @gfp: for the memory
 *
 * Context: process; any lock may be held if @gfp allows it.
 * Return: the change, for vosfs_change_answered() or vosfs_change_cancel(). NULL: it is not for
 * the log.
 */
struct vosfs_change *vosfs_change_begin(struct vosfs_conn *conn, const struct fuse_req *req,
					gfp_t gfp)
{
	u32 len = vosfs_in_len(req);
	struct vosfs_change *c;

	if (!can_log(req) || len > MAX_LEN)
		return NULL;
	c = kzalloc(struct_size(c, message, len), gfp | __GFP_NOWARN | __GFP_NORETRY);
	if (!c)
		return NULL;
	c->len = len;
	if (!reserve(&conn->changes, size_of(c))) {
		kfree(c);
		return NULL;
	}
	copy_request(c, req);
	return c;
}

/**
 * vosfs_changes_are_late - test whether a change is answered before the disk has it
 * @conn: the connection
 *
 * Then it has no other client, and its files need not be written back when they are closed.
 *
 * Context: any.
 * Return: a number if the last change that was for the log was answered so. It is another one
 * if one in between was not. Otherwise 0.
 */
u32 vosfs_changes_are_late(const struct vosfs_conn *conn)
{
	return READ_ONCE(log_changes) ? READ_ONCE(conn->changes.late) : 0;
}

/* Note whether a change was answered before the disk had it. */
static void note_late(struct vosfs_changes *log, bool late)
{
	lockdep_assert_held(&log->lock);
	if (late && !log->late)
		WRITE_ONCE(log->late, ++log->turn ?: ++log->turn);
	else if (!late)
		WRITE_ONCE(log->late, 0);
}

/**
 * vosfs_change_cancel - free a change that is not for the log after all
 * @conn: the connection
 * @c: the change; may be NULL
 *
 * Context: process.
 */
void vosfs_change_cancel(struct vosfs_conn *conn, struct vosfs_change *c)
{
	if (!c)
		return;
	spin_lock(&conn->changes.lock);
	free_change(&conn->changes, c);
	spin_unlock(&conn->changes.lock);
}

/**
 * vosfs_change_mark - say in a call that its change is for the log
 * @conn: the connection
 * @call: of the change, not submitted yet
 *
 * Context: process.
 */
void vosfs_change_mark(struct vosfs_conn *conn, struct vos_call *call)
{
	call->sqe.arg[0] |= VOS_FUSE_LOG | (u64)call->epoch << 32;
	call->sqe.arg[2] = conn->changes.number;
}

/* Drop what the disk has, from the first change on. */
static void drop_committed(struct vosfs_changes *log, u32 tid)
{
	struct vosfs_change *c, *next;

	lockdep_assert_held(&log->lock);
	list_for_each_entry_safe(c, next, &log->list, list) {
		if (c->pending || c->epoch != log->epoch || !reaches(tid, c->tid))
			break;
		log->disk_has_some = true;
		list_del(&c->list);
		free_change(log, c);
	}
}

/* What a SETATTR, carried out again with an owner, must not take. */
static u32 kept_by(const struct fuse_setattr_in *in)
{
	const u32 all = VOS_FATTR_KEEP_PRIV | VOS_FATTR_KEEP_SUIDGID;

	return in->valid & (FATTR_UID | FATTR_GID) ? in->valid & all : all;
}

/* What sets the owner and the mode as they are. A symbolic link's mode cannot be set. */
static u32 sets_all(const struct fuse_attr *attr)
{
	return FATTR_UID | FATTR_GID | (S_ISLNK(attr->mode) ? 0 : FATTR_MODE);
}

/* Keep what only the answer says: the attributes, and with them the owner of what was made. */
static void keep_answer(struct vosfs_change *c, const struct fuse_req *req)
{
	const struct fuse_args *args = req->args;
	struct fuse_in_header *h = vosfs_change_header(c);
	struct fuse_setattr_in *in = vosfs_change_body(c);

	ktime_get_coarse_real_ts64(&c->when);
	h->uid = 0;
	h->gid = 0;
	if (!args->out_numargs)
		return;
	c->has_attr = true;
	if (h->opcode == FUSE_SETATTR) {
		c->attr = ((struct fuse_attr_out *)args->out_args[0].value)->attr;
		c->nodes[0] = h->nodeid;
		/* Times are set afterwards in any case. A new mode takes nothing else. */
		in->valid = in->valid & (FATTR_MODE | FATTR_UID | FATTR_GID) ?
			    sets_all(&c->attr) | kept_by(in) : 0;
		in->mode = c->attr.mode;
		in->uid = c->attr.uid;
		in->gid = c->attr.gid;
		return;
	}
	c->attr = ((struct fuse_entry_out *)args->out_args[0].value)->attr;
	c->nodes[0] = ((struct fuse_entry_out *)args->out_args[0].value)->nodeid;
	h->uid = c->attr.uid;
	h->gid = c->attr.gid;
}

/* A change carried out again replaces what is there. */
static void make_repeatable(struct vosfs_change *c)
{
	struct fuse_setxattr_in *in = vosfs_change_body(c);

	if (vosfs_change_header(c)->opcode == FUSE_SETXATTR)
		in->flags = 0;
}

static void add(struct vosfs_changes *log, struct vosfs_change *c, const struct vos_call *call)
{
	lockdep_assert_held(&log->lock);
	c->epoch = call->epoch;
	c->tid = call->cqe.out[0];
	list_add_tail(&c->list, &log->list);
}

/**
 * vosfs_change_answered - note the answer to a change
 * @conn: the connection
 * @cp: the change, which the log takes if it has to be kept; or NULL
 * @call: with its answer, not put yet
 * @req: with its reply, as far as @err is 0
 * @err: as the request ends
 *
 * Context: process.
 * Return: @err. -EOWNERDEAD: a successor has begun already, so the request has to be sent again.
 */
int vosfs_change_answered(struct vosfs_conn *conn, struct vosfs_change **cp,
			  const struct vos_call *call, const struct fuse_req *req, int err)
{
	struct vosfs_changes *log = &conn->changes;
	struct vosfs_change *c = *cp;
	bool keep = c && !err && has_tid(call->cqe.out[0]);

	if (keep) {
		c->nodes[0] = call->cqe.out[2];
		c->nodes[1] = call->cqe.out[3];
		keep_answer(c, req);
		make_repeatable(c);
	}
	spin_lock(&log->lock);
	if (c && !err)
		note_late(log, keep);
	if (call->epoch != log->epoch) {
		err = -EOWNERDEAD;
	} else {
		if (keep) {
			add(log, c, call);
			*cp = NULL;
		}
		if (has_tid(call->cqe.out[1]))
			drop_committed(log, call->cqe.out[1]);
	}
	spin_unlock(&log->lock);
	if (keep && !err)
		vosfs_count(VOSFS_LOGGED, 1);
	return err;
}

/**
 * vosfs_change_done - drop a change of the log
 * @conn: the connection
 * @c: the change; only the caller uses the log
 *
 * Context: process.
 */
void vosfs_change_done(struct vosfs_conn *conn, struct vosfs_change *c)
{
	spin_lock(&conn->changes.lock);
	list_del(&c->list);
	free_change(&conn->changes, c);
	spin_unlock(&conn->changes.lock);
}

/**
 * vosfs_changes_drop_done - drop what the domain of a new link has already
 * @conn: the connection
 * @has_mark: the domain has a mark of this log
 * @mark_epoch: of the link over which the last of the changes that it has was answered
 * @mark_tid: its transaction
 *
 * What stays has to be carried out again.
 *
 * Context: process.
 */
void vosfs_changes_drop_done(struct vosfs_conn *conn, bool has_mark, u32 mark_epoch, u32 mark_tid)
{
	struct vosfs_changes *log = &conn->changes;
	struct vosfs_change *c, *next;

	spin_lock(&log->lock);
	list_for_each_entry_safe(c, next, &log->list, list) {
		if (!c->pending && has_mark && c->epoch == mark_epoch &&
		    reaches(mark_tid, c->tid)) {
			list_del(&c->list);
			free_change(log, c);
			continue;
		}
		c->pending = true;
	}
	spin_unlock(&log->lock);
}

/**
 * vosfs_changes_drop - drop the log, for a client that has ended
 * @conn: the connection
 *
 * Context: process.
 */
void vosfs_changes_drop(struct vosfs_conn *conn)
{
	struct vosfs_changes *log = &conn->changes;
	struct vosfs_change *c, *next;

	spin_lock(&log->lock);
	list_for_each_entry_safe(c, next, &log->list, list) {
		list_del(&c->list);
		free_change(log, c);
	}
	spin_unlock(&log->lock);
}

/**
 * vosfs_changes_init - prepare an empty log
 * @log: zeroed
 *
 * Context: process.
 */
void vosfs_changes_init(struct vosfs_changes *log)
{
	spin_lock_init(&log->lock);
	INIT_LIST_HEAD(&log->list);
	log->number = get_random_u64();
}
