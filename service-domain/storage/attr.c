// SPDX-License-Identifier: GPL-2.0
/* Attributes: what the client gets of an inode, and changes of it. */
#include <linux/xattr.h>
#include "vst.h"

static int stat_of(struct dentry *dentry, u32 mask, struct kstat *stat)
{
	struct path path = { .mnt = vst_root.mnt, .dentry = dentry };

	return vfs_getattr(&path, stat, mask, AT_STATX_SYNC_AS_STAT);
}

/*
 * What the client tells its programs of flags: which are set, and which there are. And those by
 * which it goes itself.
 */
static u32 flags_of(const struct inode *inode, const struct kstat *stat)
{
	return (stat->attributes & FUSE_ATTR_STATX) |
	       (stat->attributes_mask & FUSE_ATTR_STATX) << FUSE_ATTR_STATX_SHIFT |
	       (inode->i_flags & S_NOATIME ? VOS_ATTR_NOATIME : 0) |
	       (inode->i_flags & S_SYNC ? VOS_ATTR_SYNC : 0);
}

/**
 * vst_fill_attr - get the attributes of an inode
 * @dentry: positive
 * @attr: to be filled
 *
 * Context: process.
 * Return: 0 or an error of the file system.
 */
int vst_fill_attr(struct dentry *dentry, struct fuse_attr *attr)
{
	struct kstat stat;
	int err = stat_of(dentry, STATX_BASIC_STATS, &stat);

	if (err)
		return err;
	stat.nlink -= vst_kept_links(d_inode(dentry));
	*attr = (struct fuse_attr){
		.ino		= stat.ino,
		.size		= stat.size,
		.blocks		= stat.blocks,
		.atime		= stat.atime.tv_sec,
		.mtime		= stat.mtime.tv_sec,
		.ctime		= stat.ctime.tv_sec,
		.atimensec	= stat.atime.tv_nsec,
		.mtimensec	= stat.mtime.tv_nsec,
		.ctimensec	= stat.ctime.tv_nsec,
		.mode		= stat.mode,
		.nlink		= stat.nlink,
		.uid		= from_kuid(&init_user_ns, stat.uid),
		.gid		= from_kgid(&init_user_ns, stat.gid),
		.rdev		= new_encode_dev(stat.rdev),
		.blksize	= stat.blksize,
		.flags		= flags_of(d_inode(dentry), &stat),
	};
	return 0;
}

/**
 * vst_fill_entry - get node id and attributes of what a name stands for
 * @dentry: positive
 * @entry: to be filled
 *
 * Context: process.
 * Return: 0 or an error of the file system.
 */
int vst_fill_entry(struct dentry *dentry, struct fuse_entry_out *entry)
{
	struct inode *inode = d_inode(dentry);
	int err = vst_id_check(inode);

	if (err)
		return err;
	*entry = (struct fuse_entry_out){
		.nodeid		= vst_id_of(inode),
		.entry_valid	= VST_VALID_SECONDS,
		.attr_valid	= VST_VALID_SECONDS,
	};
	if (entry->nodeid != FUSE_ROOT_ID)
		entry->generation = inode->i_generation;
	return vst_fill_attr(dentry, &entry->attr);
}

/**
 * vst_reply_entry - reply with what a name stands for, and cache its node
 * @r: request
 * @dentry: positive
 *
 * Context: worker.
 * Return: 0 or an error.
 */
int vst_reply_entry(struct vst_req *r, struct dentry *dentry)
{
	struct fuse_entry_out entry;
	struct vst_node *node;
	int err = vst_fill_entry(dentry, &entry);

	if (err)
		return err;
	node = vst_node_of(r->conn, dentry);
	if (node) {
		vst_node_given(r, node);
		vst_node_put(node);
	}
	return vst_reply(r, &entry, sizeof(entry));
}

static int reply_attr(struct vst_req *r, struct vst_node *node)
{
	struct fuse_attr_out out = { .attr_valid = VST_VALID_SECONDS };
	int err = vst_fill_attr(node->dentry, &out.attr);

	return err ?: vst_reply(r, &out, sizeof(out));
}

/**
 * vst_getattr - carry out the FUSE request GETATTR
 * @r: request
 *
 * Context: worker.
 * Return: 0 or -errno.
 */
int vst_getattr(struct vst_req *r)
{
	struct vst_node *node = vst_node_get(r->conn, r->in.nodeid);
	int err;

	if (IS_ERR(node))
		return PTR_ERR(node);
	err = reply_attr(r, node);
	vst_node_put(node);
	return err;
}

static struct fuse_sx_time sx_time(struct timespec64 t)
{
	return (struct fuse_sx_time){ .tv_sec = t.tv_sec, .tv_nsec = t.tv_nsec };
}

