// SPDX-License-Identifier: GPL-2.0
/*
 * The numbers of interfaces that a kept request has made. In the next incarnation they have to be
 * the same, for later requests name interfaces by them. So a request is kept with the numbers that
 * the domain's kernel has chosen, as if its sender had asked for them.
 *
 * A request for a veth makes two interfaces. Each may be in another namespace than the sender's.
 */
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <linux/veth.h>
#include <net/netlink.h>
#include "netlink.h"
#include "netns.h"

/**
 * vnet_change_is_address - test for a request to add an address or to take it away
 * @c: the request
 *
 * Context: any.
 * Return: whether so.
 */
bool vnet_change_is_address(const struct vnet_change *c)
{
	return c->protocol == NETLINK_ROUTE &&
	       (vnet_change_header(c)->nlmsg_type == RTM_NEWADDR ||
		vnet_change_header(c)->nlmsg_type == RTM_DELADDR) &&
	       c->len >= NLMSG_LENGTH(sizeof(struct ifaddrmsg));
}

static bool is_link(const struct vnet_change *c)
{
	const struct nlmsghdr *h = vnet_change_header(c);

	return c->protocol == NETLINK_ROUTE && h->nlmsg_type < RTM_NEWLINK + 4 &&
	       nlmsg_len(h) >= (int)sizeof(struct ifinfomsg);
}

/**
 * vnet_change_index - get the interface that a request is about
 * @c: the request
 *
 * Context: any.
 * Return: its number; 0: none, or it is not known.
 */
int vnet_change_index(const struct vnet_change *c)
{
	const void *head = nlmsg_data(vnet_change_header(c));

	if (c->protocol != NETLINK_ROUTE)
		return c->index;
	if (is_link(c))
		return ((const struct ifinfomsg *)head)->ifi_index;
	return vnet_change_is_address(c) ? ((const struct ifaddrmsg *)head)->ifa_index : 0;
}

/**
 * vnet_change_way - get the interface through which a request's route leads
 * @c: any change
 *
 * Context: any.
 * Return: its number; 0: none, or it is not known.
 */
int vnet_change_way(const struct vnet_change *c)
{
	const struct nlmsghdr *h = vnet_change_header(c);
	const struct nlattr *way;

	if (c->protocol != NETLINK_ROUTE || h->nlmsg_type < RTM_NEWROUTE ||
	    h->nlmsg_type > RTM_DELROUTE || nlmsg_len(h) < (int)sizeof(struct rtmsg))
		return 0;
	way = nlmsg_find_attr(h, sizeof(struct rtmsg), RTA_OIF);
	return way && nla_len(way) >= (int)sizeof(u32) ? nla_get_u32(way) : 0;
}

/**
 * vnet_change_makes_link - test for a request that has made an interface whose number is known
 * @c: the request
 *
 * Context: any.
 * Return: whether so.
 */
bool vnet_change_makes_link(const struct vnet_change *c)
{
	const struct nlmsghdr *h = vnet_change_header(c);

	return is_link(c) && h->nlmsg_type == RTM_NEWLINK && h->nlmsg_flags & NLM_F_CREATE &&
	       vnet_change_index(c) > 0 &&
	       nlmsg_find_attr(h, sizeof(struct ifinfomsg), IFLA_LINKINFO);
}

/* Get the namespace that attributes of an interface name. @netns: if they name none */
static u32 named(const struct nlattr *head, int len, u32 netns)
{
	const struct nlattr *space = nla_find(head, len, IFLA_NET_NS_FD);

	return space && nla_len(space) >= (int)sizeof(u32) ? nla_get_u32(space) : netns;
}

/**
 * vnet_change_netns - get the namespace to which the number of a request's interface belongs
 * @c: the request
 *
 * A request that makes an interface may make it in another namespace than its sender's.
 *
 * Context: any.
 * Return: its number.
 */
u32 vnet_change_netns(const struct vnet_change *c)
{
	const int head = sizeof(struct ifinfomsg);
	const struct nlmsghdr *h = vnet_change_header(c);

	if (!vnet_change_makes_link(c))
		return c->netns;
	return named(nlmsg_attrdata(h, head), nlmsg_attrlen(h, head), c->netns);
}

