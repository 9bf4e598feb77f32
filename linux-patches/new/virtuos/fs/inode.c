// SPDX-License-Identifier: GPL-2.0
/*
 * struct vosfs_data of an inode: made at the first use of its data, freed with it. i_private
 * points to it; the FUSE client does not use that.
 *
 * Invariant: while a caller has the inode, its vosfs_data stays, once it is there.
 */
#include <linux/fs.h>
#include <linux/slab.h>
#include "space.h"

/**
 * vosfs_data_known - get what is kept of an inode
 * @inode: a regular file's of this file system
 *
 * Context: any.
 * Return: it, or NULL if the inode's data was never used.
 */
struct vosfs_data *vosfs_data_known(const struct inode *inode)
{
	return READ_ONCE(inode->i_private);
}

/* The client's address space operations, of which there is one kind, with a bmap that asks. */
static struct address_space_operations space_ops;
static DEFINE_MUTEX(ops_mutex);

/**
 * vosfs_data_set_ops - give an inode the address space operations of this file system
 * @inode: a regular file's; the client has set its own
 *
 * A file that was just created has been opened without its operation open, so it gets them when
 * its data is first used. Until then it has no block, and the client's say the same.
 *
 * Context: process.
 */
void vosfs_data_set_ops(struct inode *inode)
{
	if (READ_ONCE(inode->i_data.a_ops) == &space_ops)
		return;
	mutex_lock(&ops_mutex);
	if (!space_ops.bmap) {
		space_ops = *inode->i_data.a_ops;
		space_ops.bmap = vosfs_ioctl_bmap;
	}
	/* A task that sees the pointer sees what is in the operations. */
	smp_store_release(&inode->i_data.a_ops, &space_ops);
	mutex_unlock(&ops_mutex);
}

static struct vosfs_data *make(struct inode *inode)
{
	struct vosfs_data *d = kzalloc(sizeof(*d), GFP_KERNEL_ACCOUNT), *other;

	if (!d)
		return NULL;
	vosfs_data_set_ops(inode);
	d->inode = inode;
	d->held_until = jiffies;
	if (READ_ONCE(get_fuse_inode(inode)->inval_mask) & STATX_BLOCKS)
		d->laid = true;
	else if (inode->i_blocks << 9 >= i_size_read(inode))
		d->dense_end = i_size_read(inode);
	spin_lock_init(&d->lock);
	vosfs_gate_init(d);
	vosfs_users_init(d);
	other = cmpxchg(&inode->i_private, NULL, d);
	if (!other)
		return d;
	kfree(d);
	return other;
}

/**
 * vosfs_data_of - get what is kept of an inode; make it if need be
 * @inode: a regular file's of this file system
 *
 * Context: process.
 * Return: it, or NULL without memory.
 */
struct vosfs_data *vosfs_data_of(struct inode *inode)
{
	return vosfs_data_known(inode) ?: make(inode);
}

/**
 * vosfs_data_free - free what is kept of an inode that no task has any more
 * @inode: evicted by the client
 *
 * Context: process.
 */
void vosfs_data_free(struct inode *inode)
{
	struct vosfs_data *d = inode->i_private;

	if (!d)
		return;
	WARN_ON_ONCE(d->using || d->claims || d->moving);
	WARN_ON_ONCE(d->nr_targets);
	inode->i_private = NULL;
	kfree(d);
}
