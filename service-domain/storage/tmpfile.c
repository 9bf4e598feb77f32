// SPDX-License-Identifier: GPL-2.0
/*
 * Files without a name: TMPFILE, which is open() with O_TMPFILE. They are kept as unlinked files
 * are (node.c), until LINK gives them a name or the client forgets them.
 */
#include <linux/file.h>
#include "vst.h"

static struct file *keep(struct file *file)
{
	int err = IS_ERR(file) ? 0 : vst_keep_nameless(file->f_path.dentry);

	if (!err)
		return file;
	fput(file);
	return ERR_PTR(err);
}

/* Return: the new file, open, or ERR_PTR. */
static struct file *make(struct dentry *dir, const struct fuse_create_in *in)
{
	struct path path = { .mnt = vst_root.mnt, .dentry = dir };
	umode_t mode = S_IFREG | (in->mode & S_IALLUGO);
	struct file *file;
	int err = mnt_want_write(vst_root.mnt);

	if (err)
		return ERR_PTR(err);
	/* Without O_EXCL it may get a name; the client knows which may not. */
	file = kernel_tmpfile_open(&nop_mnt_idmap, &path,
				   vst_create_mode(d_inode(dir), mode, in->umask),
				   O_RDWR | O_LARGEFILE, current_cred());
	file = keep(file);
	mnt_drop_write(vst_root.mnt);
	return file;
}

/* Reply as CREATE does: what was made, and how it is open. The node keeps it from here on. */
static int reply_file(struct vst_req *r, struct dentry *dentry)
{
	struct fuse_open_out open = { .open_flags = FOPEN_KEEP_CACHE };
	struct fuse_entry_out entry;
	struct vst_node *node;
	int err = vst_fill_entry(dentry, &entry);

	if (err)
		return err;
	node = vst_node_of(r->conn, dentry);
	if (!node)
		return -ENOMEM;
	vst_node_keep(r, node);
	vst_node_put(node);
	return vst_reply(r, &entry, sizeof(entry)) ?: vst_reply(r, &open, sizeof(open));
}

/**
 * vst_tmpfile - carry out the FUSE request TMPFILE
 * @r: request
 *
 * Context: worker.
 * Return: 0 or -errno.
 */
int vst_tmpfile(struct vst_req *r)
{
	const struct fuse_create_in *in = vst_arg(r, sizeof(*in));
	struct vst_node *dir;
	struct file *file;
	int err;

	if (!in || !S_ISREG(in->mode))
		return -EINVAL;
	dir = vst_node_get_dir(r->conn, r->in.nodeid);
	if (IS_ERR(dir))
		return PTR_ERR(dir);
	file = make(dir->dentry, in);
	err = PTR_ERR_OR_ZERO(file);
	if (!err) {
		err = reply_file(r, file->f_path.dentry);
		/* The client has no number of it, so it forgets nothing. */
		if (err)
			vst_unkeep(vst_id_of(file_inode(file)));
		fput(file);
	}
	vst_node_put(dir);
	return err;
}
