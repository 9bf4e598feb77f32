// SPDX-License-Identifier: GPL-2.0
/*
 * Requests of generic netlink that configure the domain's network, and so are kept. A table names
 * their families and commands. A request is kept with its family's place in the table as its type.
 */
#include <linux/genetlink.h>
#include <linux/if.h>
#include <linux/wireguard.h>
#include <net/netlink.h>
#include "netlink.h"
#include "netns.h"
#include "wireguard.h"

/*
 * struct configurer - one that configures
 * @name: same
 * @cmd: command that does
 * @index: attribute that is the interface's number
 * @ifname: attribute that is its name
 */
struct configurer {
	const char *name;
	u8 cmd;
	u8 index;
	u8 ifname;
};

static const struct configurer families[] = {
	{ WG_GENL_NAME, WG_CMD_SET_DEVICE, WGDEVICE_A_IFINDEX, WGDEVICE_A_IFNAME },
};

/* The domain's numbers of them, under the lock of all changes; 0: it does not have the family. */
static int numbers[ARRAY_SIZE(families)];
static u32 numbers_epoch;	/* link to which @numbers belong; 0: none */

/**
 * vnet_family_name - get the name of a family
 * @nr: its place in the table
 *
 * Context: any.
 * Return: the name.
 */
const char *vnet_family_name(u32 nr)
{
	return families[min_t(u32, nr, ARRAY_SIZE(families) - 1)].name;
}

static u8 command_of(const struct nlmsghdr *h)
{
	return ((const struct genlmsghdr *)nlmsg_data(h))->cmd;
}

/**
 * vnet_generic_asks - test for a request that is kept, if it is of the right family
 * @h: the request
 *
 * Context: any.
 * Return: whether so.
 */
bool vnet_generic_asks(const struct nlmsghdr *h)
{
	size_t i;

	if (h->nlmsg_type <= GENL_ID_CTRL || nlmsg_len(h) < GENL_HDRLEN ||
	    !(h->nlmsg_flags & NLM_F_REQUEST))
		return false;
	for (i = 0; i < ARRAY_SIZE(families); i++)
		if (families[i].cmd == command_of(h))
			return true;
	return false;
}

/* Return: 0, or -errno if a number could not be asked for. */
static int ask_all(struct vnet_sock *vs)
{
	size_t i;
	int rc;

	for (i = 0; i < ARRAY_SIZE(families); i++) {
		rc = vnet_family_ask(vs, families[i].name, VOS_GET_UP_ONLY);
		if (rc < 0 && rc != -ENOENT)
			return rc == -ENETDOWN ? -EOWNERDEAD : rc;
		numbers[i] = max(rc, 0);
	}
	WRITE_ONCE(numbers_epoch, READ_ONCE(vs->epoch));
	return 0;
}

/* Ask by a socket that is made for that. @sock: its owner, without a file */
static int ask_by(struct socket *sock, struct net *net)
{
	struct vnet_sock *vs = vnet_netlink_new(net, sock, NETLINK_GENERIC);
	int rc;

	if (IS_ERR(vs))
		return PTR_ERR(vs);
	/* The caller holds a lock that recovery needs, so it must not wait for a link. */
	rc = vnet_socket_call(vs, VOS_GET_UP_ONLY);
	if (rc == -EINTR) {
		sock_orphan(&vs->sk);
		return rc;
	}
	if (!rc)
		rc = ask_all(vs);
	sock_orphan(&vs->sk);
	if (READ_ONCE(vs->epoch))
		vnet_sock_release(vs);
	else
		vnet_object_remove(vs);
	return rc == -ENETDOWN ? -EOWNERDEAD : rc;
}

static int need_numbers(struct net *net)
{
	struct socket *sock;
	int rc;

	if (numbers_epoch && numbers_epoch == vos_session_epoch(vnet.session))
		return 0;
	rc = sock_create_lite(PF_NETLINK, SOCK_DGRAM, NETLINK_GENERIC, &sock);
	if (rc)
		return rc;
	rc = ask_by(sock, net);
	sock_release(sock);
	return rc;
}

