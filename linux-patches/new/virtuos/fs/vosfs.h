/* SPDX-License-Identifier: GPL-2.0 */
/*
 * virtuosfs, the file system of the primary whose files live in a storage domain. It is the
 * kernel's FUSE client with calls of the core as its transport. Direction of calls:
 *
 *	main.c -> mount.c -> conn.c -> send.c -> copy.c, victim.c, caps.c, stats.c
 *	send.c, conn.c -> forget.c -> stats.c; send.c -> changes.c; conn.c -> again.c -> changes.c
 *	mount.c -> data.c (which side has a file's data: see data.h); provider.c -> replay.c
 *
 * A connection (struct vosfs_conn) belongs to one service name. It outlives the service
 * domain's death, as the mount does. Locks, in order: vosfs_mutex, conn->mutex, fc->killsb,
 * fc->bg_lock, fiq->lock, conn->lock. The last is taken with interrupts off.
 */
#ifndef VOSFS_H
#define VOSFS_H

#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include "vos_account.h"
#include "vos_front.h"
#include "fuse_i.h"

#define VOSFS_NAME_MAX	32

/**
 * struct vosfs_space - room on the disk for data that is cached here (space.c)
 * @mutex: held while asking for more
 * @left: bytes that writes may still take
 * @until: as long as that, in jiffies
 * @near: the disk is nearly full
 */
struct vosfs_space {
	struct mutex mutex;	/* @near; @left and @until are set under it */
	atomic64_t left;
	unsigned long until;
	bool near;
};

/**
 * struct vosfs_changes - changes that are answered and may not be on the disk (changes.h)
 * @lock: for all but @number; in recovery only the session's thread writes
 * @list: struct vosfs_change, in the order of the answers
 * @count: of them and of those under way
 * @bytes: that these take
 * @epoch: of the link whose answers count
 * @number: of this log
 * @disk_has_some: the disk has had a mark of this log
 * @late: not 0: the last change was answered before the disk had it; read without @lock
 * @turn: the last number that @late had
 */
struct vosfs_changes {
	spinlock_t lock;	/* all but number */
	struct list_head list;
	u32 count;
	u32 bytes;
	u32 epoch;
	u64 number;
	bool disk_has_some;
	u32 late;
	u32 turn;
};

/**
 * struct vosfs_conn - a connection of the mounts of a service
 * @node: on conn.c's list, under vosfs_mutex
 * @users: references, under vosfs_mutex
 * @name: of the service
 * @session: with the service
 * @wq: for the work below
 * @caps: nodes without capabilities
 * @space: room on the disk
 * @changes: answered changes that the disk may not have
 * @again: held while a new domain carries out again what is lost, and while that is given up
 * @held: inodes that doors hold
 * @mutex: for @fiq
 * @fiq: the FUSE queue of the mount; NULL while there is none
 * @lock: for @done, @failed, @forgets and @forgets_asked
 * @done: background calls with an answer, by vos_call.node
 * @failed: requests to be ended with the error they hold, by fuse_req.list
 * @forgets: nodes that the client has dropped
 * @forgets_asked: how many have ever been put there
 * @forgets_told: up to which of them @forget_work has come
 * @forget_wait: for that
 * @done_work: ends background requests
 * @send_work: sends pending requests
 * @forget_work: sends @forgets
 * @expire_work: ends requests that have waited too long for a link
 */
struct vosfs_conn {
	struct list_head node;
	unsigned int users;
	char name[VOSFS_NAME_MAX];
	struct vos_session *session;
	struct workqueue_struct *wq;
	struct vosfs_caps *caps;
	struct vosfs_space space;
	struct vosfs_changes changes;
	struct mutex again;	/* the recovery of changes and data, and their end */
	atomic_t held;
	struct mutex mutex;	/* fiq */
	struct fuse_iqueue *fiq;

	spinlock_t lock;	/* the fields below, up to the work items */
	struct list_head done;
	struct list_head failed;
	struct fuse_forget_link *forgets;
	u32 forgets_asked;
	u32 forgets_told;
	wait_queue_head_t forget_wait;

	struct work_struct done_work;
	struct work_struct send_work;
	struct work_struct forget_work;
	struct delayed_work expire_work;
};

extern unsigned int vosfs_restart_timeout;
extern unsigned int vosfs_arena_pages;
extern struct file_system_type vosfs_type;

/* conn.c */
struct vosfs_conn *vosfs_conn_get(const char *name, size_t len);
void vosfs_conn_put(struct vosfs_conn *conn);
int vosfs_conn_wait(struct vosfs_conn *conn);
void vosfs_conn_attach(struct vosfs_conn *conn, struct fuse_iqueue *fiq);
void vosfs_conn_settle(struct vosfs_conn *conn);
void vosfs_conn_detach(struct vosfs_conn *conn);

