// SPDX-License-Identifier: GPL-2.0
/*
 * What the storage domain says of its file system: how much is free, how large a file may be.
 */
#include <linux/fs.h>
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

/**
 * vosfs_statfs_set_limit - take over the largest size of files
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
	return err;
}
