// SPDX-License-Identifier: GPL-2.0
/*
 * Whether a file that a request unlinks may still be open here. The service does not see opens.
 * If a file is open, its inode must outlive the unlinking, so the request says so.
 *
 * The answer may be "yes" without a reason, but is never "no" for an open file. Each open file
 * and each mapping holds a dentry, and each dentry its inode.
 */
#include <linux/dcache.h>
#include "opcode.h"
#include "vosfs.h"

static int is_node(struct inode *inode, void *id)
{
	return get_node_id(inode) == *(u64 *)id;
}

/*
 * Find the dentry that the client has for a name in a directory.
 * Return: the dentry or NULL.
 */
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

/* Test for references beyond those that the VFS holds during its call, and this file's. */
static bool is_held(struct dentry *entry, bool renaming)
{
	struct inode *inode = d_inode(entry);
	/* lookup and vfs_rename(), or lookup only; and find_entry()'s */
	int dentry_refs = renaming ? 3 : 2;
	/* the dentry's; do_unlinkat()'s */
	int inode_refs = renaming ? 1 : 2;

	if (!inode || !S_ISREG(inode->i_mode))
		return false;
	return d_count(entry) > dentry_refs || atomic_read(&inode->i_count) > inode_refs;
}

/**
 * vosfs_victim_may_be_open - test whether what a request unlinks may be open here
 * @req: of any kind, not sent yet; the caller holds the directories' locks
 *
 * Context: process.
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

/**
 * vosfs_victim_moves - get the node whose name a request changes
 * @req: of any kind; the caller holds the directories' locks
 *
 * Until the caller has its answer, the client's names are as they were before. So a service that
 * gets the request again can tell whether the node has its new name already.
 *
 * Context: process.
 * Return: the node id; 0: the request is no rename, or the node is not known.
 */
u64 vosfs_victim_moves(struct fuse_req *req)
{
	const struct vosfs_opcode *op = vosfs_opcode(req->in.h.opcode);
	struct dentry *entry;
	u64 node = 0;

	if (!(op->flags & VOSFS_REPLACES))
		return 0;
	/* The old name is before the new one. */
	entry = find_entry(req, req->in.h.nodeid, req->args->in_args[op->name_arg - 1].value);
	if (entry && d_inode(entry))
		node = get_node_id(d_inode(entry));
	dput(entry);
	return node;
}
