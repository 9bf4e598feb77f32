/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A file's data: what the files that decide about it share. Direction of calls:
 *
 *	file.c (reads, writes, mappings), attach.c (doors) -> data.c -> users.c
 *
 * Locks, in order: the inode's semaphore (vosfs_data_sem()), users.c's spinlock.
 */
#ifndef VOSFS_DATA_H
#define VOSFS_DATA_H

#include <linux/rwsem.h>
#include "vosfs.h"
#include "vos_door.h"

/* data.c */
struct rw_semaphore *vosfs_data_sem(const struct inode *inode);
bool vosfs_data_served(struct inode *inode);
bool vosfs_data_may_leave(struct inode *inode);
int vosfs_data_give_out(struct inode *inode);
int vosfs_data_fsync(struct inode *inode);

/* file.c */
void vosfs_file_ops_init(void);
void vosfs_file_watch_times(struct inode *inode);

/* users.c */
int vosfs_users_map(struct inode *inode);
void vosfs_users_count_map(struct inode *inode, int n);
bool vosfs_users_mapped(const struct inode *inode);
bool vosfs_users_attached(const struct inode *inode);
int vosfs_users_add(struct inode *inode, struct vos_door_target *t);
void vosfs_users_remove(struct vos_door_target *t);
int vosfs_users_recall(struct inode *inode, bool *dirty, bool *used);
bool vosfs_users_just_resized(const struct inode *inode);
void vosfs_users_end_windows(struct inode *inode);
bool vosfs_users_note_writes(struct inode *inode);
void vosfs_users_init(void);

#endif
