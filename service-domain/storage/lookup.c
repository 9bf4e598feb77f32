// SPDX-License-Identifier: GPL-2.0
/* What names and symbolic links lead to: LOOKUP and READLINK. */
#include "vst.h"

/*
 * Find what a file handle of the client leads to. The client asks only if it has no inode of the
 * node. So a file without a name that it sees is not open there, and is about to go.
 */
static struct dentry *lookup_self(struct dentry *dentry)
{
	const struct inode *inode = d_inode(dentry);

	return inode->i_nlink > vst_kept_links(inode) ? dget(dentry) : ERR_PTR(-ESTALE);
}

static struct dentry *lookup_in(struct dentry *dir, const char *name)
{
	if (vst_is_hidden(dir, name))
		return ERR_PTR(-ENOENT);
	if (!strcmp(name, "."))
		return lookup_self(dir);
	if (!strcmp(name, "..")) {
		if (dir == vst_root.dentry)
			return dget(dir);
		return dget_parent(dir);
	}
	return lookup_one_len_unlocked(name, dir, strlen(name));
}

/* Reply that nothing has this name; the client may cache that. */
static int reply_negative(struct vst_req *r)
{
	struct fuse_entry_out entry = { .entry_valid = VST_VALID_SECONDS };

	return vst_reply(r, &entry, sizeof(entry));
}

/**
 * vst_lookup - carry out the FUSE request LOOKUP
 * @r: request
 *
 * Context: worker.
 * Return: 0 or -errno.
 */
int vst_lookup(struct vst_req *r)
{
	const char *name = vst_name(r);
	struct dentry *dentry;
	struct vst_node *dir;
	int err;

	if (!name)
		return -EINVAL;
	/* "." finds a node of any kind by its id, for the client's file handles. */
	dir = strcmp(name, ".") ? vst_node_get_dir(r->conn, r->in.nodeid) :
				  vst_node_get(r->conn, r->in.nodeid);
	if (IS_ERR(dir))
		return PTR_ERR(dir);
	dentry = lookup_in(dir->dentry, name);
	if (IS_ERR(dentry)) {
		err = PTR_ERR(dentry);
	} else {
		err = d_is_positive(dentry) ? vst_reply_entry(r, dentry) : reply_negative(r);
		dput(dentry);
	}
	vst_node_put(dir);
	return err;
}

/**
 * vst_readlink - carry out the FUSE request READLINK
 * @r: request
 *
 * Context: worker.
 * Return: 0 or -errno.
 */
int vst_readlink(struct vst_req *r)
{
	struct vst_node *node = vst_node_get(r->conn, r->in.nodeid);
	DEFINE_DELAYED_CALL(done);
	const char *link;
	int err;

	if (IS_ERR(node))
		return PTR_ERR(node);
	link = vfs_get_link(node->dentry, &done);
	if (IS_ERR(link))
		err = PTR_ERR(link);
	else
		err = vst_reply(r, link, min_t(size_t, strlen(link), r->room));
	do_delayed_call(&done);
	vst_node_put(node);
	return err;
}
