// SPDX-License-Identifier: GPL-2.0
/*
 * RENAME and RENAME2. name.c says what a replay means. After an exchange, and after a rename that
 * leaves a whiteout, there are as many names as before. So a replay says which inode moves.
 */
#include "vst.h"

struct renaming {
	struct dentry *old_dir;
	struct dentry *new_dir;
	const char *old_name;
	const char *new_name;
	u32 flags;
	struct vst_node *victim;
};

/* Test whether an earlier incarnation has carried out a replayed request. */
static bool is_renamed(const struct vst_req *r, const struct dentry *old, const struct dentry *new)
{
	u64 moves = r->call->sqe.arg[1];	/* untrusted; compared only */

	if (!r->replay || d_is_negative(new))
		return false;
	if (d_is_negative(old))
		return true;
	return moves && vst_id_of(d_inode(new)) == moves && vst_id_of(d_inode(old)) != moves;
}

/* Rename. @trap: if one directory is an ancestor of the other, its child on that path. */
static int rename_dentries(struct vst_req *r, struct renaming *n, struct dentry *trap,
			   struct dentry *old, struct dentry *new)
{
	struct renamedata rd = {
		.old_mnt_idmap	= &nop_mnt_idmap,
		.old_dir	= d_inode(n->old_dir),
		.old_dentry	= old,
		.new_mnt_idmap	= &nop_mnt_idmap,
		.new_dir	= d_inode(n->new_dir),
		.new_dentry	= new,
		.flags		= n->flags,
	};

	lockdep_assert_held_write(&rd.old_dir->i_rwsem);
	lockdep_assert_held_write(&rd.new_dir->i_rwsem);
	if (is_renamed(r, old, new)) {
		r->call->cqe.out[2] = vst_id_of(d_inode(new));
		return 0;
	}
	if (d_is_negative(old))
		return -ENOENT;
	r->call->cqe.out[2] = vst_id_of(d_inode(old));
	if (old == trap)
		return -EINVAL;
	if (new == trap)
		return -ENOTEMPTY;
	if ((n->flags & RENAME_NOREPLACE) && d_is_positive(new))
		return -EEXIST;
	if ((n->flags & RENAME_EXCHANGE) && d_is_negative(new))
		return -ENOENT;
	if ((n->flags & RENAME_EXCHANGE) && r->replay && !r->call->sqe.arg[1])
		return -EIO;
	if (d_is_positive(new) && d_inode(new) != d_inode(old) && !(n->flags & RENAME_EXCHANGE)) {
		int err;

		r->call->cqe.out[3] = vst_id_of(d_inode(new));
		n->victim = vst_node_of(r->conn, new);
		if (!n->victim)
			return -ENOMEM;
		err = vst_keep(r, new);
		if (err)
			return err;
	}
	return vfs_rename(&rd);
}

/* Return: 0; -EXDEV: a name leads to another subvolume. */
static int check_both(struct dentry *old, struct dentry *new)
{
	int err = d_is_positive(old) ? vst_id_check(d_inode(old)) : 0;

	return err || d_is_negative(new) ? err : vst_id_check(d_inode(new));
}

static int rename_locked(struct vst_req *r, struct renaming *n, struct dentry *trap)
{
	struct dentry *old, *new;
	int err;

	if (vst_is_hidden(n->old_dir, n->old_name) || vst_is_hidden(n->new_dir, n->new_name))
		return -EPERM;
	old = lookup_one_len(n->old_name, n->old_dir, strlen(n->old_name));
	if (IS_ERR(old))
		return PTR_ERR(old);
	new = lookup_one_len(n->new_name, n->new_dir, strlen(n->new_name));
	err = PTR_ERR_OR_ZERO(new);
	if (!err) {
		err = check_both(old, new) ?: rename_dentries(r, n, trap, old, new);
		dput(new);
	}
	dput(old);
	return err;
}

static int commit_both(struct vst_req *r, const struct renaming *n)
{
	int err = vst_end_change(r, d_inode(n->new_dir), true);

	if (!err && n->old_dir != n->new_dir && !r->call->cqe.out[0])
		err = vst_commit(d_inode(n->old_dir));
	return err;
}

static int rename_dirs(struct vst_req *r, struct renaming *n)
{
	struct dentry *trap;
	int err = mnt_want_write(vst_root.mnt);

	if (err)
		return err;
	trap = lock_rename(n->new_dir, n->old_dir);
	if (IS_ERR(trap)) {
		err = PTR_ERR(trap);
	} else {
		err = rename_locked(r, n, trap);
		unlock_rename(n->new_dir, n->old_dir);
	}
	if (n->victim) {
		vst_again_removed(r, n->victim);
		vst_node_put(n->victim);
	}
	mnt_drop_write(vst_root.mnt);
	return err ?: commit_both(r, n);
}

static int do_rename(struct vst_req *r, u64 new_id, u32 flags)
{
	struct vst_node *old_dir, *new_dir;
	struct renaming n = { .flags = flags };
	int err;

	n.old_name = vst_name(r);
	n.new_name = vst_name(r);
	if (!n.old_name || !n.new_name)
		return -EINVAL;
	if (flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT))
		return -EINVAL;
	/* No answer tells the number of the whiteout, so it could not be made again. */
	if (flags & RENAME_WHITEOUT)
		r->logs = false;
	old_dir = vst_node_get_dir(r->conn, r->in.nodeid);
	if (IS_ERR(old_dir))
		return PTR_ERR(old_dir);
	new_dir = vst_node_get_dir(r->conn, new_id);
	err = PTR_ERR_OR_ZERO(new_dir);
	if (!err) {
		n.old_dir = old_dir->dentry;
		n.new_dir = new_dir->dentry;
		err = rename_dirs(r, &n);
		vst_node_put(new_dir);
	}
	vst_node_put(old_dir);
	return err;
}

/**
 * vst_rename - carry out the FUSE request RENAME
 * @r: request
 *
 * Context: worker.
 * Return: 0 or -errno.
 */
int vst_rename(struct vst_req *r)
{
	const struct fuse_rename_in *in = vst_arg(r, sizeof(*in));

	return in ? do_rename(r, in->newdir, 0) : -EINVAL;
}

/**
 * vst_rename2 - carry out the FUSE request RENAME2
 * @r: request
 *
 * Context: worker.
 * Return: 0 or -errno.
 */
int vst_rename2(struct vst_req *r)
{
	const struct fuse_rename2_in *in = vst_arg(r, sizeof(*in));

	return in ? do_rename(r, in->newdir, in->flags) : -EINVAL;
}
