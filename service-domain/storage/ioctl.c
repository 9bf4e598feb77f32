// SPDX-License-Identifier: GPL-2.0
/*
 * ioctl()s on files and directories. Each that is served is named here. The file system itself
 * carries out what takes no pointers but its argument, and checks the caller's capabilities.
 */
#include <linux/err.h>
#include <linux/fiemap.h>
#include <linux/file.h>
#include <linux/fscrypt.h>
#include <linux/fsverity.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include "vst.h"
#include "window.h"

/* Reply with what a window holds. */
static int reply_window(struct vst_req *r, const void __user *window, u32 len)
{
	void *data = kmalloc(len, GFP_KERNEL);
	int err;

	if (!data)
		return -ENOMEM;
	err = copy_from_user(data, window, len) ? -EFAULT : vst_reply_ioctl(r, data, len);
	kfree(data);
	return err;
}

/* Open what an ioctl is about. Devices and the like have ioctls that are not the file system's. */
static struct file *open_node(const struct vst_node *node)
{
	struct path path = vst_node_path(node);

	if (!d_is_dir(node->dentry) && !d_is_reg(node->dentry))
		return ERR_PTR(-ENOTTY);
	return dentry_open(&path, O_RDONLY | O_LARGEFILE | O_NOATIME, vst_cred);
}

static int carry_out(struct vst_req *r, struct file *file, u32 cmd)
{
	u32 in = _IOC_DIR(cmd) & _IOC_WRITE ? _IOC_SIZE(cmd) : 0;
	u32 out = _IOC_DIR(cmd) & _IOC_READ ? _IOC_SIZE(cmd) : 0;
	const void *arg = vst_arg(r, in);
	void __user *window;
	long err;

	if (!arg)
		return -EINVAL;
	if (!file->f_op->unlocked_ioctl)
		return -ENOTTY;
	window = vst_window_open(arg, in);
	if (IS_ERR((void __force *)window))
		return PTR_ERR((void __force *)window);
	err = file->f_op->unlocked_ioctl(file, cmd, (unsigned long)window);
	if (!err)
		err = out ? reply_window(r, window, out) : vst_reply_ioctl(r, NULL, 0);
	vst_window_close(window);
	return err;
}

static int pass(struct vst_req *r, struct vst_node *node, u32 cmd)
{
	struct file *file = open_node(node);
	int err;

	if (IS_ERR(file))
		return PTR_ERR(file);
	err = carry_out(r, file, cmd);
	fput(file);
	return err;
}

static int map_extents(struct vst_req *r, struct inode *inode, struct fiemap map, u32 max)
{
	struct fiemap __user *window = vst_window_open(&map, sizeof(map));
	struct fiemap_extent_info info = {
		.fi_flags = map.fm_flags,
		.fi_extents_max = max,
		.fi_extents_start = window->fm_extents,
	};
	int err;

	if (IS_ERR((void __force *)window))
		return PTR_ERR((void __force *)window);
	err = inode->i_op->fiemap(inode, &info, map.fm_start, map.fm_length);
	map.fm_flags = info.fi_flags;
	map.fm_mapped_extents = info.fi_extents_mapped;
	if (!err && copy_to_user(window, &map, sizeof(map)))
		err = -EFAULT;
	if (!err)
		err = reply_window(r, (void __user *)window,
				   struct_size(&map, fm_extents, info.fi_extents_mapped));
	vst_window_close(window);
	return err;
}

/* As many extents as the reply has room for; the client asks for the others. */
static int serve_fiemap(struct vst_req *r, struct inode *inode)
{
	const struct fiemap *map = vst_arg(r, sizeof(*map));
	u32 head = sizeof(struct fuse_ioctl_out) + sizeof(*map), room;

	if (!map || r->room < head + sizeof(struct fiemap_extent))
		return -EINVAL;
	if (!inode->i_op->fiemap)
		return -EOPNOTSUPP;
	room = min_t(u32, r->room - head, VST_WINDOW_SIZE - sizeof(*map));
	return map_extents(r, inode, *map, room / sizeof(struct fiemap_extent));
}

static int serve_uuid(struct vst_req *r)
{
	const struct super_block *sb = vst_root.mnt->mnt_sb;
	struct fsuuid2 uuid = { .len = sb->s_uuid_len };

	if (!uuid.len)
		return -ENOTTY;
	memcpy(uuid.uuid, &sb->s_uuid, sizeof(uuid.uuid));
	return vst_reply_ioctl(r, &uuid, sizeof(uuid));
}

static int serve_version(struct vst_req *r, const struct inode *inode)
{
	return vst_reply_ioctl(r, &inode->i_generation, sizeof(inode->i_generation));
}

static int serve(struct vst_req *r, struct vst_node *node, u32 cmd)
{
	switch (cmd) {
	case FS_IOC_GETFLAGS:
	case FS_IOC_SETFLAGS:
	case FS_IOC_FSGETXATTR:
	case FS_IOC_FSSETXATTR:
		return vst_serve_flags(r, node->dentry, cmd);
	case FS_IOC_FIEMAP:
		return serve_fiemap(r, d_inode(node->dentry));
	case FS_IOC_GETFSUUID:
		return serve_uuid(r);
	case FS_IOC_GETVERSION:
		return serve_version(r, d_inode(node->dentry));
	case FITRIM:
	case FS_IOC_GETFSLABEL:
	case FS_IOC_SETFSLABEL:
		return pass(r, node, cmd);
	/* The primary's cache knows no encrypted or signed file. ext4 says this of one without. */
	case FS_IOC_SET_ENCRYPTION_POLICY:
	case FS_IOC_GET_ENCRYPTION_PWSALT:
	case FS_IOC_GET_ENCRYPTION_POLICY:
	case FS_IOC_GET_ENCRYPTION_POLICY_EX:
	case FS_IOC_ADD_ENCRYPTION_KEY:
	case FS_IOC_REMOVE_ENCRYPTION_KEY:
	case FS_IOC_REMOVE_ENCRYPTION_KEY_ALL_USERS:
	case FS_IOC_GET_ENCRYPTION_KEY_STATUS:
	case FS_IOC_GET_ENCRYPTION_NONCE:
	case FS_IOC_ENABLE_VERITY:
	case FS_IOC_MEASURE_VERITY:
	case FS_IOC_READ_VERITY_METADATA:
		return -EOPNOTSUPP;
	}
	/* FS_IOC_SETVERSION would change the node's id. */
	return -ENOTTY;
}

/**
 * vst_ioctl - carry out the FUSE request IOCTL
 * @r: request
 *
 * Context: worker.
 * Return: 0 or -errno.
 */
int vst_ioctl(struct vst_req *r)
{
	const struct fuse_ioctl_in *in = vst_arg(r, sizeof(*in));
	struct vst_node *node;
	int err;

	if (!in)
		return -EINVAL;
	node = vst_node_get(r->conn, r->in.nodeid);
	if (IS_ERR(node))
		return PTR_ERR(node);
	err = serve(r, node, in->cmd);
	vst_node_put(node);
	return err == -ENOIOCTLCMD ? -ENOTTY : err;
}
