// SPDX-License-Identifier: GPL-2.0
/*
 * Files without a name that a client has open, kept over the death of this domain. They get a
 * name in a hidden directory of the export. When the client forgets such a file, that name
 * goes. What an earlier mount left there goes when the next mount begins.
 *
 * Invariant: the hidden directory's lock is taken last. Clients can neither see nor reach it.
 */
#include <linux/file.h>
#include <linux/moduleparam.h>
#include <linux/xarray.h>
#include "vst.h"

static bool keep_unlinked = true;
module_param(keep_unlinked, bool, 0444);
MODULE_PARM_DESC(keep_unlinked,
		 "keep unlinked files that are open over a crash of this domain, in /" VST_HIDDEN);

#define ID_LEN	16

/* A rename has two directories locked already, of both nested classes. */
static struct lock_class_key hidden_key;
static struct dentry *hidden;		/* NULL: none, files go with this domain */
static DEFINE_XARRAY(kept);		/* by node id: what has a name there */

/**
 * vst_is_hidden - check if a name in a directory leads to the hidden one
 * @dir: directory
 * @name: entry
 *
 * Context: any.
 * Return: true if it does.
 */
bool vst_is_hidden(const struct dentry *dir, const char *name)
{
	return hidden && dir == vst_root.dentry && !strcmp(name, VST_HIDDEN);
}

/**
 * vst_is_hidden_dir - check if this is the hidden directory itself
 * @dentry: positive
 *
 * Context: any.
 * Return: true if it is.
 */
bool vst_is_hidden_dir(const struct dentry *dentry)
{
	return hidden && d_inode(dentry) == d_inode(hidden);
}

/* Find the entry for a node, under the hidden directory's lock. The caller puts it. */
static struct dentry *entry_of(u64 id)
{
	char name[ID_LEN + 1];

	snprintf(name, sizeof(name), "%016llx", id);
	return lookup_one_len(name, hidden, ID_LEN);
}

static int note_kept(u64 id)
{
	return xa_err(xa_store(&kept, id, xa_mk_value(1), GFP_NOFS));
}

/**
 * vst_kept_links - count an inode's links that the client must not see
 * @inode: any
 *
 * Context: process.
 * Return: 1 if it is kept here or the hidden directory is in it, else 0.
 */
unsigned int vst_kept_links(const struct inode *inode)
{
	/* ext4 counts no further than 65,000, and says 1 then */
	if (S_ISDIR(inode->i_mode))
		return hidden && inode == d_inode(vst_root.dentry) && inode->i_nlink > 2;
	return S_ISREG(inode->i_mode) && xa_load(&kept, vst_id_of(inode));
}

/* Return: 0, and *made if there was no such name before; or an error. */
static int link_locked(struct dentry *file, struct dentry *entry, u64 id, bool *made)
{
	int err;

	if (d_is_positive(entry))
		return 0;
	err = note_kept(id);
	if (err)
		return err;
	err = vfs_link(file, &nop_mnt_idmap, d_inode(hidden), entry, NULL);
	if (err)
		xa_erase(&kept, id);
	*made = !err;
	return err;
}

static void drop(struct dentry *entry, u64 id)
{
	lockdep_assert_held_write(&d_inode(hidden)->i_rwsem);
	if (!vfs_unlink(&nop_mnt_idmap, d_inode(hidden), entry, NULL))
		xa_erase(&kept, id);
}

/* Remove a hidden name. The caller may write to the mount. */
static void unkeep(u64 id)
{
	const struct cred *saved = override_creds(vst_cred);
	struct dentry *entry;

	inode_lock(d_inode(hidden));
	entry = entry_of(id);
	if (!IS_ERR(entry)) {
		if (d_is_positive(entry))
			drop(entry, id);
		dput(entry);
	}
	inode_unlock(d_inode(hidden));
	revert_creds(saved);
}

/**
 * vst_unkeep - remove the hidden name of a node that the client has forgotten
 * @id: untrusted
 *
 * Context: worker.
 */
void vst_unkeep(u64 id)
{
	if (!xa_load(&kept, id) || mnt_want_write(vst_root.mnt))
		return;
	unkeep(id);
	mnt_drop_write(vst_root.mnt);
}

/* Give a file its name in the hidden directory. The caller may write to the mount. */
static int keep(struct dentry *file)
{
	u64 id = vst_id_of(d_inode(file));
	const struct cred *saved;
	struct dentry *entry;
	bool made = false;
	int err;

	/* The service makes the link, so its own credentials apply. */
	saved = override_creds(vst_cred);
	inode_lock(d_inode(hidden));
	entry = entry_of(id);
	err = PTR_ERR_OR_ZERO(entry);
	if (!err) {
		err = link_locked(file, entry, id, &made);
		dput(entry);
	}
	inode_unlock(d_inode(hidden));
	revert_creds(saved);
	/* The file must not have lost its last name on the disk before it has this one. */
	err = err ?: vst_commit_first(d_inode(hidden));
	/* Removing a file must not need room on the disk, which may be what it is removed for. */
	if (err == -ENOSPC || err == -EDQUOT)
		return 0;
	if (err && made)
		unkeep(id);
	return err;
}

