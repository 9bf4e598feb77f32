// SPDX-License-Identifier: GPL-2.0
/*
 * Requests of NETLINK_ROUTE that name another network namespace: by a descriptor or a process of
 * the program that sends them. The domain knows neither. So the namespace's number at the domain
 * takes the name's place, in the attribute for descriptors.
 *
 * If there is no such namespace, the number is the error. The domain's kernel then reports it
 * where Linux does.
 *
 * Invariant: no name by a process or descriptor of a program reaches the domain in an attribute
 * that its kernel takes for a namespace's name.
 */
#include <linux/capability.h>
#include <linux/if_link.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/netlink.h>
#include "netns.h"

/*
 * struct names - how to go through the names of requests
 * @fn: called with each attribute that is a name. @peer: of the other end of a veth.
 *	Return: whether to go on
 * @arg: its last argument
 */
struct names {
	bool (*fn)(struct nlattr *name, bool by_pid, bool peer, void *arg);
	void *arg;
};

static bool visit_link(struct nlattr *head, int len, bool peer, const struct names *n);

/* The other end of a veth is described as a link of its own, with its header. */
static bool visit_peers(struct nlattr *data, const struct names *n)
{
	const int head = sizeof(struct ifinfomsg);
	struct nlattr *a;
	int left;

	nla_for_each_nested(a, data, left)
		if (nla_type(a) == VETH_INFO_PEER && nla_len(a) >= head &&
		    !visit_link(nla_data(a) + head, nla_len(a) - head, true, n))
			return false;
	return true;
}

static bool visit_info(struct nlattr *info, const struct names *n)
{
	bool veth = false;
	struct nlattr *a;
	int left;

	nla_for_each_nested(a, info, left)
		veth |= nla_type(a) == IFLA_INFO_KIND && !nla_strcmp(a, "veth");
	if (!veth)
		return true;
	nla_for_each_nested(a, info, left)
		if (nla_type(a) == IFLA_INFO_DATA && !visit_peers(a, n))
			return false;
	return true;
}

/* Each attribute is visited. The domain's kernel goes by the last one of a kind. */
static bool visit_link(struct nlattr *head, int len, bool peer, const struct names *n)
{
	struct nlattr *a;
	int left;

	nla_for_each_attr(a, head, len, left) {
		int type = nla_type(a);
		bool by_pid = type == IFLA_NET_NS_PID;

		if ((by_pid || type == IFLA_NET_NS_FD) && nla_len(a) >= (int)sizeof(u32) &&
		    !n->fn(a, by_pid, peer, n->arg))
			return false;
		if (type == IFLA_LINKINFO && !peer && !visit_info(a, n))
			return false;
	}
	return true;
}

static bool visit_ids(struct nlattr *head, int len, const struct names *n)
{
	struct nlattr *a;
	int left;

	nla_for_each_attr(a, head, len, left) {
		bool by_pid = nla_type(a) == NETNSA_PID;

		if ((by_pid || nla_type(a) == NETNSA_FD) && nla_len(a) >= (int)sizeof(u32) &&
		    !n->fn(a, by_pid, false, n->arg))
			return false;
	}
	return true;
}

static bool visit_request(struct nlmsghdr *h, const struct names *n)
{
	const int link = sizeof(struct ifinfomsg), id = sizeof(struct rtgenmsg);

	switch (h->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
	case RTM_GETLINK:
	case RTM_SETLINK:
		return nlmsg_len(h) < link ||
			visit_link(nlmsg_attrdata(h, link), nlmsg_attrlen(h, link), false, n);
	case RTM_NEWNSID:
	case RTM_DELNSID:
	case RTM_GETNSID:
		return nlmsg_len(h) < id ||
			visit_ids(nlmsg_attrdata(h, id), nlmsg_attrlen(h, id), n);
	}
	return true;
}

/*
 * The domain's kernel of this version does not ask for a right over the namespace of a peer, which
 * later ones do. So this one asks.
 */
static int number_of(struct net *net, bool peer)
{
	int rc;

	if (peer && !ns_capable(net->user_ns, CAP_NET_ADMIN))
		return -EPERM;
	rc = vnet_netns_need(net);
	return rc ?: vnet_netns_number(net);
}

static bool replace(struct nlattr *name, bool by_pid, bool peer, void *arg)
{
	u32 value = nla_get_u32(name), type = name->nla_type & ~NLA_TYPE_MASK;
	struct net *net = by_pid ? get_net_ns_by_pid(value) : get_net_ns_by_fd(value);
	u32 number;

	if (IS_ERR(net)) {
		number = PTR_ERR(net);
	} else {
		number = number_of(net, peer);
		put_net(net);
	}
	memcpy(nla_data(name), &number, sizeof(number));
	if (by_pid)
		name->nla_type = type | *(u16 *)arg;
	return true;
}

/**
 * vnet_names_replace - put numbers in the place of names
 * @vs: the socket by which the requests go
 * @data: the requests, in this kernel's copy
 * @len: bytes of them
 *
 * Context: process, the one that sends them.
 */
void vnet_names_replace(const struct vnet_sock *vs, void *data, size_t len)
{
	struct nlmsghdr *h = data;
	u16 by_number;
	struct names n = { .fn = replace, .arg = &by_number };
	int left = min_t(size_t, len, INT_MAX);

	if (vs->sk.sk_protocol != NETLINK_ROUTE)
		return;
	for (; nlmsg_ok(h, left); h = nlmsg_next(h, &left)) {
		by_number = h->nlmsg_type < RTM_NEWLINK + 4 ? IFLA_NET_NS_FD : NETNSA_FD;
		visit_request(h, &n);
	}
}

static bool is_number(struct nlattr *name, bool by_pid, bool peer, void *arg)
{
	return nla_get_u32(name) != *(u32 *)arg;
}

/**
 * vnet_names_find - test whether a request names a namespace
 * @h: the request, with numbers in the place of names
 * @number: the namespace's
 *
 * Context: any.
 * Return: whether so.
 */
bool vnet_names_find(const struct nlmsghdr *h, u32 number)
{
	struct names n = { .fn = is_number, .arg = &number };

	return !visit_request((struct nlmsghdr *)h, &n);
}

static bool tell(struct nlattr *name, bool by_pid, bool peer, void *arg)
{
	u32 number = nla_get_u32(name);

	if (!IS_ERR_VALUE((long)(s32)number))
		vnet_netns_refresh_number(number);
	return true;
}

/**
 * vnet_names_refresh - have folders follow an interface in all namespaces that a request names
 * @h: the request, with numbers in the place of names
 *
 * Context: process.
 */
void vnet_names_refresh(const struct nlmsghdr *h)
{
	struct names n = { .fn = tell };

	visit_request((struct nlmsghdr *)h, &n);
}
