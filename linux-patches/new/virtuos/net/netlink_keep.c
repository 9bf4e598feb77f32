// SPDX-License-Identifier: GPL-2.0
/*
 * What programs have changed of the domain's network by NETLINK_ROUTE and by nf_tables, for the
 * next incarnation of the domain.
 *
 * The requests themselves are kept, in order. The next incarnation begins with the addresses of
 * virtuos.cfg, as each one does, and carries them out again.
 *
 * Invariant: a change whose sender has been told of it is made again in each later incarnation.
 * That is before other callers are let in, and under the credentials of its sender. A request
 * that a later one makes void is not kept.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <linux/sockios.h>
#include <linux/user_namespace.h>
#include <net/netlink.h>
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

static void change_free(struct vnet_change *c)
{
	put_cred(c->cred);
	kvfree(c);
}

static struct vnet_change *change_new(const struct vnet_sock *vs, int protocol, const void *data,
				      u32 len)
{
	struct vnet_change *c = kvmalloc(struct_size(c, data, len), GFP_KERNEL_ACCOUNT);

	if (!c)
		return NULL;
	c->cred = get_current_cred();
	c->netns = vnet_netns_number(sock_net(&vs->sk));
	c->protocol = protocol;
	c->len = len;
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
	change_free(c);
}

static const struct nlattr *address_of(const struct vnet_change *c)
{
	const int head = sizeof(struct ifaddrmsg);

	return nlmsg_find_attr(vnet_change_header(c), head, IFA_LOCAL) ?:
	       nlmsg_find_attr(vnet_change_header(c), head, IFA_ADDRESS);
}

static bool same_address(const struct vnet_change *c, const struct vnet_change *d)
{
	const struct ifaddrmsg *m = nlmsg_data(vnet_change_header(c));
	const struct ifaddrmsg *n = nlmsg_data(vnet_change_header(d));
	const struct nlattr *a = address_of(c), *b = address_of(d);

	return m->ifa_family == n->ifa_family && m->ifa_prefixlen == n->ifa_prefixlen &&
	       m->ifa_index == n->ifa_index && a && b && nla_len(a) == nla_len(b) &&
	       !memcmp(nla_data(a), nla_data(b), nla_len(a));
}

static bool is_same(const struct vnet_change *c, const struct vnet_change *d)
{
	return c->protocol == NETLINK_ROUTE && d->protocol == NETLINK_ROUTE &&
	       c->netns == d->netns &&
	       vnet_change_header(c)->nlmsg_type == vnet_change_header(d)->nlmsg_type &&
	       c->len == d->len &&
	       !memcmp(nlmsg_data(vnet_change_header(c)), nlmsg_data(vnet_change_header(d)),
		       c->len - NLMSG_HDRLEN);
}

/*
 * Test whether an earlier request is void because of @c. What adds an address or takes it away
 * makes void what has added it: an address whose lifetime is renewed for years takes room once.
 */
static bool voids(const struct vnet_change *c, const struct vnet_change *older)
{
	if (is_same(c, older))
		return true;
	if (c->netns != older->netns || !vnet_change_is_address(c) ||
	    !vnet_change_is_address(older) || !same_address(c, older))
		return false;
	return vnet_change_header(older)->nlmsg_type == RTM_NEWADDR ||
	       vnet_change_header(older)->nlmsg_type == vnet_change_header(c)->nlmsg_type;
}

/* Test whether @c takes away what @older has made. Before that there was none. */
static bool undoes(const struct vnet_change *c, const struct vnet_change *older)
{
	const struct nlmsghdr *h = vnet_change_header(c), *o = vnet_change_header(older);

	if (c->protocol != NETLINK_ROUTE || older->protocol != NETLINK_ROUTE)
		return false;
	if (h->nlmsg_type == RTM_DELLINK)
		return vnet_change_makes_link(older) &&
		       vnet_change_netns(older) == c->netns &&
		       vnet_change_index(older) == vnet_change_index(c);
	return h->nlmsg_type == RTM_DELADDR && o->nlmsg_type == RTM_NEWADDR &&
	       o->nlmsg_flags & NLM_F_EXCL && c->netns == older->netns &&
	       vnet_change_is_address(c) && vnet_change_is_address(older) &&
	       same_address(c, older);
}

static struct vnet_change *find_undone(const struct vnet_change *c)
{
	struct vnet_change *older;

	lockdep_assert_held(&changes_lock);
	list_for_each_entry(older, &changes, node)
		if (undoes(c, older))
			return older;
	return NULL;
}

