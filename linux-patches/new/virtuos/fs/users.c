// SPDX-License-Identifier: GPL-2.0
/*
 * Users of an inode other than by calls: doors that have it attached. data.c asks here before it
 * changes sides.
 */
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/wait_bit.h>
#include "data.h"

/* A file that grows gets no windows: none for this time after one has ended. */
#define RESIZED_TIME	(HZ / 2)

static struct vosfs_conn *conn_of(struct inode *inode)
{
	return get_fuse_conn(inode)->iq.priv;
}

/**
 * vosfs_users_init - initialize the users of an inode
 * @d: of the inode
 */
void vosfs_users_init(struct vosfs_data *d)
{
	INIT_LIST_HEAD(&d->targets);
	d->resized_until = jiffies;
}

/**
 * vosfs_users_attached - test whether a door has an inode attached
 * @inode: a regular file's
 *
 * Context: any.
 * Return: true if so.
 */
bool vosfs_users_attached(const struct inode *inode)
{
	const struct vosfs_data *d = vosfs_data_known(inode);

	return d && READ_ONCE(d->nr_targets);
}

/**
 * vosfs_users_add - add a handle that a door is about to have on an inode
 * @d: of the inode; the caller is the mover
 * @t: the handle's target
 *
 * Context: process.
 */
void vosfs_users_add(struct vosfs_data *d, struct vdoor_target *t)
{
	lockdep_assert_held_write(d);
	spin_lock(&d->lock);
	if (!d->nr_targets++) {
		ihold(d->inode);
		atomic_inc(&conn_of(d->inode)->held);
	}
	list_add_tail(&t->link, &d->targets);
	t->priv = d->inode;
	spin_unlock(&d->lock);
}

/**
 * vosfs_users_remove - remove a handle that has ended
 * @t: the handle's target
 *
 * Context: process.
 */
void vosfs_users_remove(struct vdoor_target *t)
{
	struct inode *inode = t->priv;
	struct vosfs_data *d = vosfs_data_known(inode);
	struct vosfs_conn *conn = conn_of(inode);
	bool last;

	spin_lock(&d->lock);
	WARN_ON_ONCE(!d->nr_targets);
	list_del_init(&t->link);
	last = !--d->nr_targets;
	spin_unlock(&d->lock);
	/* No door has the data served any more. The next use of the data takes it back. */
	if (!last)
		return;
	iput(inode);
	if (atomic_dec_and_test(&conn->held))
		wake_up_var(&conn->held);
}

/*
 * Get a target, with a window or without, that is not recalled yet.
 * Return: the target, kept, and its generation in @gen; or NULL.
 */
static struct vdoor_target *next_target(struct vosfs_data *d, bool window, u32 *gen)
{
	struct vdoor_target *t, *found = NULL;

	spin_lock(&d->lock);
	list_for_each_entry(t, &d->targets, link) {
		if (!t->recalled && window == !!t->window) {
			t->recalled = true;
			*gen = vdoor_target_get(t);
			found = t;
			break;
		}
	}
	spin_unlock(&d->lock);
	return found;
}

/**
 * vosfs_users_recall - recall an inode from all doors that have it served
 * @d: of the inode; the caller is the mover
 * @used: set if a door used it
 *
 * If something may not be durable yet, @d->unsynced says so. If the caller is killed before it
 * has synced it, the next mover does.
 *
 * Context: process.
 * Return: 0, -EINTR.
 */
int vosfs_users_recall(struct vosfs_data *d, bool *used)
{
	struct vdoor_target *t;
	int rc = 0;
	u32 gen;

	lockdep_assert_held_write(d);
	/* The caller is the mover, so none is added meanwhile. */
	while (rc >= 0 && (t = next_target(d, false, &gen))) {
		bool one;

		rc = vdoor_recall(t, gen, &one);
		if (rc < 0)
			t->recalled = false;	/* killed: the next mover tries again */
		*used |= rc > 0;
		d->unsynced |= one;
		vdoor_target_put(t);
	}
	return min(rc, 0);
}

/**
 * vosfs_users_just_resized - test whether a resize has just ended a window
 * @inode: a regular file's
 *
 * Context: any.
 * Return: true if so.
 */
bool vosfs_users_just_resized(const struct inode *inode)
{
	const struct vosfs_data *d = vosfs_data_known(inode);

	return d && time_before(jiffies, READ_ONCE(d->resized_until));
}

/**
 * vosfs_users_end_windows - end all windows, for the size is about to change
 * @inode: the file's; the caller has it held, so no window is added
 *
 * Afterwards no process reads the file in place.
 *
 * Context: process.
 */
void vosfs_users_end_windows(struct inode *inode)
{
	struct vosfs_data *d = vosfs_data_known(inode);
	struct vdoor_target *t;
	u32 gen;

	lockdep_assert_held(d);
	while ((t = next_target(d, true, &gen))) {
		WRITE_ONCE(d->resized_until, jiffies + RESIZED_TIME);
		vdoor_end_window(t, gen);
		vdoor_target_put(t);
	}
}

/**
 * vosfs_users_note_writes - set the times of an inode that was written in place
 * @inode: the file's
 *
 * A caller that reads, sets or syncs the inode's times calls this before.
 *
 * Context: process.
 * Return: true if it was written.
 */
bool vosfs_users_note_writes(struct inode *inode)
{
	struct vosfs_data *d = vosfs_data_known(inode);
	struct vdoor_target *t;
	bool wrote = false;

	if (!d)
		return false;
	spin_lock(&d->lock);
	list_for_each_entry(t, &d->targets, link)
		if (t->window)
			wrote |= vdoor_wrote(t);
	spin_unlock(&d->lock);
	if (wrote)
		inode_update_time(inode, S_MTIME | S_CTIME);
	return wrote;
}
