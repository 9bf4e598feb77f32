// SPDX-License-Identifier: GPL-2.0
/*
 * ioctl on forwarded sockets. If layout.c knows the layout of a command's argument, the command is
 * forwarded. The argument's bytes go along, and those that one pointer in it points to.
 *
 * Invariant: the kernel reads no more of a program's memory than Linux would, and writes no
 * more, whatever the network domain answers. Behind an argument may lie the program's stack. No
 * address of a program or of this kernel leaves it.
 *
 * The generic code of this kernel carries out other commands (descriptor ownership) or refuses
 * them.
 */
#include <linux/if.h>
#include <linux/if_bonding.h>
#include <linux/minmax.h>
#include <linux/net_tstamp.h>
#include <linux/slab.h>
#include <linux/sockios.h>
#include <linux/uaccess.h>
#include <asm/ioctls.h>
#include "ethtool.h"
#include "ioctl_change.h"
#include "layout.h"
#include "vnet.h"

/* Most bytes that one pointer may point to; the network domain has room for as much. */
#define POINTED_MAX	32768u

/*
 * struct io - one ioctl
 * @l: layout of its argument
 * @uarg: the argument
 * @arg: the copy, the pointer in it cleared
 * @uptr: where that points to
 * @ptr: the copy
 * @ptr_len: bytes of @ptr
 * @asked: bytes of them that the number in @arg or @ptr alone announces
 * @e: for VNET_ETHTOOL: which command
 */
struct io {
	struct vnet_layout l;
	u8 __user *uarg;
	u8 *arg;
	u8 __user *uptr;
	u8 *ptr;
	u32 ptr_len;
	u32 asked;
	const struct vnet_ethtool *e;
};

static int io_alloc(struct io *io)
{
	io->arg = kzalloc(io->l.len, GFP_KERNEL);
	return io->arg ? 0 : -ENOMEM;
}

static void io_free(struct io *io)
{
	kfree(io->arg);
	kvfree(io->ptr);
}

/* Allocate the copy. What is not read of the program's memory is 0 for the network domain. */
static int alloc_pointed(struct io *io, u64 len)
{
	if (len > POINTED_MAX)
		return -E2BIG;
	io->ptr = kvzalloc(len, GFP_KERNEL);
	if (!io->ptr)
		return -ENOMEM;
	io->ptr_len = len;
	return 0;
}

static int read_string(struct io *io)
{
	int rc = alloc_pointed(io, IFNAMSIZ);
	long n;

	if (rc)
		return rc;
	n = strncpy_from_user(io->ptr, io->uptr, IFNAMSIZ - 1);
	return n < 0 ? n : 0;
}

/* Prepare for the list. It is only written, so no byte of the program's memory goes along. */
static int read_conf(struct io *io)
{
	int len;

	memcpy(&len, io->arg, sizeof(len));
	if (len < 0)
		return -EINVAL;
	io->asked = min_t(u32, len, POINTED_MAX);
	memcpy(io->arg, &io->asked, sizeof(len));
	return io->asked ? alloc_pointed(io, io->asked) : 0;
}

/* Read a structure of one length. */
static int read_struct(struct io *io, u32 len, bool only_written)
{
	int rc = alloc_pointed(io, len);

	if (rc || only_written)
		return rc;
	return copy_from_user(io->ptr, io->uptr, io->ptr_len) ? -EFAULT : 0;
}

/*
 * Read the structure of a command. What was read is not read again: the program may have
 * changed it.
 */
static int read_ethtool_head(struct io *io, u8 head[VNET_ETHTOOL_HEAD])
{
	u32 cmd;

	if (copy_from_user(&cmd, io->uptr, sizeof(cmd)))
		return -EFAULT;
	io->e = vnet_ethtool_find(cmd);
	if (!io->e)
		return -EOPNOTSUPP;
	memcpy(head, &cmd, sizeof(cmd));
	return copy_from_user(head + sizeof(cmd), io->uptr + sizeof(cmd),
			      io->e->in - sizeof(cmd)) ? -EFAULT : 0;
}

static int read_ethtool(struct io *io)
{
	u8 head[VNET_ETHTOOL_HEAD];
	const struct vnet_ethtool *e;
	int rc = read_ethtool_head(io, head);
	u64 tail;

	if (rc)
		return rc;
	e = io->e;
	tail = e->way ? vnet_ethtool_tail(e, head) : 0;
	if (e->must_ask && !tail)
		return -EINVAL;
	rc = alloc_pointed(io, max(e->in, e->out) + tail);
	if (rc)
		return rc;
	io->asked = tail;
	memcpy(io->ptr, head, e->in);
	if (!(e->way & VNET_ETHTOOL_IN))
		return 0;
	return copy_from_user(io->ptr + e->in, io->uptr + e->in, tail) ? -EFAULT : 0;
}

static int read_pointed(struct io *io, unsigned int cmd)
{
	switch (io->l.pointed) {
	case VNET_STRING:
		return read_string(io);
	case VNET_CONF:
		return read_conf(io);
	case VNET_STAMP:
		return read_struct(io, sizeof(struct hwtstamp_config), cmd == SIOCGHWTSTAMP);
	case VNET_BOND:
		return read_struct(io, sizeof(struct ifbond), false);
	case VNET_SLAVE:
		return read_struct(io, sizeof(struct ifslave), false);
	case VNET_ETHTOOL:
		return read_ethtool(io);
	case VNET_NOTHING:
		break;
	}
	return 0;
}

