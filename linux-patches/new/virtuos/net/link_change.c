// SPDX-License-Identifier: GPL-2.0
/*
 * What was done with an interface by ioctl() or by a file of sysfs, kept as the request of
 * NETLINK_ROUTE that does the same. So an interface that was made has its number again in the next
 * incarnation of the domain.
 */
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <net/netlink.h>
#include "link_change.h"
#include "netlink.h"
#include "netns.h"

/* Bytes of the longest request. */
#define REQUEST_MAX	160u

static struct nlattr *put(struct nlmsghdr *h, u16 type, const void *data, u32 len)
{
	struct nlattr *a = (void *)h + NLMSG_ALIGN(h->nlmsg_len);

	a->nla_type = type;
	a->nla_len = NLA_HDRLEN + len;
	if (len)
		memcpy(nla_data(a), data, len);
	h->nlmsg_len = NLMSG_ALIGN(h->nlmsg_len) + NLA_ALIGN(a->nla_len);
	return a;
}

/* End an attribute that has others in it. */
static void close(const struct nlmsghdr *h, struct nlattr *a)
{
	a->nla_len = (void *)h + h->nlmsg_len - (void *)a;
}

static void describe_new(struct nlmsghdr *h, const struct vnet_link_change *l)
{
	struct nlattr *info, *data;

	h->nlmsg_flags |= NLM_F_CREATE | NLM_F_EXCL;
	put(h, IFLA_IFNAME, l->name, strlen(l->name) + 1);
	if (l->below)
		put(h, IFLA_LINK, &l->below, sizeof(l->below));
	info = put(h, IFLA_LINKINFO, NULL, 0);
	put(h, IFLA_INFO_KIND, l->kind, strlen(l->kind) + 1);
	if (l->below) {
		data = put(h, IFLA_INFO_DATA, NULL, 0);
		put(h, IFLA_VLAN_ID, &l->vid, sizeof(l->vid));
		close(h, data);
	}
	close(h, info);
}

static void describe(struct nlmsghdr *h, const struct vnet_link_change *l)
{
	struct ifinfomsg *info = nlmsg_data(h);

	h->nlmsg_len = NLMSG_LENGTH(sizeof(*info));
	h->nlmsg_type = l->deleted ? RTM_DELLINK : RTM_NEWLINK;
	h->nlmsg_flags = NLM_F_REQUEST;
	info->ifi_index = l->index;
	if (l->name)
		describe_new(h, l);
	else if (l->master != VNET_NO_MASTER)
		put(h, IFLA_MASTER, &l->master, sizeof(l->master));
}

static struct vnet_change *change_of(const struct vnet_sock *vs, const struct vnet_link_change *l)
{
	u8 *h = kzalloc(REQUEST_MAX, GFP_KERNEL);
	struct vnet_change *c;

	if (!h)
		return NULL;
	describe((struct nlmsghdr *)h, l);
	c = vnet_change_new(vs, NETLINK_ROUTE, h, ((struct nlmsghdr *)h)->nlmsg_len);
	kfree(h);
	return c;
}

/**
 * vnet_link_ioctl - have the domain carry out a command that does something with an interface
 * @vs: a socket of its namespace
 * @cmd: the command
 * @arg: its argument; set to what it is afterwards
 * @len: bytes of it
 * @epoch: set to the link by which it was done
 *
 * Context: process.
 * Return: 0 or -errno.
 */
int vnet_link_ioctl(struct vnet_sock *vs, unsigned int cmd, void *arg, u32 len, u32 *epoch)
{
	struct vnet_req req = {
		.opcode = VOS_OP_IOCTL,
		.arg = { cmd },
		.in[0] = arg,
		.out[0] = arg,
		.len[0] = len,
	};
	int rc = vnet_sock_run(vs, &req);

	*epoch = req.epoch;
	return rc ?: vnet_result(req.cqe.result, 0);
}

/**
 * vnet_link_keep - keep what was done with an interface
 * @vs: a socket of its namespace
 * @l: what was done
 * @epoch: the link by which it was done
 *
 * Folders of settings and of attributes follow.
 *
 * Context: process, the one that did it.
 * Return: 0 or -ENOMEM. -EOWNERDEAD: the link has died, and the next one does not know of it.
 */
int vnet_link_keep(struct vnet_sock *vs, const struct vnet_link_change *l, u32 epoch)
{
	struct vnet_change *c;
	int rc = 0;

	if (vnet_may_change(vs)) {
		c = change_of(vs, l);
		if (!c)
			return -ENOMEM;
		rc = vnet_changes_add(vs, c, epoch);
		if (rc)
			vnet_change_free(c);
	}
	if (!rc)
		vnet_netns_refresh(vnet_netns(sock_net(&vs->sk)));
	return rc;
}
