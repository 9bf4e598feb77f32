// SPDX-License-Identifier: GPL-2.0
/*
 * Reading directories. No directory stays open: each request opens it, goes to the offset and
 * reads. READDIRPLUS does a lookup of each entry, which must not happen under the directory's
 * lock. So entries are gathered first.
 */
#include <linux/file.h>
#include <linux/slab.h>
#include "vst.h"

#define GATHER_MAX	32768u

/**
 * struct gathering - struct fuse_dirent records, one after the other
 * @ctx: how iterate_dir() calls gather()
 * @buf: room for them
 * @used: bytes of it
 * @head: bytes that the reply puts before each (READDIRPLUS)
 * @left: what remains of the reply's room
 * @dir: the directory
 * @last: record whose "off", the position of the next one, is not yet known
 */
struct gathering {
	struct dir_context ctx;
	u8 *buf;
	u32 used;
	u32 head;
	u32 left;
	const struct dentry *dir;
	struct fuse_dirent *last;
};

static bool gather(struct dir_context *ctx, const char *name, int len, loff_t pos, u64 ino,
		   unsigned int type)
{
	struct gathering *g = container_of(ctx, struct gathering, ctx);
	u32 size = FUSE_DIRENT_ALIGN(FUSE_NAME_OFFSET + len);
	struct fuse_dirent *d = (struct fuse_dirent *)(g->buf + g->used);

	if (g->last)
		g->last->off = pos;
	if (len == strlen(VST_HIDDEN) && !memcmp(name, VST_HIDDEN, len) &&
	    vst_is_hidden(g->dir, VST_HIDDEN)) {
		g->last = NULL;
		return true;
	}
	if (size + g->head > g->left) {
		g->last = NULL;
		return false;
	}
	memset(d, 0, size);
	d->ino = ino;
	d->namelen = len;
	d->type = type;
	memcpy(d->name, name, len);
	g->last = d;
	g->used += size;
	g->left -= size + g->head;
	return true;
}

static int read_dir(struct vst_node *node, u64 offset, struct gathering *g)
{
	struct path path = vst_node_path(node);
	struct file *file;
	loff_t pos;
	int err;

	file = dentry_open(&path, O_RDONLY | O_DIRECTORY | O_LARGEFILE | O_NOATIME, vst_cred);
	if (IS_ERR(file))
		return PTR_ERR(file);
	pos = vfs_llseek(file, offset, SEEK_SET);
	err = pos < 0 ? pos : iterate_dir(file, &g->ctx);
	if (!err && g->last)
		g->last->off = g->ctx.pos;
	fput(file);
	return err;
}

static int reply_plain(struct vst_req *r, const struct gathering *g)
{
	return vst_reply(r, g->buf, g->used);
}

static bool is_dot(const struct fuse_dirent *d)
{
	return d->name[0] == '.' &&
	       (d->namelen == 1 || (d->namelen == 2 && d->name[1] == '.'));
}

/* Fill @entry with what @d leads to. If it stays all zero, the client asks when it needs it. */
static void lookup_child(struct dentry *dir, const struct fuse_dirent *d,
			 struct fuse_entry_out *entry)
{
	struct dentry *dentry;

	memset(entry, 0, sizeof(*entry));
	if (is_dot(d))
		return;
	dentry = lookup_one_positive_unlocked(&nop_mnt_idmap, d->name, dir, d->namelen);
	if (IS_ERR(dentry))
		return;
	if (vst_fill_entry(dentry, entry))
		memset(entry, 0, sizeof(*entry));
	dput(dentry);
}

static int reply_plus(struct vst_req *r, struct dentry *dir, const struct gathering *g)
{
	struct fuse_entry_out entry;
	u32 pos = 0;
	int err = 0;

	while (!err && pos < g->used) {
		const struct fuse_dirent *d = (struct fuse_dirent *)(g->buf + pos);
		u32 size = FUSE_DIRENT_SIZE(d);

		lookup_child(dir, d, &entry);
		err = vst_reply(r, &entry, sizeof(entry));
		err = err ?: vst_reply(r, d, size);
		pos += size;
	}
	return err;
}

static int serve_dir(struct vst_req *r, struct vst_node *node, u64 offset, u32 room, bool plus)
{
	struct gathering g = {
		.ctx.actor	= gather,
		.head		= plus ? sizeof(struct fuse_entry_out) : 0,
		.left		= room,
		.dir		= node->dentry,
	};
	int err;

	g.buf = kvmalloc(room, GFP_KERNEL);
	if (!g.buf)
		return -ENOMEM;
	err = read_dir(node, offset, &g);
	if (!err)
		err = plus ? reply_plus(r, node->dentry, &g) : reply_plain(r, &g);
	kvfree(g.buf);
	return err;
}

static int read_any(struct vst_req *r, bool plus)
{
	const struct fuse_read_in *in = vst_arg(r, sizeof(*in));
	struct vst_node *node;
	int err;

	if (!in || !in->size)
		return -EINVAL;
	node = vst_node_get_dir(r->conn, r->in.nodeid);
	if (IS_ERR(node))
		return PTR_ERR(node);
	err = serve_dir(r, node, in->offset, min3(in->size, r->room, GATHER_MAX), plus);
	vst_node_put(node);
	return err;
}

/**
 * vst_readdir - carry out the FUSE request READDIR
 * @r: request
 *
 * Context: worker.
 * Return: 0 or -errno.
 */
int vst_readdir(struct vst_req *r)
{
	return read_any(r, false);
}

/**
 * vst_readdirplus - carry out the FUSE request READDIRPLUS
 * @r: request
 *
 * Context: worker.
 * Return: 0 or -errno.
 */
int vst_readdirplus(struct vst_req *r)
{
	return read_any(r, true);
}

/**
 * vst_fsyncdir - carry out the FUSE request FSYNCDIR
 * @r: request
 *
 * Context: worker.
 * Return: 0 or -errno.
 */
int vst_fsyncdir(struct vst_req *r)
{
	const struct fuse_fsync_in *in = vst_arg(r, sizeof(*in));
	struct vst_node *node;
	struct file *file;
	struct path path;
	int err;

	if (!in)
		return -EINVAL;
	node = vst_node_get_dir(r->conn, r->in.nodeid);
	if (IS_ERR(node))
		return PTR_ERR(node);
	path = vst_node_path(node);
	file = dentry_open(&path, O_RDONLY | O_DIRECTORY | O_LARGEFILE, vst_cred);
	err = PTR_ERR_OR_ZERO(file);
	if (!err) {
		err = vfs_fsync(file, in->fsync_flags & FUSE_FSYNC_FDATASYNC);
		fput(file);
	}
	vst_node_put(node);
	return err;
}