/* With an interface go its own settings and addresses. */
static void forget_undone(const struct vnet_change *c, struct vnet_change *undone)
{
	if (vnet_change_header(c)->nlmsg_type == RTM_DELLINK)
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

/* Return: 0 or -ENOSPC. */
static int append(struct vnet_change *c)
{
	struct vnet_change *older, *next;

	lockdep_assert_held(&changes_lock);
	list_for_each_entry_safe(older, next, &changes, node)
		if (voids(c, older))
			vnet_change_forget(older);
	if (!has_room(c))
		return -ENOSPC;
	list_add_tail(&c->node, &changes);
	nr_changes++;
	nr_bytes += c->len;
	return 0;
}

static int keep_change(struct vnet_change *c)
{
	struct vnet_change *undone = find_undone(c);
	int rc = 0;

	if (undone)
		forget_undone(c, undone);
	else
		rc = append(c);
	if (undone || rc)
		change_free(c);
	return rc;
}

/* Of each kind of object there are requests to make, to delete, to get and to set. */
static bool is_change(const struct nlmsghdr *h)
{
	return h->nlmsg_type >= RTM_BASE && h->nlmsg_type <= RTM_MAX &&
	       h->nlmsg_flags & NLM_F_REQUEST &&
	       (h->nlmsg_type & 3) != (RTM_GETLINK & 3);
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
		if (!is_change(h))
			continue;
		c = change_new(vs, NETLINK_ROUTE, h, h->nlmsg_len);
		if (!c)
			return -ENOMEM;
		vnet_change_note(vs, c);
		rc = keep_change(c);
	}
	return rc;
}

static void forget_batches(u32 netns)
{
	struct vnet_change *c, *next;

	lockdep_assert_held(&changes_lock);
	list_for_each_entry_safe(c, next, &changes, node)
		if (c->protocol == NETLINK_NETFILTER && c->netns == netns)
			vnet_change_forget(c);
}

static int keep_batch(struct vnet_sock *vs, const void *data, size_t len)
{
	struct vnet_change *c = change_new(vs, NETLINK_NETFILTER, data, len);

	if (!c)
		return -ENOMEM;
	vnet_batch_make_timeless(c->data, len);
	if (vnet_batch_flushes(data, len))
		forget_batches(c->netns);
	return keep_change(c);
}

static void keep_all(struct vnet_sock *vs, const void *data, size_t len)
{
	int rc = vs->sk.sk_protocol == NETLINK_ROUTE ? keep_requests(vs, data, len) :
		keep_batch(vs, data, len);

	if (rc)
		pr_warn_ratelimited("virtuos-net: a change of the network will not be made again: error %d\n",
				    -rc);
}

static bool holds_request(const void *data, int len, bool refused)
{
	const struct nlmsghdr *h;
	int left = len;

	for (h = data; nlmsg_ok(h, left); h = nlmsg_next(h, &left))
		if (is_change(h))
			/* Of several requests the others may have been carried out. */
			return !refused || (int)NLMSG_ALIGN(h->nlmsg_len) < len;
	return false;
}

static bool holds_change(const struct vnet_sock *vs, const void *data, size_t len, bool refused)
{
	switch (vs->sk.sk_protocol) {
	case NETLINK_ROUTE:
		return holds_request(data, len, refused);
	case NETLINK_NETFILTER:
		return !refused && vnet_is_batch(data, len);
	}
	return false;
}

/**
 * vnet_changes_keep - keep what the domain has changed
 * @vs: the socket
 * @data: requests that it has carried out
 * @len: bytes of them
 * @refused: one of them was refused
 * @epoch: link that has carried them out
 *
 * A process without the right to change anything cannot fill the memory for it.
 *
 * Context: process.
 * Return: 0. -EOWNERDEAD: the link has died, and the next one does not know of them.
 */
int vnet_changes_keep(struct vnet_sock *vs, const void *data, size_t len, bool refused, u32 epoch)
{
	int rc = 0;

	if (!holds_change(vs, data, len, refused) ||
	    !ns_capable_noaudit(sock_net(&vs->sk)->user_ns, CAP_NET_ADMIN))
		return 0;
	/* Others may hold it while they ask the domain. A sender that is killed is told nothing. */
	if (mutex_lock_killable(&changes_lock))
		return 0;
	if (vos_session_epoch(vnet.session) == epoch)
		keep_all(vs, data, len);
	else
		rc = -EOWNERDEAD;
	mutex_unlock(&changes_lock);
	return rc;
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
 * vnet_changes_end - forget the changes of a namespace that has ended
 * @netns: its number
 *
 * Context: process.
 */
void vnet_changes_end(u32 netns)
{
	mutex_lock(&changes_lock);
	vnet_change_list_end(&changes, netns);
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
