// SPDX-License-Identifier: GPL-2.0
/*
 * Which options of a socket are kept for the next incarnation of the domain, and which of them
 * make others void.
 *
 * Most options set one thing, so the last value counts. Others add a thing or take it away: a
 * group, a source, a filter, a key. Their order matters, and what was taken away leaves nothing.
 *
 * Invariant: the functions read no more of an option than its length says, and touch no memory but
 * their own. So tests/unit includes this file as it is.
 */
#include <linux/array_size.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/netlink.h>
#include <linux/socket.h>
#include <linux/stddef.h>
#include <linux/string.h>
#include <linux/tcp.h>
#include "option_keep.h"

#define LEN_MAX		512u	/* longer ones are not kept */
#define SOURCES_MAX	64u	/* of one group, as net.ipv6.mld_max_msf has it */

/*
 * struct opposites - options that add a thing and take it away
 * @counted: what is added twice is there twice
 */
struct opposites {
	int level;
	int add;
	int del;
	bool counted;
};

static const struct opposites opposites[] = {
	{ SOL_IP, IP_ADD_MEMBERSHIP, IP_DROP_MEMBERSHIP, false },
	{ SOL_IP, IP_ADD_SOURCE_MEMBERSHIP, IP_DROP_SOURCE_MEMBERSHIP, false },
	{ SOL_IP, IP_BLOCK_SOURCE, IP_UNBLOCK_SOURCE, false },
	{ SOL_IP, MCAST_JOIN_GROUP, MCAST_LEAVE_GROUP, false },
	{ SOL_IP, MCAST_JOIN_SOURCE_GROUP, MCAST_LEAVE_SOURCE_GROUP, false },
	{ SOL_IP, MCAST_BLOCK_SOURCE, MCAST_UNBLOCK_SOURCE, false },
	{ SOL_IPV6, IPV6_ADD_MEMBERSHIP, IPV6_DROP_MEMBERSHIP, false },
	{ SOL_IPV6, MCAST_JOIN_GROUP, MCAST_LEAVE_GROUP, false },
	{ SOL_IPV6, MCAST_JOIN_SOURCE_GROUP, MCAST_LEAVE_SOURCE_GROUP, false },
	{ SOL_IPV6, MCAST_BLOCK_SOURCE, MCAST_UNBLOCK_SOURCE, false },
	{ SOL_IPV6, IPV6_JOIN_ANYCAST, IPV6_LEAVE_ANYCAST, true },
	{ SOL_PACKET, PACKET_ADD_MEMBERSHIP, PACKET_DROP_MEMBERSHIP, true },
};

static const struct opposites *opposites_of(const struct vnet_opt *opt)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(opposites); i++)
		if (opposites[i].level == opt->level &&
		    (opposites[i].add == opt->name || opposites[i].del == opt->name))
			return &opposites[i];
	return NULL;
}

/*
 * Get how many bytes of a list of sources name its group and interface. 0: the option is none.
 */
static u32 sources_of(int level, int name)
{
	if (level == SOL_IP && name == IP_MSFILTER)
		return offsetof(struct ip_msfilter, imsf_fmode);
	if ((level == SOL_IP || level == SOL_IPV6) && name == MCAST_MSFILTER)
		return offsetof(struct group_filter, gf_fmode);
	return 0;
}

/* Get the option that attaches what this one takes off; 0: it takes off none. */
static int attached_by(const struct vnet_opt *opt)
{
	if (opt->level != SOL_SOCKET)
		return 0;
	switch (opt->name) {
	case SO_DETACH_FILTER:
		return SO_ATTACH_FILTER;
	case SO_DETACH_REUSEPORT_BPF:
		return SO_ATTACH_REUSEPORT_CBPF;
	}
	return 0;
}

/* Get a request for a label of an IPv6 flow; NULL: the option is none. */
static const struct in6_flowlabel_req *label_of(const struct vnet_opt *opt)
{
	const struct in6_flowlabel_req *req = (const void *)opt->data;

	return opt->level == SOL_IPV6 && opt->name == IPV6_FLOWLABEL_MGR &&
	       opt->len >= sizeof(*req) ? req : NULL;
}

