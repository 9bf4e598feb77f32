// SPDX-License-Identifier: GPL-2.0
/*
 * The file operations of regular files: the FUSE client's, each with what it means for
 * who has the file's data (data.c).
 */
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/splice.h>
#include "data.h"

struct file_operations vosfs_file_ops;

static ssize_t data_splice_read(struct file *in, loff_t *ppos, struct pipe_inode_info *pipe,
				size_t len, unsigned int flags)
{
	struct inode *inode = file_inode(in);
	ssize_t n = vosfs_data_begin(inode);

	if (n)
		return n;
	n = fuse_file_operations.splice_read(in, ppos, pipe, len, flags);
	vosfs_data_end(inode);
	return n;
}

/* iter_file_splice_write() comes back to vosfs_write_iter(). */
static ssize_t data_splice_write(struct pipe_inode_info *pipe, struct file *out, loff_t *ppos,
				 size_t len, unsigned int flags)
{
	return fuse_file_operations.splice_write(pipe, out, ppos, len, flags);
}

static long data_fallocate(struct file *file, int mode, loff_t offset, loff_t length)
{
	struct inode *inode = file_inode(file);
	long rc = vosfs_data_begin(inode);

	if (rc)
		return rc;
	vosfs_users_end_windows(inode);
	rc = fuse_file_operations.fallocate(file, mode, offset, length);
	vosfs_data_end(inode);
	return rc;
}

/*
 * The times of what was written in place are set when somebody asks. The client's
 * operations are not ours to name; the inode that we have is asked for them.
 */
static struct inode_operations watched_ops;
static const struct inode_operations *client_ops;
static DEFINE_SPINLOCK(watched_lock);

static int watched_getattr(struct mnt_idmap *idmap, const struct path *path, struct kstat *stat,
			   u32 mask, unsigned int flags)
{
	vosfs_users_note_writes(d_inode(path->dentry));
	return client_ops->getattr(idmap, path, stat, mask, flags);
}

/* A window on @inode, a regular file's, is about to be there. */
void vosfs_file_watch_times(struct inode *inode)
{
	spin_lock(&watched_lock);
	if (!client_ops) {
		watched_ops = *inode->i_op;
		watched_ops.getattr = watched_getattr;
		client_ops = inode->i_op;
	}
	if (inode->i_op == client_ops)
		inode->i_op = &watched_ops;
	spin_unlock(&watched_lock);
}

static int data_fsync(struct file *file, loff_t start, loff_t end, int datasync)
{
	vosfs_users_note_writes(file_inode(file));
	return fuse_file_operations.fsync(file, start, end, datasync);
}

/*
 * At every close, after the descriptor's word has gone. Who has only read leaves
 * nothing to be flushed; the client would forget attributes and access lists, and the
 * next stat() and open() would have to ask for them.
 */
static int data_flush(struct file *file, fl_owner_t id)
{
	vdoor_tidy();
	return file->f_mode & FMODE_WRITE ? fuse_file_operations.flush(file, id) : 0;
}

/* A mapping's operations with ours around them; there are few kinds. */
static struct counted_ops {
	const struct vm_operations_struct *base;
	struct vm_operations_struct ops;
} counted[4];
static DEFINE_MUTEX(counted_mutex);

static const struct vm_operations_struct *base_of(const struct vm_operations_struct *ops)
{
	return container_of(ops, struct counted_ops, ops)->base;
}

static void map_open(struct vm_area_struct *vma)
{
	vosfs_users_count_map(file_inode(vma->vm_file), 1);
	if (base_of(vma->vm_ops)->open)
		base_of(vma->vm_ops)->open(vma);
}

static void map_close(struct vm_area_struct *vma)
{
	if (base_of(vma->vm_ops)->close)
		base_of(vma->vm_ops)->close(vma);
	vosfs_users_count_map(file_inode(vma->vm_file), -1);
}

static const struct vm_operations_struct *counted_ops(const struct vm_operations_struct *base)
{
	const struct vm_operations_struct *found = NULL;
	int i;

	mutex_lock(&counted_mutex);
	for (i = 0; i < ARRAY_SIZE(counted) && !found; i++) {
		if (counted[i].base && counted[i].base != base)
			continue;
		if (!counted[i].base) {
			counted[i].ops = *base;
			counted[i].ops.open = map_open;
			counted[i].ops.close = map_close;
			counted[i].base = base;
		}
		found = &counted[i].ops;
	}
	mutex_unlock(&counted_mutex);
	return found;
}

static int data_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct inode *inode = file_inode(file);
	const struct vm_operations_struct *ops;
	int rc = vosfs_data_begin(inode);

	if (rc)
		return rc;
	vosfs_users_count_map(inode, 1);
	vosfs_data_end(inode);
	rc = fuse_file_operations.mmap(file, vma);
	ops = !rc && vma->vm_ops ? counted_ops(vma->vm_ops) : NULL;
	if (ops)
		vma->vm_ops = ops;
	else
		vosfs_users_count_map(inode, -1);
	return !rc && !ops ? -ENOMEM : rc;
}

void vosfs_file_ops_init(void)
{
	vosfs_file_ops = fuse_file_operations;
	vosfs_file_ops.owner = THIS_MODULE;
	vosfs_file_ops.flush = data_flush;
	vosfs_file_ops.fsync = data_fsync;
	vosfs_file_ops.read_iter = vosfs_read_iter;
	vosfs_file_ops.write_iter = vosfs_write_iter;
	vosfs_file_ops.splice_read = data_splice_read;
	vosfs_file_ops.splice_write = data_splice_write;
	vosfs_file_ops.mmap = data_mmap;
	vosfs_file_ops.fallocate = data_fallocate;
	/* The service has none; without it the kernel reads and writes by itself. */
	vosfs_file_ops.copy_file_range = NULL;
	vosfs_file_ops.fop_flags |= FOP_LEASED_POS;
}
