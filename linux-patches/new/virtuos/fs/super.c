// SPDX-License-Identifier: GPL-2.0
/*
 * The super block's operations: the client's, with three of our own around them. The client does
 * not export them. So they are read from the first super block.
 */
#include <linux/fs.h>
#include <linux/statfs.h>
#include "space.h"

static struct super_operations own_ops;
static const struct super_operations *client_ops;
static DEFINE_MUTEX(ops_mutex);		/* for their making */

static void evict(struct inode *inode)
{
	client_ops->evict_inode(inode);
	vosfs_data_free(inode);
}

/*
 * What removed files had taken is free: the service is told of them after unlink() or close().
 * What is cached is not. It is read first: data that is written back meanwhile counts twice
 * rather than not at all.
 */
static int tell_statfs(struct dentry *dentry, struct kstatfs *buf)
{
	struct super_block *sb = dentry->d_sb;
	u64 unsaved;
	int err = vosfs_forget_flush(get_fuse_conn_super(sb)->iq.priv);

	if (err)
		return err;
	unsaved = vosfs_space_unsaved(sb);
	err = client_ops->statfs(dentry, buf);
	if (!err)
		vosfs_statfs_tell(sb, buf, unsaved);
	return err;
}

/**
 * vosfs_super_take - put our operations before the client's
 * @sb: of the client's, not in use yet
 *
 * Context: process.
 */
void vosfs_super_take(struct super_block *sb)
{
	mutex_lock(&ops_mutex);
	if (!client_ops) {
		own_ops = *sb->s_op;
		own_ops.evict_inode = evict;
		own_ops.statfs = tell_statfs;
		own_ops.freeze_fs = vosfs_freeze;
		client_ops = sb->s_op;
	}
	sb->s_op = &own_ops;
	mutex_unlock(&ops_mutex);
}