/* Return: the place of a request's family in the table. -ENOENT: it is not there. */
static int place_of(const struct nlmsghdr *h)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(families); i++)
		if (numbers[i] == h->nlmsg_type && families[i].cmd == command_of(h))
			return i;
	return -ENOENT;
}

static int interface_of(struct vnet_sock *vs, const struct nlmsghdr *h, const struct configurer *f)
{
	const struct nlattr *index = nlmsg_find_attr(h, GENL_HDRLEN, f->index);
	const struct nlattr *ifname = nlmsg_find_attr(h, GENL_HDRLEN, f->ifname);
	char name[IFNAMSIZ];

	if (index && nla_len(index) >= (int)sizeof(u32))
		return nla_get_u32(index);
	if (!ifname || nla_strscpy(name, ifname, IFNAMSIZ) < 0)
		return 0;
	return vnet_index_ask(vs, name);
}

/**
 * vnet_generic_note - complete a request by its family, and by the interface that it is about
 * @vs: the socket by which it went
 * @c: the request
 *
 * Context: process; the lock of all changes is held.
 * Return: 0. -ENOENT: its family is not one of those that are kept. -EOWNERDEAD: the link has
 * died. Another -errno.
 */
int vnet_generic_note(struct vnet_sock *vs, struct vnet_change *c)
{
	struct nlmsghdr *h = (struct nlmsghdr *)c->data;
	int rc = need_numbers(sock_net(&vs->sk));

	if (!rc)
		rc = place_of(h);
	if (rc < 0)
		return rc;
	h->nlmsg_type = rc;
	c->index = interface_of(vs, h, &families[rc]);
	return 0;
}

static struct vnet_wg wg_of(const struct vnet_change *c)
{
	const struct nlmsghdr *h = vnet_change_header(c);

	return (struct vnet_wg) {
		.head = nlmsg_attrdata(h, GENL_HDRLEN),
		.len = nlmsg_attrlen(h, GENL_HDRLEN),
	};
}

static bool is_about_same(const struct vnet_change *c, const struct vnet_change *older)
{
	return older->protocol == NETLINK_GENERIC && older->netns == c->netns && c->index > 0 &&
	       older->index == c->index &&
	       vnet_change_header(older)->nlmsg_type == vnet_change_header(c)->nlmsg_type;
}

/* Test for a later request that needs a peer which @older may have made. */
static bool is_needed(const struct list_head *changes, const struct vnet_change *older)
{
	const struct vnet_change *c = older;
	struct vnet_wg w;

	list_for_each_entry_continue(c, changes, node) {
		if (!is_about_same(older, c))
			continue;
		w = wg_of(c);
		if (vnet_wg_updates(&w))
			return true;
	}
	return false;
}

/**
 * vnet_generic_voids - test for a request that need not be made if a later one is
 * @changes: list of struct vnet_change
 * @c: the later one, not on the list
 * @older: any change on the list
 *
 * Context: process; the list is the caller's.
 * Return: whether so.
 */
bool vnet_generic_voids(const struct list_head *changes, const struct vnet_change *c,
			const struct vnet_change *older)
{
	struct vnet_wg w = wg_of(c), o;

	if (!is_about_same(c, older))
		return false;
	o = wg_of(older);
	return vnet_wg_covers(&w, &o) && !is_needed(changes, older);
}

/**
 * vnet_generic_in_vain - test for a request that takes away what no kept one has added
 * @changes: list of struct vnet_change
 * @c: the request
 *
 * A new interface of the domain has no peers.
 *
 * Context: process; the list is the caller's.
 * Return: whether so.
 */
bool vnet_generic_in_vain(const struct list_head *changes, const struct vnet_change *c)
{
	struct vnet_wg w = wg_of(c), o;
	const struct vnet_change *older;

	if (c->index <= 0 || !vnet_wg_only_removes(&w))
		return false;
	list_for_each_entry(older, changes, node) {
		if (!is_about_same(c, older))
			continue;
		o = wg_of(older);
		if (vnet_wg_shares_peer(&w, &o))
			return false;
	}
	return true;
}
