// SPDX-License-Identifier: GPL-2.0
/*
 * Changes by ioctl() among all those that are kept (netlink_keep.c). Which make others void is in
 * ioctl_keep.c.
 */
#include <linux/slab.h>
#include <linux/sockios.h>
#include "ioctl_change.h"
#include "netlink.h"
#include "netns.h"

/**
 * vnet_ioctl_change - prepare for keeping what a command is about to change
 * @vs: the socket
 * @k: the command, without its bytes
 * @arg: the argument, without the address in it
 * @pointed: what its pointer points to, or NULL
 *
 * Context: process, the one that asks for it.
 * Return: the change, which vnet_ioctl_keep() keeps and vnet_change_free() frees. NULL: nothing is
 * to be kept. ERR_PTR(-ENOMEM).
 */
struct vnet_change *vnet_ioctl_change(const struct vnet_sock *vs, const struct vnet_kept *k,
				      const void *arg, const void *pointed)
{
	struct vnet_change *c;
	struct vnet_kept *to;

	if (!vnet_ioctl_is_kept(k->family, k->cmd) || !vnet_may_change(vs))
		return NULL;
	c = vnet_change_new(vs, VNET_BY_IOCTL, NULL, sizeof(*k) + k->len + k->ptr_len);
	if (!c)
		return ERR_PTR(-ENOMEM);
	to = (struct vnet_kept *)c->data;
	*to = *k;
	memcpy(to->bytes, arg, k->len);
	if (k->ptr_len)
		memcpy(to->bytes + k->len, pointed, k->ptr_len);
	return c;
}

/**
 * vnet_change_note_ioctl - complete a change by the number of its interface
 * @vs: the socket by which it went
 * @c: the change
 *
 * Folders of settings and of attributes follow a new name.
 *
 * Context: process.
 */
void vnet_change_note_ioctl(struct vnet_sock *vs, struct vnet_change *c)
{
	struct vnet_kept *k = (struct vnet_kept *)c->data;
	char name[IFNAMSIZ];

	k->index = vnet_kept_interface(k, name);
	if (!k->index && name[0])
		k->index = vnet_index_ask(vs, name);
	c->index = k->index;
	if (k->cmd == SIOCSIFNAME)
		vnet_netns_refresh(vnet_netns(sock_net(&vs->sk)));
}

static bool both(const struct vnet_change *c, const struct vnet_change *older)
{
	return c->protocol == VNET_BY_IOCTL && older->protocol == VNET_BY_IOCTL &&
	       c->netns == older->netns;
}

/**
 * vnet_ioctl_voids - test for a change by ioctl() that need not be made if a later one is
 * @c: the later one
 * @older: any change
 *
 * Context: any.
 * Return: whether so.
 */
bool vnet_ioctl_voids(const struct vnet_change *c, const struct vnet_change *older)
{
	return both(c, older) && vnet_kept_voids(vnet_change_kept(c), vnet_change_kept(older));
}

/**
 * vnet_ioctl_undoes - test for a change by ioctl() that takes away what an earlier one has added
 * @c: the change
 * @older: any earlier one
 *
 * Context: any.
 * Return: whether so.
 */
bool vnet_ioctl_undoes(const struct vnet_change *c, const struct vnet_change *older)
{
	return both(c, older) && vnet_kept_undoes(vnet_change_kept(c), vnet_change_kept(older));
}

static bool touches(const struct vnet_change *older, const struct vnet_change *c)
{
	if (older->netns != c->netns)
		return false;
	if (older->protocol == VNET_BY_IOCTL)
		return vnet_kept_touches(vnet_change_kept(older), vnet_change_kept(c));
	return vnet_change_sets(older, c->index) & vnet_kept_sets(vnet_change_kept(c));
}

/* Find the last change that has touched what @c sets. */
static struct vnet_change *find_touching(struct list_head *changes, const struct vnet_change *c)
{
	struct vnet_change *older;

	list_for_each_entry_reverse(older, changes, node)
		if (touches(older, c))
			return older;
	return NULL;
}

/**
 * vnet_change_in_place - keep a change where an older one is
 * @changes: list of struct vnet_change
 * @c: any change
 *
 * Context: process; the list is the caller's.
 * Return: whether it has been kept, or need not be: then it belongs to the caller no more.
 */
bool vnet_change_in_place(struct list_head *changes, struct vnet_change *c)
{
	struct vnet_change *older;

	if (vnet_request_in_vain(changes, c) || vnet_change_ends_tun(changes, c)) {
		vnet_change_free(c);
		return true;
	}
	if (c->protocol != VNET_BY_IOCTL)
		return false;
	older = find_touching(changes, c);
	if (!older || older->protocol != VNET_BY_IOCTL)
		return false;
	if (vnet_kept_is_same(vnet_change_kept(c), vnet_change_kept(older)))
		vnet_change_free(c);
	else if (vnet_kept_replaces(vnet_change_kept(c), vnet_change_kept(older)))
		vnet_change_replace(c, older);
	else
		return false;
	return true;
}

static struct vnet_req request_of(const struct vnet_change *c, void *arg)
{
	const struct vnet_kept *k = vnet_change_kept(c);

	return (struct vnet_req) {
		.opcode = VOS_OP_IOCTL,
		.arg = { k->cmd, k->ptr },
		.in = { k->bytes, k->ptr_len ? k->bytes + k->len : NULL },
		.out[0] = arg,
		.len = { k->len, k->ptr_len },
		.max = INT_MAX,
	};
}

/**
 * vnet_ioctl_keep - have the domain carry out a command, and keep the change
 * @vs: the socket
 * @c: the change; it belongs to the caller no more
 * @arg: set to what the argument is afterwards
 *
 * Context: process.
 * Return: as the command does.
 */
int vnet_ioctl_keep(struct vnet_sock *vs, struct vnet_change *c, void *arg)
{
	struct vnet_req req;
	int rc;

	do {
		req = request_of(c, arg);
		rc = vnet_sock_run(vs, &req);
		if (!rc)
			rc = vnet_result(req.cqe.result, req.max);
		if (rc < 0) {
			vnet_change_free(c);
			return rc;
		}
	} while (vnet_changes_add(vs, c, req.epoch));
	return rc;
}

/**
 * vnet_ioctl_again - make a change again
 * @vs: a socket of its namespace and family
 * @c: the change
 *
 * Context: the session's thread, under the credentials of the change.
 * Return: 0 or -errno.
 */
int vnet_ioctl_again(struct vnet_sock *vs, const struct vnet_change *c)
{
	struct vnet_req req = request_of(c, NULL);
	int rc = vnet_req_once(vs, &req, VOS_GET_RECOVERY);

	if (!rc)
		rc = vnet_result(req.cqe.result, req.max);
	return min(rc, 0);
}
