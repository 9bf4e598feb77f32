// SPDX-License-Identifier: GPL-2.0
/*
 * File data: one copy between the page cache and the shared arena.
 */
#include <linux/file.h>
#include <linux/uio.h>
#include "vst.h"
#include <linux/falloc.h>

/* The node of a regular file with its open file, which lives as long. */
static struct vst_node *get_data(struct vst_req *r, fmode_t mode, struct file **file)
{
	struct vst_node *node = vst_node_get(r->conn, r->in.nodeid);

	if (IS_ERR(node))
		return node;
	*file = vst_node_file(node, mode);
	if (!IS_ERR(*file))
		return node;
	vst_node_put(node);
	return ERR_CAST(*file);
}

int vst_read(struct vst_req *r)
{
	const struct fuse_read_in *in = vst_arg(r, sizeof(*in));
	struct vst_node *node;
	struct iov_iter iter;
	struct file *file;
	struct kvec vec;
	ssize_t n;
	loff_t pos;

	if (!in || in->offset > LLONG_MAX)
		return -EINVAL;
	node = get_data(r, FMODE_READ, &file);
	if (IS_ERR(node))
		return PTR_ERR(node);
	vec.iov_base = vos_peer_ptr(r->out);
	vec.iov_len = min(in->size, r->room);
	iov_iter_kvec(&iter, ITER_DEST, &vec, 1, vec.iov_len);
	pos = in->offset;
	n = vfs_iter_read(file, &iter, &pos, 0);
	vst_node_put(node);
	if (n < 0)
		return n;
	r->out_len = n;
	return 0;
}

/**
 * vst_may_write - may bytes of a file be written from a position on?
 * @inode: the file's. Files that were open already when it was made so can be
 *	written on Linux; here nobody knows which those are
 * @pos: position
 *
 * Return: 0 or -EPERM.
 */
int vst_may_write(const struct inode *inode, loff_t pos)
{
	if (IS_IMMUTABLE(inode) || (IS_APPEND(inode) && pos < i_size_read(inode)))
		return -EPERM;
	return 0;
}

/*
 * Of a file that can only be appended to, what is there stays: a page that is written back,
 * or a write that is replayed, begins before its end. Return: bytes to leave out.
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
	struct kvec vec = {
		.iov_base = (void *)vos_peer_ptr(r->call->in[0]) + sizeof(r->in) + sizeof(*in) +
			    skip,
		.iov_len = in->size - skip,
	};
	struct iov_iter iter;
	loff_t pos = in->offset + skip;
	ssize_t n;

	if (!vec.iov_len)
		return skip;
	n = vst_may_write(file_inode(file), pos);
	if (n)
		return n;
	iov_iter_kvec(&iter, ITER_SOURCE, &vec, 1, vec.iov_len);
	n = vfs_iter_write(file, &iter, &pos, READ_ONCE(vst_durable) ? RWF_DSYNC : 0);
	return n < 0 ? n : skip + n;
}

static ssize_t write_data(struct vst_req *r, struct file *file, const struct fuse_write_in *in)
{
	struct inode *inode = file_inode(file);
	const struct cred *cred = cred_to_write(inode, in->write_flags), *saved;
	ssize_t n;

	if (IS_ERR(cred))
		return PTR_ERR(cred);
	saved = override_creds(cred);
	n = write_rest(r, file, in, bytes_that_stay(r, inode, in));
	revert_creds(saved);
	put_cred(cred);
	return n;
}

/*
 * Where programs write past us (handle.c), what they wrote before must be durable
 * before this is: otherwise a replay after a crash could put it back over this.
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
	node = get_data(r, FMODE_WRITE, &file);
	if (IS_ERR(node))
		return PTR_ERR(node);
	n = write_in_order(r, node, file, in);
	vst_node_put(node);
	if (n < 0)
		return n;
	out.size = n;
	return vst_reply(r, &out, sizeof(out));
}

int vst_fsync(struct vst_req *r)
{
	const struct fuse_fsync_in *in = vst_arg(r, sizeof(*in));
	struct vst_node *node;
	struct file *file;
	int err;

	if (!in)
		return -EINVAL;
	node = get_data(r, FMODE_READ, &file);
	if (IS_ERR(node))
		return PTR_ERR(node);
	err = vst_node_sync(r->conn, node, file, in->fsync_flags & FUSE_FSYNC_FDATASYNC);
	vst_node_put(node);
	return err;
}

/* The request has no flag for it: whoever may not keep set-user-ID bits loses them. */
static int allocate(struct vst_req *r, struct file *file, const struct fuse_fallocate_in *in)
{
	bool kill = !cap_raised(r->call->cred->cap_effective, CAP_FSETID);
	const struct cred *cred = vst_cred_to_change(kill), *saved;
	int err;

	if (IS_ERR(cred))
		return PTR_ERR(cred);
	saved = override_creds(cred);
	err = vfs_fallocate(file, in->mode, in->offset, in->length);
	revert_creds(saved);
	put_cred(cred);
	return err;
}

int vst_fallocate(struct vst_req *r)
{
	const struct fuse_fallocate_in *in = vst_arg(r, sizeof(*in));
	struct vst_node *node;
	struct file *file;
	int err;

	if (!in || in->offset > LLONG_MAX || in->length > LLONG_MAX)
		return -EINVAL;
	/* Others move data, and must not be repeated by a replay. */
	if (in->mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE))
		return -EOPNOTSUPP;
	node = get_data(r, FMODE_WRITE, &file);
	if (IS_ERR(node))
		return PTR_ERR(node);
	err = allocate(r, file, in);
	err = err ?: vst_commit(file_inode(file));
	vst_node_put(node);
	return err;
}

int vst_lseek(struct vst_req *r)
{
	const struct fuse_lseek_in *in = vst_arg(r, sizeof(*in));
	struct fuse_lseek_out out = {};
	struct vst_node *node;
	struct file *file;
	loff_t pos;

	if (!in || (in->whence != SEEK_DATA && in->whence != SEEK_HOLE))
		return -EINVAL;
	node = get_data(r, FMODE_READ, &file);
	if (IS_ERR(node))
		return PTR_ERR(node);
	pos = vfs_llseek(file, in->offset, in->whence);
	vst_node_put(node);
	if (pos < 0)
		return pos;
	out.offset = pos;
	return vst_reply(r, &out, sizeof(out));
}

int vst_syncfs(struct vst_req *r)
{
	struct super_block *sb = vst_root.mnt->mnt_sb;
	int err;

	down_read(&sb->s_umount);
	err = sync_filesystem(sb);
	up_read(&sb->s_umount);
	return err;
}
