// SPDX-License-Identifier: GPL-2.0
/*
 * What the exceptionless door asks about files (vdoor_provider.h): which of them a program
 * may read and write at the storage domain, and which it may read in place.
 */
#include <linux/fs.h>
#include <linux/pagemap.h>
#include <linux/resource.h>
#include <linux/xattr.h>
#include "data.h"

/* Address space is dear where programs limit it; larger files are served. */
#define MAX_WINDOW	BIT_ULL(30)

static bool may_be_served(const struct file *file, struct inode *inode)
{
	const unsigned int plain = O_ACCMODE | O_NONBLOCK | O_LARGEFILE | O_CLOEXEC | O_NOATIME |
				   O_CREAT | O_EXCL | O_TRUNC | O_NOCTTY | O_NOFOLLOW;

	return !(file->f_flags & ~plain) && !IS_SYNC(inode) && !IS_SWAPFILE(inode) &&
	       !READ_ONCE(inode->i_fsnotify_mask);
}

/* Programs write it through their doors, or it has just grown: better served. */
static bool is_written(struct inode *inode)
{
	return inode_is_open_for_write(inode) &&
	       ((vosfs_data_served(inode) && vosfs_users_attached(inode)) ||
		vosfs_users_just_resized(inode));
}

/* Its size if it can be read in place, or 0. */
static u64 window_size(const struct file *file, struct inode *inode)
{
	loff_t size = i_size_read(inode);

	if (!(file->f_mode & FMODE_READ) || size > MAX_WINDOW || is_written(inode))
		return 0;
	return size;
}

/* Has a write no privileges to take from the file? As file_remove_privs() finds out. */
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

static bool may_write_in_place(const struct file *file, struct inode *inode)
{
	return file->f_mode & FMODE_WRITE && rlimit(RLIMIT_FSIZE) == RLIM_INFINITY &&
	       has_no_privileges(file, inode);
}

static int vosfs_examine(struct file *file, struct vdoor_target *t)
{
	struct inode *inode = file_inode(file);

	if (inode->i_sb->s_type != &vosfs_type)
		return -ENOENT;
	t->kind = VOS_KIND_TRAP;
	if (!S_ISREG(inode->i_mode) || file->f_op != &vosfs_file_ops ||
	    !may_be_served(file, inode))
		return 0;
	t->window = window_size(file, inode);
	t->window_write = t->window && may_write_in_place(file, inode);
	if (!t->window && !vosfs_data_may_leave(inode))
		return -EAGAIN;
	t->kind = VOS_KIND_FILE;
	t->node = get_node_id(inode);
	if (file->f_mode & FMODE_READ) {
		t->word |= VOS_WORD_READ;
		t->flags |= VOS_HANDLE_READ;
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
 * The window is mapped already, which keeps the inode held. The caller moves it: whoever
 * changes the size is in, from before he ends windows.
 *
 * Who had it served writes no more: by the trap door our caller takes it back.
 */
static int attach_window(struct vosfs_data *d, struct vdoor_target *t)
{
	if (vosfs_data_served(d->inode))
		return -EBUSY;
	if (i_size_read(d->inode) != t->window)
		return -EAGAIN;
	vosfs_file_watch_times(d->inode);
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

static int vosfs_attach(struct file *file, struct vdoor_target *t)
{
	struct vosfs_data *d = vosfs_data_of(file_inode(file));
	int err;

	if (!d || !vosfs_gate_try_move(d))
		return -EAGAIN;
	err = t->window ? attach_window(d, t) : attach_served(d, t);
	vosfs_gate_moved(d);
	return err;
}

static int vosfs_sync(struct vdoor_target *t)
{
	return vosfs_data_fsync(t->priv);
}

static void vosfs_gone(struct vdoor_target *t, int err)
{
	struct inode *inode = t->priv;

	/* Ours may be the last reference, and what is evicted dirty loses its times. */
	if (t->window && vosfs_users_note_writes(inode))
		sync_inode_metadata(inode, 1);
	if (err)
		mapping_set_error(inode->i_mapping, err);
	vosfs_users_remove(t);
}

static int vosfs_home(struct file *file)
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
	.home = vosfs_home,
	.replay = vosfs_replay_write,
};

/**
 * vosfs_provider_init - offer the files of @session to doors; those of one session
 * @session: of the storage service
 *
 * Return: 0; -EBUSY: those of another are offered already, and these use the trap.
 */
int vosfs_provider_init(struct vos_session *session)
{
	provider.session = session;
	return vdoor_provide(&provider);
}

/* The session whose files are offered. */
struct vos_session *vosfs_provider_session(void)
{
	return provider.session;
}

void vosfs_provider_exit(struct vos_session *session)
{
	if (provider.session == session)
		vdoor_withdraw(&provider);
}
