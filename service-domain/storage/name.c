// SPDX-License-Identifier: GPL-2.0
/*
 * Names: making entries of directories and removing them.
 *
 * An earlier incarnation of this domain may have carried out a replayed request. The client
 * holds the directory's lock all the while. So the directory is either as before or as after
 * the request, and "as after" is success.
 */
#include <linux/slab.h>
#include "vst.h"
#include <linux/posix_acl.h>

/*
 * struct creation - what a request is to make
 * @mode: with its type; for a link, the type of what it leads to
 * @make: makes it; the directory is locked
 */
struct creation {
	const char *name;
	umode_t mode;
	u32 umask;
	dev_t rdev;
	const char *target;
	struct vst_node *old;
	int (*make)(const struct creation *c, struct inode *dir, struct dentry *dentry);
};

/**
 * vst_create_mode - apply the caller's mask to the mode of what is to be made
 * @dir: where; if it has a default ACL, the ACL replaces the mask
 * @mode: as the caller said
 * @umask: untrusted
 *
 * Context: process.
 * Return: the mode.
 */
umode_t vst_create_mode(struct inode *dir, umode_t mode, u32 umask)
{
	struct posix_acl *acl = get_inode_acl(dir, ACL_TYPE_DEFAULT);

	if (IS_ERR_OR_NULL(acl))
		return mode & ~(umask & 0777);
	posix_acl_release(acl);
	return mode;
}

static int make_node(const struct creation *c, struct inode *dir, struct dentry *dentry)
{
	umode_t mode = vst_create_mode(dir, c->mode, c->umask);

	if (S_ISREG(mode))
		return vfs_create(&nop_mnt_idmap, dir, dentry, mode, true);
	return vfs_mknod(&nop_mnt_idmap, dir, dentry, mode, c->rdev);
}

static int make_dir(const struct creation *c, struct inode *dir, struct dentry *dentry)
{
	return vfs_mkdir(&nop_mnt_idmap, dir, dentry, vst_create_mode(dir, c->mode, c->umask));
}

static int make_symlink(const struct creation *c, struct inode *dir, struct dentry *dentry)
{
	return vfs_symlink(&nop_mnt_idmap, dir, dentry, c->target);
}

static int make_link(const struct creation *c, struct inode *dir, struct dentry *dentry)
{
	return vfs_link(c->old->dentry, &nop_mnt_idmap, dir, dentry, NULL);
}

/* Return: true if @dentry is what an earlier incarnation would have made. */
static bool is_made(const struct vst_req *r, const struct creation *c, struct dentry *dentry)
{
	struct inode *inode = d_inode(dentry);

	if (c->old)
		return inode == d_inode(c->old->dentry);
	if (r->again && inode->i_ino != (u32)r->call->sqe.arg[1])
		return false;
	return !((inode->i_mode ^ c->mode) & S_IFMT);
}

static int make_new(struct vst_req *r, struct inode *dir, struct dentry *dentry,
		    const struct creation *c)
{
	int err;

	if (!r->again || c->old)
		return c->make(c, dir, dentry);
	vst_again_begin(r);
	err = c->make(c, dir, dentry);
	vst_again_end();
	return err;
}

/* Return: the new entry, positive, or ERR_PTR. */
static struct dentry *make_locked(struct vst_req *r, struct dentry *dir, const struct creation *c)
{
	struct dentry *dentry;
	int err;

	lockdep_assert_held_write(&d_inode(dir)->i_rwsem);
	if (vst_is_hidden(dir, c->name))
		return ERR_PTR(-EPERM);
	dentry = lookup_one_len(c->name, dir, strlen(c->name));
	if (IS_ERR(dentry))
		return dentry;
	if (d_is_positive(dentry))
		err = r->replay && is_made(r, c, dentry) ? 0 : -EEXIST;
	else
		err = make_new(r, d_inode(dir), dentry, c);
	if (!err && d_unhashed(dentry))
		err = -ESTALE;
	if (!err && r->again && !c->old)
		err = vst_again_number(r, d_inode(dentry));
	if (!err)
		return dentry;
	dput(dentry);
	return ERR_PTR(err);
}

static struct dentry *make_in(struct vst_req *r, struct dentry *dir, const struct creation *c)
{
	struct dentry *dentry;

	inode_lock_nested(d_inode(dir), I_MUTEX_PARENT);
	dentry = make_locked(r, dir, c);
	inode_unlock(d_inode(dir));
	return dentry;
}

static int create(struct vst_req *r, const struct creation *c)
{
	struct vst_node *dir = vst_node_get_dir(r->conn, r->in.nodeid);
	struct dentry *dentry;
	int err;

	if (IS_ERR(dir))
		return PTR_ERR(dir);
	if (r->again && !c->old)
		vst_again_make_room(r);
	err = mnt_want_write(vst_root.mnt);
	if (err)
		goto put_dir;
	dentry = make_in(r, dir->dentry, c);
	mnt_drop_write(vst_root.mnt);
	err = PTR_ERR_OR_ZERO(dentry);
	if (err)
		goto put_dir;
	r->call->cqe.out[2] = vst_id_of(d_inode(dentry));
	err = vst_end_change(r, d_inode(dir->dentry), true);
	err = err ?: vst_reply_entry(r, dentry);
	dput(dentry);
put_dir:
	vst_node_put(dir);
	return err;
}