static void fill_statx(const struct kstat *stat, struct fuse_statx *sx)
{
	*sx = (struct fuse_statx){
		.mask		= stat->result_mask & (STATX_BASIC_STATS | STATX_BTIME),
		.blksize	= stat->blksize,
		.attributes	= stat->attributes,
		.attributes_mask = stat->attributes_mask,
		.nlink		= stat->nlink,
		.uid		= from_kuid(&init_user_ns, stat->uid),
		.gid		= from_kgid(&init_user_ns, stat->gid),
		.mode		= stat->mode,
		.ino		= stat->ino,
		.size		= stat->size,
		.blocks		= stat->blocks,
		.atime		= sx_time(stat->atime),
		.btime		= sx_time(stat->btime),
		.ctime		= sx_time(stat->ctime),
		.mtime		= sx_time(stat->mtime),
		.rdev_major	= MAJOR(stat->rdev),
		.rdev_minor	= MINOR(stat->rdev),
	};
}

/**
 * vst_statx - carry out the FUSE request STATX
 * @r: request
 *
 * Context: worker.
 * Return: 0 or -errno.
 */
int vst_statx(struct vst_req *r)
{
	const struct fuse_statx_in *in = vst_arg(r, sizeof(*in));
	struct fuse_statx_out out = { .attr_valid = VST_VALID_SECONDS };
	struct vst_node *node;
	struct kstat stat;
	int err;

	if (!in)
		return -EINVAL;
	node = vst_node_get(r->conn, r->in.nodeid);
	if (IS_ERR(node))
		return PTR_ERR(node);
	err = stat_of(node->dentry, STATX_BASIC_STATS | STATX_BTIME, &stat);
	if (!err)
		stat.nlink -= vst_kept_links(d_inode(node->dentry));
	vst_node_put(node);
	if (err)
		return err;
	fill_statx(&stat, &out.stat);
	return vst_reply(r, &out, sizeof(out));
}

static int set_ids(const struct fuse_setattr_in *in, struct iattr *attr)
{
	kuid_t uid = make_kuid(&init_user_ns, in->uid);
	kgid_t gid = make_kgid(&init_user_ns, in->gid);

	if (in->valid & FATTR_UID) {
		if (!uid_valid(uid))
			return -EINVAL;
		attr->ia_valid |= ATTR_UID;
		attr->ia_vfsuid = VFSUIDT_INIT(uid);
	}
	if (in->valid & FATTR_GID) {
		if (!gid_valid(gid))
			return -EINVAL;
		attr->ia_valid |= ATTR_GID;
		attr->ia_vfsgid = VFSGIDT_INIT(gid);
	}
	return 0;
}

static int set_times(const struct fuse_setattr_in *in, struct iattr *attr)
{
	if (in->atimensec >= NSEC_PER_SEC || in->mtimensec >= NSEC_PER_SEC)
		return -EINVAL;
	if (in->valid & (FATTR_ATIME | FATTR_ATIME_NOW)) {
		attr->ia_valid |= ATTR_ATIME;
		if (!(in->valid & FATTR_ATIME_NOW))
			attr->ia_valid |= ATTR_ATIME_SET;
		attr->ia_atime = (struct timespec64){ in->atime, in->atimensec };
	}
	if (in->valid & (FATTR_MTIME | FATTR_MTIME_NOW)) {
		attr->ia_valid |= ATTR_MTIME;
		if (!(in->valid & FATTR_MTIME_NOW))
			attr->ia_valid |= ATTR_MTIME_SET;
		attr->ia_mtime = (struct timespec64){ in->mtime, in->mtimensec };
	}
	return 0;
}

static int set_size(const struct fuse_setattr_in *in, const struct inode *inode,
		    struct iattr *attr)
{
	if (!(in->valid & FATTR_SIZE))
		return 0;
	if (!S_ISREG(inode->i_mode))
		return S_ISDIR(inode->i_mode) ? -EISDIR : -EINVAL;
	if (in->size > LLONG_MAX)
		return -EINVAL;
	if (IS_APPEND(inode))	/* the VFS checks it, not the file system */
		return -EPERM;
	attr->ia_valid |= ATTR_SIZE;
	attr->ia_size = in->size;
	return 0;
}

static int to_iattr(const struct fuse_setattr_in *in, const struct inode *inode,
		    struct iattr *attr)
{
	int err;

	*attr = (struct iattr){ .ia_valid = ATTR_CTIME };
	if (in->valid & FATTR_MODE) {
		attr->ia_valid |= ATTR_MODE;
		attr->ia_mode = (in->mode & S_IALLUGO) | (inode->i_mode & ~S_IALLUGO);
	}
	err = set_ids(in, attr);
	err = err ?: set_times(in, attr);
	return err ?: set_size(in, inode, attr);
}

/*
 * Set the flags that take privileges away, like do_truncate() and chown_common(). The client's
 * word for what stays does not count if another may have given what this one has not heard of.
 */
