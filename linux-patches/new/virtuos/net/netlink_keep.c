// SPDX-License-Identifier: GPL-2.0
/*
 * What programs have changed of the domain's network by netlink and by ioctl(), for the next
 * incarnation of the domain.
 *
 * The requests themselves are kept, in order. The next incarnation begins with the addresses of
 * virtuos.cfg, as each one does, and carries them out again.
 *
 * Invariant: a change whose sender has been told of it is made again in each later incarnation.
 * That is before other callers are let in, and under the credentials of its sender. A request
 * that a later one makes void is not kept.
 */
#include <linux/cred.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <net/netlink.h>
#include "bond.h"
#include "netlink.h"
#include "netns.h"
#include "view.h"

/* Most requests, and bytes of them. */
#define CHANGES_MAX	4096u
#define BYTES_MAX	(1024u * 1024u)
/* Most of a namespace that is not the initial one. */
#define CHANGES_OF_NETNS	256u
#define BYTES_OF_NETNS		(64u * 1024u)

static DEFINE_MUTEX(changes_lock);
static LIST_HEAD(changes);
static unsigned int nr_changes, nr_bytes;

/**
 * vnet_change_free - free a change that is not on the list
 * @c: the change. It may hold keys
 *
 * Context: process.
 */
void vnet_change_free(struct vnet_change *c)
{
	put_cred(c->cred);
	kvfree_sensitive(c, struct_size(c, data, c->len));
}

/**
 * vnet_change_new - describe what the caller is about to change, or has changed
 * @vs: the socket
 * @protocol: see struct vnet_change
 * @data: see there; NULL: the caller fills it in
 * @len: bytes of @data
 *
 * Context: process.
 * Return: the change, or NULL: no memory.
 */
struct vnet_change *vnet_change_new(const struct vnet_sock *vs, int protocol, const void *data,
				    size_t len)
{
	struct vnet_change *c = kvmalloc(struct_size(c, data, len + VNET_ADDRESS_ROOM),
					 GFP_KERNEL_ACCOUNT);

	if (!c)
		return NULL;
	c->cred = get_current_cred();
	c->netns = vnet_netns_number(sock_net(&vs->sk));
	c->index = 0;
	c->protocol = protocol;
	c->handle = 0;
	c->generation = 0;
	c->tables = 0;
	c->len = len;
	if (data)
		memcpy(c->data, data, len);
	return c;
}

/**
 * vnet_change_forget - forget a change
 * @c: one that is kept
 *
 * Context: process; called by the functions of this file.
 */
void vnet_change_forget(struct vnet_change *c)
{
	lockdep_assert_held(&changes_lock);
	list_del(&c->node);
	nr_changes--;
	nr_bytes -= c->len;
	vnet_change_free(c);
}

/**
 * vnet_change_replace - have a change take the place of another
 * @c: the change
 * @older: one that is kept, as long as @c; it is forgotten
 *
 * Context: process; called by the functions of this file.
 */
void vnet_change_replace(struct vnet_change *c, struct vnet_change *older)
{
	lockdep_assert_held(&changes_lock);
	list_add(&c->node, &older->node);
	nr_changes++;
	nr_bytes += c->len;
	vnet_change_forget(older);
}

static bool voids(const struct vnet_change *c, const struct vnet_change *older)
{
	switch (c->protocol) {
	case VNET_BY_IOCTL:
		return vnet_ioctl_voids(c, older);
	case VNET_BY_FILE:
		return vnet_file_voids(c, older);
	case NETLINK_GENERIC:
		return vnet_generic_voids(&changes, c, older);
	case NETLINK_ROUTE:
		return vnet_request_voids(c, older);
	}
	return false;
}

/* Test whether @c takes away what @older has made. Before that there was none. */
static bool undoes(const struct vnet_change *c, const struct vnet_change *older)
{
	switch (c->protocol) {
	case VNET_BY_IOCTL:
		return vnet_ioctl_undoes(c, older);
	case NETLINK_ROUTE:
		return vnet_request_undoes(c, older);
	}
	return false;
}

static struct vnet_change *find_undone(const struct vnet_change *c)
{
	struct vnet_change *older;

	lockdep_assert_held(&changes_lock);
	list_for_each_entry_reverse(older, &changes, node)
		if (undoes(c, older))
			return older;
	return NULL;
}

