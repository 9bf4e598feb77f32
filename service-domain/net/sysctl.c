// SPDX-License-Identifier: GPL-2.0
/*
 * SYSCTL, in the control thread: reads, writes and lists this domain's /proc/sys/net, and the
 * attributes of its interfaces in /sys/class/net. It lists tables of single interfaces, too.
 *
 * The file is opened under the caller's credentials, as a program opens it. So this kernel
 * checks the caller's right to read and write by its own rules.
 */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/namei.h>
#include <linux/sched/signal.h>
#include <linux/seq_buf.h>
#include <linux/slab.h>
#include "netns.h"

#define FOLDER		"/proc/sys/net/"
/* Attempts to write while another thread has the lock of all routing, 1 ms apart. */
#define MAX_ATTEMPTS	200

static u64 tree_of(const struct veng_scall *call)
{
	return call->sqe.arg[0] & (VOS_SYSCTL_DEVICES | VOS_SYSCTL_TABLES);
}

static u64 what_of(const struct veng_scall *call)
{
	return call->sqe.arg[0] & ~(u64)(VOS_SYSCTL_DEVICES | VOS_SYSCTL_TABLES);
}

static s64 read_value(struct file *file, struct veng_scall *call, void *value, u32 len)
{
	loff_t pos = call->sqe.arg[1];
	ssize_t n = kernel_read(file, value, len, &pos);

	if (n > 0)
		vos_peer_write(call->out[0], value, n);
	return n;
}

/*
 * Some handlers do not wait for the lock of all routing. They have the system call made again,
 * by a signal that is none.
 */
static s64 write_value(struct file *file, struct veng_scall *call, void *value, u32 len)
{
	int attempts = MAX_ATTEMPTS;
	loff_t pos;
	ssize_t n;

	if (len)
		vos_peer_read(value, call->in[0], len);
	for (;;) {
		pos = call->sqe.arg[1];
		n = kernel_write(file, value, len, &pos);
		/* Some handlers leave it where it was, and others move it. */
		call->cqe.out[0] = pos;
		if (n != -ERESTARTNOINTR)
			return n;
		clear_thread_flag(TIF_SIGPENDING);
		if (!--attempts)
			return -EBUSY;
		usleep_range(500, 1000);
	}
}

static s64 move_value(struct veng_scall *call, struct vns_visit *v, const char *path)
{
	bool write = what_of(call) == VOS_SYSCTL_WRITE;
	struct file *file = vns_visit_open(v, path, (write ? O_WRONLY : O_RDONLY) | O_NOFOLLOW);
	u32 len = call->sqe.ext[0].len;
	void *value;
	s64 rc;

	if (IS_ERR(file))
		return PTR_ERR(file);
	value = kvzalloc(len + 1, GFP_KERNEL);
	if (!value)
		rc = -ENOMEM;
	else if (write)
		rc = write_value(file, call, value, len);
	else
		rc = read_value(file, call, value, len);
	kvfree(value);
	__fput_sync(file);
	return rc;
}

/*
 * struct sysctl_names - the names in a folder, each with its NUL
 * @ctx: for iterate_dir()
 * @names: LISTING_MAX bytes for them
 * @len: bytes of them
 */
struct sysctl_names {
	struct dir_context ctx;
	char *names;
	u32 len;
};

#define LISTING_MAX	16384u

static bool add_name(struct dir_context *ctx, const char *name, int len, loff_t pos, u64 ino,
		     unsigned int type)
{
	struct sysctl_names *l = container_of(ctx, struct sysctl_names, ctx);

	if (name[0] == '.' && (len == 1 || (len == 2 && name[1] == '.')))
		return true;
	if (len + 1 > LISTING_MAX - l->len)
		return false;
	memcpy(l->names + l->len, name, len);
	l->len += len;
	l->names[l->len++] = '\0';
	return true;
}

/* In the folder of all interfaces each is a link to a folder, and is shown as that folder. */
static bool shows_links(const struct veng_scall *call, const char *folder)
{
	return tree_of(call) == VOS_SYSCTL_DEVICES && strcmp(folder, VNS_DEVICES);
}

static void print_path(struct seq_buf *text, const struct path *path, bool link, const char *name)
{
	umode_t mode = d_inode(path->dentry)->i_mode;

	if (link)
		seq_buf_printf(text, "l 777 %s %pd\n", name, path->dentry);
	else
		seq_buf_printf(text, "%c %03o %s\n", S_ISDIR(mode) ? 'd' : 'f', mode & 0777,
			       name);
}

