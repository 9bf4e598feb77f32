// SPDX-License-Identifier: GPL-2.0
/*
 * Extended attributes are the FUSE client's. Before a file gets capabilities, no process may
 * write it past the kernel any more, for a write takes them away. A value that an attribute has
 * is not set again: that would move the change time.
 */
#include <linux/fs.h>
#include <linux/slab.h>
#include <linux/xattr.h>
#include "data.h"

/* The client's only handler, read from the first super block: it is not exported. */
static const struct xattr_handler *client_handler;
static struct xattr_handler watched_handler;
static const struct xattr_handler *const handlers[] = { &watched_handler, NULL };
static DEFINE_MUTEX(handlers_mutex);

static int set_capabilities(struct mnt_idmap *idmap, struct dentry *dentry, struct inode *inode,
			    const char *name, const void *value, size_t size, int flags)
{
	int err = vosfs_data_begin(inode);

	if (err)
		return err;
	vosfs_users_end_windows(inode);
	err = client_handler->set(client_handler, idmap, dentry, inode, name, value, size, flags);
	vosfs_data_end(inode);
	return err;
}

/* Test whether an attribute has this value. If that cannot be told, it has not. */
static bool has_value(struct dentry *dentry, struct inode *inode, const char *name,
		      const void *value, size_t size)
{
	/* Without room the length alone would be asked for. */
	void *now = kvmalloc(size + 1, GFP_KERNEL);
	bool same;

	if (!now)
		return false;
	same = client_handler->get(client_handler, dentry, inode, name, now, size + 1) == size &&
	       !memcmp(now, value, size);
	kvfree(now);
	return same;
}

static int watched_set(const struct xattr_handler *handler, struct mnt_idmap *idmap,
		       struct dentry *dentry, struct inode *inode, const char *name,
		       const void *value, size_t size, int flags)
{
	if (value && S_ISREG(inode->i_mode) && !strcmp(name, XATTR_NAME_CAPS))
		return set_capabilities(idmap, dentry, inode, name, value, size, flags);
	if (value && !(flags & XATTR_CREATE) && has_value(dentry, inode, name, value, size))
		return 0;
	return client_handler->set(client_handler, idmap, dentry, inode, name, value, size, flags);
}

/**
 * vosfs_xattr_watch - have windows end when files get capabilities
 * @sb: of the client's, not in use yet
 *
 * Context: process.
 */
void vosfs_xattr_watch(struct super_block *sb)
{
	mutex_lock(&handlers_mutex);
	if (!client_handler) {
		watched_handler = *sb->s_xattr[0];
		watched_handler.set = watched_set;
		client_handler = sb->s_xattr[0];
	}
	sb->s_xattr = handlers;
	mutex_unlock(&handlers_mutex);
}
