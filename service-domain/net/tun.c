// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/net/tun: interfaces of this domain whose other end is a program of a primary.
 *
 * The object is an open file of Linux's tun driver. The driver gives a socket for it, which calls
 * sk_data_ready and sk_write_space as others do. So wake.c serves it.
 *
 * Invariant: that socket lies in the driver's memory, not in an inode, and has three operations
 * only. Its messages must have no control data: the driver takes pointers of this kernel from
 * there. So each call on such an object goes through this file.
 *
 * An interface that is down takes no packets, and the driver says so when it is asked. It tells of
 * the way up alone. So this file hears of interfaces that go down.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/if_tun.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/poll.h>
#include <linux/sockios.h>
#include <linux/string.h>
#include <linux/uio.h>
#include <net/rtnetlink.h>
#include "netns.h"

static_assert(VOS_FAMILY_TUN == PF_UNSPEC);	/* as in the driver */

static DEFINE_SPINLOCK(tuns_lock);	/* the list below, by vns_obj.hunger */
static LIST_HEAD(tuns);

static void list(struct vns_obj *o)
{
	spin_lock_bh(&tuns_lock);
	list_add(&o->hunger, &tuns);
	spin_unlock_bh(&tuns_lock);
}

/**
 * vns_tun_close - forget an object whose file is about to be closed
 * @o: the object
 *
 * Context: as vns_obj_put().
 */
void vns_tun_close(struct vns_obj *o)
{
	spin_lock_bh(&tuns_lock);
	list_del_init(&o->hunger);
	spin_unlock_bh(&tuns_lock);
}

/* Publish before the answer to the call that has set it down. */
static void publish_all_of(const struct net *net)
{
	struct vns_obj *o;

	spin_lock_bh(&tuns_lock);
	list_for_each_entry(o, &tuns, hunger)
		if (!READ_ONCE(o->closed) && net_eq(sock_net(o->sock->sk), net))
			vns_obj_refresh_early(o);
	spin_unlock_bh(&tuns_lock);
}

static int on_device_event(struct notifier_block *nb, unsigned long event, void *ptr)
{
	const struct net_device *dev = netdev_notifier_info_to_dev(ptr);

	if (event == NETDEV_DOWN && dev->rtnl_link_ops && !strcmp(dev->rtnl_link_ops->kind, "tun"))
		publish_all_of(dev_net(dev));
	return NOTIFY_DONE;
}

static struct notifier_block listener = { .notifier_call = on_device_event };

/**
 * vns_tun_init - hear of interfaces that go down
 *
 * Context: process.
 * Return: 0 or -errno.
 */
int vns_tun_init(void)
{
	return register_netdevice_notifier(&listener);
}

/**
 * vns_tun_exit - undo vns_tun_init()
 *
 * Context: process; no connection is left.
 */
void vns_tun_exit(void)
{
	unregister_netdevice_notifier(&listener);
}

/* Have @o own @file. Return: 0 or -errno; then the file is closed. */
static int take(struct vns_obj *o, struct file *file)
{
	/* The driver is a module that need not be there. */
	struct socket *(*get)(struct file *file) = symbol_get(tun_get_socket);
	struct socket *sock = get ? get(file) : ERR_PTR(-ENODEV);

	if (get)
		symbol_put(tun_get_socket);
	if (IS_ERR(sock)) {
		__fput_sync(file);
		return PTR_ERR(sock);
	}
	o->file = file;
	o->sock = sock;
	list(o);
	return 0;
}

/*
 * Context: control thread, which has the namespace. The caller's right to the device was checked
 * by its kernel, and what it may do with interfaces is checked by each command.
 */
static struct file *open_device(void)
{
	const struct cred *old = override_creds(current_real_cred());
	struct file *file = filp_open("/dev/net/tun", O_RDWR | O_NONBLOCK, 0);

	revert_creds(old);
	return file == ERR_PTR(-ENOENT) ? ERR_PTR(-ENODEV) : file;
}

/**
 * vns_tun_open - make the file of an object
 * @o: the object, without a socket; with one afterwards, unless it fails
 * @call: SOCKET
 *
 * Context: control thread.
 * Return: 0. -ENODEV: the kernel has not loaded the driver. -ENXIO: there is no such namespace.
 */
int vns_tun_open(struct vns_obj *o, const struct veng_scall *call)
{
	struct vns_visit visit;
	struct file *file;
	int rc = vns_visit_begin(o->nc, call->sqe.arg[1] >> 32, &visit);

	if (rc)
		return rc;
	file = open_device();
	vns_visit_end(&visit);
	return IS_ERR(file) ? PTR_ERR(file) : take(o, file);
}

