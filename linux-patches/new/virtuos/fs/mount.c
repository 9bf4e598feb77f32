// SPDX-License-Identifier: GPL-2.0
/*
 * Mounting: `mount -t virtuosfs SERVICE[:/SUBDIR] DIR`. One super block per
 * service; a subdirectory is a bind of it.
 *
 * The client checks permissions itself (default_permissions) for every user
 * (allow_other), as a local file system does.
 */
#include <linux/backing-dev.h>
#include <linux/fs_context.h>
#include <linux/mount.h>
#include <linux/posix_acl.h>
#include <linux/slab.h>
#include "vosfs.h"

/* Readahead, in pages. */
#define VOSFS_READAHEAD	64

/* Room in an extent beside the pages: headers and arguments. */
#define VOSFS_HEAD_ROOM	1024u

static unsigned int max_pages(struct vosfs_conn *conn)
{
	return (vos_session_max_extent(conn->session) - VOSFS_HEAD_ROOM) / PAGE_SIZE;
}

static void set_defaults(struct fuse_fs_context *ctx)
{
	ctx->rootmode = S_IFDIR;
	ctx->default_permissions = true;
	ctx->allow_other = true;
	ctx->max_read = UINT_MAX;
	ctx->destroy = true;
	ctx->no_control = true;
	ctx->no_force_umount = true;
}

static int wait_for_init(struct fuse_conn *fc)
{
	int err = wait_event_killable(fc->blocked_waitq, READ_ONCE(fc->initialized));

	return err ?: fc->conn_error ? -EIO : 0;
}

/*
 * Let the root's inode cache access lists. It was made before the server said whether it has
 * some, and so would never cache one. Then every path that users other than root walk would ask
 * for it.
 */
static void cache_acls(struct inode *inode)
{
	if (!get_fuse_conn(inode)->posix_acl)
		return;
	cmpxchg(&inode->i_acl, ACL_DONT_CACHE, ACL_NOT_CACHED);
	cmpxchg(&inode->i_default_acl, ACL_DONT_CACHE, ACL_NOT_CACHED);
}

static int fill_super(struct super_block *sb, struct fs_context *fsc)
{
	struct fuse_mount *fm = get_fuse_mount_super(sb);
	struct fuse_fs_context *ctx = fsc->fs_private;
	int err;

	set_defaults(ctx);
	err = fuse_fill_super_common(sb, ctx);
	if (err)
		return err;
	vosfs_super_take(sb);
	vosfs_xattr_watch(sb);
	/*
	 * FUSE allows a file system 1 % of the dirty pages, since its server may be a process.
	 * This server is none.
	 */
	sb->s_bdi->capabilities &= ~BDI_CAP_STRICTLIMIT;
	bdi_set_max_ratio(sb->s_bdi, 100);
	sb->s_bdi->ra_pages = VOSFS_READAHEAD;
	vosfs_conn_attach(fm->fc->iq.priv, &fm->fc->iq);
	fuse_send_init(fm);
	err = wait_for_init(fm->fc);
	if (err)
		return err;
	err = vosfs_statfs_set_limit(sb);
	if (err)
		return err;
	vosfs_ioctl_set_uuid(sb);
	cache_acls(d_inode(sb->s_root));
	sb->s_flags |= SB_ACTIVE;
	return 0;
}

static void vosfs_kill_sb(struct super_block *sb)
{
	struct fuse_mount *fm = get_fuse_mount_super(sb);

	/* Without a root, filling failed before anything was sent. */
	if (sb->s_root) {
		vosfs_conn_settle(fm->fc->iq.priv);
		sync_filesystem(sb);
		if (fuse_mount_remove(fm)) {
			fuse_conn_destroy(fm);
			vosfs_conn_detach(fm->fc->iq.priv);
		}
	}
	kill_anon_super(sb);
	fuse_mount_destroy(fm);
}

/* Make a FUSE connection; take over the caller's reference on @conn. */
static struct fuse_mount *new_mount(struct fs_context *fsc, struct vosfs_conn *conn)
{
	struct fuse_conn *fc = kzalloc(sizeof(*fc), GFP_KERNEL);
	struct fuse_mount *fm = kzalloc(sizeof(*fm), GFP_KERNEL);

