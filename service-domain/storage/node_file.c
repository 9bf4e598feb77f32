// SPDX-License-Identifier: GPL-2.0
/*
 * The open files of a regular file's node: one that reads and writes as a program does, and one
 * for what the client writes back.
 */
#include <linux/file.h>
#include <linux/magic.h>
#include "vst.h"

/* Access times are the client's. Of a file in a user channel they are io.c's. */
static struct file *open_data(struct vst_node *node)
{
	struct path path = vst_node_path(node);
	struct file *file = dentry_open(&path, O_RDWR | O_LARGEFILE | O_NOATIME, vst_cred);

	if (file == ERR_PTR(-EROFS))
		file = dentry_open(&path, O_RDONLY | O_LARGEFILE | O_NOATIME, vst_cred);
	return file;
}

/* The file at @at, which is opened for the first that asks and has @quiet beside its mode. */
static struct file *kept_file(struct vst_node *node, struct file **at, fmode_t mode, fmode_t quiet)
{
	struct file *file = READ_ONCE(*at), *other;

	if (!d_is_reg(node->dentry))
		return ERR_PTR(d_is_dir(node->dentry) ? -EISDIR : -EINVAL);
	if (!file) {
		file = open_data(node);
		if (IS_ERR(file))
			return file;
		file->f_mode |= quiet;
		other = cmpxchg(at, NULL, file);
		if (other) {
			fput(file);
			file = other;
		}
	}
	return file->f_mode & mode ? file : ERR_PTR(-EROFS);
}

/**
 * vst_node_file - get the open file of a regular file's node
 * @node: held by the caller, and with it the file
 * @mode: FMODE_READ or FMODE_WRITE
 *
 * Context: process.
 * Return: the file, or ERR_PTR(-EISDIR, -EINVAL, -EROFS, ...).
 */
struct file *vst_node_file(struct vst_node *node, fmode_t mode)
{
	return kept_file(node, &node->file, mode, 0);
}

/**
 * vst_node_quiet_file - get a file of the same kind whose writes change no times
 * @node: held by the caller, and with it the file
 *
 * A client that writes pages back keeps the times by itself. It has set them already, perhaps.
 * btrfs asks the inode alone whether a write changes times. Then io.c sets those of other writes.
 *
 * Context: process.
 * Return: the file, or ERR_PTR(-EISDIR, -EINVAL, -EROFS, ...).
 */
struct file *vst_node_quiet_file(struct vst_node *node)
{
	struct inode *inode = d_inode(node->dentry);

	if (inode->i_sb->s_magic == BTRFS_SUPER_MAGIC)
		inode_set_flags(inode, S_NOCMTIME, S_NOCMTIME);
	return kept_file(node, &node->quiet_file, FMODE_WRITE, FMODE_NOCMTIME);
}
