// SPDX-License-Identifier: GPL-2.0
/*
 * Which kept changes go with an interface that is gone, and with a namespace that has ended. With a
 * namespace go the interfaces in it. With one end of a veth goes the other, wherever it is.
 */
#include <linux/list.h>
#include <linux/rtnetlink.h>
#include "netlink.h"
#include "netns.h"
#include "tun.h"

/**
 * vnet_change_forget_link - forget an interface's own settings, addresses and routes
 * @changes: list of struct vnet_change
 * @netns: number of the namespace
 * @index: the interface's
 *
 * Context: process; the list is the caller's.
 */
void vnet_change_forget_link(struct list_head *changes, u32 netns, int index)
{
	struct vnet_change *c, *next;

	if (index <= 0)
		return;
	list_for_each_entry_safe(c, next, changes, node)
		if (vnet_change_netns(c) == netns &&
		    (vnet_change_index(c) == index || vnet_change_way(c) == index))
			vnet_change_forget(c);
}

/**
 * vnet_change_ends_tun - forget an interface of /dev/net/tun that a request has deleted
 * @changes: list of struct vnet_change
 * @c: any change
 *
 * Such an interface is kept by itself (tun_keep.c). The next incarnation need not delete it.
 *
 * Context: process; the list is the caller's.
 * Return: whether @c is that request.
 */
bool vnet_change_ends_tun(struct list_head *changes, const struct vnet_change *c)
{
	int index = vnet_change_index(c);

	if (c->protocol != NETLINK_ROUTE || vnet_change_header(c)->nlmsg_type != RTM_DELLINK ||
	    !vnet_tun_deleted(c->netns, index))
		return false;
	vnet_change_forget_link(changes, c->netns, index);
	return true;
}

/* Find the request that has made an interface, be it the other end of a veth. */
static struct vnet_change *find_maker(struct list_head *changes, u32 netns, int index)
{
	struct vnet_change *c;
	u32 where;

	list_for_each_entry(c, changes, node) {
		if (!vnet_change_makes_link(c))
			continue;
		if (vnet_change_netns(c) == netns && vnet_change_index(c) == index)
			return c;
		if (vnet_change_peer(c, &where) == index && where == netns)
			return c;
	}
	return NULL;
}

/* Forget a request that has made an interface or two, and what was done with them. */
static void forget_made(struct list_head *changes, struct vnet_change *maker)
{
	u32 netns = vnet_change_netns(maker), other = 0;
	int index = vnet_change_index(maker), peer = vnet_change_peer(maker, &other);

	vnet_change_forget(maker);
	vnet_change_forget_link(changes, netns, index);
	vnet_change_forget_link(changes, other, peer);
}

/* @c has made an interface in a namespace that has ended, or has put it there. */
static void forget_moved(struct list_head *changes, struct vnet_change *c)
{
	u32 netns = c->netns;
	int index = vnet_change_index(c);
	struct vnet_change *maker = c;

	if (!vnet_change_makes_link(c)) {
		vnet_change_forget(c);
		maker = index > 0 ? find_maker(changes, netns, index) : NULL;
	}
	if (maker)
		forget_made(changes, maker);
}

static struct vnet_change *find_naming(struct list_head *changes, u32 netns)
{
	struct vnet_change *c;

	list_for_each_entry(c, changes, node)
		if (c->protocol == NETLINK_ROUTE && c->netns != netns &&
		    vnet_names_find(vnet_change_header(c), netns))
			return c;
	return NULL;
}

/* A veth that was made in the namespace, whose other end is elsewhere. */
static struct vnet_change *find_made_in(struct list_head *changes, u32 netns)
{
	struct vnet_change *c;

	list_for_each_entry(c, changes, node)
		if (c->netns == netns && vnet_change_makes_link(c))
			return c;
	return NULL;
}

static void forget_netns(struct list_head *changes, u32 netns)
{
	struct vnet_change *c, *next;

	vnet_tun_drop_netns(netns);
	while ((c = find_naming(changes, netns)))
		forget_moved(changes, c);
	while ((c = find_made_in(changes, netns)))
		forget_made(changes, c);
	list_for_each_entry_safe(c, next, changes, node)
		if (c->netns == netns)
			vnet_change_forget(c);
}

/**
 * vnet_change_list_end - forget the changes that go with a namespace, or with an interface
 * @changes: list of struct vnet_change
 * @netns: number of the namespace
 * @index: the interface's; 0: the namespace has ended
 *
 * Context: process; the list is the caller's.
 */
void vnet_change_list_end(struct list_head *changes, u32 netns, int index)
{
	if (index)
		vnet_change_forget_link(changes, netns, index);
	else
		forget_netns(changes, netns);
}
