// SPDX-License-Identifier: GPL-2.0
/*
 * A file's data, but for reading and writing it (io.c): on the disk, allocated, found.
 */
#include <linux/file.h>
#include "vst.h"
#include <linux/falloc.h>

/**
 * vst_fsync - carry out the FUSE request FSYNC
 * @r: request
 *
 * Context: worker.
 * Return: 0 or -errno.
 */
int vst_fsync(struct vst_req *r)
{
	const struct fuse_fsync_in *in = vst_arg(r, sizeof(*in));
	struct vst_node *node;
	struct file *file;
	int err;

	if (!in)
		return -EINVAL;
	node = vst_data_get(r, FMODE_READ, &file);
	if (IS_ERR(node))
		return PTR_ERR(node);
	err = vst_node_sync(r->conn, node, file, in->fsync_flags & FUSE_FSYNC_FDATASYNC);
	vst_node_put(node);
	return err;
}

/*
 * The request has no flag for it. A caller that may not keep set-user-ID bits loses them. A
 * reservation leaves them: the write that follows takes them away, and a mapping does not.
 */
static int allocate(struct vst_req *r, struct file *file, const struct fuse_fallocate_in *in)
{
	bool kill = !(in->mode & VOS_FALLOC_RESERVE) && !vst_caller_has(r, CAP_FSETID);
	const struct cred *cred = vst_cred_to_change(kill), *saved;
	int err;

	if (IS_ERR(cred))
		return PTR_ERR(cred);
	saved = override_creds(cred);
	err = vfs_fallocate(file, in->mode & ~VOS_FALLOC_RESERVE, in->offset, in->length);
	revert_creds(saved);
	put_cred(cred);
	return err;
}

#define MOVES	(FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_INSERT_RANGE)

/*
 * Test whether an earlier incarnation has moved what follows a range. The client says in the
 * place of a handle how large the file was.
 * Return: 1 if so; 0: it has not; -EIO: it cannot be told.
 */
static int has_moved(const struct vst_req *r, const struct inode *inode,
		     const struct fuse_fallocate_in *in)
{
	u64 size = i_size_read(inode);
	u64 after = in->mode & FALLOC_FL_COLLAPSE_RANGE ? in->fh - in->length :
							  in->fh + in->length;

	if (!r->replay || !(in->mode & MOVES))
		return 0;
	if (size == after)
		return 1;
	return size == in->fh ? 0 : -EIO;
}

/**
 * vst_fallocate - carry out the FUSE request FALLOCATE
 * @r: request
 *
 * Context: worker.
 * Return: 0 or -errno.
 */
int vst_fallocate(struct vst_req *r)
{
	const struct fuse_fallocate_in *in = vst_arg(r, sizeof(*in));
	struct vst_node *node;
	struct file *file;
	int err;

	if (!in || in->offset > LLONG_MAX || in->length > LLONG_MAX)
		return -EINVAL;
	if (in->mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE |
			 MOVES | VOS_FALLOC_RESERVE))
		return -EOPNOTSUPP;
	node = vst_data_get(r, FMODE_WRITE, &file);
	if (IS_ERR(node))
		return PTR_ERR(node);
	err = has_moved(r, file_inode(file), in);
	if (!err)
		err = allocate(r, file, in);
	err = min(err, 0);
	/* What is lost with this domain, its successor has free for the write itself. */
	if (!err && !(in->mode & VOS_FALLOC_RESERVE))
		err = vst_commit(file_inode(file));
	vst_node_put(node);
	return err;
}

/**
 * vst_lseek - carry out the FUSE request LSEEK
 * @r: request
 *
 * Context: worker.
 * Return: 0 or -errno.
 */
int vst_lseek(struct vst_req *r)
{
	const struct fuse_lseek_in *in = vst_arg(r, sizeof(*in));
	struct fuse_lseek_out out = {};
	struct vst_node *node;
	struct file *file;
	loff_t pos;

	if (!in || (in->whence != SEEK_DATA && in->whence != SEEK_HOLE))
		return -EINVAL;
	node = vst_data_get(r, FMODE_READ, &file);
	if (IS_ERR(node))
		return PTR_ERR(node);
	pos = vfs_llseek(file, in->offset, in->whence);
	vst_node_put(node);
	if (pos < 0)
		return pos;
	out.offset = pos;
	return vst_reply(r, &out, sizeof(out));
}

/**
 * vst_syncfs - carry out the FUSE request SYNCFS
 * @r: request
 *
 * Context: worker.
 * Return: 0 or -errno.
 */
int vst_syncfs(struct vst_req *r)
{
	struct super_block *sb = vst_root.mnt->mnt_sb;
	int err;

	down_read(&sb->s_umount);
	err = sync_filesystem(sb);
	up_read(&sb->s_umount);
	return err;
}
