// SPDX-License-Identifier: GPL-2.0
/*
 * Reading and writing files, by either door. A FUSE request comes by the trap door (vst_read(),
 * vst_write()). A call on a handle comes by the exceptionless door (vst_call_read(),
 * vst_call_write()). There is one copy, between the page cache and the shared arena.
 *
 * Invariant: writes of a file that has handles are in turn, and those through handles have
 * sequence numbers in that order (handle.c).
 */
#include <linux/file.h>
#include <linux/magic.h>
#include <linux/pagemap.h>
#include <linux/uio.h>
#include "handle.h"

/* One copy, from the page cache or the disk. */
static inline ssize_t read_at(struct file *file, void __peer *to, size_t len, loff_t pos)
{
	struct kvec vec = { .iov_base = vos_peer_ptr(to), .iov_len = len };
	struct iov_iter iter;

	iov_iter_kvec(&iter, ITER_DEST, &vec, 1, vec.iov_len);
	return vfs_iter_read(file, &iter, &pos, 0);
}

/* The times of a write to an inode whose writes change none: see vst_node_quiet_file(). */
static void set_times(struct file *file)
{
	struct inode *inode = file_inode(file);

	if (file->f_mode & FMODE_NOCMTIME)
		return;
	inode_lock(inode);
	inode_update_time(inode, S_MTIME | S_CTIME | S_VERSION);
	inode_unlock(inode);
}

static inline ssize_t write_at(struct file *file, const void __peer *from, size_t len,
			       loff_t pos, rwf_t flags)
{
	struct kvec vec = { .iov_base = (void *)vos_peer_ptr(from), .iov_len = len };
	struct iov_iter iter;

	iov_iter_kvec(&iter, ITER_SOURCE, &vec, 1, vec.iov_len);
	if (unlikely(IS_NOCMTIME(file_inode(file))))
		set_times(file);
	return vfs_iter_write(file, &iter, &pos, flags);
}

/*
 * Check that bytes of a file may be written from @pos on. Linux still writes a file that was
 * open before it became immutable or append-only. This domain does not know which files those
 * are, so it refuses. Return: 0 or -EPERM.
 */
static int may_write(const struct inode *inode, loff_t pos)
{
	if (IS_IMMUTABLE(inode) || (IS_APPEND(inode) && pos < i_size_read(inode)))
		return -EPERM;
	return 0;
}

/* --- FUSE requests ------------------------------------------------------------------------- */

/**
 * vst_read - carry out the FUSE request READ
 * @r: request
 *
 * Context: worker.
 * Return: 0 or -errno.
 */
int vst_read(struct vst_req *r)
{
	const struct fuse_read_in *in = vst_arg(r, sizeof(*in));
	struct vst_node *node;
	struct file *file;
	ssize_t n;

	if (!in || in->offset > LLONG_MAX)
		return -EINVAL;
	node = vst_data_get(r, FMODE_READ, &file);
	if (IS_ERR(node))
		return PTR_ERR(node);
	n = read_at(file, r->out, min(in->size, r->room), in->offset);
	vst_node_put(node);
	if (n < 0)
		return n;
	r->out_len = n;
	return 0;
}

/*
 * A file that can only be appended to keeps the bytes it has. A page that is written back, or a
 * write that is replayed, begins before its end. Return: bytes to leave out.
 */
static u32 bytes_that_stay(const struct vst_req *r, const struct inode *inode,
			   const struct fuse_write_in *in)
{
	loff_t size = i_size_read(inode);

	if (!IS_APPEND(inode) || (loff_t)in->offset >= size ||
	    !(r->replay || in->write_flags & FUSE_WRITE_CACHE))
		return 0;
	return min_t(loff_t, size - in->offset, in->size);
}

static const struct cred *cred_to_write(const struct inode *inode, u32 flags)
{
	if (flags & FUSE_WRITE_CACHE)
		return vst_cred_of_owner(inode);
	return vst_cred_to_change(flags & FUSE_WRITE_KILL_SUIDGID);
}

/* All but the first @skip bytes. Return: bytes of all that are written, or there. */
static ssize_t write_rest(struct vst_req *r, struct file *file, const struct fuse_write_in *in,
			  u32 skip)
{
	const u8 __peer *from = r->call->in[0] + sizeof(r->in) + sizeof(*in);
	loff_t pos = in->offset + skip;
	ssize_t n;

	if (in->size == skip)
		return skip;
	n = may_write(file_inode(file), pos);
	if (n)
		return n;
	n = write_at(file, from + skip, in->size - skip, pos,
		     READ_ONCE(vst_durable) ? RWF_DSYNC : 0);
	return n < 0 ? n : skip + n;
}

