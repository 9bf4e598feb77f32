// SPDX-License-Identifier: GPL-2.0
/*
 * TABLE, in the control thread: reads this domain's /proc/net for a primary, part by part.
 *
 * A cursor is an open file. So the parts of a table fit together as they do for a program that
 * reads the file here. The primary chooses the cursor's number. Opening another file under a
 * number closes the one that a reader has left there.
 *
 * Invariant: a connection has at most VOS_CURSORS files open, and one call reads at most
 * VOS_TEXT_MAX bytes. Only the control thread uses the cursors.
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/uio.h>
#include "netns.h"

static_assert(VOS_TEXT_MAX <= VENG_WINDOW_SIZE);

static void cursor_close(struct vns_cursor *c)
{
	if (c->file)
		__fput_sync(c->file);
	c->file = NULL;
}

/* Open a table of the namespace that the call names. */
static struct file *open_in(const struct veng_scall *call, const char *path)
{
	struct vns_visit v;
	int rc = vns_visit_begin(veng_conn_priv(call->conn), call->sqe.arg[1], &v);
	struct file *file;

	if (rc)
		return ERR_PTR(rc);
	file = vns_visit_open(&v, path, O_RDONLY);
	vns_visit_end(&v);
	return file;
}

static int cursor_open(struct vns_cursor *c, const struct veng_scall *call)
{
	char *path = vns_path(call, "/proc/net/");
	struct file *file;

	cursor_close(c);
	if (IS_ERR(path))
		return PTR_ERR(path);
	file = open_in(call, path);
	kfree(path);
	if (IS_ERR(file))
		return PTR_ERR(file);
	c->file = file;
	c->gen = call->sqe.arg[0] >> 32;
	return 0;
}

static ssize_t read_iter(struct file *file, u8 __user *to, size_t len)
{
	struct kiocb kiocb;
	struct iov_iter iter;
	ssize_t n;

	init_sync_kiocb(&kiocb, file);
	kiocb.ki_pos = file->f_pos;
	iov_iter_ubuf(&iter, ITER_DEST, to, len);
	n = file->f_op->read_iter(&kiocb, &iter);
	file->f_pos = kiocb.ki_pos;
	return n;
}

/* Files of /proc/net have either function. kernel_read() knows one of them only. */
static ssize_t read_some(struct file *file, u8 __user *to, size_t len)
{
	if (file->f_op->read)
		return file->f_op->read(file, to, len, &file->f_pos);
	return file->f_op->read_iter ? read_iter(file, to, len) : -EINVAL;
}

/* A read gives about a page. Return: bytes; 0 at the end; -errno if there is none. */
static ssize_t read_much(struct file *file, u8 __user *to, size_t len)
{
	size_t got = 0;
	ssize_t n;

	do {
		n = read_some(file, to + got, len - got);
		if (n > 0)
			got += n;
	} while (n > 0 && got < len);
	return got ?: n;
}

static s64 cursor_read(struct vns_cursor *c, struct veng_scall *call)
{
	u8 __user *window = veng_window(call->conn);
	ssize_t n = read_much(c->file, window, min(call->sqe.ext[0].len, VOS_TEXT_MAX));

	if (n > 0 && copy_from_user(vos_peer_ptr(call->out[0]), window, n))
		n = -EFAULT;
	if (n <= 0)
		cursor_close(c);
	return n;
}

static s64 run_table(struct veng_scall *call)
{
	struct vns_conn *nc = veng_conn_priv(call->conn);
	struct vns_cursor *c = &nc->cursors[(u32)call->sqe.arg[0]];
	int rc = 0;

	if (call->in[1])
		rc = cursor_open(c, call);
	else if (!c->file || c->gen != call->sqe.arg[0] >> 32)
		rc = -EBADF;
	return rc ?: cursor_read(c, call);
}

/**
 * vns_table - carry out TABLE
 * @none: NULL
 * @call: the call
 *
 * Context: dispatcher.
 * Return: VENG_PENDING, -EINVAL.
 */
s64 vns_table(struct vns_obj *none, struct veng_scall *call)
{
	if ((u32)call->sqe.arg[0] >= VOS_CURSORS)
		return -EINVAL;
	veng_scall_queue_ctl(call, run_table);
	return VENG_PENDING;
}

/**
 * vns_table_end - close what a primary that is gone has left open
 * @nc: the connection; no call is under way
 *
 * Context: process.
 */
void vns_table_end(struct vns_conn *nc)
{
	int i;

	for (i = 0; i < VOS_CURSORS; i++)
		cursor_close(&nc->cursors[i]);
}
