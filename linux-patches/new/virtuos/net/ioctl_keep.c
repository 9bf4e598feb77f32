// SPDX-License-Identifier: GPL-2.0
/*
 * Which changes by ioctl() are kept for the next incarnation of the domain, and which of them make
 * others void.
 *
 * Some commands set one thing of an interface. Others add a thing or take it away. What each does
 * stands in a table. The order of changes matters: an interface that goes down loses its routes. So
 * a setting that was made already stays where it is.
 *
 * Invariant: the functions read no more of a change than its lengths say, and touch no memory but
 * their own. So tests/unit includes this file as it is.
 */
#include <linux/array_size.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/in.h>
#include <linux/ipv6.h>
#include <linux/ipv6_route.h>
#include <linux/route.h>
#include <linux/socket.h>
#include <linux/sockios.h>
#include <linux/stddef.h>
#include <linux/string.h>
#include "ioctl_keep.h"

/*
 * struct setting - a command that sets one thing of an interface, in struct ifreq
 * @sets: what it sets
 * @touches: what it changes with that
 * @at: offset of the value
 * @len: bytes of the value
 */
struct setting {
	u32 cmd;
	u32 sets;
	u32 touches;
	u8 at;
	u8 len;
};

#define VALUE		offsetof(struct ifreq, ifr_ifru)
#define INET_VALUE	(VALUE + offsetof(struct sockaddr_in, sin_addr))

static const struct setting settings[] = {
	{ SIOCSIFADDR, VNET_SETS_ADDR, VNET_SETS_ALL_ADDR, INET_VALUE, 4 },
	{ SIOCSIFNETMASK, VNET_SETS_MASK, VNET_SETS_MASK | VNET_SETS_BROADCAST, INET_VALUE, 4 },
	{ SIOCSIFBRDADDR, VNET_SETS_BROADCAST, VNET_SETS_BROADCAST, INET_VALUE, 4 },
	{ SIOCSIFDSTADDR, VNET_SETS_PEER, VNET_SETS_PEER, INET_VALUE, 4 },
	{ SIOCSIFFLAGS, VNET_SETS_FLAGS, VNET_SETS_FLAGS, VALUE, sizeof(short) },
	{ SIOCSIFMTU, VNET_SETS_MTU, VNET_SETS_MTU, VALUE, sizeof(int) },
	{ SIOCSIFTXQLEN, VNET_SETS_QUEUE, VNET_SETS_QUEUE, VALUE, sizeof(int) },
	{ SIOCSIFHWADDR, VNET_SETS_HW, VNET_SETS_HW, VALUE, sizeof(struct sockaddr) },
	{ SIOCSIFHWBROADCAST, VNET_SETS_HW_BROADCAST, VNET_SETS_HW_BROADCAST, VALUE,
	  sizeof(struct sockaddr) },
	{ SIOCSIFMAP, VNET_SETS_MAP, VNET_SETS_MAP, VALUE, sizeof(struct ifmap) },
};

/*
 * struct pair - commands that add a thing and take it away
 * @family: PF_INET6, or 0: the others
 * @counted: what is added twice is there twice
 */
struct pair {
	u32 add;
	u32 del;
	u16 family;
	bool counted;
};

static const struct pair pairs[] = {
	{ SIOCADDRT, SIOCDELRT, 0, false },
	{ SIOCADDRT, SIOCDELRT, PF_INET6, false },
	{ SIOCSIFADDR, SIOCDIFADDR, PF_INET6, false },
	{ SIOCSARP, SIOCDARP, 0, false },
	{ SIOCADDMULTI, SIOCDELMULTI, 0, true },
	{ SIOCADDMULTI, SIOCDELMULTI, PF_INET6, true },
};

static const struct pair *pair_of(int family, unsigned int cmd)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(pairs); i++)
		if ((pairs[i].add == cmd || pairs[i].del == cmd) &&
		    pairs[i].family == (family == PF_INET6 ? PF_INET6 : 0))
			return &pairs[i];
	return NULL;
}

static const struct setting *setting_of(int family, unsigned int cmd)
{
	size_t i;

	if (pair_of(family, cmd))
		return NULL;
	for (i = 0; i < ARRAY_SIZE(settings); i++)
		if (settings[i].cmd == cmd)
			return &settings[i];
	return NULL;
}

/**
 * vnet_ioctl_is_kept - test for a command whose changes are kept
 * @family: the socket's
 * @cmd: the command
 *
 * Context: any.
 * Return: whether so.
 */
bool vnet_ioctl_is_kept(int family, unsigned int cmd)
{
	return cmd == SIOCSIFNAME || setting_of(family, cmd) || pair_of(family, cmd);
}

/* Copy the first bytes of an argument. What is missing is 0. */
static void get(const struct vnet_kept *k, void *to, size_t len)
{
	memset(to, 0, len);
	memcpy(to, k->bytes, k->len < len ? k->len : len);
}

static bool is_route(const struct vnet_kept *k)
{
	return k->cmd == SIOCADDRT || k->cmd == SIOCDELRT;
}

