/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The storage service: a FUSE server inside the kernel of the storage domain. It serves one
 * directory tree (the export) to any number of primaries.
 *
 * It keeps no state that matters. A node id is the inode's generation and number (id.c), as in an
 * NFS file handle. The id finds its inode in any later incarnation of the domain, too. The cache of
 * nodes (node.c) makes it fast, and keeps unlinked files alive as long as the domain lives.
 *
 * The primary's FUSE client checks permissions. What only a file system decides goes by the
 * caller's credentials, see cred.c.
 *
 * Direction of calls:
 *	main.c -> dispatch.c -> attr.c, statfs.c, tmpfile.c, lookup.c, name.c, rename.c, dir.c,
 *	io.c, xattr.c, ioctl.c
 *	dispatch.c -> present.c; attr.c -> times.c; tmpfile.c -> name.c
 *	ioctl.c -> flags.c, window.c
 *	io.c -> rewrite.c, data.c -> handle.c
 *	name.c, rename.c -> again.c
 *	these, main.c, dispatch.c -> client.c, change.c, orphan.c -> node.c, commit.c, request.c,
 *	cred.c; main.c, attr.c, node.c -> id.c
 */
#ifndef VST_H
#define VST_H

#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/fuse.h>
#include <linux/hashtable.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/path.h>
#include <linux/refcount.h>
#include <linux/stat.h>
#include "veng.h"

/* Only the primary changes the file system, so what it caches stays true. */
#define VST_VALID_SECONDS	(24 * 3600)

/* Requests in pages, as far as the client's extents allow. */
#define VST_MAX_PAGES		256u
#define VST_MAX_BACKGROUND	64u

/* Longest request body besides the data of a WRITE: an xattr with its name. */
#define VST_MAX_BODY		(65536u + 1024u)

#define VST_NODE_BITS		10

/*
 * struct vst_node - an inode that the client has asked for
 * @id: node id
 * @ref: one for the table while @hashed, one for each request that uses it
 * @kept: on vst_conn.orphans rather than on vst_conn.lru
 * @dentry: some name of it; may be unlinked
 * @file: for its data, opened at first use
 * @handles: number of handles on it; under conn->lock. A node with handles is not evicted
 * @had_at: FUSE number of the last request after which the client has it; under conn->lock
 * @write_mutex: orders writes through handles, and @seq
 * @seq: last write through a handle (handle.c)
 * @durable: writes up to this one are on the disk; under conn->lock
 */
struct vst_node {
	struct hlist_node hash;
	struct list_head lru;
	u64 id;
	refcount_t ref;
	bool hashed;
	bool kept;
	struct dentry *dentry;
	struct file *file;
	struct file *quiet_file;
	unsigned int handles;
	u64 had_at;
	struct mutex write_mutex;	/* orders writes, with seq */
	u64 seq;
	u64 durable;
};

/*
 * struct vst_conn - one primary
 * @lru: nodes that may be dropped, most recent first
 * @orphans: unlinked nodes; kept until the client forgets them
 * @handles: files that processes use through the exceptionless door
 */
struct vst_conn {
	spinlock_t lock;	/* the table and the lists */
	DECLARE_HASHTABLE(table, VST_NODE_BITS);
	struct list_head lru;
	struct list_head orphans;
	struct list_head handles;
	unsigned int nr_lru;
};

/*
 * struct vst_req - a request being served
 * @in: private copy of the header
 * @body: private copy of what follows, without the data of a WRITE
 * @pos: number of bytes of @body that have been taken
 * @out: room for the reply's body, only written
 * @out_len: bytes of reply so far
 * @replay: an earlier incarnation may have carried this out
 * @by_caller: it runs under the caller's credentials
 * @logs: the client keeps the change, which may be answered before the disk has it
 * @again: an earlier incarnation has answered this change; arg[1] and arg[3] of the call have the
 *	nodes that it was about
 * @keeps_privs: what it writes takes no privileges from the file
 * @present: in present.c, by @task, while it has a @time or @keeps_privs
 * @task: the worker
 * @time: what it changes gets this one, in ns; 0: the present
 */