static void kill_privileges(const struct fuse_setattr_in *in, struct inode *inode,
			    struct iattr *attr)
{
	bool alone = atomic_read(&vst_nr_conns) == 1;
	bool all = (in->valid & FATTR_KILL_SUIDGID) && !S_ISDIR(inode->i_mode) &&
		   !(alone && in->valid & VOS_FATTR_KEEP_SUIDGID);

	lockdep_assert_held_write(&inode->i_rwsem);
	if (attr->ia_valid & (ATTR_SIZE | ATTR_UID | ATTR_GID) &&
	    !(alone && in->valid & VOS_FATTR_KEEP_PRIV))
		attr->ia_valid |= ATTR_KILL_PRIV;
	/* A new mode states all bits, so only one of the two is set. */
	if (all && !(attr->ia_valid & ATTR_MODE))
		attr->ia_valid |= ATTR_KILL_SUID |
				  setattr_should_drop_sgid(&nop_mnt_idmap, inode);
}

/* The part of an inode that must be on disk before a change is answered: not its times. */
struct lasting {
	umode_t mode;
	kuid_t uid;
	kgid_t gid;
	loff_t size;
};

static struct lasting lasting_of(const struct inode *inode)
{
	return (struct lasting){ inode->i_mode, inode->i_uid, inode->i_gid, i_size_read(inode) };
}

static bool is_same(const struct lasting *a, const struct lasting *b)
{
	return a->mode == b->mode && uid_eq(a->uid, b->uid) && gid_eq(a->gid, b->gid) &&
	       a->size == b->size;
}

static bool has_caps(struct dentry *dentry)
{
	return __vfs_getxattr(dentry, d_inode(dentry), XATTR_NAME_CAPS, NULL, 0) > 0;
}

/*
 * If nothing that lasts has changed, no commit is needed: programs that run as root chown files
 * to the owner they have. Times come with every flush of written data, and may reach the disk
 * late, unless the client says otherwise (VOS_FUSE_LASTS). A mode is made durable even if it is
 * the same: a write may have taken bits from it that are on the disk still.
 */
static int change(struct vst_node *node, const struct fuse_setattr_in *in, bool *lasts)
{
	struct inode *inode = d_inode(node->dentry);
	struct lasting before, after;
	bool lost_caps;
	struct iattr attr;
	int err;

	if (vst_only_times(in))
		return vst_set_times(node->dentry, in);
	err = to_iattr(in, inode, &attr);
	if (err)
		return err;
	inode_lock(inode);
	before = lasting_of(inode);
	kill_privileges(in, inode, &attr);
	lost_caps = attr.ia_valid & ATTR_KILL_PRIV && has_caps(node->dentry);
	err = notify_change(&nop_mnt_idmap, node->dentry, &attr, NULL);
	after = lasting_of(inode);
	inode_unlock(inode);
	*lasts = in->valid & FATTR_MODE || lost_caps || !is_same(&before, &after);
	return err;
}

/*
 * chown(2) says of every change of owner that it takes privileges away. A set-group-ID bit
 * without execution for the group is none. A caller with CAP_FSETID keeps it.
 */
static bool lacks_fsetid(const struct vst_req *r, const struct fuse_setattr_in *in)
{
	return in->valid & FATTR_KILL_SUIDGID && !vst_caller_has(r, CAP_FSETID);
}

static int change_as_said(struct vst_req *r, struct vst_node *node,
			  const struct fuse_setattr_in *in)
{
	const struct cred *cred = vst_cred_to_change(lacks_fsetid(r, in)), *saved;
	bool lasts = false;
	int err;

	if (IS_ERR(cred))
		return PTR_ERR(cred);
	err = mnt_want_write(vst_root.mnt);
	if (!err) {
		saved = override_creds(cred);
		err = change(node, in, &lasts);
		revert_creds(saved);
		mnt_drop_write(vst_root.mnt);
	}
	put_cred(cred);
	lasts |= r->call->sqe.arg[0] & VOS_FUSE_LASTS;
	return err ?: vst_end_change(r, d_inode(node->dentry), lasts);
}

/**
 * vst_setattr - carry out the FUSE request SETATTR
 * @r: request
 *
 * Context: worker.
 * Return: 0 or -errno.
 */
int vst_setattr(struct vst_req *r)
{
	const struct fuse_setattr_in *in = vst_arg(r, sizeof(*in));
	struct vst_node *node;
	int err;

	if (!in)
		return -EINVAL;
	/* Carried out again it would take what was written since. */
	if (in->valid & FATTR_SIZE)
		r->logs = false;
	node = vst_node_get(r->conn, r->in.nodeid);
	if (IS_ERR(node))
		return PTR_ERR(node);
	err = change_as_said(r, node, in);
	err = err ?: reply_attr(r, node);
	vst_node_put(node);
	return err;
}
