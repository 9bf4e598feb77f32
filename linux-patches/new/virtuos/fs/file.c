// SPDX-License-Identifier: GPL-2.0
/*
 * The file operations of regular files: the FUSE client's. Each does in addition what it means
 * for the side that has the file's data (data.c).
 */
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/splice.h>
#include "space.h"
#include <linux/falloc.h>

struct file_operations vosfs_file_ops;
struct inode_operations vosfs_inode_ops;

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

/*
 * Splice by the client's operation. It is iter_file_splice_write(), which calls
 * vosfs_write_iter().
 */
static ssize_t data_splice_write(struct pipe_inode_info *pipe, struct file *out, loff_t *ppos,
				 size_t len, unsigned int flags)
{
	return fuse_file_operations.splice_write(pipe, out, ppos, len, flags);
}

static long data_fallocate(struct file *file, int mode, loff_t offset, loff_t length)
{
	struct inode *inode = file_inode(file);
	bool moves = mode & (FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_INSERT_RANGE);
	bool frees = mode & FALLOC_FL_PUNCH_HOLE;
	long rc = frees || moves ? 0 : vosfs_space_before_fallocate(inode, length);

	rc = rc ?: vosfs_data_begin(inode);
	if (rc)
		return rc;
	vosfs_users_end_windows(inode);
	vosfs_blocks_laid(inode);
	if (moves)
		rc = vosfs_range_move(file, mode, offset, length);
	else
		rc = fuse_file_operations.fallocate(file, mode, offset, length);
	/* One that fails may have laid some */
	set_mask_bits(&get_fuse_inode(inode)->inval_mask, 0, STATX_BLOCKS);
	if (frees)
		vosfs_blocks_cut(inode, offset);
	vosfs_data_end(inode);
	return rc;
}

static int data_fsync(struct file *file, loff_t start, loff_t end, int datasync)
{
	vosfs_users_note_writes(file_inode(file));
	return fuse_file_operations.fsync(file, start, end, datasync);
}

static int data_open(struct inode *inode, struct file *file)
{
	vosfs_attr_keep(inode);
	return fuse_file_operations.open(inode, file);
}

/*
 * Flush at every close, after the descriptor's word has gone. If the file was only read, there
 * is nothing to flush. The client would forget attributes and access lists, and the next stat()
 * and open() would have to ask for them.
 */
static int data_flush(struct file *file, fl_owner_t id)
{
	vdoor_tidy();
	return file->f_mode & FMODE_WRITE ? fuse_file_operations.flush(file, id) : 0;
}

/* A mapping's operations with counting around them; there are few kinds. */
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

/* The client's only one. A window's faults come here with operations of its own. */
static vm_fault_t (*client_mkwrite)(struct vm_fault *vmf);

/* Data that a mapping stores has room on the disk, too. */
static vm_fault_t map_mkwrite(struct vm_fault *vmf)
{
	int err = vosfs_space_reserve_page(file_inode(vmf->vma->vm_file), vmf->pgoff);

	if (err == -EINTR)
		return VM_FAULT_NOPAGE;
	return err ? vmf_error(err) : client_mkwrite(vmf);
}

static void watch_mkwrite(struct vm_operations_struct *ops)
{
	lockdep_assert_held(&counted_mutex);
	if (!client_mkwrite)
		client_mkwrite = ops->page_mkwrite;
	if (ops->page_mkwrite && ops->page_mkwrite == client_mkwrite)
		ops->page_mkwrite = map_mkwrite;
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
			watch_mkwrite(&counted[i].ops);
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

/**
 * vosfs_file_ops_init - fill vosfs_file_ops and vosfs_inode_ops
 */
void vosfs_file_ops_init(void)
{
	vosfs_file_ops = fuse_file_operations;
	vosfs_file_ops.owner = THIS_MODULE;
	vosfs_file_ops.open = data_open;
	vosfs_file_ops.flush = data_flush;
	vosfs_file_ops.fsync = data_fsync;
	vosfs_file_ops.read_iter = vosfs_read_iter;
	vosfs_file_ops.write_iter = vosfs_write_iter;
	vosfs_file_ops.splice_read = data_splice_read;
	vosfs_file_ops.splice_write = data_splice_write;
	vosfs_file_ops.mmap = data_mmap;
	vosfs_file_ops.fallocate = data_fallocate;
	vosfs_file_ops.unlocked_ioctl = vosfs_ioctl;
	/* The service has no such operation. Without it the kernel reads and writes by itself. */
	vosfs_file_ops.copy_file_range = NULL;
	/* As of any disk's file, there is nothing to wait for: epoll_ctl() refuses it. */
	vosfs_file_ops.poll = NULL;
	vosfs_file_ops.fop_flags |= FOP_LEASED_POS;
	vosfs_inode_ops = fuse_common_inode_operations;
	vosfs_inode_ops.getattr = vosfs_blocks_getattr;
	vosfs_inode_ops.setattr = vosfs_attr_set;
	vosfs_inode_ops.fileattr_set = vosfs_attr_set_flags;
	vosfs_inode_ops.fiemap = vosfs_ioctl_fiemap;
}
