// SPDX-License-Identifier: GPL-2.0
/*
 * May what a request unlinks still be open here? The service does not see opens;
 * an unlinked inode that somebody has open must outlive it, so it is told.
 *
 * The answer may be "yes" for no reason, never "no" for none: each open file and
 * each mapping holds a dentry, and each dentry its inode.
 */
#include <linux/dcache.h>
#include "opcode.h"
#include "vosfs.h"

static int is_node(struct inode *inode, void *id)
{
	return get_node_id(inode) == *(u64 *)id;
}

/* The dentry that the client has for a name in a directory, or NULL. */
static struct dentry *find_entry(struct fuse_req *req, u64 dir_id, const char *name)
{
	struct inode *dir = ilookup5(req->fm->sb, dir_id, is_node, &dir_id);
	struct qstr q = QSTR_INIT(name, strlen(name));
	struct dentry *parent, *entry = NULL;

	if (!dir)
		return NULL;
	parent = d_find_any_alias(dir);
	if (parent) {
		entry = d_hash_and_lookup(parent, &q);
		dput(parent);
	}
	iput(dir);
	return IS_ERR(entry) ? NULL : entry;
}

/* What the VFS itself holds of a victim while it calls us, and we. */
static bool is_held(struct dentry *entry, bool renaming)
{
	struct inode *inode = d_inode(entry);
	/* lookup and vfs_rename(), or lookup only; and ours */
	int dentry_refs = renaming ? 3 : 2;
	/* the dentry's; do_unlinkat()'s */
	int inode_refs = renaming ? 1 : 2;

	if (!inode || !S_ISREG(inode->i_mode))
		return false;
	return d_count(entry) > dentry_refs || atomic_read(&inode->i_count) > inode_refs;
}

/**
 * vosfs_victim_may_be_open - see above
 * @req: of any kind, not sent yet; the caller holds the directories' locks
 *
 * Process context.
 *
 * Return: true if it may be.
 */
bool vosfs_victim_may_be_open(struct fuse_req *req)
{
	const struct vosfs_opcode *op = vosfs_opcode(req->in.h.opcode);
	const struct fuse_in_arg *args = req->args->in_args;
	bool renaming = op->flags & VOSFS_REPLACES, held = true;
	struct dentry *entry;
	u64 dir;

	if (!(op->flags & (VOSFS_UNLINKS | VOSFS_REPLACES)))
		return false;
	/* The bodies of both kinds of rename begin with the new directory. */
	dir = renaming ? *(u64 *)args[0].value : req->in.h.nodeid;
	entry = find_entry(req, dir, args[op->name_arg].value);
	if (entry) {
		held = is_held(entry, renaming);
		dput(entry);
	}
	return held;
}
