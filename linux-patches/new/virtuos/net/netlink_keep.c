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
#include "view.h"

/* Most requests, and bytes of them. */
#define CHANGES_MAX	4096u
#define BYTES_MAX	(1024u * 1024u)

static DEFINE_MUTEX(changes_lock);
static LIST_HEAD(changes);
static unsigned int nr_changes, nr_bytes;

static void change_free(struct vnet_change *c)
{
	put_cred(c->cred);
	kvfree(c);
}

static struct vnet_change *change_new(int protocol, const void *data, u32 len)
{
	struct vnet_change *c = kvmalloc(struct_size(c, data, len), GFP_KERNEL_ACCOUNT);

	if (!c)
		return NULL;
	c->cred = get_current_cred();
	c->protocol = protocol;
	c->len = len;
	memcpy(c->data, data, len);
	return c;
}

static void forget(struct vnet_change *c)
{
	lockdep_assert_held(&changes_lock);
	list_del(&c->node);
	nr_changes--;
	nr_bytes -= c->len;
	change_free(c);
}

static bool is_address(const struct vnet_change *c)
{
	return c->protocol == NETLINK_ROUTE &&
	       (vnet_change_header(c)->nlmsg_type == RTM_NEWADDR ||
		vnet_change_header(c)->nlmsg_type == RTM_DELADDR) &&
	       c->len >= NLMSG_LENGTH(sizeof(struct ifaddrmsg));
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
	if (!is_address(c) || !is_address(older) || !same_address(c, older))
		return false;
	return vnet_change_header(older)->nlmsg_type == RTM_NEWADDR ||
	       vnet_change_header(older)->nlmsg_type == vnet_change_header(c)->nlmsg_type;
}

/* Get the interface that a request is about; 0: none, or it is not known. */
static int index_of(const struct vnet_change *c)
{
	const struct nlmsghdr *h = vnet_change_header(c);

	if (c->protocol != NETLINK_ROUTE)
		return 0;
	if (h->nlmsg_type < RTM_NEWLINK + 4 && nlmsg_len(h) >= (int)sizeof(struct ifinfomsg))
		return ((struct ifinfomsg *)nlmsg_data(h))->ifi_index;
	return is_address(c) ? ((struct ifaddrmsg *)nlmsg_data(h))->ifa_index : 0;
}

/* Test for a request that has made an interface, whose number is known. */
static bool makes_link(const struct vnet_change *c)
{
	const struct nlmsghdr *h = vnet_change_header(c);

	return c->protocol == NETLINK_ROUTE && h->nlmsg_type == RTM_NEWLINK &&
	       h->nlmsg_flags & NLM_F_CREATE && index_of(c) > 0 &&
	       nlmsg_find_attr(h, sizeof(struct ifinfomsg), IFLA_LINKINFO);
}

/* Test whether @c takes away what @older has made. Before that there was none. */
static bool undoes(const struct vnet_change *c, const struct vnet_change *older)
{
	const struct nlmsghdr *h = vnet_change_header(c), *o = vnet_change_header(older);

	if (c->protocol != NETLINK_ROUTE || older->protocol != NETLINK_ROUTE)
		return false;
	if (h->nlmsg_type == RTM_DELLINK)
		return makes_link(older) && index_of(older) == index_of(c);
	return h->nlmsg_type == RTM_DELADDR && o->nlmsg_type == RTM_NEWADDR &&
	       is_address(c) && is_address(older) && o->nlmsg_flags & NLM_F_EXCL &&
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
	struct vnet_change *older, *next;
	int index = index_of(c);

	lockdep_assert_held(&changes_lock);
	if (vnet_change_header(c)->nlmsg_type != RTM_DELLINK) {
		forget(undone);
		return;
	}
	list_for_each_entry_safe(older, next, &changes, node)
		if (index_of(older) == index)
			forget(older);
}