/* send.c */
extern const struct fuse_iqueue_ops vosfs_fiq_ops;
void vosfs_mark_replay(struct fuse_req *req);

/* background.c */
void vosfs_send_background(struct fuse_iqueue *fiq, struct fuse_req *req);
void vosfs_done_work(struct work_struct *work);
void vosfs_send_work(struct work_struct *work);

/* forget.c */
void vosfs_send_forget(struct fuse_iqueue *fiq, struct fuse_forget_link *link);
void vosfs_forget_work(struct work_struct *work);
void vosfs_drop_forgets(struct vosfs_conn *conn);
int vosfs_forget_flush(struct vosfs_conn *conn);

bool vosfs_client_has(struct vosfs_conn *conn, u64 id);

/* changes.c */
struct vosfs_change;
struct vosfs_change *vosfs_change_begin(struct vosfs_conn *conn, const struct fuse_req *req,
					gfp_t gfp);
u32 vosfs_changes_are_late(const struct vosfs_conn *conn);
void vosfs_change_cancel(struct vosfs_conn *conn, struct vosfs_change *c);
void vosfs_change_mark(struct vosfs_conn *conn, struct vos_call *call);
int vosfs_change_answered(struct vosfs_conn *conn, struct vosfs_change **cp,
			  const struct vos_call *call, const struct fuse_req *req, int err);
void vosfs_changes_drop(struct vosfs_conn *conn);
void vosfs_changes_init(struct vosfs_changes *log);

/* again.c */
void vosfs_changes_again(struct vosfs_conn *conn, struct vos_session *s);

/* copy.c */
u32 vosfs_in_len(const struct fuse_req *req);
u32 vosfs_out_len(const struct fuse_req *req);
void vosfs_put_request(struct vos_call *call, struct fuse_req *req);
int vosfs_copy_reply(struct vos_call *call, struct fuse_req *req);

/* data.c */
int vosfs_data_begin(struct inode *inode);
void vosfs_data_end(struct inode *inode);
void vosfs_data_init_conn(struct fuse_conn *fc);

/* inode.c */
void vosfs_data_free(struct inode *inode);

/* xattr.c */
void vosfs_xattr_watch(struct super_block *sb);

/* statfs.c */
int vosfs_statfs_may_write(struct super_block *sb);
int vosfs_statfs_set_limit(struct super_block *sb);
void vosfs_statfs_tell(struct super_block *sb, struct kstatfs *buf, u64 unsaved);

/* super.c */
void vosfs_super_take(struct super_block *sb);

/* ioctl.c */
void vosfs_ioctl_set_uuid(struct super_block *sb);
long vosfs_ioctl(struct file *file, unsigned int cmd, unsigned long arg);

/* file.c */
extern struct file_operations vosfs_file_ops;
extern struct inode_operations vosfs_inode_ops;
void vosfs_file_ops_init(void);

/* provider.c */
int vosfs_provider_init(struct vos_session *session);
void vosfs_provider_exit(struct vos_session *session);
struct vos_session *vosfs_provider_session(void);

/* replay.c */
int vosfs_replay_write(u64 node, u64 pos, const void __peer *data, u32 len, bool kill_privs);

/* victim.c */
bool vosfs_victim_may_be_open(struct fuse_req *req);
u64 vosfs_victim_moves(struct fuse_req *req);

/* caps.c */
struct vosfs_caps *vosfs_caps_new(void);
void vosfs_caps_free(struct vosfs_caps *caps);
bool vosfs_caps_before(struct vosfs_caps *caps, const struct fuse_req *req, u32 *since);
void vosfs_caps_after(struct vosfs_caps *caps, const struct fuse_req *req, u32 since, int err);

/* stats.c */
enum vosfs_count {
	VOSFS_BYTES_OUT,	/* copied into the arena */
	VOSFS_BYTES_IN,		/* copied out of it */
	VOSFS_BACKGROUND,	/* requests without a waiting task */
	VOSFS_DEFERRED,		/* those that had to wait for room or a link */
	VOSFS_REPLAYED,		/* sent again to a successor */
	VOSFS_EXPIRED,		/* given up, no successor came */
	VOSFS_BAD_REPLIES,	/* refused as malformed */
	VOSFS_KNOWN,		/* answered without the service */
	VOSFS_LOGGED,		/* changes answered before the disk has them */
	VOSFS_AGAIN,		/* those that a successor has carried out again */
	VOSFS_LOST,		/* those that it could not */
	VOSFS_NR_COUNTS
};

void vosfs_count(enum vosfs_count what, u64 n);
void vosfs_count_request(u32 opcode);
void vosfs_count_wait(u32 opcode, u64 ns);
void vosfs_stats_init(void);
void vosfs_stats_exit(void);

#endif
