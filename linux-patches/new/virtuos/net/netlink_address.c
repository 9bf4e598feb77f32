// SPDX-License-Identifier: GPL-2.0
/*
 * The Ethernet addresses of interfaces that a kept request has made. The domain's kernel chooses
 * some at random. In the next incarnation they have to be the same, for others know them: DHCP
 * servers, neighbours behind a bridge, rules of a filter. So a request is kept with them, as if its
 * sender had asked for them.
 *
 * A bridge, a bond and a VLAN take theirs from interfaces below them.
 *
 * The functions touch no memory but their own, so that tests/unit includes this file as it is.
 */
#include <linux/if_ether.h>
#include <linux/rtnetlink.h>
#include <linux/string.h>
#include <net/netlink.h>
#include "address.h"

/* Kinds whose addresses are chosen when they are made, and stay. */
static const char * const random_kinds[] = { "dummy", "veth" };

/* Bytes of the attribute. */
#define ATTR_LEN	NLA_ALIGN(NLA_HDRLEN + ETH_ALEN)

static_assert(VNET_ADDRESS_ROOM >= 2 * ATTR_LEN + NLMSG_ALIGNTO);

/* Insert the attribute @at bytes into a request. Return: bytes of the request now. */
static u32 insert(struct nlmsghdr *h, u32 at, const u8 *address)
{
	struct nlattr *a = (struct nlattr *)((u8 *)h + at);

	memmove((u8 *)a + ATTR_LEN, a, h->nlmsg_len - at);
	memset(a, 0, ATTR_LEN);
	a->nla_type = IFLA_ADDRESS;
	a->nla_len = NLA_HDRLEN + ETH_ALEN;
	memcpy(nla_data(a), address, ETH_ALEN);
	h->nlmsg_len += ATTR_LEN;
	return h->nlmsg_len;
}

static struct nlattr *of_link(const struct nlmsghdr *h, int type)
{
	const int head = sizeof(struct ifinfomsg);

	return nla_find(nlmsg_attrdata(h, head), nlmsg_attrlen(h, head), type);
}

static struct nlattr *of_nest(const struct nlattr *nest, int type)
{
	return nla_find(nla_data(nest), nla_len(nest), type);
}

static bool is_random(const struct nlmsghdr *h)
{
	const struct nlattr *info = of_link(h, IFLA_LINKINFO);
	const struct nlattr *kind = info ? of_nest(info, IFLA_INFO_KIND) : NULL;
	size_t i;

	for (i = 0; kind && i < ARRAY_SIZE(random_kinds); i++)
		if (!nla_strcmp(kind, random_kinds[i]))
			return true;
	return false;
}

/**
 * vnet_address_put - complete a request by the address of the interface that it has made
 * @h: the request, with room for VNET_ADDRESS_ROOM bytes behind it
 * @address: the address
 *
 * Context: any.
 * Return: bytes of the request now.
 */
u32 vnet_address_put(struct nlmsghdr *h, const u8 *address)
{
	u32 end = NLMSG_ALIGN(h->nlmsg_len);

	if (!is_random(h) || of_link(h, IFLA_ADDRESS))
		return h->nlmsg_len;
	memset((u8 *)h + h->nlmsg_len, 0, end - h->nlmsg_len);
	h->nlmsg_len = end;
	return insert(h, end, address);
}

/**
 * vnet_address_put_peer - complete a request by the address of a veth's other end
 * @h: the request, as there
 * @peer: how it describes the other end: a nest in IFLA_INFO_DATA, which is in IFLA_LINKINFO
 * @address: the address
 *
 * Context: any.
 * Return: bytes of the request now.
 */
u32 vnet_address_put_peer(struct nlmsghdr *h, struct nlattr *peer, const u8 *address)
{
	const int head = sizeof(struct ifinfomsg);
	struct nlattr *info = of_link(h, IFLA_LINKINFO), *data = of_nest(info, IFLA_INFO_DATA);
	u32 end = (u8 *)peer + peer->nla_len - (u8 *)h;

	if (nla_find(nla_data(peer) + head, nla_len(peer) - head, IFLA_ADDRESS) ||
	    end != NLMSG_ALIGN(end) || info->nla_len > U16_MAX - ATTR_LEN)
		return h->nlmsg_len;
	peer->nla_len += ATTR_LEN;
	data->nla_len += ATTR_LEN;
	info->nla_len += ATTR_LEN;
	return insert(h, end, address);
}
