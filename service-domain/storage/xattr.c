// SPDX-License-Identifier: GPL-2.0
/*
 * Extended attributes. Access control lists are attributes on the wire; the kernel has
 * functions of their own for them.
 */
#include <linux/slab.h>
#include <linux/xattr.h>
#include "vst.h"
#include <linux/posix_acl_xattr.h>

static bool is_acl(const char *name)
{
	return !strcmp(name, XATTR_NAME_POSIX_ACL_ACCESS) ||
	       !strcmp(name, XATTR_NAME_POSIX_ACL_DEFAULT);
}

static ssize_t get_acl(struct dentry *dentry, const char *name, void *value, size_t size)
{
	struct posix_acl *acl = vfs_get_acl(&nop_mnt_idmap, dentry, name);
	ssize_t n;

	if (IS_ERR(acl))
		return PTR_ERR(acl);
	n = posix_acl_to_xattr(&init_user_ns, acl, value, size);
	posix_acl_release(acl);
	return n;
}

static int set_acl(struct dentry *dentry, const char *name, const void *value, size_t size)
{
	struct posix_acl *acl = posix_acl_from_xattr(&init_user_ns, value, size);
	int err;

	if (IS_ERR(acl))
		return PTR_ERR(acl);
	err = vfs_set_acl(&nop_mnt_idmap, dentry, name, acl);
	posix_acl_release(acl);
	return err;
}

static ssize_t get_value(struct dentry *dentry, const char *name, void *value, size_t size)
{
	if (!name)
		return vfs_listxattr(dentry, value, size);
	if (is_acl(name))
		return get_acl(dentry, name, value, size);
	return vfs_getxattr(&nop_mnt_idmap, dentry, name, value, size);
}

/*
 * Reply with a value, or if @name is NULL the list of names. If @size is 0, reply its length
 * only.
 */
static int reply_value(struct vst_req *r, struct dentry *dentry, const char *name, u32 size)
{
	struct fuse_getxattr_out out = {};
	void *value = NULL;
	ssize_t n;
	int err;

	if (size > XATTR_SIZE_MAX)
		size = XATTR_SIZE_MAX;
	if (size) {
		value = kvzalloc(size, GFP_KERNEL);
		if (!value)
			return -ENOMEM;
	}
	n = get_value(dentry, name, value, size);
	if (n < 0) {
		err = n;
	} else if (size) {
		err = vst_reply(r, value, n);
	} else {
		out.size = n;
		err = vst_reply(r, &out, sizeof(out));
	}
	kvfree(value);
	return err;
}

static int get_any(struct vst_req *r, bool list)
{
	const struct fuse_getxattr_in *in = vst_arg(r, sizeof(*in));
	const char *name = NULL;
	struct vst_node *node;
	int err;

	if (!in)
		return -EINVAL;
	if (!list) {
		name = vst_string(r);
		if (!name || !*name)
			return -EINVAL;
	}
	node = vst_node_get(r->conn, r->in.nodeid);
	if (IS_ERR(node))
		return PTR_ERR(node);
	err = reply_value(r, node->dentry, name, in->size);
	vst_node_put(node);
	return err;
}

/**
 * vst_getxattr - carry out the FUSE request GETXATTR
 * @r: request
 *
 * Context: worker.
 * Return: 0 or -errno.
 */
int vst_getxattr(struct vst_req *r)
{
	return get_any(r, false);
}

/**
 * vst_listxattr - carry out the FUSE request LISTXATTR
 * @r: request
 *
 * Context: worker.
 * Return: 0 or -errno.
 */
int vst_listxattr(struct vst_req *r)
{
	return get_any(r, true);
}

struct xattr_change {
	const char *name;
	const void *value;	/* NULL: remove */
	size_t size;
	u32 flags;
	bool kill_sgid;
};

static int change_value(struct dentry *dentry, const struct xattr_change *x)
{
	if (is_acl(x->name))
		return x->value ? set_acl(dentry, x->name, x->value, x->size) :
				  vfs_remove_acl(&nop_mnt_idmap, dentry, x->name);
	if (x->value)
		return vfs_setxattr(&nop_mnt_idmap, dentry, x->name, x->value, x->size, x->flags);
	return vfs_removexattr(&nop_mnt_idmap, dentry, x->name);
}

static int change_as_said(struct dentry *dentry, const struct xattr_change *x)
{
	const struct cred *cred = vst_cred_to_change(x->kill_sgid), *saved;
	int err;

	if (IS_ERR(cred))
		return PTR_ERR(cred);
	saved = override_creds(cred);
	err = change_value(dentry, x);
	revert_creds(saved);
	put_cred(cred);
	return err;
}

/* Return: true if an earlier incarnation has made the change already. */
static bool is_done(const struct xattr_change *x, int err)
{
	return x->value ? (x->flags & XATTR_CREATE) && err == -EEXIST : err == -ENODATA;
}

static int change_any(struct vst_req *r, const struct xattr_change *x)
{
	struct vst_node *node = vst_node_get(r->conn, r->in.nodeid);
	int err;

	if (IS_ERR(node))
		return PTR_ERR(node);
	err = mnt_want_write(vst_root.mnt);
	if (err)
		goto put;
	err = change_as_said(node->dentry, x);
	mnt_drop_write(vst_root.mnt);
	if (r->replay && is_done(x, err))
		err = 0;
	err = err ?: vst_end_change(r, d_inode(node->dentry), true);
put:
	vst_node_put(node);
	return err;
}

/**
 * vst_setxattr - carry out the FUSE request SETXATTR
 * @r: request
 *
 * Context: worker.
 * Return: 0 or -errno.
 */
int vst_setxattr(struct vst_req *r)
{
	const struct fuse_setxattr_in *in = vst_arg(r, sizeof(*in));
	struct xattr_change x = {};

	if (!in || in->size > XATTR_SIZE_MAX || (in->flags & ~(XATTR_CREATE | XATTR_REPLACE)))
		return -EINVAL;
	x.name = vst_string(r);
	x.size = in->size;
	x.flags = in->flags;
	x.kill_sgid = in->setxattr_flags & FUSE_SETXATTR_ACL_KILL_SGID;
	x.value = vst_arg(r, in->size);
	if (!x.name || !*x.name || !x.value)
		return -EINVAL;
	return change_any(r, &x);
}

/**
 * vst_removexattr - carry out the FUSE request REMOVEXATTR
 * @r: request
 *
 * Context: worker.
 * Return: 0 or -errno.
 */
int vst_removexattr(struct vst_req *r)
{
	struct xattr_change x = { .name = vst_string(r) };

	if (!x.name || !*x.name)
		return -EINVAL;
	return change_any(r, &x);
}