static ssize_t write_data(struct vst_req *r, struct file *file, const struct fuse_write_in *in)
{
	struct inode *inode = file_inode(file);
	const struct cred *cred = cred_to_write(inode, in->write_flags), *saved;
	ssize_t n;

	if (IS_ERR(cred))
		return PTR_ERR(cred);
	if (in->write_flags & FUSE_WRITE_CACHE)
		vst_present_keep_privs(r);
	saved = override_creds(cred);
	n = write_rest(r, file, in, bytes_that_stay(r, inode, in));
	revert_creds(saved);
	put_cred(cred);
	return n;
}

/*
 * If programs write the file through handles (vst_call_write()), their earlier writes must be
 * durable before this write is. Otherwise a replay after a crash could put an earlier write over
 * this one.
 */
static ssize_t write_in_order(struct vst_req *r, struct vst_node *node, struct file *file,
			      const struct fuse_write_in *in)
{
	ssize_t n;
	int err;

	if (!READ_ONCE(node->handles))
		return write_data(r, file, in);
	mutex_lock(&node->write_mutex);
	n = write_data(r, file, in);
	err = n < 0 ? 0 : vst_node_sync(r->conn, node, file, true);
	mutex_unlock(&node->write_mutex);
	return err ?: n;
}

/**
 * vst_write - carry out the FUSE request WRITE
 * @r: request
 *
 * Context: worker.
 * Return: 0 or -errno.
 */
int vst_write(struct vst_req *r)
{
	const struct fuse_write_in *in = vst_arg(r, sizeof(*in));
	struct fuse_write_out out = {};
	struct vst_node *node;
	struct file *file;
	ssize_t n;

	if (!in || in->offset > LLONG_MAX)
		return -EINVAL;
	if (in->size > r->in.len - sizeof(r->in) - sizeof(*in))
		return -EINVAL;
	node = vst_node_get(r->conn, r->in.nodeid);
	if (IS_ERR(node))
		return PTR_ERR(node);
	file = in->write_flags & FUSE_WRITE_CACHE ? vst_node_quiet_file(node) :
		vst_node_file(node, FMODE_WRITE);
	n = IS_ERR(file) ? PTR_ERR(file) : write_in_order(r, node, file, in);
	vst_node_put(node);
	if (n < 0)
		return n;
	out.size = n;
	return vst_reply(r, &out, sizeof(out));
}

/* --- calls on handles ---------------------------------------------------------------------- */

/* The client does not see such a read. @n: as the read ended. Return: the same. */
static ssize_t accessed(const struct vst_handle *h, ssize_t n)
{
	if (n >= 0 && !h->noatime)
		touch_atime(&h->file->f_path);
	return n;
}

static s64 do_read(struct veng_scall *call)
{
	const struct vst_handle *h = call->target;

	return accessed(h, read_at(h->file, call->out[0], call->sqe.ext[0].len, call->sqe.arg[0]));
}

/* Test whether a reader's access time needs no journal: there is none, or it is written lazily. */
static bool is_time_easy(const struct path *path)
{
	unsigned long flags = path->dentry->d_sb->s_flags;

	/* btrfs writes no time lazily, whatever it is told. */
	if (flags & SB_LAZYTIME && path->dentry->d_sb->s_magic != BTRFS_SUPER_MAGIC)
		return true;
	return flags & (SB_NOATIME | SB_RDONLY) || path->mnt->mnt_flags & MNT_NOATIME;
}

/*
 * Read what is cached. This does not even begin to read ahead, since a disk's queue may be
 * full. The access time must need no journal.
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

	if (!is_time_easy(&h->file->f_path))
		return -EAGAIN;
	iov_iter_kvec(&iter, ITER_DEST, &vec, 1, vec.iov_len);
	init_sync_kiocb(&iocb, h->file);
	iocb.ki_flags |= IOCB_NOWAIT | IOCB_NOIO;
	iocb.ki_pos = call->sqe.arg[0];
	return accessed(h, h->file->f_op->read_iter(&iocb, &iter));
}

/* Return: true if the file has no more than these @n bytes for the call. */
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
	h->seq = atomic64_inc_return(&vst_last_seq);
	WRITE_ONCE(h->node->seq, h->seq);
	call->cqe.out[0] = h->seq;
}

static s64 do_write(struct veng_scall *call)
{
	struct vst_handle *h = call->target;
	loff_t pos = call->sqe.arg[0];
	s64 n;

	mutex_lock(&h->node->write_mutex);
	n = may_write(file_inode(h->file), pos);
	if (!n) {
		count_write(call);
		n = write_at(h->file, call->in[0], call->sqe.ext[0].len, pos, 0);
	}
	mutex_unlock(&h->node->write_mutex);
	return n;
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

static void read_work(struct work_struct *work)
{
	vst_carry_out(work, do_read);
}

static void write_work(struct work_struct *work)
{
	vst_carry_out(work, do_write);
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
