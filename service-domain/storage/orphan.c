// SPDX-License-Identifier: GPL-2.0
/*
 * Unlinked files that a client has open, kept over the death of this domain. They get a second
 * name in a hidden directory of the export. When the client forgets such a file, that name
 * goes. What an earlier mount left there goes when the next mount begins.
 *
 * Invariant: the hidden directory's lock is taken last. Clients can neither see nor reach it.
 */
#include <linux/file.h>
#include <linux/moduleparam.h>
#include "vst.h"

static bool keep_unlinked;
module_param(keep_unlinked, bool, 0444);
MODULE_PARM_DESC(keep_unlinked,
		 "keep unlinked files that are open over a crash of this domain, in /" VST_HIDDEN);

#define ID_LEN	16

static struct dentry *hidden;		/* NULL: none, files go with this domain */
static atomic_t nr_kept = ATOMIC_INIT(0);

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

/* Find the entry for a node; @locked: under the hidden directory's lock. The caller puts it. */
static struct dentry *entry_of(u64 id, bool locked)
{
	char name[ID_LEN + 1];

	snprintf(name, sizeof(name), "%016llx", id);
	return locked ? lookup_one_len(name, hidden, ID_LEN) :
			lookup_one_len_unlocked(name, hidden, ID_LEN);
}

/**
 * vst_kept_links - count an inode's links that the client must not see
 * @inode: any
 *
 * Context: process.
 * Return: 1 if it is kept here, else 0.
 */
unsigned int vst_kept_links(const struct inode *inode)
{
	struct dentry *entry;
	bool kept;

	if (!atomic_read(&nr_kept) || !S_ISREG(inode->i_mode))
		return 0;
	entry = entry_of(vst_id_of(inode), false);
	if (IS_ERR(entry))
		return 0;
	kept = d_is_positive(entry);
	dput(entry);
	return kept;
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
	const struct cred *saved;
	struct dentry *entry;
	int err = 0;

	if (!(r->call->sqe.arg[0] & VOS_FUSE_KEEP) || !hidden)
		return 0;
	if (!S_ISREG(inode->i_mode) || inode->i_nlink != 1)
		return 0;
	/* The service makes the link, so its own credentials apply. */
	saved = override_creds(vst_cred);
	inode_lock_nested(d_inode(hidden), I_MUTEX_PARENT2);
	entry = entry_of(vst_id_of(inode), true);
	if (IS_ERR(entry)) {
		err = PTR_ERR(entry);
	} else {
		if (d_is_negative(entry)) {
			err = vfs_link(victim, &nop_mnt_idmap, d_inode(hidden), entry, NULL);
			if (!err)
				atomic_inc(&nr_kept);
		}
		dput(entry);
	}
	inode_unlock(d_inode(hidden));
	revert_creds(saved);
	return err;
}

static void drop(struct dentry *entry)
{
	lockdep_assert_held_write(&d_inode(hidden)->i_rwsem);
	if (!vfs_unlink(&nop_mnt_idmap, d_inode(hidden), entry, NULL))
		atomic_dec(&nr_kept);
}

/**
 * vst_unkeep - remove the hidden name of a node that the client has forgotten
 * @id: untrusted
 *
 * Context: worker.
 */
void vst_unkeep(u64 id)
{
	struct dentry *entry;

	if (!atomic_read(&nr_kept) || mnt_want_write(vst_root.mnt))
		return;
	inode_lock_nested(d_inode(hidden), I_MUTEX_PARENT);
	entry = entry_of(id, true);
	if (!IS_ERR(entry)) {
		if (d_is_positive(entry))
			drop(entry);
		dput(entry);
	}
	inode_unlock(d_inode(hidden));
	mnt_drop_write(vst_root.mnt);
}

struct listing {
	struct dir_context ctx;
	unsigned int found;
	char name[ID_LEN + 1];
};

static bool list_one(struct dir_context *ctx, const char *name, int len, loff_t pos, u64 ino,
		     unsigned int type)
{
	struct listing *l = container_of(ctx, struct listing, ctx);

	if (len == ID_LEN) {
		memcpy(l->name, name, len);
		l->found++;
	}
	return true;
}

/* Count the entries; put the name of one into @l. */
static int list(struct listing *l)
{
	struct path path = { .mnt = vst_root.mnt, .dentry = hidden };
	struct file *file = dentry_open(&path, O_RDONLY | O_DIRECTORY, vst_cred);
	int err;

	*l = (struct listing){ .ctx.actor = list_one };
	if (IS_ERR(file))
		return PTR_ERR(file);
	err = iterate_dir(file, &l->ctx);
	fput(file);
	return err;
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
	struct listing l;
	int left = atomic_read(&nr_kept);
	u64 id;

	while (left-- > 0 && !list(&l) && l.found && !kstrtou64(l.name, 16, &id))
		vst_unkeep(id);
}

static struct dentry *find_or_make(void)
{
	struct inode *dir = d_inode(vst_root.dentry);
	struct dentry *dentry;
	int err = 0;

	inode_lock_nested(dir, I_MUTEX_PARENT);
	dentry = lookup_one_len(VST_HIDDEN, vst_root.dentry, strlen(VST_HIDDEN));
	if (!IS_ERR(dentry) && d_is_negative(dentry))
		err = vfs_mkdir(&nop_mnt_idmap, dir, dentry, 0700);
	inode_unlock(dir);
	if (!IS_ERR(dentry) && !err && !d_is_dir(dentry))
		err = -ENOTDIR;
	if (!err)
		return dentry;
	dput(dentry);
	return ERR_PTR(err);
}

/**
 * vst_orphans_init - find or make the hidden directory
 *
 * If there is none (not wanted, or a read-only file system), nothing is kept.
 *
 * Context: process.
 */
void vst_orphans_init(void)
{
	struct dentry *dentry;
	struct listing l;

	if (!keep_unlinked || mnt_want_write(vst_root.mnt))
		return;
	dentry = find_or_make();
	mnt_drop_write(vst_root.mnt);
	if (IS_ERR(dentry)) {
		pr_warn("virtuos-storage: no %s: error %ld; files that are open when unlinked end with this domain\n",
			VST_HIDDEN, PTR_ERR(dentry));
		return;
	}
	hidden = dentry;
	if (!list(&l))
		atomic_set(&nr_kept, l.found);
}

/**
 * vst_orphans_exit - put the hidden directory
 */
void vst_orphans_exit(void)
{
	dput(hidden);
	hidden = NULL;
}
