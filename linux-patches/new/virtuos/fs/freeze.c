// SPDX-License-Identifier: GPL-2.0
/*
 * FIFREEZE: what is on the disk stays as it is until FITHAW. The VFS has calls wait that would
 * change something. Doors do not call it. So files are taken back from them, and none that may be
 * written is given out meanwhile (provider.c).
 */
#include <linux/fs.h>
#include "data.h"

static int take_back(struct inode *inode)
{
	int err = vosfs_data_begin(inode);

	if (err)
		return err;
	vosfs_users_end_windows(inode);
	vosfs_users_note_writes(inode);
	vosfs_data_end(inode);
	return 0;
}

/* Get the next inode behind @last that a door has, and put @last. Return: NULL: there is none. */
static struct inode *next_attached(struct super_block *sb, struct inode *last)
{
	struct inode *inode, *found = NULL;

	spin_lock(&sb->s_inode_list_lock);
	inode = list_prepare_entry(last, &sb->s_inodes, i_sb_list);
	list_for_each_entry_continue(inode, &sb->s_inodes, i_sb_list) {
		if (vosfs_users_attached(inode))
			found = igrab(inode);
		if (found)
			break;
	}
	spin_unlock(&sb->s_inode_list_lock);
	iput(last);
	return found;
}

/**
 * vosfs_freeze - the super block's operation freeze_fs
 * @sb: as there; everything but what doors have written is on the disk
 *
 * The disk has all changes afterwards, some of them in its file system's journal.
 *
 * Context: process.
 * Return: 0, or what the storage domain said. -EINTR: killed.
 */
int vosfs_freeze(struct super_block *sb)
{
	struct inode *inode = NULL;
	bool any = false;
	int err = 0;

	while (!err && (inode = next_attached(sb, inode))) {
		err = take_back(inode);
		any = true;
	}
	iput(inode);
	if (err)
		return err;
	return any ? sync_filesystem(sb) : 0;
}