static bool is_arp(const struct vnet_kept *k)
{
	return k->cmd == SIOCSARP || k->cmd == SIOCDARP;
}

/* Get the name in an argument of IPv4, as the program has written it. "": none */
static void name_in(const struct vnet_kept *k, char name[IFNAMSIZ])
{
	struct arpreq arp;
	struct ifreq ifr;

	memset(name, 0, IFNAMSIZ);
	if (is_route(k)) {
		memcpy(name, k->bytes + k->len, k->ptr_len < IFNAMSIZ ? k->ptr_len : IFNAMSIZ);
	} else if (is_arp(k)) {
		get(k, &arp, sizeof(arp));
		memcpy(name, arp.arp_dev, IFNAMSIZ);
	} else {
		get(k, &ifr, sizeof(ifr));
		memcpy(name, k->cmd == SIOCSIFNAME ? ifr.ifr_newname : ifr.ifr_name, IFNAMSIZ);
	}
	name[IFNAMSIZ - 1] = 0;
}

/* Get the number in an argument of IPv6. */
static int index_in(const struct vnet_kept *k)
{
	struct in6_rtmsg route;
	struct in6_ifreq ifr;

	get(k, &route, sizeof(route));
	get(k, &ifr, sizeof(ifr));
	return is_route(k) ? route.rtmsg_ifindex : ifr.ifr6_ifindex;
}

static bool names_by_index(const struct vnet_kept *k)
{
	return k->family == PF_INET6 &&
	       (is_route(k) || k->cmd == SIOCSIFADDR || k->cmd == SIOCDIFADDR);
}

/**
 * vnet_kept_interface - get the interface that a change is about
 * @k: the change
 * @name: set to its name, after the change; "": it has named none
 *
 * Context: any.
 * Return: its number, or 0: the change does not tell it.
 */
int vnet_kept_interface(const struct vnet_kept *k, char name[IFNAMSIZ])
{
	memset(name, 0, IFNAMSIZ);
	if (names_by_index(k))
		return index_in(k) > 0 ? index_in(k) : 0;
	name_in(k, name);
	return 0;
}

/**
 * vnet_kept_sets - get what a change sets
 * @k: the change
 *
 * Context: any.
 * Return: VNET_SETS_*; 0: it sets none of these.
 */
u32 vnet_kept_sets(const struct vnet_kept *k)
{
	const struct setting *s = setting_of(k->family, k->cmd);

	return s ? s->sets : 0;
}

/* An address may have a label, such as eth0:1, in the place of the interface's name. */
static bool same_name(const struct vnet_kept *k, const struct vnet_kept *older)
{
	char a[IFNAMSIZ], b[IFNAMSIZ];

	name_in(k, a);
	name_in(older, b);
	return k->index == older->index && !strncmp(a, b, IFNAMSIZ);
}

static bool is_label(const struct vnet_kept *k)
{
	char name[IFNAMSIZ];

	name_in(k, name);
	return strchr(name, ':');
}

static bool is_up(const struct vnet_kept *k)
{
	struct ifreq ifr;

	get(k, &ifr, sizeof(ifr));
	return ifr.ifr_flags & IFF_UP;
}

/**
 * vnet_kept_touches - test whether a change has changed what a later one sets
 * @older: the change
 * @k: the later one
 *
 * Context: any.
 * Return: whether so.
 */
bool vnet_kept_touches(const struct vnet_kept *older, const struct vnet_kept *k)
{
	const struct setting *o = setting_of(older->family, older->cmd);

	return o && o->touches & vnet_kept_sets(k) && same_name(k, older);
}

/**
 * vnet_kept_is_same - test for a setting that has been made already
 * @k: the setting
 * @older: the last change that has touched what it sets
 *
 * Context: any.
 * Return: whether so.
 */
bool vnet_kept_is_same(const struct vnet_kept *k, const struct vnet_kept *older)
{
	const struct setting *s = setting_of(k->family, k->cmd);
	u8 a[sizeof(struct ifreq)], b[sizeof(struct ifreq)];

	if (!s || k->cmd != older->cmd || !same_name(k, older))
		return false;
	get(k, a, sizeof(a));
	get(older, b, sizeof(b));
	return !memcmp(a + s->at, b + s->at, s->len);
}

/**
 * vnet_kept_replaces - test for a setting that may take the place of an older one
 * @k: the setting
 * @older: the last change that has touched what it sets
 *
 * An interface that is up and stays so has kept its routes. They need it up.
 *
 * Context: any.
 * Return: whether so.
 */
bool vnet_kept_replaces(const struct vnet_kept *k, const struct vnet_kept *older)
{
	return k->cmd == SIOCSIFFLAGS && older->cmd == SIOCSIFFLAGS && same_name(k, older) &&
	       is_up(k) && is_up(older);
}

static bool setting_voids(const struct vnet_kept *k, const struct vnet_kept *older)
{
	const struct setting *s = setting_of(k->family, k->cmd);

	if (!s || !(vnet_kept_sets(older) & s->touches) || !same_name(k, older))
		return false;
	/* What was added before it went down was lost then, and is lost again. */
	return k->cmd != SIOCSIFFLAGS || !is_up(k) || is_up(older);
}

