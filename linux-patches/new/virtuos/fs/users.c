// SPDX-License-Identifier: GPL-2.0
/*
 * Who uses an inode other than by calls: mappings, and doors that have it attached.
 * data.c asks here before it changes sides.
 */
#include <linux/fs.h>
#include <linux/hash.h>
#include <linux/hashtable.h>
#include <linux/jiffies.h>
#include <linux/slab.h>
#include "data.h"

/*
 * struct vosfs_data - an inode that is mapped, or was attached to a door
 * @inode: one reference for @targets together
 * @maps: mappings
 * @targets: handles of doors
 */
struct vosfs_data {
	struct hlist_node hash;
	struct inode *inode;
	unsigned int maps;
	unsigned int nr_targets;
	struct list_head targets;
};

/* A file that grows is not for windows: none for so long after one has ended. */
#define RESIZED_TIME	(HZ / 2)
#define RESIZED_BITS	6

static unsigned long resized_until[1 << RESIZED_BITS];	/* jiffies; several inodes each */

static DEFINE_HASHTABLE(table, 8);
static DEFINE_SPINLOCK(table_lock);

/* Under table_lock. */
static struct vosfs_data *find(const struct inode *inode)
{
	struct vosfs_data *d;

	hash_for_each_possible(table, d, hash, (unsigned long)inode)
		if (d->inode == inode)
			return d;
	return NULL;
}

/* Under table_lock. */
static void drop_if_idle(struct vosfs_data *d)
{
	if (d->maps || d->nr_targets)
		return;
	hash_del(&d->hash);
	kfree(d);
}

/* Under table_lock: the inode's entry. @fresh becomes it, or is freed. */
static struct vosfs_data *entry(struct inode *inode, struct vosfs_data *fresh)
{
	struct vosfs_data *d = find(inode);

	lockdep_assert_held(&table_lock);
	if (d) {
		kfree(fresh);
		return d;
	}
	fresh->inode = inode;
	INIT_LIST_HEAD(&fresh->targets);
	hash_add(table, &fresh->hash, (unsigned long)inode);
	return fresh;
}

/**
 * vosfs_users_map - count a mapping that is about to be made
 * @inode: of what
 *
 * Return: 0, -ENOMEM.
 */
int vosfs_users_map(struct inode *inode)
{
	struct vosfs_data *fresh = kzalloc(sizeof(*fresh), GFP_KERNEL);

	if (!fresh)
		return -ENOMEM;
	spin_lock(&table_lock);
	entry(inode, fresh)->maps++;
	spin_unlock(&table_lock);
	return 0;
}

/* One mapping more or less, of an inode that has some. */
void vosfs_users_count_map(struct inode *inode, int n)
{
	struct vosfs_data *d;

	spin_lock(&table_lock);
	d = find(inode);
	if (d) {
		d->maps += n;
		drop_if_idle(d);
	}
	spin_unlock(&table_lock);
}

bool vosfs_users_mapped(const struct inode *inode)
{
	struct vosfs_data *d;
	bool mapped;

	spin_lock(&table_lock);
	d = find(inode);
	mapped = d && d->maps;
	spin_unlock(&table_lock);
	return mapped;
}

/* Does a door have it? */
bool vosfs_users_attached(const struct inode *inode)
{
	struct vosfs_data *d;
	bool attached;

	spin_lock(&table_lock);
	d = find(inode);
	attached = d && d->nr_targets;
	spin_unlock(&table_lock);
	return attached;
}

/**
 * vosfs_users_add - a door is about to have a handle on @inode
 * @inode: of which file
 * @t: the handle's end
 *
 * Return: 0, and t->priv is the inode; -EAGAIN.
 */
int vosfs_users_add(struct inode *inode, struct vos_door_target *t)
{
	struct vosfs_data *fresh = kzalloc(sizeof(*fresh), GFP_KERNEL), *d;

	if (!fresh)
		return -EAGAIN;
	spin_lock(&table_lock);
	d = entry(inode, fresh);
	if (!d->nr_targets++)
		ihold(inode);
	list_add_tail(&t->link, &d->targets);
	t->priv = inode;
	spin_unlock(&table_lock);
	return 0;
}

/* The handle has ended. */
void vosfs_users_remove(struct vos_door_target *t)
{
	struct inode *inode = t->priv;
	struct vosfs_data *d;
	bool last;

	spin_lock(&table_lock);
	d = find(inode);
	list_del_init(&t->link);
	last = !--d->nr_targets;
	drop_if_idle(d);
	spin_unlock(&table_lock);
	/* Served by nobody: the next use of its data takes it back. */
	if (last)
		iput(inode);
}

/* A target, with a window or without, not recalled yet; kept, and its generation. */
static struct vos_door_target *next_target(struct inode *inode, bool window, u32 *gen)
{
	struct vos_door_target *t, *found = NULL;
	struct vosfs_data *d;

	spin_lock(&table_lock);
	d = find(inode);
	if (d) {
		list_for_each_entry(t, &d->targets, link) {
			if (!t->recalled && window == !!t->window) {
				t->recalled = true;
				*gen = vos_door_target_get(t);
				found = t;
				break;
			}
		}
	}
	spin_unlock(&table_lock);
	return found;
}

/**
 * vosfs_users_recall - no door has the inode served any more
 * @inode: of which file
 * @dirty: set if something may have been written that is not durable yet
 * @used: set if somebody will miss it
 *
 * Under the inode's semaphore for writing.
 *
 * Return: 0, -EINTR.
 */
int vosfs_users_recall(struct inode *inode, bool *dirty, bool *used)
{
	struct vos_door_target *t;
	int rc = 0;
	u32 gen;

	/* None is added while we have the semaphore. */
	while (rc >= 0 && (t = next_target(inode, false, &gen))) {
		bool one;

		rc = vos_door_recall(t, gen, &one);
		if (rc < 0)
			t->recalled = false;	/* killed: whoever is next, again */
		*used |= rc > 0;
		*dirty |= one;
		vos_door_target_put(t);
	}
	return min(rc, 0);
}

static unsigned long *resized_until_of(const struct inode *inode)
{
	return &resized_until[hash_ptr(inode, RESIZED_BITS)];
}

/* Has a window ended not long ago, because the size changed? */
bool vosfs_users_just_resized(const struct inode *inode)
{
	return time_before(jiffies, READ_ONCE(*resized_until_of(inode)));
}

/**
 * vosfs_users_end_windows - the size is about to change
 * @inode: of which file
 *
 * Nobody reads the file in place any more. With the inode's semaphore, for reading.
 */
void vosfs_users_end_windows(struct inode *inode)
{
	struct vos_door_target *t;
	u32 gen;

	while ((t = next_target(inode, true, &gen))) {
		WRITE_ONCE(*resized_until_of(inode), jiffies + RESIZED_TIME);
		vos_door_end_window(t, gen);
		vos_door_target_put(t);
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
	struct vos_door_target *t;
	struct vosfs_data *d;
	bool wrote = false;

	spin_lock(&table_lock);
	d = find(inode);
	if (d)
		list_for_each_entry(t, &d->targets, link)
			if (t->window)
				wrote |= vos_door_wrote(t);
	spin_unlock(&table_lock);
	if (wrote)
		inode_update_time(inode, S_MTIME | S_CTIME);
	return wrote;
}

void vosfs_users_init(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(resized_until); i++)
		resized_until[i] = jiffies;
}
