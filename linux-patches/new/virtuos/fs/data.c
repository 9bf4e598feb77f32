// SPDX-License-Identifier: GPL-2.0
/*
 * Who has a file's data: the delegation of an inode.
 *
 *	held	the primary caches pages; reads and writes are the FUSE client's. A
 *		program may read those pages in place (a window), as long as the file's
 *		size does not change
 *	served	programs read and write at the storage domain, through the exceptionless
 *		door or, uncached, through the trap door; nothing is cached here, and
 *		attributes are asked for each time
 *
 * An inode is held unless a program attaches it to its door. It becomes held again
 * when no program has it attached any more, when it is mapped, or when its data is
 * used otherwise than by reading and writing. A program that has it attached has no say
 * in that: its words are taken, and the service answers for its calls.
 *
 * Invariant: sides are changed by the one who moves (gate.c). A mapped inode is not
 * served: mappings are counted from before they exist. A window ends before its file's
 * size changes.
 */
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include "data.h"

/* One that has just been taken back is not given out again for so long. */
#define HOLD_TIME	(HZ / 2)

bool vosfs_data_served(struct inode *inode)
{
	return test_bit(FUSE_I_SERVED, &get_fuse_inode(inode)->state);
}

int vosfs_data_fsync(struct inode *inode)
{
	struct fuse_mount *fm = get_fuse_mount(inode);
	struct fuse_fsync_in in = {};
	FUSE_ARGS(args);

	args.opcode = FUSE_FSYNC;
	args.nodeid = get_node_id(inode);
	args.in_numargs = 1;
	args.in_args[0].size = sizeof(in);
	args.in_args[0].value = &in;
	return fuse_simple_request(fm, &args);
}

/* From served to held, by the one who moves it. */
static int recall_data(struct vosfs_data *d)
{
	struct inode *inode = d->inode;
	bool used = false;
	int err;

	lockdep_assert_held_write(d);
	err = vosfs_users_recall(d, &used);
	if (!err && d->unsynced)
		err = vosfs_data_fsync(inode);
	if (err)
		return err;
	d->unsynced = false;
	/* While it still counts as served, the server's size is believed. */
	err = fuse_update_attributes(inode, NULL, STATX_BASIC_STATS);
	if (err)
		return err;
	invalidate_inode_pages2(inode->i_mapping);
	clear_bit(FUSE_I_SERVED, &get_fuse_inode(inode)->state);
	if (used)
		WRITE_ONCE(d->held_until, jiffies + HOLD_TIME);
	return 0;
}

/**
 * vosfs_data_begin - the data of @inode is about to be used here
 * @inode: a regular file's
 *
 * It is held until vosfs_data_end(). What is waited for are calls of the service.
 * Return: 0, -EINTR killed, -ENOMEM, or what the storage domain said.
 */
int vosfs_data_begin(struct inode *inode)
{
	struct vosfs_data *d = vosfs_data_of(inode);
	int rc;

	if (!d)
		return -ENOMEM;
	rc = vosfs_gate_enter(d);
	if (rc != VOSFS_GATE_MOVE)
		return rc;
	rc = recall_data(d);
	if (rc)
		vosfs_gate_moved(d);
	else
		vosfs_gate_moved_in(d);
	return rc;
}

void vosfs_data_end(struct inode *inode)
{
	vosfs_gate_leave(vosfs_data_known(inode));
}

/* An attribute is about to be set, the size perhaps. No window is made until the end. */
static int setattr_begin(struct inode *inode)
{
	int err = vosfs_data_begin(inode);

	if (!err) {
		vosfs_users_end_windows(inode);
		vosfs_users_note_writes(inode);
	}
	return err;
}

/* Not while mapped, nor again at once. */
bool vosfs_data_may_leave(struct inode *inode)
{
	const struct vosfs_data *d = vosfs_data_known(inode);

	return !vosfs_users_mapped(inode) && !mapping_mapped(inode->i_mapping) &&
	       (!d || time_after_eq(jiffies, READ_ONCE(d->held_until)));
}

/* From held to served, by the one who moves it. */
int vosfs_data_give_out(struct vosfs_data *d)
{
	struct inode *inode = d->inode;
	int err;

	lockdep_assert_held_write(d);
	err = filemap_write_and_wait(inode->i_mapping);
	if (!err)
		err = write_inode_now(inode, 1);
	if (!err)
		err = invalidate_inode_pages2(inode->i_mapping);
	if (!err)
		set_bit(FUSE_I_SERVED, &get_fuse_inode(inode)->state);
	return err ? -EAGAIN : 0;
}

static const struct fuse_data_hooks data_hooks = {
	.file_ops = &vosfs_file_ops,
	.begin = setattr_begin,
	.end = vosfs_data_end,
};

/**
 * vosfs_data_init_conn - a connection's regular files may be served
 * @fc: the connection, not used yet
 */
void vosfs_data_init_conn(struct fuse_conn *fc)
{
	fc->data_hooks = &data_hooks;
}
