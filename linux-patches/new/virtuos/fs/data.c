// SPDX-License-Identifier: GPL-2.0
/*
 * Which side has a file's data: the delegation of an inode.
 *
 *	held	the primary caches pages; reads and writes are the FUSE client's. A
 *		program may read those pages in place (a window), as long as the file's
 *		size does not change
 *	served	programs read and write at the storage domain, through the exceptionless
 *		door or, uncached, through the trap door; nothing is cached here, and
 *		attributes are asked for each time
 *
 * An inode is held unless a program attaches it to its door. It becomes held again when no
 * program has it attached any more, or when it is mapped. It also does when its data is used
 * otherwise than by reading and writing.
 *
 * A program that has the inode attached cannot prevent that: the kernel takes its words, and
 * the service answers for its calls.
 *
 * Invariant: only the mover (gate.c) changes sides. An inode that is mapped does not become
 * served. One that was about to when it was mapped is held before a fault shows a page of it
 * (file.c). A window ends before its file's size changes.
 */
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched/mm.h>
#include "space.h"

/* After an inode was taken back, it is not served again for this time. */
#define HOLD_TIME	(HZ / 2)

/**
 * vosfs_data_served - test whether an inode's data is served
 * @inode: a regular file's
 *
 * Context: any.
 * Return: true if so. It stays so only for a caller that is in the gate.
 */
bool vosfs_data_served(struct inode *inode)
{
	return test_bit(FUSE_I_SERVED, &get_fuse_inode(inode)->state);
}

/**
 * vosfs_data_fsync - have the storage domain make a file durable
 * @inode: the file's
 *
 * Context: process.
 * Return: 0 or -errno.
 */
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

/* The client checks nanoseconds of an answer that it takes, and not of one that it drops. */
static struct timespec64 told_time(struct timespec64 t)
{
	t.tv_nsec = clamp(t.tv_nsec, 0L, NSEC_PER_SEC - 1);
	return t;
}

/*
 * End that the inode is served, with what the service says of the data. The client drops an
 * answer if a name of the file changes meanwhile, and an older one may come late. From now on
 * it keeps what is here.
 */
static void hold_as_told(struct inode *inode, const struct kstat *st)
{
	struct fuse_inode *fi = get_fuse_inode(inode);
	struct timespec64 told = told_time(st->ctime), ctime;

	spin_lock(&fi->lock);
	i_size_write(inode, st->size);
	inode_set_mtime_to_ts(inode, told_time(st->mtime));
	ctime = inode_get_ctime(inode);
	if (timespec64_compare(&ctime, &told) < 0)
		inode_set_ctime_to_ts(inode, told);
	if (inode->i_blocks != st->blocks)
		set_mask_bits(&fi->inval_mask, 0, STATX_BLOCKS);
	clear_bit(FUSE_I_SERVED, &fi->state);
	spin_unlock(&fi->lock);
}

/* Move the data from served to held. The caller is the mover. */
static int recall_data(struct vosfs_data *d)
{
	struct inode *inode = d->inode;
	bool used = false;
	struct kstat st;
	int err;

	lockdep_assert_held_write(d);
	err = vosfs_users_recall(d, &used);
	if (!err && d->unsynced)
		err = vosfs_data_fsync(inode);
	if (err)
		return err;
	d->unsynced = false;
	/* While the inode still counts as served, the client believes the server's size. */
	err = fuse_ask_attributes(inode, &st);
	if (err)
		return err;
	invalidate_inode_pages2(inode->i_mapping);
	hold_as_told(inode, &st);
	if (used)
		WRITE_ONCE(d->held_until, jiffies + HOLD_TIME);
	return 0;
}