/* Find how a request describes the other end of a veth. Return: its header, or NULL. */
static struct nlattr *find_peer(const struct nlmsghdr *h)
{
	const struct nlattr *link = nlmsg_find_attr(h, sizeof(struct ifinfomsg), IFLA_LINKINFO);
	const struct nlattr *data = link ? nla_find_nested(link, IFLA_INFO_DATA) : NULL;
	const struct nlattr *kind = link ? nla_find_nested(link, IFLA_INFO_KIND) : NULL;
	struct nlattr *peer;

	if (!data || !kind || nla_strcmp(kind, "veth"))
		return NULL;
	peer = nla_find_nested(data, VETH_INFO_PEER);
	return peer && nla_len(peer) >= (int)sizeof(struct ifinfomsg) ? peer : NULL;
}

/**
 * vnet_change_peer - get the other end of a veth that a request has made
 * @c: the request
 * @netns: set to the number of the namespace in which that was made
 *
 * Context: any.
 * Return: its number; 0: none, or it is not known.
 */
int vnet_change_peer(const struct vnet_change *c, u32 *netns)
{
	const int head = sizeof(struct ifinfomsg);
	const struct nlattr *peer;

	peer = vnet_change_makes_link(c) ? find_peer(vnet_change_header(c)) : NULL;
	if (!peer)
		return 0;
	*netns = named(nla_data(peer) + head, nla_len(peer) - head, c->netns);
	return ((const struct ifinfomsg *)nla_data(peer))->ifi_index;
}

/* Test whether a request sets an interface down, or lets it stay so. */
static bool sets_down(const struct ifinfomsg *info)
{
	u32 change = info->ifi_change ?: info->ifi_flags;

	return change & IFF_UP && !(info->ifi_flags & IFF_UP);
}

static u32 link_sets(const struct nlmsghdr *h)
{
	const int head = sizeof(struct ifinfomsg);
	u32 sets = sets_down(nlmsg_data(h)) ? VNET_SETS_FLAGS : 0;

	if (nlmsg_find_attr(h, head, IFLA_MTU))
		sets |= VNET_SETS_MTU;
	if (nlmsg_find_attr(h, head, IFLA_TXQLEN))
		sets |= VNET_SETS_QUEUE;
	if (nlmsg_find_attr(h, head, IFLA_ADDRESS))
		sets |= VNET_SETS_HW;
	if (nlmsg_find_attr(h, head, IFLA_BROADCAST))
		sets |= VNET_SETS_HW_BROADCAST;
	if (nlmsg_find_attr(h, head, IFLA_MAP))
		sets |= VNET_SETS_MAP;
	return sets;
}

/**
 * vnet_change_sets - get what a request of NETLINK_ROUTE sets of an interface
 * @c: any change
 * @index: the interface's
 *
 * Context: any.
 * Return: VNET_SETS_*, as far as ioctl() could set it too.
 */
u32 vnet_change_sets(const struct vnet_change *c, int index)
{
	int own = vnet_change_index(c);

	if (c->protocol != NETLINK_ROUTE || (own && own != index))
		return 0;
	if (vnet_change_is_address(c))
		return VNET_SETS_ALL_ADDR;
	return is_link(c) ? link_sets(vnet_change_header(c)) : 0;
}

/**
 * vnet_index_ask - ask the domain for an interface's number
 * @vs: a socket of the namespace
 * @name: the interface's
 *
 * Context: process.
 * Return: the number, or 0: the domain has no such interface, or there is no link.
 */
int vnet_index_ask(struct vnet_sock *vs, const char *name)
{
	struct ifreq ifr = {};
	struct vnet_req req = {
		.opcode = VOS_OP_IOCTL,
		.arg = { SIOCGIFINDEX },
		.in[0] = &ifr,
		.out[0] = &ifr,
		.len[0] = sizeof(ifr),
	};

	strscpy(ifr.ifr_name, name, IFNAMSIZ);
	if (vnet_req_once(vs, &req, VOS_GET_UP_ONLY) || vnet_result(req.cqe.result, 0))
		return 0;
	return max(ifr.ifr_ifindex, 0);
}

/* An interface that a request has made. @index: 0: not known. @is_ether: @address is known */
struct made {
	int index;
	bool is_ether;
	u8 address[ETH_ALEN];
};

