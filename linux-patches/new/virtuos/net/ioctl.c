// SPDX-License-Identifier: GPL-2.0
/*
 * ioctl on forwarded sockets: a command is forwarded if its argument's layout is
 * known here; its bytes, and what one pointer in it points to, go along.
 *
 * The rest is left to the generic code of this kernel (descriptor ownership), or
 * refused by it.
 */
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/ipv6.h>
#include <linux/ipv6_route.h>
#include <linux/net_tstamp.h>
#include <linux/route.h>
#include <linux/slab.h>
#include <linux/sockios.h>
#include <linux/uaccess.h>
#include <asm/ioctls.h>
#include "vos_net.h"

/* What SIOCETHTOOL's structures need at most; longer ones are cut. */
#define ETHTOOL_BYTES	4096u
/* The list of addresses that SIOCGIFCONF fills. */
#define IFCONF_BYTES	32768u

/*
 * struct layout - how a command's argument looks
 * @len: bytes of the argument; 0: not known
 * @ptr: offset of a pointer in it, or 0
 * @ptr_len: bytes behind the pointer
 * @string: behind the pointer is a string, of at most @ptr_len bytes
 */
struct layout {
	u32 len;
	u32 ptr;
	u32 ptr_len;
	bool string;
};

static struct layout of_ifreq(unsigned int cmd)
{
	struct layout l = { .len = sizeof(struct ifreq) };

	switch (cmd) {
	case SIOCETHTOOL:
		l.ptr = offsetof(struct ifreq, ifr_data);
		l.ptr_len = ETHTOOL_BYTES;
		break;
	case SIOCSHWTSTAMP:
	case SIOCGHWTSTAMP:
		l.ptr = offsetof(struct ifreq, ifr_data);
		l.ptr_len = sizeof(struct hwtstamp_config);
		break;
	}
	return l;
}

static struct layout of_route(int family)
{
	if (family == PF_INET6)
		return (struct layout) { .len = sizeof(struct in6_rtmsg) };
	return (struct layout) {
		.len = sizeof(struct rtentry),
		.ptr = offsetof(struct rtentry, rt_dev),
		.ptr_len = IFNAMSIZ,
		.string = true,
	};
}

static struct layout of_address(int family)
{
	if (family == PF_INET6)
		return (struct layout) { .len = sizeof(struct in6_ifreq) };
	return of_ifreq(0);
}

static struct layout layout_of(int family, unsigned int cmd)
{
	switch (cmd) {
	case SIOCINQ:
	case SIOCOUTQ:
	case SIOCOUTQNSD:
	case SIOCATMARK:
		return (struct layout) { .len = sizeof(int) };
	case SIOCGSTAMP_OLD:
	case SIOCGSTAMPNS_OLD:
	case SIOCGSTAMP_NEW:
	case SIOCGSTAMPNS_NEW:
		return (struct layout) { .len = sizeof(struct __kernel_timespec) };
	case SIOCGIFCONF:
		return (struct layout) {
			.len = sizeof(struct ifconf),
			.ptr = offsetof(struct ifconf, ifc_buf),
		};
	case SIOCADDRT:
	case SIOCDELRT:
		return of_route(family);
	case SIOCSIFADDR:
	case SIOCDIFADDR:
	case SIOCSIFDSTADDR:
		return of_address(family);
	case SIOCGARP:
	case SIOCSARP:
	case SIOCDARP:
		return (struct layout) { .len = sizeof(struct arpreq) };
	case SIOCGIFNAME ... SIOCSIFLINK:
	case SIOCGIFFLAGS ... SIOCGIFADDR:
	case SIOCGIFDSTADDR:
	case SIOCGIFBRDADDR ... SIOCGIFHWADDR:
	case SIOCGIFSLAVE ... SIOCGIFPFLAGS:
	case SIOCSIFHWBROADCAST ... SIOCGIFCOUNT:
	case SIOCGIFTXQLEN ... SIOCSIFTXQLEN:
	case SIOCETHTOOL ... SIOCSMIIREG:
	case SIOCGIFMAP:
	case SIOCSIFMAP:
	case SIOCSHWTSTAMP:
	case SIOCGHWTSTAMP:
		return of_ifreq(cmd);
	default:
		return (struct layout) {};
	}
}

