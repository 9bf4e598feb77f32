// SPDX-License-Identifier: GPL-2.0
/*
 * VLANs by ioctl(), as vconfig(8) and busybox make them. A socket of any family serves for that:
 * see any_socket.c.
 *
 * A VLAN that is made or deleted is kept (link_change.c). Its flags and priorities are not, and
 * neither is how the names of new ones are formed.
 */
#include <linux/if.h>
#include <linux/if_vlan.h>
#include <linux/sockios.h>
#include <linux/uaccess.h>
#include "link_change.h"
#include "netlink.h"
#include "vlan.h"

/* The names that Linux may give a new one. */
#define FORMS	4

/*
 * struct naming - the name of a new one
 * @names: those that it may have
 * @were: the numbers of the interfaces that had them before; 0: none
 */
struct naming {
	char names[FORMS][IFNAMSIZ];
	u32 were[FORMS];
};

static void before(struct vnet_sock *vs, const struct vlan_ioctl_args *a, struct naming *n)
{
	int i;

	snprintf(n->names[0], IFNAMSIZ, "%s.%i", a->device1, a->u.VID);
	snprintf(n->names[1], IFNAMSIZ, "%s.%.4i", a->device1, a->u.VID);
	snprintf(n->names[2], IFNAMSIZ, "vlan%i", a->u.VID);
	snprintf(n->names[3], IFNAMSIZ, "vlan%.4i", a->u.VID);
	for (i = 0; i < FORMS; i++)
		n->were[i] = vnet_index_ask(vs, n->names[i]);
}

/* Return: the name that has come; NULL: the interface has another one already. */
static const char *find_new(struct vnet_sock *vs, const struct naming *n)
{
	u32 is;
	int i;

	for (i = 0; i < FORMS; i++) {
		is = vnet_index_ask(vs, n->names[i]);
		if (is && is != n->were[i])
			return n->names[i];
	}
	return NULL;
}

static int add(struct vnet_sock *vs, struct vlan_ioctl_args *a)
{
	struct vnet_link_change l = { .kind = "vlan", .master = VNET_NO_MASTER };
	struct naming n;
	u32 epoch;
	int rc;

	do {
		before(vs, a, &n);
		rc = vnet_link_ioctl(vs, SIOCSIFVLAN, a, sizeof(*a), &epoch);
		if (rc)
			return rc;
		l.name = find_new(vs, &n);
		l.below = vnet_index_ask(vs, a->device1);
		l.vid = a->u.VID;
		if (l.name && l.below)
			rc = vnet_link_keep(vs, &l, epoch);
	} while (rc == -EOWNERDEAD);
	return rc;
}

static int del(struct vnet_sock *vs, struct vlan_ioctl_args *a)
{
	struct vnet_link_change l = { .deleted = true, .master = VNET_NO_MASTER };
	u32 epoch;
	int rc;

	do {
		l.index = vnet_index_ask(vs, a->device1);
		rc = vnet_link_ioctl(vs, SIOCSIFVLAN, a, sizeof(*a), &epoch);
		if (rc)
			return rc;
		rc = vnet_link_keep(vs, &l, epoch);
	} while (rc == -EOWNERDEAD);
	return rc;
}

static int others(struct vnet_sock *vs, unsigned int cmd, struct vlan_ioctl_args *a,
		  void __user *arg)
{
	int what = a->cmd, rc;
	u32 epoch;

	rc = vnet_link_ioctl(vs, cmd, a, sizeof(*a), &epoch);
	if (rc || (what != GET_VLAN_REALDEV_NAME_CMD && what != GET_VLAN_VID_CMD))
		return rc;
	return copy_to_user(arg, a, sizeof(*a)) ? -EFAULT : 0;
}

/**
 * vnet_vlan_ioctl - carry out a command about VLANs
 * @vs: a socket of the domain in the caller's namespace
 * @cmd: SIOCGIFVLAN or SIOCSIFVLAN, which are the same
 * @arg: its argument
 *
 * Context: process.
 * Return: as the command does.
 */
int vnet_vlan_ioctl(struct vnet_sock *vs, unsigned int cmd, void __user *arg)
{
	struct vlan_ioctl_args a;

	if (copy_from_user(&a, arg, sizeof(a)))
		return -EFAULT;
	a.device1[sizeof(a.device1) - 1] = 0;
	switch (a.cmd) {
	case ADD_VLAN_CMD:
		return add(vs, &a);
	case DEL_VLAN_CMD:
		return del(vs, &a);
	}
	return others(vs, cmd, &a, arg);
}
