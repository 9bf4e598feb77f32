// SPDX-License-Identifier: GPL-2.0
/*
 * Durability. A change is answered when it is on disk. So a change that has been answered
 * survives the death of this domain. Many changes at a time share one commit of the journal.
 */
#include <linux/exportfs.h>
#include <linux/writeback.h>
#include "vst.h"

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
	return sync_inode_metadata(inode, 1);
}
