// SPDX-License-Identifier: GPL-2.0
/*
 * Changes of a regular file's attributes, where the client of FUSE leaves out a part that a file
 * system on a disk has.
 */
#include <linux/fs.h>
#include <linux/fileattr.h>
#include "space.h"

static_assert(FATTR_KEEP_PRIV == VOS_FATTR_KEEP_PRIV);
static_assert(FATTR_KEEP_SUIDGID == VOS_FATTR_KEEP_SUIDGID);

/* chown() to the same owner and group takes the set-uid bit, and asks for nothing else. */
static bool only_takes_privileges(const struct iattr *attr)
{
	return attr->ia_valid & (ATTR_KILL_SUID | ATTR_KILL_SGID) &&
	       !(attr->ia_valid & (ATTR_UID | ATTR_GID | ATTR_SIZE | ATTR_FORCE));
}

/*
 * Send the mode without those bits. The VFS has made it of one that may be old: the service may
 * have changed it with an access list.
 */
static int take_privileges(struct inode *inode, struct iattr *attr)
{
	struct kstat st;
	int err = fuse_ask_attributes(inode, &st);
	umode_t mode;

	if (err)
		return err;
	mode = st.mode;
	if (attr->ia_valid & ATTR_KILL_SUID)
		mode &= ~S_ISUID;
	if (attr->ia_valid & ATTR_KILL_SGID)
		mode &= ~S_ISGID;
	attr->ia_valid &= ~(ATTR_KILL_SUID | ATTR_KILL_SGID);
	if (mode != st.mode)
		attr->ia_valid |= ATTR_MODE;
	else
		attr->ia_valid &= ~ATTR_MODE;
	attr->ia_mode = mode;
	return 0;
}

/**
 * vosfs_attr_set - the operation setattr of regular files
 * @idmap: as there
 * @dentry: as there
 * @attr: as there
 *
 * The client leaves privileges to the service, which takes them with a change of owner, group or
 * size. truncate() to the size that a file has moves its times, as any other does, and frees
 * blocks behind that. For the service the file may be shorter until it is written back. What
 * cannot be written is told of by fsync(), not here.
 *
 * Context: process.
 * Return: as there.
 */
int vosfs_attr_set(struct mnt_idmap *idmap, struct dentry *dentry, struct iattr *attr)
{
	int err = only_takes_privileges(attr) ? take_privileges(d_inode(dentry), attr) : 0;

	if (attr->ia_valid & ATTR_SIZE) {
		attr->ia_valid |= ATTR_MTIME | ATTR_CTIME;
		if (!err && attr->ia_size && vosfs_blocks_are_laid(d_inode(dentry)) &&
		    vosfs_blocks_write_back(d_inode(dentry)) == -ERESTARTSYS)
			err = -ERESTARTSYS;
	}
	return err ?: fuse_common_inode_operations.setattr(idmap, dentry, attr);
}

/**
 * vosfs_attr_keep - have the VFS use a file as its flags say (chattr +A, +S)
 * @inode: a regular file's
 *
 * The service says so with a file's attributes, but in an answer to STATX. So a flag that is
 * missing there takes nothing back. Only vosfs_attr_set_flags() does.
 *
 * Context: any.
 */
void vosfs_attr_keep(struct inode *inode)
{
	u32 flags = READ_ONCE(get_fuse_inode(inode)->attr_flags);
	unsigned int keep = (flags & VOS_ATTR_NOATIME ? S_NOATIME : 0) |
			    (flags & VOS_ATTR_SYNC ? S_SYNC : 0);

	if (keep & ~inode->i_flags)
		inode_set_flags(inode, keep, keep);
}

/* What the service said before then does not count, so the client's note must go as well. */
static void take_flags(struct inode *inode, u32 flags)
{
	struct fuse_inode *fi = get_fuse_inode(inode);
	u32 told = (flags & FS_NOATIME_FL ? VOS_ATTR_NOATIME : 0) |
		   (flags & FS_SYNC_FL ? VOS_ATTR_SYNC : 0);

	spin_lock(&fi->lock);
	WRITE_ONCE(fi->attr_flags,
		   (fi->attr_flags & ~(VOS_ATTR_NOATIME | VOS_ATTR_SYNC)) | told);
	inode_set_flags(inode, (flags & FS_NOATIME_FL ? S_NOATIME : 0) |
			(flags & FS_SYNC_FL ? S_SYNC : 0), S_NOATIME | S_SYNC);
	spin_unlock(&fi->lock);
}

/**
 * vosfs_attr_set_flags - the operation fileattr_set of regular files
 * @idmap: as there
 * @dentry: as there
 * @fa: as there
 *
 * The service has changed the time as well. It is not sent: the flag may forbid it. Doors lose
 * the file first: their users go by the flags that it had.
 *
 * Context: process.
 * Return: as there.
 */
int vosfs_attr_set_flags(struct mnt_idmap *idmap, struct dentry *dentry, struct fileattr *fa)
{
	struct inode *inode = d_inode(dentry);
	int err = vosfs_data_begin(inode);

	if (err)
		return err;
	vosfs_users_end_windows(inode);
	err = fuse_common_inode_operations.fileattr_set(idmap, dentry, fa);
	if (!err) {
		take_flags(inode, fa->flags);
		inode_set_ctime_current(inode);
	}
	vosfs_data_end(inode);
	return err;
}
