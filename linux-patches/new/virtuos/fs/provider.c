// SPDX-License-Identifier: GPL-2.0
/*
 * What the exceptionless door asks about files (vdoor_provider.h). A program may read and write
 * some of them at the storage domain, and may read some in place.
 */
#include <linux/fs.h>
#include <linux/fsnotify_backend.h>
#include <linux/pagemap.h>
#include <linux/resource.h>
#include <linux/xattr.h>
#include "space.h"

static struct vdoor_provider provider;

/* Some programs limit their address space. Files larger than this are served. */
#define MAX_WINDOW	BIT_ULL(30)

static bool may_be_served(const struct file *file, struct inode *inode)
{
	const unsigned int plain = O_ACCMODE | O_NONBLOCK | O_LARGEFILE | O_CLOEXEC | O_NOATIME |
				   O_CREAT | O_EXCL | O_TRUNC | O_NOCTTY | O_NOFOLLOW;

	return !(file->f_flags & ~plain) && !IS_SYNC(inode) && !IS_SWAPFILE(inode);
}

/*
 * Test for a file that is better served: programs write it through their doors, or it has just
 * grown.
 */
static bool is_written(struct inode *inode)
{
	return inode_is_open_for_write(inode) &&
	       ((vosfs_data_served(inode) && vosfs_users_attached(inode)) ||
		vosfs_users_just_resized(inode));
}

/* Get the file's size if it can be read in place, else 0. */
static u64 window_size(const struct file *file, struct inode *inode)
{
	loff_t size = i_size_read(inode);

	if (!(file->f_mode & FMODE_READ) || size > MAX_WINDOW || is_written(inode))
		return 0;
	return size;
}

/* Test, as file_remove_privs() does, that a write has no privileges to take from the file. */
static bool has_no_privileges(const struct file *file, struct inode *inode)
{
	ssize_t caps;

	if (IS_NOSEC(inode))
		return true;
	caps = __vfs_getxattr(file_dentry(file), inode, XATTR_NAME_CAPS, NULL, 0);
	if (caps != -ENODATA && caps != -EOPNOTSUPP)
		return false;
	inode_lock(inode);
	inode_has_no_xattr(inode);
	inode_unlock(inode);
	return IS_NOSEC(inode);
}

/* A store to a hole on a full disk would be a SIGBUS instead of an error. */
static bool may_write_in_place(const struct file *file, struct inode *inode)
{
	return file->f_mode & FMODE_WRITE && rlimit(RLIMIT_FSIZE) == RLIM_INFINITY &&
	       (!vosfs_space_is_near(inode) || vosfs_blocks_are_all(inode)) &&
	       has_no_privileges(file, inode);
}

static bool keeps_atime(const struct file *file, const struct inode *inode)
{
	return file->f_flags & O_NOATIME || IS_NOATIME(inode) ||
	       file->f_path.mnt->mnt_flags & MNT_NOATIME;
}

/* Channels lead to one storage domain. To another one this node would be another file. */
static bool is_offered(struct inode *inode)
{
	struct vosfs_conn *conn = get_fuse_conn(inode)->iq.priv;

	return conn->session == READ_ONCE(provider.session);
}

static int vosfs_examine(struct file *file, struct vdoor_target *t)
{
	struct inode *inode = file_inode(file);

	if (inode->i_sb->s_type != &vosfs_type)
		return -ENOENT;
	t->kind = VOS_KIND_TRAP;
	if (!S_ISREG(inode->i_mode) || file->f_op != &vosfs_file_ops ||
	    !is_offered(inode) || !may_be_served(file, inode))
		return 0;
	/* A watcher hears of each read or write, for now. */
	if (fsnotify_file_is_watched(file))
		return -EAGAIN;
	t->window = window_size(file, inode);
	t->window_write = t->window && may_write_in_place(file, inode);
	if (!t->window && !vosfs_data_may_leave(inode))
		return -EAGAIN;
	t->kind = VOS_KIND_FILE;
	t->node = get_node_id(inode);
	if (file->f_mode & FMODE_READ) {
		t->word |= VOS_WORD_READ;
		t->flags |= VOS_HANDLE_READ;
		t->flags |= keeps_atime(file, inode) ? VOS_HANDLE_NOATIME : 0;
	}
	if ((file->f_mode & FMODE_WRITE) && rlimit(RLIMIT_FSIZE) == RLIM_INFINITY) {
		t->word |= VOS_WORD_WRITE;
		t->flags |= VOS_HANDLE_WRITE;
	}
	if (file->f_mode & FMODE_ATOMIC_POS)
		t->word |= VOS_WORD_POS;
	return 0;
}

