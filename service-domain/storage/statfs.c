// SPDX-License-Identifier: GPL-2.0
/* What the client gets of the file system as a whole: STATFS. */
#include <linux/statfs.h>
#include "vst.h"

/**
 * vst_statfs - carry out the FUSE request STATFS
 * @r: request
 *
 * Context: worker.
 * Return: 0 or -errno.
 */
int vst_statfs(struct vst_req *r)
{
	struct fuse_statfs_out out = {};
	const struct super_block *sb = vst_root.mnt->mnt_sb;
	struct kstatfs st;
	int err = vfs_statfs(&vst_root, &st);

	if (err)
		return err;
	out.st.blocks = st.f_blocks;
	out.st.bfree = st.f_bfree;
	out.st.bavail = st.f_bavail;
	out.st.files = st.f_files;
	out.st.ffree = st.f_ffree;
	out.st.bsize = st.f_bsize;
	out.st.namelen = st.f_namelen;
	out.st.frsize = st.f_frsize ?: st.f_bsize;
	out.st.padding = __mnt_is_readonly(vst_root.mnt) ? VOS_STATFS_RDONLY : 0;
	out.st.spare[VOS_STATFS_MAX_LOW] = sb->s_maxbytes;
	out.st.spare[VOS_STATFS_MAX_HIGH] = sb->s_maxbytes >> 32;
	out.st.spare[VOS_STATFS_TYPE] = st.f_type;
	out.st.spare[VOS_STATFS_LATEST_LOW] = sb->s_time_max;
	out.st.spare[VOS_STATFS_LATEST_HIGH] = (u64)sb->s_time_max >> 32;
	out.st.spare[VOS_STATFS_EARLIEST] = max_t(s64, sb->s_time_min, S32_MIN);
	return vst_reply(r, &out, sizeof(out));
}
