// SPDX-License-Identifier: GPL-2.0
/*
 * Files that processes read and write through their user channels, past the FUSE
 * server: READ, WRITE and COMMIT.
 *
 * A write is answered when it is in the page cache here. Until it is on the disk
 * the process keeps it in memory of the primary; how far it may forget is told by
 * vos_uchan_slot.durable. Sequence numbers order all writes of this incarnation, and
 * those of one file are given in the order in which they are carried out.
 *
 * Invariant: a handle holds its node, and the node its file, until no call uses it.
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/slab.h>
#include <linux/uio.h>
#include "vst.h"

static atomic64_t last_seq = ATOMIC64_INIT(0);

/*
 * struct vst_handle - a file in one user channel
 * @list: on conn->handles, under conn->lock
 * @seq: last write through this handle
 */
struct vst_handle {
	struct list_head list;
	struct vst_node *node;
	struct file *file;
	struct vos_uchan_slot __peer *slot;
	u64 seq;
};

void *vst_handle_add(struct veng_conn *vc, u64 id, u32 flags, struct vos_uchan_slot __peer *slot)
{
	struct vst_conn *conn = veng_conn_priv(vc);
	struct vst_handle *h = kzalloc(sizeof(*h), GFP_KERNEL);

	if (!h)
		return ERR_PTR(-ENOMEM);
	h->node = vst_node_get(conn, id);
	if (IS_ERR(h->node)) {
		void *err = ERR_CAST(h->node);

		kfree(h);
		return err;
	}
	h->file = vst_node_file(h->node, flags & VOS_HANDLE_WRITE ? FMODE_WRITE : FMODE_READ);
	if (IS_ERR(h->file)) {
		void *err = ERR_CAST(h->file);

		vst_node_put(h->node);
		kfree(h);
		return err;
	}
	h->slot = slot;
	vos_store(&slot->durable, 0);
	spin_lock(&conn->lock);
	list_add_tail(&h->list, &conn->handles);
	h->node->handles++;
	spin_unlock(&conn->lock);
	return h;
}

bool vst_handle_drop(struct veng_conn *vc, void *target)
{
	struct vst_conn *conn = veng_conn_priv(vc);
	struct vst_handle *h = target;
	bool dirty;

	spin_lock(&conn->lock);
	list_del(&h->list);
	h->node->handles--;
	dirty = h->seq > h->node->durable;
	spin_unlock(&conn->lock);
	vst_node_put(h->node);
	kfree(h);
	return dirty;
}

/**
 * vst_node_durable - what was written to @node up to @seq is on the disk
 * @conn: whose node it is
 * @node: held
 * @seq: as node->seq was before it was synced
 */
void vst_node_durable(struct vst_conn *conn, struct vst_node *node, u64 seq)
{
	struct vst_handle *h;

	spin_lock(&conn->lock);
	if (seq > node->durable)
		node->durable = seq;
	list_for_each_entry(h, &conn->handles, list)
		if (h->node == node)
			vos_store(&h->slot->durable, seq);
	spin_unlock(&conn->lock);
}

/* Sync the data of @node. Return: 0 or -errno. */
int vst_node_sync(struct vst_conn *conn, struct vst_node *node, struct file *file, bool datasync)
{
	u64 seq = READ_ONCE(node->seq);
	int err = vfs_fsync(file, datasync);

	if (!err)
		vst_node_durable(conn, node, seq);
	return err;
}

static s64 do_read(struct veng_scall *call)
{
	struct vst_handle *h = call->target;
	struct kvec vec = {
		.iov_base = vos_peer_ptr(call->out[0]),
		.iov_len = call->sqe.ext[0].len,
	};
	loff_t pos = call->sqe.arg[0];
	struct iov_iter iter;

	iov_iter_kvec(&iter, ITER_DEST, &vec, 1, vec.iov_len);
	return vfs_iter_read(h->file, &iter, &pos, 0);
}

/*
 * What is cached. Not even reading ahead is begun, since a disk's queue may be full; the
 * time of the access must need no journal.
 */
static ssize_t read_cached(struct veng_scall *call)
{
	struct vst_handle *h = call->target;
	struct kvec vec = {
		.iov_base = vos_peer_ptr(call->out[0]),
		.iov_len = call->sqe.ext[0].len,
	};
	struct iov_iter iter;
	struct kiocb iocb;

	if (!(file_inode(h->file)->i_sb->s_flags & (SB_LAZYTIME | SB_NOATIME)))
		return -EAGAIN;
	iov_iter_kvec(&iter, ITER_DEST, &vec, 1, vec.iov_len);
	init_sync_kiocb(&iocb, h->file);
	iocb.ki_flags |= IOCB_NOWAIT | IOCB_NOIO;
	iocb.ki_pos = call->sqe.arg[0];
	return h->file->f_op->read_iter(&iocb, &iter);
}

