/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A file's data: what the files of this folder share that decide which side has it. Direction
 * of calls:
 *
 *	file.c (mappings), io.c (reads, writes) -> served.c -> pin.c
 *	these, provider.c (doors), xattr.c -> data.c -> users.c, gate.c -> inode.c
 *	file.c, io.c, provider.c, data.c -> space.c, blocks.c -> statfs.c (space.h)
 *	file.c -> range.c, ioctl.c -> blocks.c; mount.c -> ioctl.c
 *
 * Locks, in order: the gate (gate.c), vosfs_data.lock.
 */
#ifndef VOSFS_DATA_H
#define VOSFS_DATA_H

#include <linux/bvec.h>
#include <linux/lockdep.h>
#include <linux/uio.h>
#include <linux/wait.h>
#include "vosfs.h"
#include "vdoor_provider.h"

/**
 * struct vosfs_data - what is kept of a regular file whose data is, or was, used
 * @inode: the file's; it outlives this
 * @lock: for the fields below. Process context, never held while waiting
 * @using: gate: tasks that use the data on the side where it is
 * @claims: gate: tasks that wait to have it held
 * @moving: gate: a task, the mover, is changing its side
 * @wait: gate: for the end of @moving or of @using
 * @dep_map: gate: the gate for lockdep. Users of held data share it, a mover has it alone
 * @served_map: gate: users of served data for lockdep
 * @nr_targets: users: entries of @targets; one reference on @inode for all together
 * @targets: users: handles of doors
 * @resized_until: users: no window before that, in jiffies
 * @held_until: data: not served before that, in jiffies; only the mover writes it
 * @unsynced: data: doors may have written what is not durable yet; for the mover only
 * @dense_end: blocks: the file has no holes before that; under @lock
 * @holes_written: blocks: something was written beyond that since stat() was asked
 * @laid: blocks: the file may have some that hold no data
 */
struct vosfs_data {
	struct inode *inode;
	spinlock_t lock;	/* the fields below */
	unsigned int using;
	unsigned int claims;
	bool moving;
	wait_queue_head_t wait;
	struct lockdep_map dep_map;
	struct lockdep_map served_map;
	unsigned int nr_targets;
	struct list_head targets;
	unsigned long resized_until;
	unsigned long held_until;
	bool unsynced;
	loff_t dense_end;
	bool holes_written;
	bool laid;
};

/* inode.c */
void vosfs_data_set_ops(struct inode *inode);
struct vosfs_data *vosfs_data_of(struct inode *inode);
struct vosfs_data *vosfs_data_known(const struct inode *inode);

/* gate.c */
#define VOSFS_GATE_MOVE	1
void vosfs_gate_init(struct vosfs_data *d);
int vosfs_gate_enter(struct vosfs_data *d);
bool vosfs_gate_try_enter(struct vosfs_data *d);
bool vosfs_gate_is_held(struct vosfs_data *d);
bool vosfs_gate_try_enter_served(struct vosfs_data *d);
bool vosfs_gate_try_move(struct vosfs_data *d);
void vosfs_gate_moved(struct vosfs_data *d);
void vosfs_gate_moved_in(struct vosfs_data *d);
void vosfs_gate_leave(struct vosfs_data *d);
void vosfs_gate_leave_served(struct vosfs_data *d);

/* data.c */
bool vosfs_data_served(struct inode *inode);
int vosfs_data_try_begin(struct inode *inode);
bool vosfs_data_may_leave(struct inode *inode);
int vosfs_data_give_out(struct vosfs_data *d);
int vosfs_data_fsync(struct inode *inode);

/* pin.c */
struct vosfs_pinned;
struct vosfs_pinned *vosfs_pin(struct iov_iter *iter, unsigned int max_pages);
struct iov_iter *vosfs_pinned_iter(struct vosfs_pinned *p);
size_t vosfs_pinned_bytes(const struct vosfs_pinned *p);
void vosfs_unpin(struct vosfs_pinned *p, bool written);

/**
 * struct vosfs_part - a part of a read() or write() of served data
 * @iocb: the file and the position, which moves
 * @iter: what is left of the caller's memory, which moves as well
 * @write: it is a write()
 * @more: all of it is done, and memory is left
 * @n: bytes that are done, or -errno
 */
struct vosfs_part {
	struct kiocb *iocb;
	struct iov_iter *iter;
	bool write;
	bool more;
	ssize_t n;
};

/* served.c */
bool vosfs_served_part(struct vosfs_part *p);

/* io.c */
ssize_t vosfs_read_iter(struct kiocb *iocb, struct iov_iter *to);
ssize_t vosfs_write_iter(struct kiocb *iocb, struct iov_iter *from);

/* freeze.c */
int vosfs_freeze(struct super_block *sb);

/* users.c */
void vosfs_users_init(struct vosfs_data *d);
bool vosfs_users_attached(const struct inode *inode);
void vosfs_users_add(struct vosfs_data *d, struct vdoor_target *t);
void vosfs_users_remove(struct vdoor_target *t);
int vosfs_users_recall(struct vosfs_data *d, bool *used);
bool vosfs_users_just_resized(const struct inode *inode);
void vosfs_users_end_windows(struct inode *inode);
bool vosfs_users_note_writes(struct inode *inode);

#endif
