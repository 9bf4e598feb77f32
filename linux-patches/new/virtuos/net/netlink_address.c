// SPDX-License-Identifier: GPL-2.0
/*
 * The Ethernet addresses of interfaces that a kept request has made. The domain's kernel chooses
 * some at random. In the next incarnation they have to be the same, for others know them: DHCP
 * servers, neighbours behind a bridge, rules of a filter. So a request is kept with them, as if its
 * sender had asked for them.
 *
 * A bridge, a bond and a VLAN take theirs from interfaces below them.
 */
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/netlink.h>
#include "netlink.h"

/* Kinds whose addresses are chosen when they are made, and stay. */
static const char * const random_kinds[] = { "dummy", "veth" };

/* Bytes of the attribute. */
#define ATTR_LEN	NLA_ALIGN(NLA_HDRLEN + ETH_ALEN)

static_assert(VNET_ADDRESS_ROOM >= 2 * ATTR_LEN + NLMSG_ALIGNTO);

/**
 * vnet_address_ask - ask the domain for an interface's Ethernet address
 * @vs: a socket of the namespace
 * @name: the interface's
 * @address: set to it
 *
 * Context: process.
 * Return: whether it has one.
 */
bool vnet_address_ask(struct vnet_sock *vs, const char *name, u8 *address)
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

/* Insert the attribute @at bytes into a request. */
static void insert(struct vnet_change *c, u32 at, const u8 *address)
{
	struct nlattr *a = (struct nlattr *)(c->data + at);

	memmove(c->data + at + ATTR_LEN, a, c->len - at);
	memset(a, 0, ATTR_LEN);
	a->nla_type = IFLA_ADDRESS;
	a->nla_len = NLA_HDRLEN + ETH_ALEN;
	memcpy(nla_data(a), address, ETH_ALEN);
	c->len += ATTR_LEN;
	((struct nlmsghdr *)c->data)->nlmsg_len = c->len;
}

static struct nlattr *link_info(struct vnet_change *c)
{
	return nlmsg_find_attr(vnet_change_header(c), sizeof(struct ifinfomsg), IFLA_LINKINFO);
}

static bool is_random(struct vnet_change *c)
{
	const struct nlattr *info = link_info(c);
	const struct nlattr *kind = info ? nla_find_nested(info, IFLA_INFO_KIND) : NULL;
	size_t i;

	for (i = 0; kind && i < ARRAY_SIZE(random_kinds); i++)
		if (!nla_strcmp(kind, random_kinds[i]))
			return true;
	return false;
}

/**
 * vnet_address_note - complete a request by the address of the interface that it has made
 * @c: the request, which is not on the list yet
 * @address: the address
 *
 * Context: any.
 */
void vnet_address_note(struct vnet_change *c, const u8 *address)
{
	u32 end = NLMSG_ALIGN(c->len);

	if (!is_random(c) ||
	    nlmsg_find_attr(vnet_change_header(c), sizeof(struct ifinfomsg), IFLA_ADDRESS))
		return;
	memset(c->data + c->len, 0, end - c->len);
	c->len = end;
	insert(c, end, address);
}

/**
 * vnet_address_note_peer - complete a request by the address of a veth's other end
 * @c: the request, which is not on the list yet
 * @peer: how it describes the other end
 * @address: the address
 *
 * Context: any.
 */
void vnet_address_note_peer(struct vnet_change *c, struct nlattr *peer, const u8 *address)
{
	const int head = sizeof(struct ifinfomsg);
	struct nlattr *info = link_info(c), *data = nla_find_nested(info, IFLA_INFO_DATA);
	u32 end = (u8 *)peer + peer->nla_len - c->data;

	if (nla_find(nla_data(peer) + head, nla_len(peer) - head, IFLA_ADDRESS) ||
	    !IS_ALIGNED(end, NLA_ALIGNTO) || info->nla_len > U16_MAX - ATTR_LEN)
		return;
	insert(c, end, address);
	peer->nla_len += ATTR_LEN;
	data->nla_len += ATTR_LEN;
	info->nla_len += ATTR_LEN;
}
