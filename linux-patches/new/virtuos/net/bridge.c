// SPDX-License-Identifier: GPL-2.0
/*
 * Bridges by ioctl(), as brctl(8) and busybox make them. A socket of any family serves for that:
 * see any_socket.c.
 *
 * What was done is kept (link_change.c). Commands that show a bridge are refused: brctl shows one
 * by the files of sysfs.
 */
#include <linux/if.h>
#include <linux/sockios.h>
#include <linux/uaccess.h>
#include "bridge.h"
#include "link_change.h"
#include "netlink.h"

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

/* Describe what a command has done. @bridge: its number; 0: it is new */
static struct vnet_link_change describe(const struct bridging *b, u32 bridge)
{
	struct vnet_link_change l = {
		.deleted = b->cmd == SIOCBRDELBR,
		.index = is_about_port(b) ? b->ifr.ifr_ifindex : bridge,
		.master = VNET_NO_MASTER,
	};

	if (b->cmd == SIOCBRADDBR) {
		l.name = b->ifr.ifr_name;
		l.kind = "bridge";
	} else if (is_about_port(b)) {
		l.master = b->cmd == SIOCBRADDIF ? bridge : 0;
	}
	return l;
}

static int carry_out(struct vnet_sock *vs, struct bridging *b)
{
	struct vnet_link_change l;
	u32 epoch;
	int rc;

	do {
		l = describe(b, b->cmd == SIOCBRADDBR ? 0 : vnet_index_ask(vs, b->ifr.ifr_name));
		rc = vnet_link_ioctl(vs, b->cmd, &b->ifr, b->len, &epoch);
		if (rc)
			return rc;
		rc = vnet_link_keep(vs, &l, epoch);
	} while (rc == -EOWNERDEAD);
	return rc;
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
