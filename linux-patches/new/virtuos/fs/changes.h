/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The log of changes of names and attributes: those that a storage domain has answered and that
 * its disk may not have yet. changes.c keeps it, again.c has a successor carry it out again.
 */
#ifndef VOSFS_CHANGES_H
#define VOSFS_CHANGES_H

#include <linux/time64.h>
#include "vosfs.h"

/**
 * struct vosfs_change - a change that is under way or in the log
 * @list: in the log, in the order of the answers
 * @pending: the disk does not have it, and the present domain neither
 * @epoch: of the link that answered it
 * @tid: number of a transaction in that answer: the disk has the change if it has that
 * @nodes: that got, lost or changed its name; and that was replaced
 * @when: about when it was answered
 * @has_attr: @attr is set
 * @attr: of the node after the change
 * @len: bytes of @message
 * @message: the request
 */
struct vosfs_change {
	struct list_head list;
	bool pending;
	u32 epoch;
	u32 tid;
	u64 nodes[2];
	struct timespec64 when;
	bool has_attr;
	struct fuse_attr attr;
	u32 len;
	u8 message[] __aligned(8);
};

static inline struct fuse_in_header *vosfs_change_header(struct vosfs_change *c)
{
	return (struct fuse_in_header *)c->message;
}

static inline void *vosfs_change_body(struct vosfs_change *c)
{
	return c->message + sizeof(struct fuse_in_header);
}

/* changes.c */
void vosfs_change_done(struct vosfs_conn *conn, struct vosfs_change *c);
void vosfs_changes_drop_done(struct vosfs_conn *conn, bool has_mark, u32 mark_epoch, u32 mark_tid);

#endif
