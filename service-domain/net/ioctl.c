// SPDX-License-Identifier: GPL-2.0
/*
 * IOCTL, in the control thread. The argument's bytes go into its window, together with what one
 * pointer in them points to. Any other pointer of a primary leads nowhere, since nothing but
 * the window is mapped.
 *
 * The kernel's ioctls of sockets begin at a file. A domain can have fewer files than sockets,
 * for fs.file-max goes by its memory. So sockets have no file here. Each connection has one
 * file, made before the first socket. The file stands for the socket that a command names.
 *
 * /dev/net/tun has files of its own: see tun.c.
 *
 * Invariant: outside do_ioctl() the file stands for a socket that no primary has.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/in.h>
#include <linux/net.h>
#include <linux/slab.h>
#include <linux/sockios.h>
#include <linux/uaccess.h>
#include <asm/ioctls.h>
#include <net/net_namespace.h>
#include "vns.h"

#define WINDOW_ARG	0u
#define WINDOW_POINTED	4096u
#define ARG_MAX_LEN	1024u
#define POINTED_MAX	32768u

static_assert(WINDOW_POINTED + POINTED_MAX <= VENG_WINDOW_SIZE);

/**
 * vns_ioctl_begin - make the file through which ioctls reach a connection's sockets
 * @nc: connection, without sockets as yet
 *
 * Context: process.
 * Return: 0, -ENFILE, -ENOMEM.
 */
int vns_ioctl_begin(struct vns_conn *nc)
{
	struct socket *sock;
	struct file *file;
	int rc = sock_create_kern(&init_net, PF_INET, SOCK_DGRAM, IPPROTO_UDP, &sock);

	if (rc)
		return rc;
	/* If this fails, it has released the socket. */
	file = sock_alloc_file(sock, O_NONBLOCK, NULL);
	if (IS_ERR(file))
		return PTR_ERR(file);
	nc->door = file;
	return 0;
}

/**
 * vns_ioctl_end - put the file that vns_ioctl_begin() made
 * @nc: connection; no call is under way
 *
 * Context: process.
 */
void vns_ioctl_end(struct vns_conn *nc)
{
	__fput_sync(nc->door);
}

/* Commands that would act on this domain's processes and descriptors. */
static bool is_refused(u64 cmd)
{
	switch (cmd) {
	case FIOSETOWN:
	case SIOCSPGRP:
	case FIOGETOWN:
	case SIOCGPGRP:
	case SIOCGSKNS:
		return true;
	}
	return cmd > U32_MAX;
}

static bool shape_ok(const struct veng_scall *call)
{
	u32 len = call->sqe.ext[0].len;
	u64 ptr = call->sqe.arg[1];

	if (len > ARG_MAX_LEN || call->sqe.ext[1].len > POINTED_MAX)
		return false;
	return !ptr || (ptr - 1 <= len && len - (ptr - 1) >= sizeof(void *));
}

static int fill_window(const struct veng_scall *call, u8 __user *window)
{
	u64 ptr = call->sqe.arg[1];
	u8 __user *pointed = window + WINDOW_POINTED;

	if (clear_user(window + WINDOW_ARG, ARG_MAX_LEN))
		return -EFAULT;
	if (call->in[0] && copy_to_user(window + WINDOW_ARG, vos_peer_ptr(call->in[0]),
					call->sqe.ext[0].len))
		return -EFAULT;
	if (call->in[1] && copy_to_user(pointed, vos_peer_ptr(call->in[1]), call->sqe.ext[1].len))
		return -EFAULT;
	if (ptr && copy_to_user(window + WINDOW_ARG + ptr - 1, &pointed, sizeof(pointed)))
		return -EFAULT;
	return 0;
}

static int empty_window(struct veng_scall *call, const u8 __user *window)
{
	if (call->out[0] && copy_from_user(vos_peer_ptr(call->out[0]), window + WINDOW_ARG,
					   call->sqe.ext[0].len))
		return -EFAULT;
	if (call->out[1] && copy_from_user(vos_peer_ptr(call->out[1]), window + WINDOW_POINTED,
					   call->sqe.ext[1].len))
		return -EFAULT;
	return 0;
}

/* The connection has one control thread, so no other call uses the file meanwhile. */
static s64 ioctl_of(struct vns_obj *o, unsigned int cmd, unsigned long arg)
{
	struct file *door = o->nc->door;
	void *own = door->private_data;
	s64 rc;

	door->private_data = o->sock;
	rc = door->f_op->unlocked_ioctl(door, cmd, arg);
	door->private_data = own;
	return rc;
}

static s64 do_ioctl(struct vns_obj *o, struct veng_scall *call)
{
	u8 __user *window = veng_window(call->conn);
	s64 rc = fill_window(call, window);

	if (rc)
		return rc;
	if (vns_is_tun(o))
		rc = vns_tun_ioctl(o, call, (unsigned long)window);
	else
		rc = ioctl_of(o, call->sqe.arg[0], (unsigned long)window);
	return rc < 0 ? rc : empty_window(call, window) ?: rc;
}

static s64 run_ioctl(struct veng_scall *call)
{
	struct vns_obj *o = call->priv;
	s64 rc = do_ioctl(o, call);

	if (vns_is_tun(o))
		call->cqe.poll = vns_obj_refresh_early(o);
	vns_obj_put(o);
	/* The primary must not see an errno that the kernel keeps to itself. */
	return rc == -ENOIOCTLCMD ? -ENOTTY : rc;
}

/**
 * vns_ioctl - carry out IOCTL
 * @o: the object
 * @call: the call
 *
 * Context: dispatcher.
 * Return: VENG_PENDING, -ENOTTY, -EINVAL.
 */
s64 vns_ioctl(struct vns_obj *o, struct veng_scall *call)
{
	if (vns_is_tun(o) ? !vns_tun_knows(call->sqe.arg[0]) : is_refused(call->sqe.arg[0]))
		return -ENOTTY;
	if (!shape_ok(call))
		return -EINVAL;
	call->priv = o;
	veng_scall_queue_ctl(call, run_ioctl);
	return VENG_PENDING;
}
