// SPDX-License-Identifier: GPL-2.0
/*
 * Times that the client keeps and writes back. Such a SETATTR has nothing but times, and its
 * change time if the client keeps that one. The times are set as told, and nothing else changes:
 * notify_change() would put the present time into the change time.
 *
 * ext4 needs to be told only that the inode is dirty, and writes it when it comes to it. xfs and
 * btrfs log what their own operation changes, and nothing else.
 */
#include <linux/magic.h>
#include "vst.h"

#define FATTR_TIMES	(FATTR_ATIME | FATTR_MTIME | FATTR_CTIME)

/**
 * vst_only_times - test whether a SETATTR sets given times, and nothing else
 * @in: its arguments
 *
 * Context: any.
 * Return: true if so.
 */
bool vst_only_times(const struct fuse_setattr_in *in)
{
	u32 valid = in->valid & ~(VOS_FATTR_KEEP_PRIV | VOS_FATTR_KEEP_SUIDGID);

	return valid & FATTR_TIMES && !(valid & ~(FATTR_TIMES | FATTR_FH));
}

static struct timespec64 time_of(struct inode *inode, u64 sec, u32 nsec)
{
	return timestamp_truncate((struct timespec64){ sec, nsec }, inode);
}

/* Reading changes the access time of an immutable file, and nothing changes the others. */
static bool is_allowed(struct inode *inode, u32 valid, struct timespec64 mtime,
		       struct timespec64 ctime)
{
	struct timespec64 old_mtime = inode_get_mtime(inode), old_ctime = inode_get_ctime(inode);

	return !IS_IMMUTABLE(inode) ||
	       ((!(valid & FATTR_MTIME) || timespec64_equal(&mtime, &old_mtime)) &&
		(!(valid & FATTR_CTIME) || timespec64_equal(&ctime, &old_ctime)));
}

static void set_each(struct inode *inode, const struct iattr *attr)
{
	if (attr->ia_valid & ATTR_ATIME)
		inode_set_atime_to_ts(inode, attr->ia_atime);
	if (attr->ia_valid & ATTR_MTIME)
		inode_set_mtime_to_ts(inode, attr->ia_mtime);
	if (attr->ia_valid & ATTR_CTIME)
		inode_set_ctime_to_ts(inode, attr->ia_ctime);
	mark_inode_dirty_sync(inode);
}

static int set_locked(struct dentry *dentry, const struct fuse_setattr_in *in)
{
	struct inode *inode = d_inode(dentry);
	struct iattr attr = {
		.ia_valid = (in->valid & FATTR_ATIME ? ATTR_ATIME | ATTR_ATIME_SET : 0) |
			    (in->valid & FATTR_MTIME ? ATTR_MTIME | ATTR_MTIME_SET : 0) |
			    (in->valid & FATTR_CTIME ? ATTR_CTIME : 0),
		.ia_atime = time_of(inode, in->atime, in->atimensec),
		.ia_mtime = time_of(inode, in->mtime, in->mtimensec),
		.ia_ctime = time_of(inode, in->ctime, in->ctimensec),
	};

	lockdep_assert_held_write(&inode->i_rwsem);
	if (!is_allowed(inode, in->valid, attr.ia_mtime, attr.ia_ctime))
		return -EPERM;
	if (inode->i_sb->s_magic != EXT4_SUPER_MAGIC)
		return inode->i_op->setattr(&nop_mnt_idmap, dentry, &attr);
	set_each(inode, &attr);
	return 0;
}

/**
 * vst_set_times - set times as a client tells them
 * @dentry: of the inode
 * @in: arguments for which vst_only_times() holds
 *
 * Context: process; the file system may be written to.
 * Return: 0, -EINVAL, -EPERM, or another error of the file system.
 */
int vst_set_times(struct dentry *dentry, const struct fuse_setattr_in *in)
{
	struct inode *inode = d_inode(dentry);
	int err;

	if (in->atimensec >= NSEC_PER_SEC || in->mtimensec >= NSEC_PER_SEC ||
	    in->ctimensec >= NSEC_PER_SEC)
		return -EINVAL;
	inode_lock(inode);
	err = set_locked(dentry, in);
	inode_unlock(inode);
	return err;
}
