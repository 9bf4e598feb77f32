// SPDX-License-Identifier: GPL-2.0
/*
 * Makes the interfaces of /dev/net/tun again in a new incarnation of the domain, as tun_keep.c has
 * kept them. All of it runs in the session's thread, before other callers are let in.
 *
 * The first file of an interface makes it, by the right of the program that has made it before.
 * The others are attached to it as they were. What was set comes in between.
 */
#include <linux/cred.h>
#include <linux/if_tun.h>
#include "netlink.h"
#include "netns.h"
#include "tun.h"

/* Carry a command out again, under @cred. */
static int again(struct vnet_sock *vs, u32 cmd, u64 value, const void *data, u32 len,
		 const struct cred *cred)
{
	struct vnet_req req = {
		.opcode = VOS_OP_IOCTL,
		.arg = { cmd, 0, value },
		.in[0] = len ? data : NULL,
		.len[0] = len,
		.max = INT_MAX,
	};
	const struct cred *old = override_creds(cred);
	int rc = vnet_req_once(vs, &req, VOS_GET_RECOVERY);

	revert_creds(old);
	return rc ?: min(vnet_result(req.cqe.result, req.max), 0);
}

static int attach_again(struct vnet_sock *vs, const struct vnet_tun_device *d, u16 flags,
			const struct cred *cred)
{
	struct ifreq ifr = { .ifr_flags = flags };

	strscpy(ifr.ifr_name, d->name, IFNAMSIZ);
	return again(vs, TUNSETIFF, 0, &ifr, sizeof(ifr), cred);
}

/* Make the interface by @vs, the first that is attached to it. */
static int make_again(struct vnet_sock *vs, const struct vnet_tun_device *d, u16 flags)
{
	const struct vnet_tun_setting *s;
	int rc;

	rc = again(vs, TUNSETIFINDEX, 0, &d->index, sizeof(d->index), d->cred);
	if (!rc)
		rc = attach_again(vs, d, flags, d->cred);
	list_for_each_entry(s, &d->settings, node) {
		if (rc)
			break;
		rc = again(vs, s->cmd, s->value, s->data, s->len, d->cred);
	}
	if (!rc && d->persist)
		rc = again(vs, TUNSETPERSIST, 1, NULL, 0, d->cred);
	return rc;
}

static int queue_again(struct vnet_tun *t)
{
	struct ifreq ifr = { .ifr_flags = IFF_DETACH_QUEUE };

	return t->detached ?
	       again(vnet_tun_sk(t), TUNSETQUEUE, 0, &ifr, sizeof(ifr), t->cred) : 0;
}

static int object_again(struct vnet_tun *t)
{
	struct vnet_sock *vs = vnet_tun_sk(t);

	vnet_socket_again(vs);
	if (vnet_is_lost(vs))
		return -EIO;
	return READ_ONCE(vs->epoch) == vos_session_epoch(vnet.session) ? 0 : -EOWNERDEAD;
}

static int files_again(const struct vnet_tun_device *d)
{
	bool first = true;
	struct vnet_tun *t;
	int rc = 0;

	list_for_each_entry(t, &d->files, node) {
		rc = object_again(t);
		if (rc == -EIO)
			continue;
		if (rc)
			return rc;
		if (first)
			rc = make_again(vnet_tun_sk(t), d, t->flags);
		else
			rc = attach_again(vnet_tun_sk(t), d, t->flags, t->cred);
		if (rc)
			return rc;
		first = false;
	}
	list_for_each_entry(t, &d->files, node)
		rc = rc ?: queue_again(t);
	return rc;
}

/* An interface without files is made by a socket that stays for so long only. */
static int alone_again(struct socket *sock, const struct vnet_tun_device *d)
{
	struct vnet_req req = { .opcode = VOS_OP_RELEASE };
	struct net *net = vnet_netns_get(d->netns);
	struct vnet_sock *vs;
	int rc;

	if (!net)
		return -ESRCH;
	vs = vnet_beside_new(net, sock, VOS_FAMILY_TUN, 0);
	put_net(net);
	if (IS_ERR(vs))
		return PTR_ERR(vs);
	rc = vnet_socket_call(vs, VOS_GET_RECOVERY);
	if (!rc) {
		WRITE_ONCE(vs->epoch, vos_session_epoch(vnet.session));
		rc = make_again(vs, d, d->flags);
		/* It takes a queue as long as it is there. */
		vnet_req_once(vs, &req, VOS_GET_RECOVERY | VOS_GET_NOCRED);
	}
	sock_orphan(&vs->sk);
	vnet_object_remove(vs);
	return rc;
}

static int by_socket(const struct vnet_tun_device *d)
{
	struct socket *sock;
	int rc = sock_create_lite(VOS_FAMILY_TUN, SOCK_RAW, 0, &sock);

	if (!rc) {
		rc = alone_again(sock, d);
		sock_release(sock);
	}
	return rc;
}

static bool link_is_gone(int rc)
{
	return rc == -EOWNERDEAD || rc == -ENETDOWN;
}

static int devices_again(const struct list_head *devices)
{
	struct vnet_tun_device *d;
	int rc;

	list_for_each_entry(d, devices, node) {
		rc = list_empty(&d->files) ? by_socket(d) : files_again(d);
		if (link_is_gone(rc))
			return rc;
		if (rc)
			pr_warn_ratelimited("virtuos-net: interface %s could not be made again: error %d\n",
					    d->name, -rc);
	}
	return 0;
}

/* Files without an interface that have asked for a number. */
static void numbers_again(const struct list_head *files)
{
	struct vnet_tun *t;

	list_for_each_entry(t, files, numbered)
		if (!t->device && !object_again(t))
			again(vnet_tun_sk(t), TUNSETIFINDEX, 0, &t->ifindex, sizeof(t->ifindex),
			      vnet_tun_sk(t)->cred);
}

/**
 * vnet_tun_list_again - make interfaces again
 * @devices: list of struct vnet_tun_device
 * @files: list of struct vnet_tun, those that have asked for a number
 *
 * Context: the session's thread, in up(); the lists are the caller's. If the link dies, up()
 * comes again.
 */
void vnet_tun_list_again(const struct list_head *devices, const struct list_head *files)
{
	if (!devices_again(devices))
		numbers_again(files);
}