/* With an interface go its own settings and addresses. */
static void forget_undone(const struct vnet_change *c, struct vnet_change *undone)
{
	if (c->protocol == NETLINK_ROUTE && vnet_change_header(c)->nlmsg_type == RTM_DELLINK)
		vnet_change_forget_link(&changes, c->netns, vnet_change_index(c));
	else
		vnet_change_forget(undone);
}

/* Namespaces of users together leave half of the room to the initial one. */
static bool has_room(const struct vnet_change *c)
{
	unsigned int n = 0, bytes = c->len;
	const struct vnet_change *older;

	if (!c->netns)
		return nr_changes < CHANGES_MAX && c->len <= BYTES_MAX - nr_bytes;
	list_for_each_entry(older, &changes, node)
		if (older->netns == c->netns) {
			n++;
			bytes += older->len;
		}
	return n < CHANGES_OF_NETNS && bytes <= BYTES_OF_NETNS &&
	       nr_changes < CHANGES_MAX / 2 && nr_bytes + c->len <= BYTES_MAX / 2;
}

/* Return: 0 or -ENOSPC. 1: it need not be kept. */
static int append(struct vnet_change *c)
{
	struct vnet_change *older, *next;

	lockdep_assert_held(&changes_lock);
	list_for_each_entry_safe(older, next, &changes, node)
		if (voids(c, older))
			vnet_change_forget(older);
	if (c->protocol == NETLINK_GENERIC && vnet_generic_in_vain(&changes, c))
		return 1;
	if (!has_room(c))
		return -ENOSPC;
	list_add_tail(&c->node, &changes);
	nr_changes++;
	nr_bytes += c->len;
	return 0;
}

/* Return: 0 or -ENOSPC. The change belongs to the caller no more. */
static int keep_change(struct vnet_change *c)
{
	struct vnet_change *undone;
	int rc = 0;

	if (vnet_change_in_place(&changes, c))
		return 0;
	undone = find_undone(c);
	if (undone)
		forget_undone(c, undone);
	else
		rc = append(c);
	if (undone || rc)
		vnet_change_free(c);
	return min(rc, 0);
}

/* Have folders of settings and of attributes follow an interface that has come or gone. */
static void tell_folders(const struct vnet_sock *vs, const struct nlmsghdr *h)
{
	if (h->nlmsg_type != RTM_NEWLINK && h->nlmsg_type != RTM_DELLINK)
		return;
	vnet_netns_refresh(vnet_netns(sock_net(&vs->sk)));
	vnet_names_refresh(h);
}

static int keep_requests(struct vnet_sock *vs, const void *data, int len)
{
	const struct nlmsghdr *h;
	struct vnet_change *c;
	int rc = 0;

	for (h = data; nlmsg_ok(h, len) && !rc; h = nlmsg_next(h, &len)) {
		tell_folders(vs, h);
		if (!vnet_request_changes(h))
			continue;
		c = vnet_change_new(vs, NETLINK_ROUTE, h, h->nlmsg_len);
		if (!c)
			return -ENOMEM;
		vnet_change_note(vs, c);
		rc = keep_change(c);
	}
	return rc;
}

static int keep_batch(struct vnet_sock *vs, const struct vnet_req *req)
{
	struct vnet_change *c = vnet_change_new(vs, NETLINK_NETFILTER, req->in[0],
						vnet_batch_len(req->in[0], req->len[0]));

	if (!c)
		return -ENOMEM;
	c->handle = req->cqe.out[1];
	c->generation = req->cqe.out[2];
	c->tables = req->cqe.out[3] - req->cqe.out[1];
	vnet_batch_make_timeless(c->data, c->len);
	if (!vnet_batch_settles(&changes, c))
		return keep_change(c);
	vnet_change_free(c);
	return 0;
}

static int keep_generic(struct vnet_sock *vs, const void *data, int len)
{
	const struct nlmsghdr *h;
	struct vnet_change *c;
	int rc = 0;

	for (h = data; nlmsg_ok(h, len) && !rc; h = nlmsg_next(h, &len)) {
		if (!vnet_generic_asks(h))
			continue;
		c = vnet_change_new(vs, NETLINK_GENERIC, h, h->nlmsg_len);
		if (!c)
			return -ENOMEM;
		rc = vnet_generic_note(vs, c);
		if (!rc)
			rc = keep_change(c);
		else
			vnet_change_free(c);
		/* Its number is of another family. */
		rc = rc == -ENOENT ? 0 : rc;
	}
	return rc;
}