struct vst_req {
	struct veng_scall *call;
	struct vst_conn *conn;
	struct fuse_in_header in;
	const u8 *body;
	u32 body_len;
	u32 pos;
	u8 __peer *out;
	u32 room;
	u32 out_len;
	bool replay;
	bool by_caller;
	bool logs;
	bool again;
	bool keeps_privs;
	struct hlist_node present;
	struct task_struct *task;
	s64 time;
	u8 small[512] __aligned(8);
};

extern struct path vst_root;
extern bool vst_durable;
extern unsigned int vst_max_nodes;
extern atomic_t vst_nr_conns;	/* primaries */

/* What serves a call of class STORAGE. dispatch.c: FUSE; io.c: READ, WRITE; handle.c: COMMIT */
#define VOS_X(NAME, name, ...) s64 vst_call_##name(struct veng_scall *call);
VOS_STORAGE_OPCODES(VOS_X)
#undef VOS_X

/* dispatch.c */
s64 vst_dispatch(struct veng_scall *call);
void vst_queue(struct veng_scall *call, work_func_t fn);
int vst_dispatch_init(void);
void vst_dispatch_exit(void);

/* present.c */
void vst_present_begin(struct vst_req *r);
void vst_present_keep_privs(struct vst_req *r);
void vst_present_end(struct vst_req *r);
void vst_present_init(void);
void vst_present_exit(void);

/* request.c */
int vst_req_begin(struct vst_req *r, struct veng_scall *call);
s64 vst_req_end(struct vst_req *r, int err);
const void *vst_arg(struct vst_req *r, u32 len);
const char *vst_string(struct vst_req *r);
const char *vst_name(struct vst_req *r);
int vst_reply(struct vst_req *r, const void *data, u32 len);
int vst_reply_ioctl(struct vst_req *r, const void *data, u32 len);

/* cred.c */
extern const struct cred *vst_cred;
const struct cred *vst_cred_of(const struct vst_req *r);
const struct cred *vst_cred_of_owner(const struct inode *inode);
const struct cred *vst_cred_to_change(bool kill);
bool vst_caller_has(const struct vst_req *r, int cap);
int vst_cred_init(void);
void vst_cred_exit(void);

/* id.c */
u64 vst_id_of(const struct inode *inode);
int vst_id_check(struct inode *inode);
struct dentry *vst_id_find(u64 id);
int vst_id_init(void);

/* node.c */
u64 vst_number(const struct vst_req *r);
struct vst_node *vst_node_get(struct vst_conn *conn, u64 id);
struct vst_node *vst_node_get_dir(struct vst_conn *conn, u64 id);
struct vst_node *vst_node_of(struct vst_conn *conn, struct dentry *dentry);
void vst_node_put(struct vst_node *node);
void vst_node_given(const struct vst_req *r, struct vst_node *node);
void vst_node_keep(const struct vst_req *r, struct vst_node *node);
bool vst_node_forget(struct vst_conn *conn, u64 id, u64 at);

/* node_file.c */
struct file *vst_node_file(struct vst_node *node, fmode_t mode);
struct file *vst_node_quiet_file(struct vst_node *node);

/* client.c */
void vst_conn_init(struct vst_conn *conn);
void vst_conn_mounted(struct vst_conn *conn);
void vst_conn_exit(struct vst_conn *conn);

static inline struct path vst_node_path(const struct vst_node *node)
{
	return (struct path){ .mnt = vst_root.mnt, .dentry = node->dentry };
}

/*
 * vst_data_get - the node of a regular file with its open file, which lives as long
 * Return: the node, to be put, or ERR_PTR.
 */
static inline struct vst_node *vst_data_get(struct vst_req *r, fmode_t mode, struct file **file)
{
	struct vst_node *node = vst_node_get(r->conn, r->in.nodeid);

	if (IS_ERR(node))
		return node;
	*file = vst_node_file(node, mode);
	if (!IS_ERR(*file))
		return node;
	vst_node_put(node);
	return ERR_CAST(*file);
}