static int io_read(struct io *io, unsigned int cmd)
{
	if (copy_from_user(io->arg, io->uarg, io->l.in))
		return -EFAULT;
	if (!io->l.pointed)
		return 0;
	memcpy(&io->uptr, io->arg + io->l.ptr, sizeof(io->uptr));
	memset(io->arg + io->l.ptr, 0, sizeof(void *));
	return io->uptr ? read_pointed(io, cmd) : 0;
}

/*
 * Compute how much was written of the list. If the program has no memory for one, ifc_len says
 * how long it would be. A greater length than there is memory for is a lie that the program
 * would believe.
 */
static u32 conf_written(struct io *io)
{
	u32 said, len;

	memcpy(&said, io->arg, sizeof(said));
	len = min_t(u32, said, io->uptr ? io->asked : INT_MAX);
	memcpy(io->arg, &len, sizeof(len));
	return io->uptr ? len : 0;
}

static u32 ethtool_written(struct io *io)
{
	const struct vnet_ethtool *e = io->e;
	u64 tail = 0;

	if (e->way & VNET_ETHTOOL_OUT) {
		tail = min_t(u64, vnet_ethtool_tail(e, io->ptr), io->asked);
		vnet_ethtool_clamp(e, io->ptr, io->asked);
	}
	return e->out + tail;
}

/* Compute how many bytes Linux has written where the pointer points to. */
static u32 pointed_written(struct io *io)
{
	switch (io->l.pointed) {
	case VNET_CONF:
		return conf_written(io);
	case VNET_STAMP:
	case VNET_BOND:
	case VNET_SLAVE:
		return io->ptr_len;
	case VNET_ETHTOOL:
		return io->ptr_len ? ethtool_written(io) : 0;
	case VNET_NOTHING:
	case VNET_STRING:
		break;
	}
	return 0;
}

static int io_write(struct io *io)
{
	u32 n = pointed_written(io);

	if (n && copy_to_user(io->uptr, io->ptr, n))
		return -EFAULT;
	if (io->l.pointed)
		memcpy(io->arg + io->l.ptr, &io->uptr, sizeof(io->uptr));
	return copy_to_user(io->uarg, io->arg, io->l.out) ? -EFAULT : 0;
}

static int io_call(struct vnet_sock *vs, struct io *io, unsigned int cmd)
{
	struct vnet_req req = {
		.opcode = VOS_OP_IOCTL,
		.arg = { cmd, io->ptr_len ? io->l.ptr + 1 : 0 },
		.in = { io->arg, io->ptr },
		.out = { io->arg, io->ptr },
		.len = { io->l.len, io->ptr_len },
		.max = INT_MAX,
	};
	int rc = vnet_sock_run(vs, &req);

	return rc ?: vnet_result(req.cqe.result, req.max);
}

/* Carry out a command. What it changes of the network is kept for the domain's next incarnation. */
static int io_run(struct vnet_sock *vs, struct io *io, unsigned int cmd)
{
	const struct vnet_kept k = {
		.cmd = cmd,
		.family = vs->sk.sk_family,
		.len = io->l.len,
		.ptr = io->ptr_len ? io->l.ptr + 1 : 0,
		.ptr_len = io->ptr_len,
	};
	struct vnet_change *c = vnet_ioctl_change(vs, &k, io->arg, io->ptr);

	if (IS_ERR(c))
		return PTR_ERR(c);
	return c ? vnet_ioctl_keep(vs, c, io->arg) : io_call(vs, io, cmd);
}

/**
 * vnet_sock_ioctl - vnet_ioctl() for a socket that may stand beside a program's
 * @vs: the socket
 * @cmd: the command
 * @arg: its argument
 *
 * Context: process.
 * Return: as vnet_ioctl().
 */
int vnet_sock_ioctl(struct vnet_sock *vs, unsigned int cmd, unsigned long arg)
{
	struct io io = {
		.l = vnet_layout_of(vs->sk.sk_family, cmd),
		.uarg = (u8 __user *)arg,
	};
	int rc;

	if (!io.l.len)
		return cmd == SIOCRTMSG && vs->sk.sk_family == PF_INET ? -EINVAL : -ENOIOCTLCMD;
	/* As after a reset: no data is there, and none is under way. */
	if (vnet_is_lost(vs) && (cmd == SIOCINQ || cmd == SIOCOUTQ || cmd == SIOCOUTQNSD))
		return put_user(0, (int __user *)arg);
	rc = io_alloc(&io);
	if (!rc)
		rc = io_read(&io, cmd);
	if (!rc)
		rc = io_run(vs, &io, cmd);
	if (rc >= 0)
		rc = io_write(&io) ?: rc;
	io_free(&io);
	return rc;
}

/**
 * vnet_ioctl - carry out ioctl(2)
 * @sock: the socket
 * @cmd: the command
 * @arg: its argument
 *
 * Context: process.
 * Return: as the command does. -ENOIOCTLCMD: the command's layout is not known.
 */
int vnet_ioctl(struct socket *sock, unsigned int cmd, unsigned long arg)
{
	return vnet_sock_ioctl(vnet_sk(sock->sk), cmd, arg);
}