	if (!fc || !fm) {
		kfree(fc);
		kfree(fm);
		vosfs_conn_put(conn);
		return NULL;
	}
	fuse_conn_init(fc, fm, fsc->user_ns, &vosfs_fiq_ops, conn);
	fc->release = fuse_free_conn;
	fc->delete_stale = true;
	fc->sync_fs = true;
	fc->local_atime = true;
	/* Signals do not cut operations of a file system short. */
	fc->no_interrupt = true;
	vosfs_data_init_conn(fc);
	fc->max_pages_limit = min(fc->max_pages_limit, max_pages(conn));
	return fm;
}

static int test_super(struct super_block *sb, struct fs_context *fsc)
{
	struct fuse_mount *fm = fsc->s_fs_info;

	return get_fuse_conn_super(sb)->iq.priv == fm->fc->iq.priv;
}

/* Get the super block of the service, active and locked; make it if need be. */
static struct super_block *get_super_of(struct fs_context *fsc, const char *name, size_t len)
{
	struct vosfs_conn *conn = vosfs_conn_get(name, len);
	struct super_block *sb;
	struct fuse_mount *fm;
	int err;

	if (IS_ERR(conn))
		return ERR_CAST(conn);
	err = vosfs_conn_wait(conn);
	if (err) {
		vosfs_conn_put(conn);
		if (err == -ENOTCONN)
			errorf(fsc, "virtuosfs: no service domain serves '%.*s'", (int)len, name);
		return ERR_PTR(err);
	}
	fm = new_mount(fsc, conn);
	if (!fm)
		return ERR_PTR(-ENOMEM);
	fsc->s_fs_info = fm;
	sb = sget_fc(fsc, test_super, set_anon_super_fc);
	if (fsc->s_fs_info)
		fuse_mount_destroy(fm);
	if (IS_ERR(sb) || sb->s_root)
		return sb;
	err = fill_super(sb, fsc);
	if (err) {
		deactivate_locked_super(sb);
		return ERR_PTR(err);
	}
	return sb;
}

/* Replace the locked super block in fsc->root by its subdirectory @path. */
static int enter_subdir(struct fs_context *fsc, struct super_block *sb, const char *path)
{
	struct dentry *root;
	struct vfsmount *mnt;

	fsc->root = dget(sb->s_root);
	up_write(&sb->s_umount);
	mnt = vfs_create_mount(fsc);
	dput(fsc->root);
	fsc->root = NULL;
	deactivate_super(sb);
	if (IS_ERR(mnt))
		return PTR_ERR(mnt);
	root = mount_subtree(mnt, path);
	if (IS_ERR(root))
		return PTR_ERR(root);
	fsc->root = root;
	return 0;
}

static int vosfs_get_tree(struct fs_context *fsc)
{
	struct super_block *sb;
	const char *path;

	if (!fsc->source)
		return invalf(fsc, "virtuosfs: no service named");
	path = strchrnul(fsc->source, ':');
	if (*path && path[1] != '/')
		return invalf(fsc, "virtuosfs: want SERVICE or SERVICE:/PATH");
	sb = get_super_of(fsc, fsc->source, path - fsc->source);
	if (IS_ERR(sb))
		return PTR_ERR(sb);
	if (*path && path[2])
		return enter_subdir(fsc, sb, path + 1);
	fsc->root = dget(sb->s_root);
	return 0;
}

static int vosfs_reconfigure(struct fs_context *fsc)
{
	struct super_block *sb = fsc->root->d_sb;
	int err;

	if (fsc->sb_flags & SB_MANDLOCK)
		return -EINVAL;
	err = sync_filesystem(sb);
	if (!err && fsc->sb_flags_mask & SB_RDONLY && !(fsc->sb_flags & SB_RDONLY))
		err = vosfs_statfs_may_write(sb);
	return err;
}

static void vosfs_free_fsc(struct fs_context *fsc)
{
	kfree(fsc->fs_private);
}

static const struct fs_context_operations context_ops = {
	.free		= vosfs_free_fsc,
	.get_tree	= vosfs_get_tree,
	.reconfigure	= vosfs_reconfigure,
};

static int vosfs_init_fs_context(struct fs_context *fsc)
{
	struct fuse_fs_context *ctx = kzalloc(sizeof(*ctx), GFP_KERNEL);

	if (!ctx)
		return -ENOMEM;
	fsc->fs_private = ctx;
	fsc->ops = &context_ops;
	return 0;
}

struct file_system_type vosfs_type = {
	.owner			= THIS_MODULE,
	.name			= "virtuosfs",
	.fs_flags		= FS_ALLOW_IDMAP,
	.init_fs_context	= vosfs_init_fs_context,
	.kill_sb		= vosfs_kill_sb,
};
