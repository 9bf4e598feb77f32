// SPDX-License-Identifier: GPL-2.0
/*
 * Durability. A change is answered when it is on disk. So a change that has been answered
 * survives the death of this domain. Many changes at a time share one commit of the journal.
 *
 * ext4 and xfs have an operation for it, and one log with all changes in order. btrfs writes inodes
 * with nothing but a transaction, or with fsync(), which logs a directory with the names that have
 * changed. So changes of two directories may reach its disk in any order.
 */
#include <linux/exportfs.h>
#include <linux/file.h>
#include <linux/writeback.h>
#include "vst.h"

static int fsync_it(struct dentry *dentry)
{
	struct path path = { .mnt = vst_root.mnt, .dentry = dentry };
	struct file *file = dentry_open(&path, O_RDONLY | O_LARGEFILE | O_NOATIME, vst_cred);
	int err;

	if (IS_ERR(file))
		return PTR_ERR(file);
	err = vfs_fsync(file, 0);
	fput(file);
	return err;
}

static int sync_all(struct super_block *sb)
{
	int err;

	down_read(&sb->s_umount);
	err = sync_filesystem(sb);
	up_read(&sb->s_umount);
	return err;
}

/* Links, devices and pipes cannot be opened for it. */
static int commit_by_fsync(struct inode *inode)
{
	struct dentry *dentry;
	int err;

	if (!S_ISDIR(inode->i_mode) && !S_ISREG(inode->i_mode))
		return sync_all(inode->i_sb);
	dentry = d_find_any_alias(inode);
	if (!dentry)
		return -ESTALE;
	err = fsync_it(dentry);
	dput(dentry);
	return err;
}

/**
 * vst_commit - make the changes of an inode's metadata durable
 * @inode: the inode; for changes of names, the directory
 *
 * Context: worker; may wait for the disk.
 * Return: 0 or an error of the file system.
 */
int vst_commit(struct inode *inode)
{
	const struct export_operations *ops = inode->i_sb->s_export_op;

	if (!READ_ONCE(vst_durable))
		return 0;
	if (ops->commit_metadata)
		return ops->commit_metadata(inode);
	if (inode->i_sb->s_op->write_inode)
		return sync_inode_metadata(inode, 1);
	return commit_by_fsync(inode);
}

/**
 * vst_commit_first - make changes durable that must not come later than what follows them
 * @inode: as for vst_commit()
 *
 * Context: worker; may wait for the disk, unless the file system keeps the order itself.
 * Return: 0 or an error of the file system.
 */
int vst_commit_first(struct inode *inode)
{
	return inode->i_sb->s_export_op->commit_metadata ? 0 : vst_commit(inode);
}
