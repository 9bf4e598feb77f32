// SPDX-License-Identifier: GPL-2.0
/*
 * Flags of files, as chattr(1) sets them. The client asks for them by four ioctl()s. It has
 * checked that the caller may change them.
 */
#include <linux/fs.h>
#include <linux/fileattr.h>
#include "vst.h"

static int reply_xflags(struct vst_req *r, const struct fileattr *fa)
{
	const struct fsxattr x = {
		.fsx_xflags	= fa->fsx_xflags,
		.fsx_extsize	= fa->fsx_extsize,
		.fsx_nextents	= fa->fsx_nextents,
		.fsx_projid	= fa->fsx_projid,
		.fsx_cowextsize	= fa->fsx_cowextsize,
	};

	return vst_reply_ioctl(r, &x, sizeof(x));
}

static int get_flags(struct vst_req *r, struct dentry *dentry, u32 cmd)
{
	struct fileattr fa = { .flags_valid = cmd == FS_IOC_GETFLAGS };
	int err = vfs_fileattr_get(dentry, &fa);

	if (err)
		return err;
	return cmd == FS_IOC_GETFLAGS ? vst_reply_ioctl(r, &fa.flags, sizeof(fa.flags)) :
					reply_xflags(r, &fa);
}

/* Read the new flags out of the request. Return: 0 or -EINVAL. */
static int parse_flags(struct vst_req *r, u32 cmd, struct fileattr *fa)
{
	const struct fsxattr *x;
	const u32 *flags;

	if (cmd == FS_IOC_SETFLAGS) {
		flags = vst_arg(r, sizeof(*flags));
		if (!flags)
			return -EINVAL;
		fileattr_fill_flags(fa, *flags);
		return 0;
	}
	x = vst_arg(r, sizeof(*x));
	if (!x)
		return -EINVAL;
	fileattr_fill_xflags(fa, x->fsx_xflags);
	fa->fsx_extsize = x->fsx_extsize;
	fa->fsx_projid = x->fsx_projid;
	fa->fsx_cowextsize = x->fsx_cowextsize;
	return 0;
}

static int set_flags(struct vst_req *r, struct dentry *dentry, u32 cmd)
{
	struct fileattr fa;
	int err = parse_flags(r, cmd, &fa);

	err = err ?: mnt_want_write(vst_root.mnt);
	if (err)
		return err;
	err = vfs_fileattr_set(&nop_mnt_idmap, dentry, &fa);
	mnt_drop_write(vst_root.mnt);
	err = err ?: vst_commit(d_inode(dentry));
	return err ?: vst_reply_ioctl(r, NULL, 0);
}

/**
 * vst_serve_flags - read or set flags
 * @r: request; what it sets follows in its body
 * @dentry: of a file or directory
 * @cmd: FS_IOC_GETFLAGS, SETFLAGS, FSGETXATTR or FSSETXATTR
 *
 * Context: worker.
 * Return: 0 or -errno.
 */
int vst_serve_flags(struct vst_req *r, struct dentry *dentry, u32 cmd)
{
	if (cmd == FS_IOC_GETFLAGS || cmd == FS_IOC_FSGETXATTR)
		return get_flags(r, dentry, cmd);
	return set_flags(r, dentry, cmd);
}
