// SPDX-License-Identifier: GPL-2.0
/*
 * Times that the client keeps and writes back. Such a SETATTR has nothing but times, and its
 * change time if the client keeps that one. The times are set as told, and nothing else changes:
 * notify_change() would put the present time into the change time.
 */
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
	return in->valid & FATTR_TIMES && !(in->valid & ~(FATTR_TIMES | FATTR_FH));
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

static int set_locked(struct inode *inode, const struct fuse_setattr_in *in)
{
	struct timespec64 mtime = time_of(inode, in->mtime, in->mtimensec);
	struct timespec64 ctime = time_of(inode, in->ctime, in->ctimensec);

	lockdep_assert_held_write(&inode->i_rwsem);
	if (!is_allowed(inode, in->valid, mtime, ctime))
		return -EPERM;
	if (in->valid & FATTR_ATIME)
		inode_set_atime_to_ts(inode, time_of(inode, in->atime, in->atimensec));
	if (in->valid & FATTR_MTIME)
		inode_set_mtime_to_ts(inode, mtime);
	if (in->valid & FATTR_CTIME)
		inode_set_ctime_to_ts(inode, ctime);
	mark_inode_dirty_sync(inode);
	return 0;
}

/**
 * vst_set_times - set times as a client tells them
 * @inode: the inode
 * @in: arguments for which vst_only_times() holds
 *
 * Context: process; the file system may be written to.
 * Return: 0, -EINVAL, -EPERM.
 */
int vst_set_times(struct inode *inode, const struct fuse_setattr_in *in)
{
	int err;

	if (in->atimensec >= NSEC_PER_SEC || in->mtimensec >= NSEC_PER_SEC ||
	    in->ctimensec >= NSEC_PER_SEC)
		return -EINVAL;
	inode_lock(inode);
	err = set_locked(inode, in);
	inode_unlock(inode);
	return err;
}