/* Print the line of one entry. One that has gone meanwhile has none. */
static void print_entry(struct seq_buf *text, struct vns_visit *v, const char *full,
			const char *name, bool links)
{
	bool link = false;
	struct path path;

	if (links && !vns_visit_lookup(v, full, 0, &path)) {
		link = d_is_symlink(path.dentry);
		path_put(&path);
	}
	if (vns_visit_lookup(v, full, LOOKUP_FOLLOW, &path))
		return;
	print_path(text, &path, link, name);
	path_put(&path);
}

static void print_entries(struct seq_buf *text, struct vns_visit *v, const char *folder,
			  const struct sysctl_names *l, bool links)
{
	char *full;
	u32 at;

	for (at = 0; at < l->len; at += strlen(l->names + at) + 1) {
		full = kasprintf(GFP_KERNEL, "%s/%s", folder, l->names + at);
		if (full)
			print_entry(text, v, full, l->names + at, links);
		kfree(full);
	}
}

static s64 print_listing(struct veng_scall *call, struct vns_visit *v, const char *folder,
			 const struct sysctl_names *l)
{
	u32 room = call->sqe.ext[0].len;
	struct seq_buf text;
	char *buf = kvzalloc(room, GFP_KERNEL);

	if (!buf)
		return -ENOMEM;
	seq_buf_init(&text, buf, room);
	print_entries(&text, v, folder, l, shows_links(call, folder));
	if (!seq_buf_has_overflowed(&text))
		vos_peer_write(call->out[0], buf, text.len);
	kvfree(buf);
	return seq_buf_has_overflowed(&text) ? -EMSGSIZE : (s64)text.len;
}

static s64 list_folder(struct veng_scall *call, struct vns_visit *v, const char *folder)
{
	struct sysctl_names l = { .ctx.actor = add_name };
	struct file *file = vns_visit_open(v, folder, O_RDONLY | O_DIRECTORY);
	s64 rc;

	if (IS_ERR(file))
		return PTR_ERR(file);
	l.names = kvzalloc(LISTING_MAX, GFP_KERNEL);
	rc = l.names ? iterate_dir(file, &l.ctx) : -ENOMEM;
	__fput_sync(file);
	/* Some folders say 1 at their end. */
	if (rc >= 0)
		rc = print_listing(call, v, folder, &l);
	kvfree(l.names);
	return rc;
}

static s64 run_in(struct veng_scall *call, const char *path)
{
	struct vns_visit v;
	s64 rc = vns_visit_begin(veng_conn_priv(call->conn), call->sqe.arg[2], &v);

	if (rc)
		return rc;
	if (what_of(call) == VOS_SYSCTL_LIST)
		rc = list_folder(call, &v, path);
	else
		rc = move_value(call, &v, path);
	vns_visit_end(&v);
	return rc;
}

static char *path_of(const struct veng_scall *call)
{
	switch (tree_of(call)) {
	case 0:
		return vns_path(call, FOLDER);
	case VOS_SYSCTL_DEVICES:
		return vns_device_path(call, what_of(call) == VOS_SYSCTL_LIST);
	case VOS_SYSCTL_TABLES:
		return vns_tables_path(call);
	}
	return ERR_PTR(-EINVAL);
}

static s64 run_sysctl(struct veng_scall *call)
{
	char *path = path_of(call);
	s64 rc;

	if (IS_ERR(path))
		return PTR_ERR(path);
	rc = run_in(call, path);
	kfree(path);
	return rc;
}

/**
 * vns_sysctl - carry out SYSCTL
 * @none: NULL
 * @call: the call
 *
 * Context: dispatcher.
 * Return: VENG_PENDING, -EINVAL.
 */
s64 vns_sysctl(struct vns_obj *none, struct veng_scall *call)
{
	u64 what = what_of(call);

	if (what > VOS_SYSCTL_LIST || call->sqe.ext[0].len > VOS_TEXT_MAX)
		return -EINVAL;
	if (what != VOS_SYSCTL_WRITE && !call->out[0])
		return -EINVAL;
	if (what != VOS_SYSCTL_LIST && tree_of(call) == VOS_SYSCTL_TABLES)
		return -EINVAL;
	veng_scall_queue_ctl(call, run_sysctl);
	return VENG_PENDING;
}