/* Ask for an interface's Ethernet address. Return: whether it has one. */
static bool ask_address(struct vnet_sock *vs, const char *name, u8 *address)
{
	struct ifreq ifr = {};
	struct vnet_req req = {
		.opcode = VOS_OP_IOCTL,
		.arg = { SIOCGIFHWADDR },
		.in[0] = &ifr,
		.out[0] = &ifr,
		.len[0] = sizeof(ifr),
	};

	strscpy(ifr.ifr_name, name, IFNAMSIZ);
	if (vnet_req_once(vs, &req, VOS_GET_UP_ONLY) || vnet_result(req.cqe.result, 0) ||
	    ifr.ifr_hwaddr.sa_family != ARPHRD_ETHER)
		return false;
	memcpy(address, ifr.ifr_hwaddr.sa_data, ETH_ALEN);
	return true;
}

static struct made ask(struct vnet_sock *vs, const struct nlattr *name)
{
	struct made link = {};
	char text[IFNAMSIZ];

	if (nla_strscpy(text, name, IFNAMSIZ) < 0)
		return link;
	link.index = vnet_index_ask(vs, text);
	link.is_ether = link.index && ask_address(vs, text, link.address);
	return link;
}

/* Ask by a socket that is made in @net for that. @sock: its owner, without a file */
static struct made ask_by(struct socket *sock, struct net *net, const struct nlattr *name)
{
	struct vnet_sock *vs = vnet_netlink_new(net, sock, NETLINK_ROUTE);
	struct made link = {};
	int rc;

	if (IS_ERR(vs))
		return link;
	/* The caller holds a lock that recovery needs, so it must not wait for a link. */
	rc = vnet_socket_call(vs, VOS_GET_UP_ONLY);
	if (!rc)
		link = ask(vs, name);
	sock_orphan(&vs->sk);
	if (!rc)
		vnet_sock_release(vs);
	else if (rc != -EINTR)
		vnet_object_remove(vs);
	return link;
}

static struct made ask_in(u32 netns, const struct nlattr *name)
{
	struct net *net = vnet_netns_get(netns);
	struct made link = {};
	struct socket *sock;

	if (!net)
		return link;
	if (!sock_create_lite(PF_NETLINK, SOCK_RAW, NETLINK_ROUTE, &sock)) {
		link = ask_by(sock, net, name);
		sock_release(sock);
	}
	put_net(net);
	return link;
}

/*
 * Note the number of an interface that attributes describe, unless the sender has chosen it.
 * Return: what is known of the interface.
 */
static struct made note(struct vnet_sock *vs, u32 netns, struct ifinfomsg *info,
			const struct nlattr *head, int len)
{
	const struct nlattr *name = nla_find(head, len, IFLA_IFNAME);
	u32 where = named(head, len, netns);
	struct made link = {};

	if (!name)
		return link;
	link = where == netns ? ask(vs, name) : ask_in(where, name);
	if (!info->ifi_index)
		info->ifi_index = link.index;
	return link;
}

static void note_peer(struct vnet_sock *vs, struct vnet_change *c)
{
	const int head = sizeof(struct ifinfomsg);
	struct nlattr *peer = find_peer(vnet_change_header(c));
	struct made link;

	if (!peer)
		return;
	link = note(vs, c->netns, nla_data(peer), nla_data(peer) + head, nla_len(peer) - head);
	if (link.is_ether)
		c->len = vnet_address_put_peer((struct nlmsghdr *)c->data, peer, link.address);
}

/**
 * vnet_change_note - complete a request by what the domain's kernel has chosen of the interfaces
 *	that it has made: their numbers and addresses
 * @vs: the socket by which it went
 * @c: the request
 *
 * Context: process.
 */
void vnet_change_note(struct vnet_sock *vs, struct vnet_change *c)
{
	const struct nlmsghdr *h = vnet_change_header(c);
	const int head = sizeof(struct ifinfomsg);
	struct made link;

	if (h->nlmsg_type != RTM_NEWLINK || !(h->nlmsg_flags & NLM_F_CREATE) || nlmsg_len(h) < head)
		return;
	link = note(vs, c->netns, nlmsg_data(h), nlmsg_attrdata(h, head), nlmsg_attrlen(h, head));
	if (link.is_ether)
		c->len = vnet_address_put((struct nlmsghdr *)c->data, link.address);
	note_peer(vs, c);
}