/* Test whether an option gets or gives back the label that another one has got. */
static bool same_label(const struct vnet_opt *opt, const struct vnet_opt *older)
{
	const struct in6_flowlabel_req *a = label_of(opt), *b = label_of(older);

	return a && b && a->flr_action != IPV6_FL_A_RENEW && a->flr_label == b->flr_label;
}

/* A connection's other end whose segments are signed (TCP_MD5SIG); made of zeros before. */
struct signer {
	int ifindex;
	u16 prefix;	/* bits of the address that count */
	u16 family;
	u8 address[sizeof(struct in6_addr)];
};

static bool is_key(const struct vnet_opt *opt)
{
	return opt->level == SOL_TCP && opt->len >= sizeof(struct tcp_md5sig) &&
	       (opt->name == TCP_MD5SIG || opt->name == TCP_MD5SIG_EXT);
}

static void get_signer(const struct vnet_opt *opt, struct signer *s)
{
	struct tcp_md5sig key;
	u8 flags;

	memset(s, 0, sizeof(*s));
	memcpy(&key, opt->data, sizeof(key));
	flags = opt->name == TCP_MD5SIG_EXT ? key.tcpm_flags : 0;
	s->ifindex = flags & TCP_MD5SIG_FLAG_IFINDEX ? key.tcpm_ifindex : 0;
	s->family = key.tcpm_addr.ss_family;
	s->prefix = flags & TCP_MD5SIG_FLAG_PREFIX ? key.tcpm_prefixlen :
		    s->family == AF_INET ? 32 : 128;
	if (s->family == AF_INET)
		memcpy(s->address, &((struct sockaddr_in *)&key.tcpm_addr)->sin_addr,
		       sizeof(struct in_addr));
	else
		memcpy(s->address, &((struct sockaddr_in6 *)&key.tcpm_addr)->sin6_addr,
		       sizeof(struct in6_addr));
}

static bool same_signer(const struct vnet_opt *opt, const struct vnet_opt *older)
{
	struct signer a, b;

	if (!is_key(opt) || !is_key(older))
		return false;
	get_signer(opt, &a);
	get_signer(older, &b);
	return !memcmp(&a, &b, sizeof(a));
}

/* Test for an option that takes a key away, which leaves nothing. */
static bool removes_key(const struct vnet_opt *opt)
{
	struct tcp_md5sig key;

	if (!is_key(opt))
		return false;
	memcpy(&key, opt->data, sizeof(key));
	return !key.tcpm_keylen;
}

/**
 * vnet_opt_longest - get the most bytes of an option's value that are kept
 * @level: of the option
 * @name: of the option
 *
 * Context: any.
 * Return: bytes.
 */
u32 vnet_opt_longest(int level, int name)
{
	if (level == SOL_SOCKET && (name == SO_ATTACH_FILTER || name == SO_ATTACH_REUSEPORT_CBPF))
		return BPF_MAXINSNS * sizeof(struct sock_filter);
	if (sources_of(level, name))
		return GROUP_FILTER_SIZE(SOURCES_MAX);
	return LEN_MAX;
}

/**
 * vnet_opt_weight - get what an option counts of the room that a socket's options have
 * @opt: the option
 *
 * Context: any.
 * Return: 1, more if it is long.
 */
u32 vnet_opt_weight(const struct vnet_opt *opt)
{
	return 1 + opt->len / LEN_MAX;
}

/**
 * vnet_opt_group - get the group of netlink that an option joins or leaves
 * @opt: the option
 *
 * Context: any.
 * Return: its number; 0: it does neither.
 */
u32 vnet_opt_group(const struct vnet_opt *opt)
{
	u32 group = 0;

	if (opt->level == SOL_NETLINK && opt->len >= sizeof(group) &&
	    (opt->name == NETLINK_ADD_MEMBERSHIP || opt->name == NETLINK_DROP_MEMBERSHIP))
		memcpy(&group, opt->data, sizeof(group));
	return group;
}