/* Is there no more than these @n bytes? */
static bool is_all(const struct veng_scall *call, ssize_t n)
{
	const struct vst_handle *h = call->target;

	return n == call->sqe.ext[0].len ||
	       call->sqe.arg[0] + n >= i_size_read(file_inode(h->file));
}

/* Sequence numbers are in the order of the writes. */
static void count_write(struct veng_scall *call)
{
	struct vst_handle *h = call->target;

	lockdep_assert_held(&h->node->write_mutex);
	h->seq = atomic64_inc_return(&last_seq);
	WRITE_ONCE(h->node->seq, h->seq);
	call->cqe.out[0] = h->seq;
}

static s64 do_write(struct veng_scall *call)
{
	struct vst_handle *h = call->target;
	struct kvec vec = {
		.iov_base = (void *)vos_peer_ptr(call->in[0]),
		.iov_len = call->sqe.ext[0].len,
	};
	loff_t pos = call->sqe.arg[0];
	struct iov_iter iter;
	s64 n;

	iov_iter_kvec(&iter, ITER_SOURCE, &vec, 1, vec.iov_len);
	mutex_lock(&h->node->write_mutex);
	n = vst_may_write(file_inode(h->file), pos);
	if (!n) {
		count_write(call);
		n = vfs_iter_write(h->file, &iter, &pos, 0);
	}
	mutex_unlock(&h->node->write_mutex);
	return n;
}

/* One more node that @call's channel has written to and that is not durable. */
static struct vst_handle *next_dirty(struct vst_conn *conn, const struct veng_scall *call,
				     u64 before)
{
	struct vst_handle *h;

	list_for_each_entry(h, &conn->handles, list)
		if (PAGE_ALIGN_DOWN((__peer_force unsigned long)h->slot) ==
		    PAGE_ALIGN_DOWN((__peer_force unsigned long)call->slot) &&
		    h->seq && h->seq <= before && h->seq > h->node->durable)
			return h;
	return NULL;
}

/* All of the channel's files; a channel is known by the page of its slots. */
static s64 do_commit(struct veng_scall *call)
{
	struct vst_conn *conn = veng_conn_priv(call->conn);
	u64 before = atomic64_read(&last_seq);
	struct vst_handle *h;
	struct vst_node *node;
	int err = 0;

	while (!err) {
		spin_lock(&conn->lock);
		h = next_dirty(conn, call, before);
		node = h ? h->node : NULL;
		if (node)
			refcount_inc(&node->ref);
		spin_unlock(&conn->lock);
		if (!node)
			break;
		err = vst_node_sync(conn, node, node->file, true);
		vst_node_put(node);
	}
	return err;
}

/* Return: the result, or -EAGAIN: a worker's. */
static s64 try_write(struct veng_scall *call)
{
	const struct vst_handle *h = call->target;
	u32 len = call->sqe.ext[0].len;
	s64 n = -EAGAIN;

	if (!mutex_trylock(&h->node->write_mutex))
		return n;
	count_write(call);
	if (vst_rewrite(h->file, call->sqe.arg[0], vos_peer_ptr(call->in[0]), len))
		n = len;
	mutex_unlock(&h->node->write_mutex);
	return n;
}

static void carry_out(struct work_struct *work, s64 (*fn)(struct veng_scall *call))
{
	struct veng_scall *call = container_of(work, struct veng_scall, work);
	const struct cred *saved = override_creds(call->cred);
	s64 result = fn(call);

	revert_creds(saved);
	veng_scall_complete(call, result);
}

static void read_work(struct work_struct *work)
{
	carry_out(work, do_read);
}

static void write_work(struct work_struct *work)
{
	carry_out(work, do_write);
}

static void commit_work(struct work_struct *work)
{
	carry_out(work, do_commit);
}

static bool range_ok(const struct veng_scall *call)
{
	return call->sqe.arg[0] <= LLONG_MAX - call->sqe.ext[0].len;
}

/* What is cached is answered here and now; the disk is the workers'. */
s64 vst_call_read(struct veng_scall *call)
{
	ssize_t n;

	if (!range_ok(call))
		return -EINVAL;
	n = read_cached(call);
	if (n < 0 ? n != -EAGAIN && n != -EOPNOTSUPP : is_all(call, n))
		return n;
	vst_queue(call, read_work);
	return VENG_PENDING;
}

s64 vst_call_write(struct veng_scall *call)
{
	s64 n;

	if (!range_ok(call))
		return -EINVAL;
	n = try_write(call);
	if (n != -EAGAIN)
		return n;
	vst_queue(call, write_work);
	return VENG_PENDING;
}

s64 vst_call_commit(struct veng_scall *call)
{
	vst_queue(call, commit_work);
	return VENG_PENDING;
}
