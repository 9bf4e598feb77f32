// SPDX-License-Identifier: GPL-2.0
/*
 * What the storage domain says of its file system: how much is free, and what kind it is. Also
 * how large a file may be, and which times it may have. The client of FUSE tells programs its
 * own kind and no number (f_fsid). Then `tail -f` polls, as on a network's file system, and
 * fanotify does not report by handles.
 */
#include <linux/fs.h>
#include <linux/statfs.h>
#include "space.h"

static int ask(struct fuse_mount *fm, struct fuse_statfs_out *out)
{
	FUSE_ARGS(args);

	args.opcode = FUSE_STATFS;
	args.nodeid = FUSE_ROOT_ID;
	args.out_numargs = 1;
	args.out_args[0].size = sizeof(*out);
	args.out_args[0].value = out;
	return fuse_simple_request(fm, &args);
}

/**
 * vosfs_statfs_free - ask how much is free for users other than root
 * @fm: the mount
 * @bytes: filled
 *
 * Context: process.
 * Return: 0 or -errno.
 */
int vosfs_statfs_free(struct fuse_mount *fm, u64 *bytes)
{
	struct fuse_statfs_out out = {};
	int err = ask(fm, &out);

	/* A hostile service gains nothing by an overflow: it only says a number. */
	*bytes = out.st.bavail * out.st.bsize;
	return err;
}

/* A time that the file system cannot hold is then cut to what it can, before a program sees it. */
static void set_reach(struct super_block *sb, const struct fuse_statfs_out *out)
{
	s64 latest = (u64)out->st.spare[VOS_STATFS_LATEST_HIGH] << 32 |
		     out->st.spare[VOS_STATFS_LATEST_LOW];
	s64 earliest = (s32)out->st.spare[VOS_STATFS_EARLIEST];

	if (latest <= earliest)
		return;
	sb->s_time_min = earliest;
	sb->s_time_max = latest;
}

/**
 * vosfs_statfs_may_write - ask whether the service's file system can be changed
 * @sb: a super block whose connection has begun
 *
 * Context: process.
 * Return: 0; -EROFS: it is read-only; or another error.
 */
int vosfs_statfs_may_write(struct super_block *sb)
{
	struct fuse_statfs_out out = {};
	int err = ask(get_fuse_mount_super(sb), &out);

	return !err && out.st.padding & VOS_STATFS_RDONLY ? -EROFS : err;
}

/**
 * vosfs_statfs_set_limit - take over the limits of files, and the file system's kind
 * @sb: a super block whose connection has begun
 *
 * Context: process.
 * Return: 0 or -errno.
 */
int vosfs_statfs_set_limit(struct super_block *sb)
{
	struct fuse_statfs_out out = {};
	int err = ask(get_fuse_mount_super(sb), &out);
	u64 max = (u64)out.st.spare[VOS_STATFS_MAX_HIGH] << 32 | out.st.spare[VOS_STATFS_MAX_LOW];

	if (!err && max)
		sb->s_maxbytes = min_t(u64, max, MAX_LFS_FILESIZE);
	if (!err && out.st.spare[VOS_STATFS_TYPE])
		sb->s_magic = out.st.spare[VOS_STATFS_TYPE];
	if (!err && out.st.padding & VOS_STATFS_RDONLY)
		sb->s_flags |= SB_RDONLY;
	if (!err)
		set_reach(sb, &out);
	return err;
}

/**
 * vosfs_statfs_tell - put what the client does not know into an answer
 * @sb: its super block
 * @buf: as the client has filled it
 * @unsaved: bytes that cached data is going to take; they are not free
 *
 * The rest is the kind and the number of the service's file system.
 *
 * Context: process.
 */
void vosfs_statfs_tell(struct super_block *sb, struct kstatfs *buf, u64 unsaved)
{
	u64 blocks = buf->f_frsize > 0 ? DIV_ROUND_UP_ULL(unsaved, buf->f_frsize) : 0;

	buf->f_bfree -= min(buf->f_bfree, blocks);
	buf->f_bavail -= min(buf->f_bavail, blocks);
	buf->f_type = sb->s_magic;
	buf->f_fsid = uuid_to_fsid(sb->s_uuid.b);
}