static bool can_make(u32 mode)
{
	return S_ISREG(mode) || S_ISCHR(mode) || S_ISBLK(mode) || S_ISFIFO(mode) ||
	       S_ISSOCK(mode);
}

/**
 * vst_mknod - carry out the FUSE request MKNOD
 * @r: request
 *
 * Context: worker.
 * Return: 0 or -errno.
 */
int vst_mknod(struct vst_req *r)
{
	const struct fuse_mknod_in *in = vst_arg(r, sizeof(*in));
	struct creation c = { .make = make_node };

	if (!in || !can_make(in->mode))
		return -EINVAL;
	c.mode = in->mode;
	c.umask = in->umask;
	c.rdev = new_decode_dev(in->rdev);
	c.name = vst_name(r);
	return c.name ? create(r, &c) : -EINVAL;
}

/**
 * vst_mkdir - carry out the FUSE request MKDIR
 * @r: request
 *
 * Context: worker.
 * Return: 0 or -errno.
 */
int vst_mkdir(struct vst_req *r)
{
	const struct fuse_mkdir_in *in = vst_arg(r, sizeof(*in));
	struct creation c = { .make = make_dir };

	if (!in)
		return -EINVAL;
	c.mode = S_IFDIR | (in->mode & S_IALLUGO);
	c.umask = in->umask;
	c.name = vst_name(r);
	return c.name ? create(r, &c) : -EINVAL;
}

/**
 * vst_symlink - carry out the FUSE request SYMLINK
 * @r: request
 *
 * Context: worker.
 * Return: 0 or -errno.
 */
int vst_symlink(struct vst_req *r)
{
	struct creation c = { .make = make_symlink, .mode = S_IFLNK };

	c.name = vst_name(r);
	c.target = vst_string(r);
	return c.name && c.target ? create(r, &c) : -EINVAL;
}

/**
 * vst_link - carry out the FUSE request LINK
 * @r: request
 *
 * Context: worker.
 * Return: 0 or -errno.
 */
int vst_link(struct vst_req *r)
{
	const struct fuse_link_in *in = vst_arg(r, sizeof(*in));
	struct creation c = { .make = make_link };
	int err;

	c.name = in ? vst_name(r) : NULL;
	if (!c.name)
		return -EINVAL;
	c.old = vst_node_get(r->conn, in->oldnodeid);
	if (IS_ERR(c.old))
		return PTR_ERR(c.old);
	/* The disk may not have a file that was made without a name: see tmpfile.c. */
	if (d_inode(c.old->dentry)->i_nlink <= vst_kept_links(d_inode(c.old->dentry)))
		r->logs = false;
	err = create(r, &c);
	vst_node_put(c.old);
	return err;
}

/* @victim: set to the node of the entry, which has to stay while open. */
static int remove_locked(struct vst_req *r, struct dentry *dir, const char *name, bool is_dir,
			 struct vst_node **victim)
{
	struct dentry *dentry;
	int err;

	lockdep_assert_held_write(&d_inode(dir)->i_rwsem);
	if (vst_is_hidden(dir, name))
		return -ENOENT;
	dentry = lookup_one_len(name, dir, strlen(name));
	if (IS_ERR(dentry))
		return PTR_ERR(dentry);
	if (d_is_negative(dentry)) {
		err = r->replay ? 0 : -ENOENT;
		goto put;
	}
	err = vst_id_check(d_inode(dentry));
	if (err)
		goto put;
	err = -ESTALE;
	if (r->again && r->call->sqe.arg[1] && vst_id_of(d_inode(dentry)) != r->call->sqe.arg[1])
		goto put;
	r->call->cqe.out[2] = vst_id_of(d_inode(dentry));
	*victim = vst_node_of(r->conn, dentry);
	err = -ENOMEM;
	if (!*victim)
		goto put;
	err = vst_keep(r, dentry);
	if (err)
		goto put;
	if (is_dir)
		err = vfs_rmdir(&nop_mnt_idmap, d_inode(dir), dentry);
	else
		err = vfs_unlink(&nop_mnt_idmap, d_inode(dir), dentry, NULL);
put:
	dput(dentry);
	return err;
}

static int remove(struct vst_req *r, bool is_dir)
{
	const char *name = vst_name(r);
	struct vst_node *dir, *victim = NULL;
	int err;

	if (!name)
		return -EINVAL;
	dir = vst_node_get_dir(r->conn, r->in.nodeid);
	if (IS_ERR(dir))
		return PTR_ERR(dir);
	err = mnt_want_write(vst_root.mnt);
	if (err)
		goto put_dir;
	inode_lock_nested(d_inode(dir->dentry), I_MUTEX_PARENT);
	err = remove_locked(r, dir->dentry, name, is_dir, &victim);
	inode_unlock(d_inode(dir->dentry));
	if (victim) {
		vst_again_removed(r, victim);
		vst_node_put(victim);
	}
	mnt_drop_write(vst_root.mnt);
	err = err ?: vst_end_change(r, d_inode(dir->dentry), true);
put_dir:
	vst_node_put(dir);
	return err;
}

/**
 * vst_unlink - carry out the FUSE request UNLINK
 * @r: request
 *
 * Context: worker.
 * Return: 0 or -errno.
 */
int vst_unlink(struct vst_req *r)
{
	return remove(r, false);
}

/**
 * vst_rmdir - carry out the FUSE request RMDIR
 * @r: request
 *
 * Context: worker.
 * Return: 0 or -errno.
 */
int vst_rmdir(struct vst_req *r)
{
	return remove(r, true);
}
