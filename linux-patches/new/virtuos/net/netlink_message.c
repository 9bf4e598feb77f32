// SPDX-License-Identifier: GPL-2.0
/*
 * Requests and answers of netlink. The network domain carries out most requests, and this kernel
 * the others (netlink_local.c). A reader takes what comes first from either.
 */
#include <linux/cred.h>
#include <linux/netlink.h>
#include <linux/slab.h>
#include <linux/uio.h>
#include <linux/user_namespace.h>
#include "netlink.h"
#include "netns.h"
#include "wait.h"

/*
 * Have the domain carry a request out. If the domain dies first, its successor does it, for it
 * knows of no change that was not answered.
 */
static int forward(struct vnet_sock *vs, const struct msghdr *msg, const void *data, size_t len)
{
	struct vnet_req req = {
		.opcode = VOS_OP_NLSEND,
		.arg = { 0, msg->msg_name ? msg->msg_namelen : 0 },
		.in = { data, msg->msg_name },
		.len = { len, msg->msg_name ? msg->msg_namelen : 0 },
		.max = len,
	};
	int rc;

	do {
		rc = vnet_sock_run(vs, &req);
		if (rc)
			return rc;
		WRITE_ONCE(vs->pending, req.cqe.poll & (__force u32)EPOLLIN);
		rc = vnet_result(req.cqe.result, req.max);
		if (rc < 0)
			return rc;
	} while (vnet_changes_keep(vs, &req));
	return rc;
}

static int send_copied(struct socket *sock, struct msghdr *msg, void *data, size_t len)
{
	struct vnet_sock *vs = vnet_beside(sock);
	int rc;

	if (!vnet_local_asks(vs, data, len)) {
		rc = vnet_netlink_autobind(sock);
		if (!rc)
			vnet_names_replace(vs, data, len);
		return rc ?: forward(vs, msg, data, len);
	}
	iov_iter_revert(&msg->msg_iter, len);
	rc = vnet_netlink_autobind(sock);
	return rc ?: vnet_local_send(sock, msg, len);
}

/**
 * vnet_netlink_sendmsg - carry out sendmsg(2)
 * @sock: the socket
 * @msg: the requests
 * @len: bytes of them
 *
 * Context: process.
 * Return: bytes or -errno.
 */
int vnet_netlink_sendmsg(struct socket *sock, struct msghdr *msg, size_t len)
{
	void *data;
	int rc;

	if (READ_ONCE(vnet_beside(sock)->local))
		return vnet_local_send(sock, msg, len);
	if (msg->msg_flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (!len)
		return -ENODATA;
	if (msg->msg_name && msg->msg_namelen > VOS_ADDR_MAX)
		return -EINVAL;
	if ((ssize_t)len > READ_ONCE(sock->sk->sk_sndbuf) - 32 || len > vnet.max_extent)
		return -EMSGSIZE;
	data = kvmalloc(len, GFP_KERNEL_ACCOUNT);
	if (!data)
		return -ENOBUFS;
	if (copy_from_iter_full(data, len, &msg->msg_iter))
		rc = send_copied(sock, msg, data, len);
	else
		rc = -EFAULT;
	/* There may be keys in it. */
	kvfree_sensitive(data, len);
	return rc;
}

/*
 * Tell a message's sender, if the program has asked (SO_PASSCRED). The kernel has port id 0, and
 * is root. Of a process the domain tells the port id alone, so it counts as an unknown user.
 */
static void put_creds(struct socket *sock, struct msghdr *msg, u32 port)
{
	kuid_t uid = port ? INVALID_UID : GLOBAL_ROOT_UID;
	kgid_t gid = port ? INVALID_GID : GLOBAL_ROOT_GID;
	struct ucred creds = {
		.uid = from_kuid_munged(current_user_ns(), uid),
		.gid = from_kgid_munged(current_user_ns(), gid),
	};

	if (!test_bit(SOCK_PASSCRED, &sock->flags))
		return;
	if (msg->msg_control)
		put_cmsg(msg, SOL_SOCKET, SCM_CREDENTIALS, sizeof(creds), &creds);
	else
		msg->msg_flags |= MSG_CTRUNC;
}

static int recv_from_domain(struct socket *sock, struct msghdr *msg, size_t len, int flags)
{
	struct sockaddr_storage from = {};
	void *name = msg->msg_name;
	int rc;

	if (!name)
		msg->msg_name = &from;
	rc = vnet_recv_netlink(vnet_beside(sock), msg, len, flags);
	if (rc >= 0)
		put_creds(sock, msg, ((struct sockaddr_nl *)msg->msg_name)->nl_pid);
	msg->msg_name = name;
	return rc;
}

static int recv_some(struct socket *sock, struct msghdr *msg, size_t len, int flags)
{
	struct vnet_sock *vs = vnet_beside(sock);

	if (READ_ONCE(vs->sk.sk_err))
		return sock_error(&vs->sk);
	if (vnet_local_mask(sock))
		return vnet_local_recv(sock, msg, len, flags | MSG_DONTWAIT);
	return recv_from_domain(sock, msg, len, flags);
}

static bool is_ready(struct socket *sock)
{
	return vnet_sock_mask(vnet_beside(sock)) & VNET_WANT_IN || vnet_local_mask(sock);
}

/* Wait until another try is worth it. Each try has the service publish the mask again. */
static int wait_for_more(struct socket *sock, struct vnet_wait *w)
{
	int rc;

	if (!w->timeo)
		return -EAGAIN;
	if (!w->queued) {
		vnet_wait_begin(w);
		if (is_ready(sock))
			return 0;
	}
	do {
		rc = vnet_wait_event(w);
	} while (!rc && !is_ready(sock));
	return rc;
}

/**
 * vnet_netlink_recvmsg - carry out recvmsg(2)
 * @sock: the socket
 * @msg: where to put the message
 * @len: most bytes
 * @flags: MSG_*
 *
 * Context: process.
 * Return: bytes or -errno.
 */
int vnet_netlink_recvmsg(struct socket *sock, struct msghdr *msg, size_t len, int flags)
{
	struct vnet_sock *vs = vnet_beside(sock);
	struct vnet_wait w;
	int rc;

	if (READ_ONCE(vs->local))
		return vnet_local_recv(sock, msg, len, flags);
	if (flags & MSG_OOB)
		return -EOPNOTSUPP;
	msg->msg_namelen = 0;
	vnet_wait_init(&w, vs, sock_rcvtimeo(sock->sk, flags & MSG_DONTWAIT));
	do {
		rc = recv_some(sock, msg, min_t(size_t, len, INT_MAX), flags);
		if (rc != -EAGAIN)
			break;
		rc = wait_for_more(sock, &w);
	} while (!rc);
	vnet_wait_end(&w);
	return rc;
}