/* Return: 0 or -ENOSPC. */
static int append(struct vnet_change *c)
{
	struct vnet_change *older, *next;

	lockdep_assert_held(&changes_lock);
	list_for_each_entry_safe(older, next, &changes, node)
		if (voids(c, older))
			forget(older);
	if (nr_changes >= CHANGES_MAX || c->len > BYTES_MAX - nr_bytes)
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

/*
 * Ask for the number of an interface that a request has made. In the next incarnation it has to
 * be the same: later requests name it.
 */
static void note_index(struct vnet_sock *vs, struct vnet_change *c)
{
	const struct nlmsghdr *h = vnet_change_header(c);
	struct ifinfomsg *info = nlmsg_data(h);
	struct ifreq ifr = {};
	struct vnet_req req = {
		.opcode = VOS_OP_IOCTL,
		.arg = { SIOCGIFINDEX },
		.in[0] = &ifr,
		.out[0] = &ifr,
		.len[0] = sizeof(ifr),
	};
	const struct nlattr *name;

	if (h->nlmsg_type != RTM_NEWLINK || !(h->nlmsg_flags & NLM_F_CREATE) ||
	    nlmsg_len(h) < (int)sizeof(*info) || info->ifi_index)
		return;
	name = nlmsg_find_attr(h, sizeof(*info), IFLA_IFNAME);
	if (!name || nla_strscpy(ifr.ifr_name, name, IFNAMSIZ) < 0)
		return;
	if (!vnet_req_once(vs, &req, VOS_GET_UP_ONLY) && !vnet_result(req.cqe.result, 0))
		info->ifi_index = ifr.ifr_ifindex;
}

/* Of each kind of object there are requests to make, to delete, to get and to set. */
static bool is_change(const struct nlmsghdr *h)
{
	return h->nlmsg_type >= RTM_BASE && h->nlmsg_type <= RTM_MAX &&
	       h->nlmsg_flags & NLM_F_REQUEST &&
	       (h->nlmsg_type & 3) != (RTM_GETLINK & 3);
}

/* Have folders of settings and of attributes follow an interface that has come or gone. */
static void tell_folders(const struct nlmsghdr *h)
{
	if (h->nlmsg_type != RTM_NEWLINK && h->nlmsg_type != RTM_DELLINK)
		return;
	vnet_sysctl_refresh();
	vnet_devices_refresh();
}

static int keep_requests(struct vnet_sock *vs, const void *data, int len)
{
	const struct nlmsghdr *h;
	struct vnet_change *c;
	int rc = 0;

	for (h = data; nlmsg_ok(h, len) && !rc; h = nlmsg_next(h, &len)) {
		tell_folders(h);
		if (!is_change(h))
			continue;
		c = change_new(NETLINK_ROUTE, h, h->nlmsg_len);
		if (!c)
			return -ENOMEM;
		note_index(vs, c);
		rc = keep_change(c);
	}
	return rc;
}

static void forget_batches(void)
{
	struct vnet_change *c, *next;

	lockdep_assert_held(&changes_lock);
	list_for_each_entry_safe(c, next, &changes, node)
		if (c->protocol == NETLINK_NETFILTER)
			forget(c);
}

static int keep_batch(const void *data, size_t len)
{
	struct vnet_change *c = change_new(NETLINK_NETFILTER, data, len);

	if (!c)
		return -ENOMEM;
	vnet_batch_make_timeless(c->data, len);
	if (vnet_batch_flushes(data, len))
		forget_batches();
	return keep_change(c);
}

static void keep_all(struct vnet_sock *vs, const void *data, size_t len)
{
	int rc = vs->sk.sk_protocol == NETLINK_ROUTE ? keep_requests(vs, data, len) :
		keep_batch(data, len);

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
	    !ns_capable_noaudit(&init_user_ns, CAP_NET_ADMIN))
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
 * vnet_changes_drop - forget all changes
 *
 * Context: process.
 */
void vnet_changes_drop(void)
{
	struct vnet_change *c, *next;

	mutex_lock(&changes_lock);
	list_for_each_entry_safe(c, next, &changes, node)
		forget(c);
	mutex_unlock(&changes_lock);
}
