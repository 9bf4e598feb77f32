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
 * used otherwise than by reading and writing.
 *
 * Invariant: FUSE_I_SERVED changes under the inode's semaphore for writing; whoever
 * touches pages of a file holds it for reading and has seen the bit clear. A mapped
 * inode is not served: mappings are counted from before they exist. A window ends
 * before its file's size changes.
 */
#include <linux/fs.h>
#include <linux/hash.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include "data.h"

#define NR_SEMS_BITS	6

/* One that has just been taken back is not given out again for so long. */
#define HOLD_TIME	(HZ / 2)

static struct rw_semaphore sems[1 << NR_SEMS_BITS];
static unsigned long held_until[1 << NR_SEMS_BITS];	/* jiffies; several inodes each */

static unsigned long *held_until_of(const struct inode *inode)
{
	return &held_until[hash_ptr(inode, NR_SEMS_BITS)];
}

/*
 * For writing it is only ever tried, so that nobody waits behind a writer: readers
 * may hold the inode's lock, or wait for it.
 */
struct rw_semaphore *vosfs_data_sem(const struct inode *inode)
{
	return &sems[hash_ptr(inode, NR_SEMS_BITS)];
}

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

/* From served to held. Under the semaphore for writing. */
static int take_back(struct inode *inode)
{
	bool dirty = false, used = false;
	int err = vosfs_users_recall(inode, &dirty, &used);

	if (!err && dirty)
		err = vosfs_data_fsync(inode);
	/* While it still counts as served, the server's size is believed. */
	if (!err)
		err = fuse_update_attributes(inode, NULL, STATX_BASIC_STATS);
	if (err)
		return err;
	invalidate_inode_pages2(inode->i_mapping);
	clear_bit(FUSE_I_SERVED, &get_fuse_inode(inode)->state);
	if (used)
		WRITE_ONCE(*held_until_of(inode), jiffies + HOLD_TIME);
	return 0;
}

/**
 * vosfs_data_begin - the data of @inode is about to be used here
 * @inode: a regular file's
 *
 * It is held until vosfs_data_end().
 * Return: 0, -EINTR killed, or what the storage domain said.
 */
int vosfs_data_begin(struct inode *inode)
{
	struct rw_semaphore *sem = vosfs_data_sem(inode);
	int err;

	for (;;) {
		err = down_read_killable(sem);
		if (err || !vosfs_data_served(inode))
			return err;
		up_read(sem);
		if (down_write_trylock(sem)) {
			err = vosfs_data_served(inode) ? take_back(inode) : 0;
			up_write(sem);
			if (err)
				return err;
		} else if (schedule_timeout_killable(1) && fatal_signal_pending(current)) {
			return -EINTR;
		}
	}
}

void vosfs_data_end(struct inode *inode)
{
	up_read(vosfs_data_sem(inode));
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
	return !vosfs_users_mapped(inode) && !mapping_mapped(inode->i_mapping) &&
	       time_after_eq(jiffies, READ_ONCE(*held_until_of(inode)));
}

/* From held to served. Under the semaphore for writing. */
int vosfs_data_give_out(struct inode *inode)
{
	int err = filemap_write_and_wait(inode->i_mapping);

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

void vosfs_data_init(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(sems); i++) {
		init_rwsem(&sems[i]);
		held_until[i] = jiffies;
	}
	vosfs_users_init();
	vosfs_file_ops_init();
}