struct io {
	struct layout l;
	u8 __user *uarg;
	u8 *arg;		/* the argument; the pointer in it cleared */
	u8 __user *uptr;
	u8 *ptr;		/* what the pointer points to */
	u8 *before;		/* the same as it was */
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
	kvfree(io->before);
}

/* As much as is readable; the layout's length is only an upper bound. */
static int read_pointed(struct io *io)
{
	u32 len = io->l.ptr_len;
	long n;

	io->ptr = kvzalloc(len, GFP_KERNEL);
	io->before = kvzalloc(len, GFP_KERNEL);
	if (!io->ptr || !io->before)
		return -ENOMEM;
	if (io->l.string) {
		n = strncpy_from_user(io->ptr, io->uptr, len - 1);
		if (n < 0)
			return n;
	} else {
		n = copy_from_user(io->ptr, io->uptr, len);
		memset(io->ptr + len - n, 0, n);
	}
	memcpy(io->before, io->ptr, len);
	return 0;
}

static int io_read(struct io *io, unsigned int cmd)
{
	int conf_len;

	if (copy_from_user(io->arg, io->uarg, io->l.len)) {
		/* SIOCINQ and its like only write. */
		if (io->l.len != sizeof(int))
			return -EFAULT;
	}
	if (!io->l.ptr)
		return 0;
	memcpy(&io->uptr, io->arg + io->l.ptr, sizeof(io->uptr));
	memset(io->arg + io->l.ptr, 0, sizeof(void *));
	if (cmd == SIOCGIFCONF) {
		memcpy(&conf_len, io->arg, sizeof(conf_len));
		if (conf_len < 0)
			return -EINVAL;
		io->l.ptr_len = min_t(u32, conf_len, IFCONF_BYTES);
		memcpy(io->arg, &io->l.ptr_len, sizeof(u32));
	}
	if (!io->uptr)
		io->l.ptr_len = 0;
	return io->l.ptr_len ? read_pointed(io) : 0;
}

/* Only what has changed: behind it may lie memory that is not the command's. */
static int write_changed(struct io *io)
{
	u32 from = 0, to = io->l.ptr_len;

	while (from < to && io->ptr[from] == io->before[from])
		from++;
	while (to > from && io->ptr[to - 1] == io->before[to - 1])
		to--;
	return to > from && copy_to_user(io->uptr + from, io->ptr + from, to - from) ?
		-EFAULT : 0;
}

static int io_write(struct io *io)
{
	if (io->l.ptr)
		memcpy(io->arg + io->l.ptr, &io->uptr, sizeof(io->uptr));
	if (copy_to_user(io->uarg, io->arg, io->l.len))
		return -EFAULT;
	return io->l.ptr_len && !io->l.string ? write_changed(io) : 0;
}

static int io_call(struct vos_sock *vs, struct io *io, unsigned int cmd)
{
	struct vos_req req = {
		.opcode = VOS_OP_IOCTL,
		.arg = { cmd, io->l.ptr_len ? io->l.ptr + 1 : 0 },
		.in = { io->arg, io->ptr },
		.out = { io->arg, io->ptr },
		.len = { io->l.len, io->l.ptr_len },
		.max = INT_MAX,
	};
	int rc = vos_sock_run(vs, &req);

	return rc ?: vos_result(req.cqe.result, req.max);
}

int vos_ioctl(struct socket *sock, unsigned int cmd, unsigned long arg)
{
	struct vos_sock *vs = vos_sk(sock->sk);
	struct io io = {
		.l = layout_of(vs->sk.sk_family, cmd),
		.uarg = (u8 __user *)arg,
	};
	int rc;

	if (!io.l.len)
		return -ENOIOCTLCMD;
	/* As after a reset: nothing there, nothing under way. */
	if (vos_is_lost(vs) && (cmd == SIOCINQ || cmd == SIOCOUTQ || cmd == SIOCOUTQNSD))
		return put_user(0, (int __user *)arg);
	rc = io_alloc(&io);
	if (!rc)
		rc = io_read(&io, cmd);
	if (!rc)
		rc = io_call(vs, &io, cmd);
	if (rc >= 0)
		rc = io_write(&io) ?: rc;
	io_free(&io);
	return rc;
}