/**
 * vns_tun_serves - test for a call that such an object serves
 * @opcode: VOS_OP_*, one that names a socket
 *
 * Context: any.
 * Return: whether so.
 */
bool vns_tun_serves(u8 opcode)
{
	return opcode == VOS_OP_SENDMSG || opcode == VOS_OP_RECVMSG || opcode == VOS_OP_IOCTL;
}

/* Commands whose argument is a number. */
static bool takes_number(unsigned int cmd)
{
	switch (cmd) {
	case TUNSETNOCSUM:
	case TUNSETDEBUG:
	case TUNSETPERSIST:
	case TUNSETOWNER:
	case TUNSETGROUP:
	case TUNSETLINK:
	case TUNSETOFFLOAD:
	case TUNDETACHFILTER:
		return true;
	}
	return false;
}

static bool takes_pointer(unsigned int cmd)
{
	switch (cmd) {
	case TUNSETIFF:
	case TUNGETIFF:
	case TUNGETFEATURES:
	case TUNSETIFINDEX:
	case TUNSETQUEUE:
	case TUNSETTXFILTER:
	case TUNGETSNDBUF:
	case TUNSETSNDBUF:
	case TUNGETVNETHDRSZ:
	case TUNSETVNETHDRSZ:
	case TUNGETVNETLE:
	case TUNSETVNETLE:
	case TUNGETVNETBE:
	case TUNSETVNETBE:
	case TUNSETCARRIER:
	case SIOCGIFHWADDR:
	case SIOCSIFHWADDR:
		return true;
	}
	return false;
}

/**
 * vns_tun_knows - test for a command that is carried out
 * @cmd: unchecked
 *
 * Others act on descriptors, on programs of BPF or on pointers that the driver would keep.
 *
 * Context: any.
 * Return: whether so.
 */
bool vns_tun_knows(u64 cmd)
{
	return cmd <= U32_MAX && (takes_number(cmd) || takes_pointer(cmd));
}

/**
 * vns_tun_mask - ask for the poll mask
 * @o: the object
 *
 * Context: dispatcher or control thread.
 * Return: the mask.
 */
u32 vns_tun_mask(struct vns_obj *o)
{
	return (__force u32)o->file->f_op->poll(o->file, NULL);
}

static bool is_plain(const struct veng_scall *call)
{
	return !call->sqe.ext[1].len && !call->sqe.arg[1];
}

/**
 * vns_tun_send - carry out SENDMSG: a packet comes in by the interface
 * @o: the object
 * @call: the call
 *
 * Context: dispatcher.
 * Return: number of bytes or -errno.
 */
s64 vns_tun_send(struct vns_obj *o, struct veng_scall *call)
{
	struct kvec vec = {
		.iov_base = (void *)vos_peer_ptr(call->in[0]),
		.iov_len = call->sqe.ext[0].len,
	};
	struct msghdr msg = { .msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL };

	if (!is_plain(call))
		return -EINVAL;
	iov_iter_kvec(&msg.msg_iter, ITER_SOURCE, &vec, 1, vec.iov_len);
	return sock_sendmsg(o->sock, &msg);
}

/**
 * vns_tun_recv - carry out RECVMSG: take a packet that went out by the interface
 * @o: the object
 * @call: the call
 *
 * Context: dispatcher.
 * Return: number of bytes or -errno.
 */
s64 vns_tun_recv(struct vns_obj *o, struct veng_scall *call)
{
	struct kvec vec = {
		.iov_base = (void *)vos_peer_ptr(call->out[0]),
		.iov_len = call->sqe.ext[0].len,
	};
	struct msghdr msg = {};
	int rc;

	if (!is_plain(call))
		return -EINVAL;
	iov_iter_kvec(&msg.msg_iter, ITER_DEST, &vec, 1, vec.iov_len);
	rc = sock_recvmsg(o->sock, &msg, (call->sqe.arg[0] & MSG_TRUNC) | MSG_DONTWAIT);
	call->cqe.out[2] = msg.msg_flags;
	return rc;
}

/**
 * vns_tun_ioctl - carry out a command that vns_tun_knows()
 * @o: the object
 * @call: IOCTL
 * @window: where the argument's bytes are
 *
 * Context: control thread, under the caller's credentials.
 * Return: as the command does. -ENOMEM: what memory is left is for what there is.
 */
s64 vns_tun_ioctl(struct vns_obj *o, const struct veng_scall *call, unsigned long window)
{
	unsigned int cmd = call->sqe.arg[0];
	unsigned long arg = takes_number(cmd) ? call->sqe.arg[2] : window;

	if (cmd == TUNSETIFF && vns_memory_is_scarce() && !capable(CAP_NET_ADMIN))
		return -ENOMEM;
	return o->file->f_op->unlocked_ioctl(o->file, cmd, arg);
}
