// SPDX-License-Identifier: GPL-2.0
/*
 * The file /dev/net/tun. See tun.h.
 *
 * Packets go as datagrams of a forwarded socket. One that is under way when the domain dies is
 * lost, as on a cable.
 *
 * open() asks nothing of the domain. It runs under the lock of all such devices, and must not
 * wait. So the first command makes the object. A file without an interface answers by itself.
 */
#include <linux/fs.h>
#include <linux/if_tun.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uio.h>
#include "netns.h"
#include "tun.h"

static bool has_object(const struct vnet_tun *t)
{
	return READ_ONCE(vnet_tun_sk(t)->phase) != VNET_NEW;
}

/* Context: t->lock is held. */
static int make(struct vnet_tun *t)
{
	struct vnet_sock *vs = vnet_tun_sk(t);
	int rc;

	if (has_object(t))
		return 0;
	if (t->dead)
		return -EIO;
	rc = vnet_netns_need(sock_net(&vs->sk));
	if (!rc)
		rc = vnet_socket_call(vs, VOS_GET_KILLABLE);
	if (rc == -EINTR) {
		/* When the answer comes, it gives the object back. This file keeps the memory. */
		sock_orphan(&vs->sk);
		t->dead = true;
	}
	return rc;
}

/**
 * vnet_tun_need - have the domain make a file's object, if it has not
 * @t: the file
 *
 * Context: process.
 * Return: 0. -ENODEV: the domain's kernel has no such interfaces. -ERESTARTSYS: killed. As
 * socket(2) otherwise.
 */
int vnet_tun_need(struct vnet_tun *t)
{
	int rc;

	if (mutex_lock_killable(&t->lock))
		return -ERESTARTSYS;
	rc = make(t);
	mutex_unlock(&t->lock);
	return rc == -EINTR ? -ERESTARTSYS : rc;
}

static int open_socket(struct vnet_tun *t, struct net *net)
{
	int rc = sock_create_lite(VOS_FAMILY_TUN, SOCK_RAW, 0, &t->sock);
	struct vnet_sock *vs;

	if (rc)
		return rc;
	vs = vnet_sock_new(net, t->sock, VOS_FAMILY_TUN, 0, 0);
	if (IS_ERR(vs)) {
		sock_release(t->sock);
		return PTR_ERR(vs);
	}
	sock_hold(&vs->sk);
	return 0;
}

static void put(struct vnet_tun *t)
{
	struct sock *sk = t->sock->sk;

	if (!refcount_dec_and_test(&t->ref))
		return;
	t->sock->sk = NULL;
	sock_release(t->sock);
	sock_put(sk);
	kfree(t);
}

/* A work does this, for a process that is killed must not wait for it. */
static void end_work(struct work_struct *work)
{
	struct vnet_tun *t = container_of(work, struct vnet_tun, end);
	struct vnet_sock *vs = vnet_tun_sk(t);

	vnet_tun_end(t);
	if (!t->dead) {
		sock_orphan(&vs->sk);
		vnet_sock_release(vs);
	}
	complete(&t->ended);
	put(t);
}

static int tun_open(struct inode *inode, struct file *file)
{
	struct vnet_tun *t = kzalloc(sizeof(*t), GFP_KERNEL_ACCOUNT);
	int rc;

	if (!t)
		return -ENOMEM;
	mutex_init(&t->lock);
	INIT_LIST_HEAD(&t->numbered);
	INIT_WORK(&t->end, end_work);
	init_completion(&t->ended);
	refcount_set(&t->ref, 1);
	rc = open_socket(t, current->nsproxy->net_ns);
	if (rc) {
		kfree(t);
		return rc;
	}
	file->private_data = t;
	/* As Linux's: it heeds IOCB_NOWAIT. */
	file->f_mode |= FMODE_NOWAIT;
	return 0;
}

/*
 * With the last file an interface goes, unless it is to stay. As in Linux it is gone when close()
 * returns, if the domain answers and no signal kills the process.
 */
