// SPDX-License-Identifier: GPL-2.0
/*
 * Ranges that fallocate() takes out of a file or puts into it, so that what follows moves. The
 * client has no such operation.
 *
 * The service must not carry one out twice. So the request says how large the file was. What is
 * cached from the range on is written back and dropped, and no page comes back meanwhile.
 */
#include <linux/fs.h>
#include <linux/falloc.h>
#include <linux/pagemap.h>
#include "space.h"

/**
 * vosfs_fallocate - ask the service for FALLOCATE
 * @inode: of the file
 * @in: the request; offset and length in bytes
 *
 * Context: process.
 * Return: 0 or -errno.
 */
int vosfs_fallocate(struct inode *inode, const struct fuse_fallocate_in *in)
{
	FUSE_ARGS(args);

	args.opcode = FUSE_FALLOCATE;
	args.nodeid = get_node_id(inode);
	args.in_numargs = 1;
	args.in_args[0].size = sizeof(*in);
	args.in_args[0].value = in;
	vosfs_blocks_laid(inode);
	return fuse_simple_request(get_fuse_mount(inode), &args);
}

static int send(struct inode *inode, int mode, loff_t offset, loff_t length)
{
	struct fuse_fallocate_in in = {
		.fh = i_size_read(inode),
		.offset = offset,
		.length = length,
		.mode = mode,
	};

	return vosfs_fallocate(inode, &in);
}

static void set_size(struct inode *inode, loff_t size)
{
	struct fuse_inode *fi = get_fuse_inode(inode);

	spin_lock(&fi->lock);
	fi->attr_version = atomic64_inc_return(&get_fuse_conn(inode)->attr_version);
	i_size_write(inode, size);
	spin_unlock(&fi->lock);
	set_mask_bits(&fi->inval_mask, 0, STATX_BLOCKS);
}

static int move_locked(struct inode *inode, int mode, loff_t offset, loff_t length)
{
	loff_t size = i_size_read(inode);
	int err = vosfs_blocks_write_back(inode);

	err = err ?: invalidate_inode_pages2_range(inode->i_mapping, offset >> PAGE_SHIFT, -1);
	err = err ?: vosfs_blocks_write_back(inode);
	err = err ?: send(inode, mode, offset, length);
	if (!err)
		set_size(inode, mode & FALLOC_FL_COLLAPSE_RANGE ? size - length : size + length);
	return err;
}

/**
 * vosfs_range_move - take a range out of a file or put a hole into it
 * @file: a regular file, open for writing; its data is not served and has no window
 * @mode: FALLOC_FL_COLLAPSE_RANGE or FALLOC_FL_INSERT_RANGE
 * @offset: as of fallocate()
 * @length: likewise
 *
 * Context: process.
 * Return: 0 or -errno.
 */
int vosfs_range_move(struct file *file, int mode, loff_t offset, loff_t length)
{
	struct inode *inode = file_inode(file);
	struct fuse_inode *fi = get_fuse_inode(inode);
	int err;

	inode_lock(inode);
	err = file_modified(file);
	if (err)
		goto unlock;
	set_bit(FUSE_I_SIZE_UNSTABLE, &fi->state);
	filemap_invalidate_lock(inode->i_mapping);
	err = move_locked(inode, mode, offset, length);
	vosfs_blocks_cut(inode, offset);
	filemap_invalidate_unlock(inode->i_mapping);
	clear_bit(FUSE_I_SIZE_UNSTABLE, &fi->state);
unlock:
	inode_unlock(inode);
	return err;
}
