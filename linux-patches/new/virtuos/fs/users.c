// SPDX-License-Identifier: GPL-2.0
/*
 * Who uses an inode other than by calls: mappings, and doors that have it attached.
 * data.c asks here before it changes sides.
 */
#include <linux/fs.h>
#include <linux/jiffies.h>
#include "data.h"

/* A file that grows is not for windows: none for so long after one has ended. */
#define RESIZED_TIME	(HZ / 2)

void vosfs_users_init(struct vosfs_data *d)
{
	INIT_LIST_HEAD(&d->targets);
	d->resized_until = jiffies;
}

/* One mapping more or less, of an inode that vosfs_data_of() has been asked for. */
void vosfs_users_count_map(struct inode *inode, int n)
{
	struct vosfs_data *d = vosfs_data_known(inode);

	spin_lock(&d->lock);
	WARN_ON_ONCE(n < 0 && !d->maps);
	d->maps += n;
	spin_unlock(&d->lock);
}

bool vosfs_users_mapped(const struct inode *inode)
{
	const struct vosfs_data *d = vosfs_data_known(inode);

	return d && READ_ONCE(d->maps);
}

/* Does a door have it? */
bool vosfs_users_attached(const struct inode *inode)
{
	const struct vosfs_data *d = vosfs_data_known(inode);

	return d && READ_ONCE(d->nr_targets);
}

/* A door is about to have a handle on the inode, which the caller moves. */
void vosfs_users_add(struct vosfs_data *d, struct vdoor_target *t)
{
	lockdep_assert_held_write(d);
	spin_lock(&d->lock);
	if (!d->nr_targets++)
		ihold(d->inode);
	list_add_tail(&t->link, &d->targets);
	t->priv = d->inode;
	spin_unlock(&d->lock);
}

/* The handle has ended. */
void vosfs_users_remove(struct vdoor_target *t)
{
	struct inode *inode = t->priv;
	struct vosfs_data *d = vosfs_data_known(inode);
	bool last;

	spin_lock(&d->lock);
	WARN_ON_ONCE(!d->nr_targets);
	list_del_init(&t->link);
	last = !--d->nr_targets;
	spin_unlock(&d->lock);
	/* Served by nobody: the next use of its data takes it back. */
	if (last)
		iput(inode);
}

/* A target, with a window or without, not recalled yet; kept, and its generation. */
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
 * vosfs_users_recall - no door has the inode served any more
 * @d: of the inode
 * @used: set if somebody will miss it
 *
 * The caller moves the inode. What may not be durable yet is noted in @d: if it is killed
 * before it has seen to that, whoever is next does.
 *
 * Return: 0, -EINTR.
 */
int vosfs_users_recall(struct vosfs_data *d, bool *used)
{
	struct vdoor_target *t;
	int rc = 0;
	u32 gen;

	lockdep_assert_held_write(d);
	/* None is added meanwhile. */
	while (rc >= 0 && (t = next_target(d, false, &gen))) {
		bool one;

		rc = vdoor_recall(t, gen, &one);
		if (rc < 0)
			t->recalled = false;	/* killed: whoever is next, again */
		*used |= rc > 0;
		d->unsynced |= one;
		vdoor_target_put(t);
	}
	return min(rc, 0);
}

/* Has a window ended not long ago, because the size changed? */
bool vosfs_users_just_resized(const struct inode *inode)
{
	const struct vosfs_data *d = vosfs_data_known(inode);

	return d && time_before(jiffies, READ_ONCE(d->resized_until));
}

/**
 * vosfs_users_end_windows - the size is about to change
 * @inode: of which file
 *
 * Nobody reads the file in place any more. The caller has it held: none is added.
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
 * @inode: of which file
 *
 * Who asks for its times, sets or syncs them, calls this before. Process context.
 * Return: was it written?
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