static int tun_release(struct inode *inode, struct file *file)
{
	struct vnet_tun *t = file->private_data;
	struct vnet_sock *vs = vnet_tun_sk(t);
	bool attached = vnet_tun_is_attached(t);

	refcount_inc(&t->ref);
	queue_work(vnet.wq, &t->end);
	if (!wait_for_completion_killable(&t->ended) && attached) {
		vnet_closing_seen(vs);
		vnet_netns_refresh(vnet_netns(sock_net(&vs->sk)));
	}
	put(t);
	return 0;
}

static bool nowait(const struct kiocb *iocb)
{
	return iocb->ki_filp->f_flags & O_NONBLOCK || iocb->ki_flags & IOCB_NOWAIT;
}

static ssize_t tun_read(struct kiocb *iocb, struct iov_iter *to)
{
	struct vnet_tun *t = iocb->ki_filp->private_data;
	struct msghdr msg = { .msg_iter = *to };
	int rc;

	if (!has_object(t))
		return -EBADFD;
	/* An empty read waits for nothing. */
	if (!iov_iter_count(to))
		return vnet_tun_is_attached(t) ? 0 : -EBADFD;
	rc = vnet_recvmsg(t->sock, &msg, iov_iter_count(to), nowait(iocb) ? MSG_DONTWAIT : 0);
	*to = msg.msg_iter;
	if (rc > 0)
		iocb->ki_pos = rc;
	return rc;
}

static ssize_t tun_write(struct kiocb *iocb, struct iov_iter *from)
{
	struct vnet_tun *t = iocb->ki_filp->private_data;
	struct msghdr msg = { .msg_iter = *from };
	int rc;

	if (!has_object(t))
		return -EBADFD;
	if (nowait(iocb))
		msg.msg_flags = MSG_DONTWAIT;
	rc = vnet_sendmsg(t->sock, &msg, iov_iter_count(from));
	*from = msg.msg_iter;
	return rc;
}

static __poll_t tun_poll(struct file *file, poll_table *wait)
{
	struct vnet_tun *t = file->private_data;

	return has_object(t) ? vnet_poll(file, t->sock, wait) : EPOLLERR;
}

static int own_signals(struct file *file)
{
	int rc = file_f_owner_allocate(file);

	if (!rc)
		__f_setown(file, task_pid(current), PIDTYPE_TGID, 0);
	return rc;
}

static int tun_fasync(int fd, struct file *file, int on)
{
	struct vnet_tun *t = file->private_data;
	struct sock *sk = t->sock->sk;
	int rc = on ? own_signals(file) : 0;

	if (rc)
		return rc;
	lock_sock(sk);
	rc = fasync_helper(fd, file, on, &t->sock->wq.fasync_list);
	sock_valbool_flag(sk, SOCK_FASYNC, !!t->sock->wq.fasync_list);
	release_sock(sk);
	if (rc < 0)
		return rc;
	if (on && !t->dead)
		vnet_sock_arm(vnet_sk(sk));
	return 0;
}

static void tun_show_fdinfo(struct seq_file *m, struct file *file)
{
	char name[IFNAMSIZ];

	vnet_tun_name(file->private_data, name);
	seq_printf(m, "iff:\t%s\n", name);
}

static const struct file_operations tun_fops = {
	.owner = THIS_MODULE,
	.open = tun_open,
	.release = tun_release,
	.read_iter = tun_read,
	.write_iter = tun_write,
	.poll = tun_poll,
	.unlocked_ioctl = vnet_tun_ioctl,
	.fasync = tun_fasync,
	.show_fdinfo = tun_show_fdinfo,
};

/* Rights count when an interface is set. So each program may open it, as with Debian's udev. */
static struct miscdevice tun_device = {
	.minor = TUN_MINOR,
	.name = "tun",
	.nodename = "net/tun",
	.mode = 0666,
	.fops = &tun_fops,
};

/**
 * vnet_tun_init - offer /dev/net/tun
 *
 * Context: process.
 * Return: 0 or -errno.
 */
int vnet_tun_init(void)
{
	return misc_register(&tun_device);
}

/**
 * vnet_tun_exit - undo vnet_tun_init()
 *
 * Context: process; no file is open, for each holds the module.
 */
void vnet_tun_exit(void)
{
	misc_deregister(&tun_device);
}

MODULE_ALIAS_MISCDEV(TUN_MINOR);
MODULE_ALIAS("devname:net/tun");