static int warn(int rc)
{
	if (rc && rc != -EOWNERDEAD)
		pr_warn_ratelimited("virtuos-net: a change of the network will not be made again: error %d\n",
				    -rc);
	return rc == -EOWNERDEAD ? rc : 0;
}

static int keep_all(struct vnet_sock *vs, const struct vnet_req *req)
{
	if (vs->sk.sk_protocol == NETLINK_ROUTE)
		return warn(keep_requests(vs, req->in[0], req->len[0]));
	if (vs->sk.sk_protocol == NETLINK_GENERIC)
		return warn(keep_generic(vs, req->in[0], req->len[0]));
	return warn(keep_batch(vs, req));
}

/**
 * vnet_changes_keep - keep what the domain has changed
 * @vs: the socket
 * @req: NLSEND, answered
 *
 * A process without the right to change anything cannot fill the memory for it.
 *
 * Context: process.
 * Return: 0. -EOWNERDEAD: the link has died, and the next one does not know of them.
 */
int vnet_changes_keep(struct vnet_sock *vs, const struct vnet_req *req)
{
	bool refused = req->cqe.out[0] & (VOS_NLSEND_REFUSED | VOS_NLSEND_SAME);
	int rc = 0;

	if (!vnet_holds_change(vs->sk.sk_protocol, req->in[0], req->len[0], refused) ||
	    !vnet_may_change(vs))
		return 0;
	/* Others may hold it while they ask the domain. A sender that is killed is told nothing. */
	if (mutex_lock_killable(&changes_lock))
		return 0;
	if (vos_session_epoch(vnet.session) == req->epoch)
		rc = keep_all(vs, req);
	else
		rc = -EOWNERDEAD;
	mutex_unlock(&changes_lock);
	return rc;
}

static void note(struct vnet_sock *vs, struct vnet_change *c)
{
	if (c->protocol == VNET_BY_IOCTL)
		vnet_change_note_ioctl(vs, c);
	else if (c->protocol == NETLINK_ROUTE)
		vnet_change_note(vs, c);
}

/**
 * vnet_changes_add - keep one change that the domain has made
 * @vs: a socket of the namespace
 * @c: the change, not a batch. It belongs to the caller no more, unless -EOWNERDEAD
 * @epoch: link that has made it
 *
 * The caller has made sure that its process may change the network (vnet_may_change()).
 *
 * Context: process.
 * Return: 0. -EOWNERDEAD: the link has died, and the next one does not know of it.
 */
int vnet_changes_add(struct vnet_sock *vs, struct vnet_change *c, u32 epoch)
{
	bool known;

	if (mutex_lock_killable(&changes_lock)) {
		vnet_change_free(c);
		return 0;
	}
	known = vos_session_epoch(vnet.session) == epoch;
	if (known) {
		note(vs, c);
		warn(keep_change(c));
	}
	mutex_unlock(&changes_lock);
	return known ? 0 : -EOWNERDEAD;
}

/**
 * vnet_changes_again - make all changes again
 *
 * Context: the session's thread, in up().
 */
void vnet_changes_again(void)
{
	mutex_lock(&changes_lock);
	if (!list_empty(&changes))
		vnet_change_list_again(&changes);
	mutex_unlock(&changes_lock);
}

/**
 * vnet_changes_end - forget the changes of a namespace that has ended, or of an interface
 * @netns: number of the namespace
 * @index: the interface's; 0: the namespace has ended
 *
 * Context: process.
 */
void vnet_changes_end(u32 netns, int index)
{
	mutex_lock(&changes_lock);
	vnet_change_list_end(&changes, netns, index);
	mutex_unlock(&changes_lock);
}

/**
 * vnet_changes_drop - forget all changes
 *
 * Context: process.
 */
void vnet_changes_drop(void)
{
	struct vnet_change *c, *next;

	mutex_lock(&changes_lock);
	list_for_each_entry_safe(c, next, &changes, node)
		vnet_change_forget(c);
	mutex_unlock(&changes_lock);
}
