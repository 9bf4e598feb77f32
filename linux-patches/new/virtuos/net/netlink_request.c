// SPDX-License-Identifier: GPL-2.0
/*
 * Which requests of netlink change the network, and which of NETLINK_ROUTE make others void.
 */
#include <linux/if_addr.h>
#include <linux/list.h>
#include <linux/rtnetlink.h>
#include <net/netlink.h>
#include "netlink.h"

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

/**
 * vnet_request_voids - test for a change that need not be made if a later request is
 * @c: the request, of NETLINK_ROUTE
 * @older: any change
 *
 * What adds an address or takes it away makes void what has added it: an address whose lifetime is
 * renewed for years takes room once.
 *
 * Context: any.
 * Return: whether so.
 */
bool vnet_request_voids(const struct vnet_change *c, const struct vnet_change *older)
{
	if (is_same(c, older))
		return true;
	if (c->netns != older->netns || !vnet_change_is_address(c) ||
	    !vnet_change_is_address(older) || !same_address(c, older))
		return false;
	return vnet_change_header(older)->nlmsg_type == RTM_NEWADDR ||
	       vnet_change_header(older)->nlmsg_type == vnet_change_header(c)->nlmsg_type;
}

static bool is_about_link(const struct vnet_change *older, const struct vnet_change *c)
{
	if (older->netns != c->netns || vnet_change_index(older) != vnet_change_index(c))
		return false;
	if (older->protocol == VNET_BY_IOCTL)
		return !(vnet_kept_sets(vnet_change_kept(older)) & VNET_SETS_ALL_ADDR);
	return older->protocol == NETLINK_ROUTE && !vnet_change_is_address(older);
}

/**
 * vnet_request_in_vain - test for a request that sets of an interface what was just set
 * @changes: list of struct vnet_change
 * @c: any change
 *
 * The earlier request stays where it is: a route that was added then needs the interface up.
 *
 * Context: process; the list is the caller's.
 * Return: whether so.
 */
bool vnet_request_in_vain(const struct list_head *changes, const struct vnet_change *c)
{
	const struct nlmsghdr *h = vnet_change_header(c);
	const struct vnet_change *older;

	if (c->protocol != NETLINK_ROUTE || h->nlmsg_flags & NLM_F_CREATE ||
	    (h->nlmsg_type != RTM_NEWLINK && h->nlmsg_type != RTM_SETLINK) ||
	    vnet_change_index(c) <= 0)
		return false;
	list_for_each_entry_reverse(older, changes, node)
		if (is_about_link(older, c))
			return is_same(c, older);
	return false;
}

/**
 * vnet_request_undoes - test for a request that takes away what an earlier change has made
 * @c: the request, of NETLINK_ROUTE
 * @older: any change
 *
 * Context: any.
 * Return: whether so. Before that there was none.
 */
bool vnet_request_undoes(const struct vnet_change *c, const struct vnet_change *older)
{
	const struct nlmsghdr *h = vnet_change_header(c), *o = vnet_change_header(older);

	if (older->protocol != NETLINK_ROUTE)
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

/**
 * vnet_request_changes - test for a request of NETLINK_ROUTE that changes something
 * @h: the request
 *
 * Of each kind of object there are requests to make, to delete, to get and to set.
 *
 * Context: any.
 * Return: whether so.
 */
bool vnet_request_changes(const struct nlmsghdr *h)
{
	return h->nlmsg_type >= RTM_BASE && h->nlmsg_type <= RTM_MAX &&
	       h->nlmsg_flags & NLM_F_REQUEST &&
	       (h->nlmsg_type & 3) != (RTM_GETLINK & 3);
}

static bool holds_request(const void *data, int len, bool refused,
			  bool (*is_kept)(const struct nlmsghdr *h))
{
	const struct nlmsghdr *h;
	int left = len;

	for (h = data; nlmsg_ok(h, left); h = nlmsg_next(h, &left))
		if (is_kept(h))
			/* Of several requests the others may have been carried out. */
			return !refused || (int)NLMSG_ALIGN(h->nlmsg_len) < len;
	return false;
}

/**
 * vnet_holds_change - test for a message that has changed the network
 * @protocol: NETLINK_*
 * @data: requests that the domain has carried out
 * @len: bytes of them
 * @refused: one of them was refused
 *
 * Context: any.
 * Return: whether so.
 */
bool vnet_holds_change(int protocol, const void *data, size_t len, bool refused)
{
	switch (protocol) {
	case NETLINK_ROUTE:
		return holds_request(data, len, refused, vnet_request_changes);
	case NETLINK_GENERIC:
		return holds_request(data, len, refused, vnet_generic_asks);
	case NETLINK_NETFILTER:
		return !refused && vnet_is_batch(data, len);
	}
	return false;
}