/* orphan.c */
#define VST_HIDDEN	".virtuos-unlinked"
bool vst_is_hidden(const struct dentry *dir, const char *name);
bool vst_is_hidden_dir(const struct dentry *dentry);
unsigned int vst_kept_links(const struct inode *inode);
int vst_keep(const struct vst_req *r, struct dentry *victim);
int vst_keep_nameless(struct dentry *file);
void vst_unkeep(u64 id);
void vst_unkeep_number(u32 ino);
struct dentry *vst_hidden_dir(void);
void vst_orphans_purge(void);
void vst_orphans_init(void);
void vst_orphans_exit(void);

/* commit.c */
int vst_commit(struct inode *inode);
int vst_commit_first(struct inode *inode);

/* change.c */
int vst_end_change(struct vst_req *r, struct inode *inode, bool lasts);
bool vst_may_log(const struct vst_req *r);
bool vst_is_again(const struct vst_req *r);
void vst_tell_committed(struct vst_req *r);
void vst_tell_mark(struct vst_req *r);
void vst_changes_flush(void);
void vst_changes_init(void);

/* again.c */
void vst_again_removed(const struct vst_req *r, struct vst_node *node);
void vst_again_make_room(struct vst_req *r);
void vst_again_begin(const struct vst_req *r);
void vst_again_end(void);
int vst_again_number(const struct vst_req *r, struct inode *inode);

/* attr.c */
int vst_fill_attr(struct dentry *dentry, struct fuse_attr *attr);
int vst_fill_entry(struct dentry *dentry, struct fuse_entry_out *entry);
int vst_reply_entry(struct vst_req *r, struct dentry *dentry);
int vst_getattr(struct vst_req *r);
int vst_statx(struct vst_req *r);
int vst_setattr(struct vst_req *r);

/* statfs.c */
int vst_statfs(struct vst_req *r);

/* times.c */
bool vst_only_times(const struct fuse_setattr_in *in);
int vst_set_times(struct dentry *dentry, const struct fuse_setattr_in *in);

/* lookup.c */
int vst_lookup(struct vst_req *r);
int vst_readlink(struct vst_req *r);

/* name.c */
umode_t vst_create_mode(struct inode *dir, umode_t mode, u32 umask);
int vst_mknod(struct vst_req *r);
int vst_mkdir(struct vst_req *r);
int vst_symlink(struct vst_req *r);
int vst_link(struct vst_req *r);
int vst_unlink(struct vst_req *r);
int vst_rmdir(struct vst_req *r);

/* tmpfile.c */
int vst_tmpfile(struct vst_req *r);

/* rename.c */
int vst_rename(struct vst_req *r);
int vst_rename2(struct vst_req *r);

/* dir.c */
int vst_readdir(struct vst_req *r);
int vst_readdirplus(struct vst_req *r);
int vst_fsyncdir(struct vst_req *r);

/* handle.c */
void *vst_handle_add(struct veng_conn *vc, u64 id, u32 flags, struct vos_uchan_slot __peer *slot);
bool vst_handle_drop(struct veng_conn *vc, void *target);
int vst_node_sync(struct vst_conn *conn, struct vst_node *node, struct file *file, bool datasync);
void vst_node_durable(struct vst_conn *conn, struct vst_node *node, u64 seq);

/* rewrite.c */
bool vst_rewrite(struct file *file, loff_t pos, const void *data, size_t len);

/* io.c */
int vst_read(struct vst_req *r);
int vst_write(struct vst_req *r);

/* data.c */
int vst_fsync(struct vst_req *r);
int vst_fallocate(struct vst_req *r);
int vst_lseek(struct vst_req *r);
int vst_syncfs(struct vst_req *r);

/* xattr.c */
int vst_getxattr(struct vst_req *r);
int vst_setxattr(struct vst_req *r);
int vst_listxattr(struct vst_req *r);
int vst_removexattr(struct vst_req *r);

/* flags.c */
int vst_serve_flags(struct vst_req *r, struct dentry *dentry, u32 cmd);

/* ioctl.c */
int vst_ioctl(struct vst_req *r);

#endif