/* Programs leave what Linux does not read of an address as it is. */
static bool same_inet(const struct sockaddr *a, const struct sockaddr *b)
{
	const size_t at = offsetof(struct sockaddr_in, sin_addr);

	return !memcmp((const u8 *)a + at, (const u8 *)b + at, sizeof(struct in_addr));
}

static bool same_target(const struct rtentry *a, const struct rtentry *b)
{
	return !((a->rt_flags ^ b->rt_flags) & RTF_HOST) && same_inet(&a->rt_dst, &b->rt_dst) &&
	       (a->rt_flags & RTF_HOST || same_inet(&a->rt_genmask, &b->rt_genmask));
}

static bool same_way(const struct rtentry *a, const struct rtentry *b)
{
	return !((a->rt_flags ^ b->rt_flags) & RTF_GATEWAY) &&
	       (!(a->rt_flags & RTF_GATEWAY) || same_inet(&a->rt_gateway, &b->rt_gateway));
}

/* Test whether @k names the same route as @older; or fewer of its properties, if @k deletes it. */
static bool same_route(const struct vnet_kept *k, const struct vnet_kept *older)
{
	bool del = k->cmd != older->cmd;
	char name[IFNAMSIZ], other[IFNAMSIZ];
	struct rtentry a, b;

	get(k, &a, sizeof(a));
	get(older, &b, sizeof(b));
	name_in(k, name);
	name_in(older, other);
	return same_target(&a, &b) &&
	       ((del && !(a.rt_flags & RTF_GATEWAY)) || same_way(&a, &b)) &&
	       ((del && !a.rt_metric) || a.rt_metric == b.rt_metric) &&
	       ((del && !name[0]) || !strncmp(name, other, IFNAMSIZ));
}

static bool same_route6(const struct vnet_kept *k, const struct vnet_kept *older)
{
	struct in6_rtmsg a, b;
	bool del = k->cmd != older->cmd;

	get(k, &a, sizeof(a));
	get(older, &b, sizeof(b));
	return a.rtmsg_dst_len == b.rtmsg_dst_len &&
	       !memcmp(&a.rtmsg_dst, &b.rtmsg_dst, sizeof(a.rtmsg_dst)) &&
	       ((del && !(a.rtmsg_flags & RTF_GATEWAY)) ||
		!memcmp(&a.rtmsg_gateway, &b.rtmsg_gateway, sizeof(a.rtmsg_gateway))) &&
	       ((del && !a.rtmsg_metric) || a.rtmsg_metric == b.rtmsg_metric) &&
	       ((del && !a.rtmsg_ifindex) || a.rtmsg_ifindex == b.rtmsg_ifindex);
}

static bool same_arp(const struct vnet_kept *k, const struct vnet_kept *older)
{
	struct arpreq a, b;

	get(k, &a, sizeof(a));
	get(older, &b, sizeof(b));
	return same_inet(&a.arp_pa, &b.arp_pa) && !strncmp(a.arp_dev, b.arp_dev, IFNAMSIZ);
}

/* Test whether both are about the same thing, of a pair of commands. */
static bool same_thing(const struct vnet_kept *k, const struct vnet_kept *older)
{
	if (pair_of(k->family, k->cmd) != pair_of(older->family, older->cmd))
		return false;
	if (is_route(k))
		return k->family == PF_INET6 ? same_route6(k, older) : same_route(k, older);
	if (is_arp(k))
		return same_arp(k, older);
	return k->len == older->len && !memcmp(k->bytes, older->bytes, k->len);
}

/**
 * vnet_kept_voids - test for a change that need not be made if a later one is
 * @k: the later one
 * @older: the change
 *
 * What has been added again had vanished in between.
 *
 * Context: any.
 * Return: whether so.
 */
bool vnet_kept_voids(const struct vnet_kept *k, const struct vnet_kept *older)
{
	const struct pair *p = pair_of(k->family, k->cmd);

	if (!p)
		return setting_voids(k, older);
	return !p->counted && k->cmd == older->cmd && same_thing(k, older);
}

/* With an address that has a label of its own goes what was set of it. */
static bool label_goes(const struct vnet_kept *k, const struct vnet_kept *older)
{
	return k->cmd == SIOCSIFFLAGS && is_label(k) && !is_up(k) &&
	       vnet_kept_sets(older) == VNET_SETS_ADDR && same_name(k, older);
}

/**
 * vnet_kept_undoes - test for a change that takes away what an earlier one has added
 * @k: the change
 * @older: the earlier one
 *
 * Context: any.
 * Return: whether so. Before that there was none, so neither need be made.
 */
bool vnet_kept_undoes(const struct vnet_kept *k, const struct vnet_kept *older)
{
	const struct pair *p = pair_of(k->family, k->cmd);

	if (!p)
		return label_goes(k, older);
	return k->cmd == p->del && older->cmd == p->add && same_thing(k, older);
}
