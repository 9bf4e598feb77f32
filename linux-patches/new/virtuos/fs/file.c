// SPDX-License-Identifier: GPL-2.0
/*
 * The file operations of regular files: the FUSE client's. Each does in addition what it means
 * for the side that has the file's data (data.c).
 */
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/splice.h>
#include <linux/falloc.h>
#include "space.h"

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

/* The end of a served file is where the service says, even if the client drops that answer. */
static loff_t data_llseek(struct file *file, loff_t offset, int whence)
{
	struct inode *inode = file_inode(file);
	struct kstat st;
	int err;

	if (whence != SEEK_END || !vosfs_data_served(inode))
		return fuse_file_operations.llseek(file, offset, whence);
	err = fuse_ask_attributes(inode, &st);
	if (err)
		return err;
	return generic_file_llseek_size(file, offset, whence, inode->i_sb->s_maxbytes, st.size);
}

static int data_open(struct inode *inode, struct file *file)
{
	vosfs_attr_keep(inode);
	vosfs_data_set_ops(inode);
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

/* A mapping's operations: the client's, by way of the gate. There is one kind. */
static const struct vm_operations_struct *client_ops;
static struct vm_operations_struct map_ops;
static DEFINE_MUTEX(map_mutex);

/*
 * The file may have become served after mmap() had taken it back, as long as the mapping was not
 * known yet. The first fault takes it back again, and then it stays as long as it is mapped.
 */
static vm_fault_t map_fault(struct vm_fault *vmf)
{
	struct inode *inode = file_inode(vmf->vma->vm_file);
	int err;

	if (!vosfs_gate_is_held(vosfs_data_known(inode))) {
		err = vosfs_data_begin(inode);
		if (err)
			return vmf_error(err);
		vosfs_data_end(inode);
	}
	return client_ops->fault(vmf);
}

static vm_fault_t map_around(struct vm_fault *vmf, pgoff_t start, pgoff_t end)
{
	struct inode *inode = file_inode(vmf->vma->vm_file);

	return vosfs_gate_is_held(vosfs_data_known(inode)) ?
	       client_ops->map_pages(vmf, start, end) : 0;
}

/* Data that a mapping stores has room on the disk, too. */
static vm_fault_t reserve_and_mkwrite(struct vm_fault *vmf)
{
	int err = vosfs_space_reserve_page(file_inode(vmf->vma->vm_file), vmf->pgoff);

	if (err == -EINTR)
		return VM_FAULT_NOPAGE;
	return err ? vmf_error(err) : client_ops->page_mkwrite(vmf);
}

/* The client does not say that it stores, so a file system that is frozen would change. */
static vm_fault_t map_mkwrite(struct vm_fault *vmf)
{
	struct super_block *sb = file_inode(vmf->vma->vm_file)->i_sb;
	vm_fault_t fault;

	sb_start_pagefault(sb);
	fault = reserve_and_mkwrite(vmf);
	sb_end_pagefault(sb);
	return fault;
}

/*
 * Without a close operation: Linux does not merge parts of a mapping that has one. The client's
 * saves what was stored if it must not stay dirty after the last close. Flush and release do so.
 */
static void take_ops(const struct vm_operations_struct *ops)
{
	mutex_lock(&map_mutex);
	if (!client_ops) {
		map_ops = *ops;
		map_ops.close = NULL;
		map_ops.fault = map_fault;
		map_ops.map_pages = map_around;
		map_ops.page_mkwrite = map_mkwrite;
		client_ops = ops;
	}
	mutex_unlock(&map_mutex);
}

static int data_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct inode *inode = file_inode(file);
	int rc;

	/* MAP_SYNC is for persistent memory. ext4 without such says so for MAP_SHARED as well. */
	if (vma->vm_flags & VM_SYNC)
		return -EOPNOTSUPP;
	rc = vosfs_data_begin(inode);
	if (rc)
		return rc;
	rc = fuse_file_operations.mmap(file, vma);
	vosfs_data_end(inode);
	if (rc)
		return rc;
	take_ops(vma->vm_ops);
	/* The client has others for direct I/O alone, which no service of ours asks for. */
	if (vma->vm_ops != client_ops)
		return -ENODEV;
	vma->vm_ops = &map_ops;
	return 0;
}

/**
 * vosfs_file_ops_init - fill vosfs_file_ops and vosfs_inode_ops
 */
void vosfs_file_ops_init(void)
{
	vosfs_file_ops = fuse_file_operations;
	vosfs_file_ops.owner = THIS_MODULE;
	vosfs_file_ops.open = data_open;
	vosfs_file_ops.llseek = data_llseek;
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