/**
 * vst_keep - give a file that is about to lose its last name another one
 * @r: request that removes the name
 * @victim: the name; its directory is locked
 *
 * Context: worker.
 * Return: 0, also if there is nothing to be done; or an error.
 */
int vst_keep(const struct vst_req *r, struct dentry *victim)
{
	struct inode *inode = d_inode(victim);

	if (!(r->call->sqe.arg[0] & VOS_FUSE_KEEP) || !hidden)
		return 0;
	if (!S_ISREG(inode->i_mode) || inode->i_nlink != 1)
		return 0;
	return keep(victim);
}

/**
 * vst_keep_nameless - give a file that was made without a name one, durably
 * @file: it; the caller may write to the mount and has no directory locked
 *
 * Nothing else makes it durable, for no directory that the client knows has changed.
 *
 * Context: worker; waits for the disk.
 * Return: 0, also if none are kept; or an error.
 */
int vst_keep_nameless(struct dentry *file)
{
	int err = hidden ? keep(file) : 0;

	if (err || !hidden)
		return err;
	err = vst_commit(d_inode(hidden));
	/* The caller drops the file, and no client would ever forget it. */
	if (err)
		unkeep(vst_id_of(d_inode(file)));
	return err;
}

/**
 * vst_unkeep_number - remove the hidden name of the file that has a certain inode number
 * @ino: untrusted
 *
 * Context: worker.
 */
void vst_unkeep_number(u32 ino)
{
	unsigned long id;
	void *entry;

	xa_for_each(&kept, id, entry)
		if ((u32)id == ino)
			vst_unkeep(id);
}

/**
 * vst_hidden_dir - get the hidden directory
 *
 * Return: it, or NULL.
 */
struct dentry *vst_hidden_dir(void)
{
	return hidden;
}

/**
 * vst_orphans_purge - remove all hidden names when a new mount begins
 *
 * No client has any of the files open.
 *
 * Context: worker.
 */
void vst_orphans_purge(void)
{
	unsigned long id;
	void *entry;

	xa_for_each(&kept, id, entry)
		vst_unkeep(id);
}

struct listing {
	struct dir_context ctx;
	int err;
};

static bool note_one(struct dir_context *ctx, const char *name, int len, loff_t pos, u64 ino,
		     unsigned int type)
{
	struct listing *l = container_of(ctx, struct listing, ctx);
	char text[ID_LEN + 1] = "";
	u64 id;

	if (len != ID_LEN)
		return true;
	memcpy(text, name, ID_LEN);
	if (!kstrtou64(text, 16, &id))
		l->err = note_kept(id);
	return !l->err;
}

/* Note what the domain before this one has kept. */
static int note_all(struct dentry *dir)
{
	struct path path = { .mnt = vst_root.mnt, .dentry = dir };
	struct file *file = dentry_open(&path, O_RDONLY | O_DIRECTORY, vst_cred);
	struct listing l = { .ctx.actor = note_one };
	int err;

	if (IS_ERR(file))
		return PTR_ERR(file);
	err = iterate_dir(file, &l.ctx) ?: l.err;
	fput(file);
	return err;
}

static struct dentry *find_or_make(bool make)
{
	struct inode *dir = d_inode(vst_root.dentry);
	struct dentry *dentry;
	int err = 0;

	inode_lock_nested(dir, I_MUTEX_PARENT);
	dentry = lookup_one_len(VST_HIDDEN, vst_root.dentry, strlen(VST_HIDDEN));
	if (!IS_ERR(dentry) && d_is_negative(dentry))
		err = make ? vfs_mkdir(&nop_mnt_idmap, dir, dentry, 0700) : -ENOENT;
	inode_unlock(dir);
	if (!IS_ERR(dentry) && !err && !d_is_dir(dentry))
		err = -ENOTDIR;
	if (!IS_ERR(dentry) && !err)
		err = vst_id_check(d_inode(dentry));
	if (!err)
		return dentry;
	dput(dentry);
	return ERR_PTR(err);
}

/**
 * vst_orphans_init - find or make the hidden directory
 *
 * If there is none (not wanted, or a read-only file system), nothing is kept. One that is there is
 * hidden on a read-only file system, too.
 *
 * Context: process.
 */
void vst_orphans_init(void)
{
	struct dentry *dentry;
	bool writable;
	int err;

	if (!keep_unlinked)
		return;
	writable = !mnt_want_write(vst_root.mnt);
	dentry = find_or_make(writable);
	if (writable)
		mnt_drop_write(vst_root.mnt);
	err = PTR_ERR_OR_ZERO(dentry);
	if (!writable && err == -ENOENT)
		return;
	if (!err) {
		lockdep_set_class(&d_inode(dentry)->i_rwsem, &hidden_key);
		hidden = dentry;
		err = note_all(dentry);
	}
	if (err)
		pr_warn("virtuos-storage: %s: error %d; files without a name may end with this domain\n",
			VST_HIDDEN, err);
}

/**
 * vst_orphans_exit - put the hidden directory
 */
void vst_orphans_exit(void)
{
	dput(hidden);
	hidden = NULL;
	xa_destroy(&kept);
}