/**
 * vosfs_data_begin - begin to use the data of @inode here
 * @inode: a regular file's
 *
 * The data is held until vosfs_data_end(). To get it, the caller waits for calls of the service
 * at most.
 *
 * Context: process.
 * Return: 0, -ENOMEM, or what the storage domain said. -EINTR: killed.
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

/**
 * vosfs_data_try_begin - begin to use the data of @inode here, without waiting
 * @inode: a regular file's
 *
 * Context: process.
 * Return: 0, and vosfs_data_end() follows. -EAGAIN: the data is not held, or memory is short.
 */
int vosfs_data_try_begin(struct inode *inode)
{
	unsigned int noio = memalloc_noio_save();
	struct vosfs_data *d = vosfs_data_of(inode);

	memalloc_noio_restore(noio);
	return d && vosfs_gate_try_enter(d) ? 0 : -EAGAIN;
}

/**
 * vosfs_data_end - end what vosfs_data_begin() began
 * @inode: as there
 *
 * Context: process.
 */
void vosfs_data_end(struct inode *inode)
{
	vosfs_gate_leave(vosfs_data_known(inode));
}

/* Prepare to set an attribute, the size perhaps. No window is made until the end. */
static int setattr_begin(struct inode *inode)
{
	int err = vosfs_data_begin(inode);

	if (!err) {
		vosfs_users_end_windows(inode);
		vosfs_users_note_writes(inode);
	}
	return err;
}

/**
 * vosfs_data_may_leave - test whether an inode's data may become served
 * @inode: a regular file's
 *
 * Data that is mapped, or was just taken back, may not.
 *
 * Context: any.
 * Return: true if it may.
 */
bool vosfs_data_may_leave(struct inode *inode)
{
	const struct vosfs_data *d = vosfs_data_known(inode);

	return !mapping_mapped(inode->i_mapping) &&
	       (!d || time_after_eq(jiffies, READ_ONCE(d->held_until)));
}

static bool no_writes_under_way(struct fuse_inode *fi)
{
	bool none;

	spin_lock(&fi->lock);
	none = RB_EMPTY_ROOT(&fi->writepages);
	spin_unlock(&fi->lock);
	return none;
}

/*
 * Wait until the storage domain has answered all WRITEs of cached pages. A WRITE has a copy of
 * its pages, and those count as written as soon as it is sent.
 */
static int wait_for_writes(struct inode *inode)
{
	struct fuse_inode *fi = get_fuse_inode(inode);

	return wait_event_killable(fi->page_waitq, no_writes_under_way(fi));
}

/**
 * vosfs_data_give_out - move the data from held to served
 * @d: of an inode; the caller is the mover
 *
 * Context: process.
 * Return: 0 or -EAGAIN.
 */
int vosfs_data_give_out(struct vosfs_data *d)
{
	struct inode *inode = d->inode;
	int err;

	lockdep_assert_held_write(d);
	err = filemap_write_and_wait(inode->i_mapping);
	if (!err)
		err = write_inode_now(inode, 1);
	if (!err)
		err = fuse_wait_for_attr(inode);
	if (!err)
		err = wait_for_writes(inode);
	if (!err)
		err = invalidate_inode_pages2(inode->i_mapping);
	if (err)
		return -EAGAIN;
	vosfs_blocks_cut(inode, 0);
	set_bit(FUSE_I_SERVED, &get_fuse_inode(inode)->state);
	return 0;
}

static void setattr_end(struct inode *inode)
{
	vosfs_blocks_cut(inode, i_size_read(inode));
	vosfs_data_end(inode);
}

static u32 is_late(struct fuse_conn *fc)
{
	return vosfs_changes_are_late(fc->iq.priv);
}

static const struct fuse_data_hooks data_hooks = {
	.file_ops = &vosfs_file_ops,
	.inode_ops = &vosfs_inode_ops,
	.begin = setattr_begin,
	.end = setattr_end,
	.late = is_late,
};

/**
 * vosfs_data_init_conn - let regular files of a connection be served
 * @fc: the connection, not used yet
 */
void vosfs_data_init_conn(struct fuse_conn *fc)
{
	fc->data_hooks = &data_hooks;
}