/*
 * Attach a file with a window. The window is mapped already, which keeps the inode held. The
 * caller is the mover: a task that changes the size is in from before it ends windows.
 *
 * If a process had the file served, the caller's call by the trap door takes the data back.
 */
static int attach_window(struct vosfs_data *d, struct vdoor_target *t)
{
	if (vosfs_data_served(d->inode))
		return -EBUSY;
	if (i_size_read(d->inode) != t->window)
		return -EAGAIN;
	/* Another task may have given the file privileges since it was examined. */
	if (t->window_write && !IS_NOSEC(d->inode))
		return -EAGAIN;
	vosfs_users_add(d, t);
	return 0;
}

static int attach_served(struct vosfs_data *d, struct vdoor_target *t)
{
	int err = 0;

	if (!vosfs_data_may_leave(d->inode))
		return -EAGAIN;
	if (!vosfs_data_served(d->inode))
		err = vosfs_data_give_out(d);
	if (!err)
		vosfs_users_add(d, t);
	return err;
}

static int attach(struct inode *inode, struct vdoor_target *t)
{
	struct vosfs_data *d = vosfs_data_of(inode);
	int err;

	if (!d || !vosfs_gate_try_move(d))
		return -EAGAIN;
	err = t->window ? attach_window(d, t) : attach_served(d, t);
	vosfs_gate_moved(d);
	return err;
}

/* FIFREEZE waits until no task is in here, then takes files back (freeze.c). */
static int vosfs_attach(struct file *file, struct vdoor_target *t)
{
	struct inode *inode = file_inode(file);
	int err;

	if (!(t->flags & VOS_HANDLE_WRITE) && !t->window_write)
		return attach(inode, t);
	if (!sb_start_write_trylock(inode->i_sb))
		return -EAGAIN;
	err = attach(inode, t);
	sb_end_write(inode->i_sb);
	return err;
}

static int vosfs_sync(struct vdoor_target *t)
{
	return vosfs_data_fsync(t->priv);
}

static void vosfs_gone(struct vdoor_target *t, int err)
{
	struct inode *inode = t->priv;

	/* This may be the last reference. An inode that is evicted dirty loses its times. */
	if (t->window && vosfs_users_note_writes(inode))
		sync_inode_metadata(inode, 1);
	if (err)
		mapping_set_error(inode->i_mapping, err);
	vosfs_users_remove(t);
}

static int vosfs_recall(struct file *file)
{
	struct inode *inode = file_inode(file);
	int err;

	if (inode->i_sb->s_type != &vosfs_type || !S_ISREG(inode->i_mode))
		return -ENOENT;
	err = vosfs_data_begin(inode);
	if (!err)
		vosfs_data_end(inode);
	return err;
}

static struct vdoor_provider provider = {
	.service = VOS_DOOR_STORAGE,
	.examine = vosfs_examine,
	.attach = vosfs_attach,
	.sync = vosfs_sync,
	.gone = vosfs_gone,
	.recall = vosfs_recall,
	.replay = vosfs_replay_write,
};

/**
 * vosfs_provider_init - offer the files of a session to doors
 * @session: of the storage service
 *
 * Doors get the files of one session at most.
 *
 * Context: process; vosfs_mutex is held.
 * Return: 0. -EBUSY: those of another session are offered already, and these use the trap.
 */
int vosfs_provider_init(struct vos_session *session)
{
	int rc;

	if (provider.session)
		return -EBUSY;
	WRITE_ONCE(provider.session, session);
	rc = vdoor_provide(&provider);
	if (rc)
		WRITE_ONCE(provider.session, NULL);
	return rc;
}

/**
 * vosfs_provider_session - get the session whose files are offered
 *
 * Return: the session, or NULL.
 */
struct vos_session *vosfs_provider_session(void)
{
	return READ_ONCE(provider.session);
}

/**
 * vosfs_provider_exit - undo vosfs_provider_init(), if it was for @session
 * @session: as there
 *
 * Context: process; vosfs_mutex is held.
 */
void vosfs_provider_exit(struct vos_session *session)
{
	if (provider.session != session)
		return;
	vdoor_withdraw(&provider);
	WRITE_ONCE(provider.session, NULL);
}
