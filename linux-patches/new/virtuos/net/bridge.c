// SPDX-License-Identifier: GPL-2.0
/*
 * Bridges by ioctl(), as brctl(8) and busybox make them. A socket of any family serves for that:
 * see any_socket.c.
 *
 * What was done is kept as the request of NETLINK_ROUTE that does the same. So a bridge has its
 * number again in the next incarnation of the domain. Commands that show a bridge are refused.
 */
#include <linux/if.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <linux/sockios.h>
#include <linux/uaccess.h>
#include <net/netlink.h>
#include "bridge.h"
#include "netlink.h"
#include "netns.h"

#define KIND	"bridge"
/* Bytes of the longest request that is kept. */
#define REQUEST_MAX	128u

/*
 * struct bridging - one command
 * @cmd: SIOCBR*
 * @len: bytes of its argument
 * @ifr: the argument: a bridge's name, and an interface's number
 */
struct bridging {
	unsigned int cmd;
	u32 len;
	struct ifreq ifr;
};

static bool is_about_port(const struct bridging *b)
{
	return b->cmd == SIOCBRADDIF || b->cmd == SIOCBRDELIF;
}

static void *put(struct nlmsghdr *h, u16 type, const void *data, u32 len)
{
	struct nlattr *a = (void *)h + NLMSG_ALIGN(h->nlmsg_len);

	a->nla_type = type;
	a->nla_len = NLA_HDRLEN + len;
	if (len)
		memcpy(nla_data(a), data, len);
	h->nlmsg_len = NLMSG_ALIGN(h->nlmsg_len) + NLA_ALIGN(a->nla_len);
	return a;
}

static void describe_new(struct nlmsghdr *h, const struct bridging *b)
{
	struct nlattr *info;

	h->nlmsg_flags |= NLM_F_CREATE | NLM_F_EXCL;
	put(h, IFLA_IFNAME, b->ifr.ifr_name, strlen(b->ifr.ifr_name) + 1);
	info = put(h, IFLA_LINKINFO, NULL, 0);
	put(h, IFLA_INFO_KIND, KIND, sizeof(KIND));
	info->nla_len = (void *)h + h->nlmsg_len - (void *)info;
}

/* Write the request of NETLINK_ROUTE that does the same. @bridge: its number; 0: it is new */
static void describe(struct nlmsghdr *h, const struct bridging *b, u32 bridge)
{
	struct ifinfomsg *info = nlmsg_data(h);
	u32 master = b->cmd == SIOCBRADDIF ? bridge : 0;

	h->nlmsg_len = NLMSG_LENGTH(sizeof(*info));
	h->nlmsg_type = b->cmd == SIOCBRDELBR ? RTM_DELLINK : RTM_NEWLINK;
	h->nlmsg_flags = NLM_F_REQUEST;
	info->ifi_index = is_about_port(b) ? b->ifr.ifr_ifindex : bridge;
	if (b->cmd == SIOCBRADDBR)
		describe_new(h, b);
	else if (is_about_port(b))
		put(h, IFLA_MASTER, &master, sizeof(master));
}

static struct vnet_change *change_of(const struct vnet_sock *vs, const struct bridging *b,
				     u32 bridge)
{
	u8 *h = kzalloc(REQUEST_MAX, GFP_KERNEL);
	struct vnet_change *c;

	if (!h)
		return NULL;
	describe((struct nlmsghdr *)h, b, bridge);
	c = vnet_change_new(vs, NETLINK_ROUTE, h, ((struct nlmsghdr *)h)->nlmsg_len);
	kfree(h);
	return c;
}

static int run(struct vnet_sock *vs, struct bridging *b, u32 *epoch)
{
	struct vnet_req req = {
		.opcode = VOS_OP_IOCTL,
		.arg = { b->cmd },
		.in[0] = &b->ifr,
		.len[0] = b->len,
	};
	int rc = vnet_sock_run(vs, &req);

	*epoch = req.epoch;
	return rc ?: vnet_result(req.cqe.result, 0);
}

static int carry_out(struct vnet_sock *vs, struct bridging *b)
{
	struct vnet_change *c;
	u32 bridge, epoch;
	int rc;

	do {
		bridge = b->cmd == SIOCBRADDBR ? 0 : vnet_index_ask(vs, b->ifr.ifr_name);
		rc = run(vs, b, &epoch);
		if (rc || !vnet_may_change(vs))
			return rc;
		c = change_of(vs, b, bridge);
		if (!c)
			return -ENOMEM;
		rc = vnet_changes_add(vs, c, epoch);
		if (rc)
			vnet_change_free(c);
	} while (rc);
	vnet_netns_refresh(vnet_netns(sock_net(&vs->sk)));
	return 0;
}

/**
 * vnet_bridge_ioctl - carry out a command about bridges
 * @vs: a socket of the domain in the caller's namespace
 * @cmd: SIOCBR*, SIOCGIFBR or SIOCSIFBR
 * @arg: its argument
 *
 * Context: process.
 * Return: 0. -EOPNOTSUPP: it shows a bridge. Otherwise as the command does.
 */
int vnet_bridge_ioctl(struct vnet_sock *vs, unsigned int cmd, void __user *arg)
{
	struct bridging b = { .cmd = cmd };

	switch (cmd) {
	case SIOCBRADDBR:
	case SIOCBRDELBR:
		b.len = IFNAMSIZ;
		break;
	case SIOCBRADDIF:
	case SIOCBRDELIF:
		b.len = sizeof(b.ifr);
		break;
	default:
		return -EOPNOTSUPP;
	}
	if (copy_from_user(&b.ifr, arg, b.len))
		return -EFAULT;
	b.ifr.ifr_name[IFNAMSIZ - 1] = 0;
	return carry_out(vs, &b);
}