/**
 * vnet_opt_is_kept - test for an option that leaves more than that others are void
 * @opt: the option
 *
 * A socket without a filter refuses to have it taken off.
 *
 * Context: any.
 * Return: whether so.
 */
bool vnet_opt_is_kept(const struct vnet_opt *opt)
{
	const struct in6_flowlabel_req *label = label_of(opt);

	return !attached_by(opt) && !removes_key(opt) &&
	       (!label || label->flr_action == IPV6_FL_A_GET);
}

static bool names_interface(const struct vnet_opt *opt)
{
	if (opt->level == SOL_IP)
		return opt->name == IP_MULTICAST_IF || opt->name == IP_UNICAST_IF;
	return opt->level == SOL_IPV6 &&
	       (opt->name == IPV6_MULTICAST_IF || opt->name == IPV6_UNICAST_IF);
}

/**
 * vnet_opt_is_last - test for an option that a socket takes when it has all else
 * @opt: the option
 *
 * A program of a group is lost when the socket that has it joins others at their port. A socket
 * changes its family when it is connected.
 *
 * Context: any.
 * Return: whether so.
 */
bool vnet_opt_is_last(const struct vnet_opt *opt)
{
	return (opt->level == SOL_SOCKET && opt->name == SO_ATTACH_REUSEPORT_CBPF) ||
	       (opt->level == SOL_IPV6 && opt->name == IPV6_ADDRFORM);
}

/**
 * vnet_opt_may_fail - test for an option without which recovery goes on
 * @opt: the option
 *
 * In Linux a socket outlives the interfaces on which it has joined groups.
 *
 * Context: any.
 * Return: whether so.
 */
bool vnet_opt_may_fail(const struct vnet_opt *opt)
{
	return opt->level != SOL_PACKET &&
	       (opposites_of(opt) || sources_of(opt->level, opt->name) || names_interface(opt) ||
		vnet_opt_is_last(opt) || label_of(opt));
}

/**
 * vnet_opt_binds_to_device - test for an option that binds a socket to an interface by its name
 * @opt: the option
 *
 * Context: any.
 * Return: whether so.
 */
bool vnet_opt_binds_to_device(const struct vnet_opt *opt)
{
	return opt->level == SOL_SOCKET && opt->name == SO_BINDTODEVICE;
}

static bool same_bytes(const struct vnet_opt *a, const struct vnet_opt *b, u32 len)
{
	return a->len >= len && b->len >= len && !memcmp(a->data, b->data, len);
}

static bool is_equal(const struct vnet_opt *a, const struct vnet_opt *b)
{
	return a->len == b->len && same_bytes(a, b, a->len);
}

/**
 * vnet_opt_voids - test for an option that need not be set if a later one is
 * @opt: the later one
 * @older: the other
 *
 * A group that was joined again had been left in between.
 *
 * Context: any.
 * Return: whether so.
 */
bool vnet_opt_voids(const struct vnet_opt *opt, const struct vnet_opt *older)
{
	const struct opposites *p = opposites_of(opt);
	u32 sources = sources_of(opt->level, opt->name);

	if (opt->level != older->level)
		return false;
	if (vnet_opt_group(opt))
		return vnet_opt_group(opt) == vnet_opt_group(older);
	if (attached_by(opt))
		return attached_by(opt) == older->name;
	if (is_key(opt))
		return same_signer(opt, older);
	if (opt->name != older->name)
		return false;
	if (label_of(opt))
		return same_label(opt, older);
	if (p)
		return !p->counted && is_equal(opt, older);
	return !sources || same_bytes(opt, older, sources);
}

/**
 * vnet_opt_undoes - test for an option that takes away what an earlier one has added
 * @opt: the option
 * @older: the earlier one
 *
 * Context: any.
 * Return: true: a socket that has set both is as one that has set neither.
 */
bool vnet_opt_undoes(const struct vnet_opt *opt, const struct vnet_opt *older)
{
	const struct opposites *p = opposites_of(opt);

	return p && p == opposites_of(older) && opt->name == p->del && older->name == p->add &&
	       is_equal(opt, older);
}
