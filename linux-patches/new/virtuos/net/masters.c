// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/class/net/bonding_masters: shows all bonds of a network namespace of the domain, and makes
 * and deletes them. It is there if the domain has it.
 */
#include <linux/capability.h>
#include <linux/device/class.h>
#include <linux/sysfs.h>
#include "bond.h"
#include "folder.h"

static struct vnet_netns *netns_of(const struct class_attribute *attr)
{
	return container_of((struct class_attribute *)attr, struct vnet_netns, devices.masters);
}

static ssize_t show(const struct class *class, const struct class_attribute *attr, char *buf)
{
	struct vnet_view v = { .text = buf, .len = PAGE_SIZE - 1 };
	ssize_t n = vnet_device_move(netns_of(attr), VNET_BONDS, &v);

	if (n > 0)
		vnet_text_clean(buf, n);
	return n;
}

static ssize_t store(const struct class *class, const struct class_attribute *attr,
		     const char *buf, size_t len)
{
	struct vnet_netns *ns = netns_of(attr);
	struct vnet_view v = { .text = (void *)buf, .len = len, .write = true };

	if (!ns_capable(ns->net->user_ns, CAP_NET_ADMIN))
		return -EPERM;
	return vnet_device_move(ns, VNET_BONDS, &v);
}

/**
 * vnet_masters_set - have the file, or have it no more after its last reader
 * @ns: the namespace
 * @class: the folder of all interfaces
 * @there: whether to have it
 *
 * Context: process, the refresh, or no refresh runs.
 */
void vnet_masters_set(struct vnet_netns *ns, struct kobject *class, bool there)
{
	struct vnet_devices *d = &ns->devices;

	if (there == d->has_masters)
		return;
	if (there) {
		sysfs_attr_init(&d->masters.attr);
		d->masters.attr.name = VNET_BONDS_NAME;
		d->masters.attr.mode = 0644;
		d->masters.show = show;
		d->masters.store = store;
		d->has_masters = !sysfs_create_file_ns(class, &d->masters.attr, ns->net);
	} else {
		sysfs_remove_file_ns(class, &d->masters.attr, ns->net);
		d->has_masters = false;
	}
}
