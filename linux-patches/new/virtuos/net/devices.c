// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/class/net: a folder for each interface of the network domain, in each network namespace
 * that it has. Each has a file in /proc/net/dev_snmp6 as well.
 *
 * An attribute is read from the domain when a program reads it, and written to the domain with
 * the program's credentials. lo is this kernel's own, of which programs expect one.
 *
 * Folders come and go as the domain lists its interfaces: after each recovery, and when an
 * interface may have come or gone. While there is no domain they stay.
 *
 * Invariant: a name that the domain gives is that of an interface as Linux takes it, and printable.
 * There are at most INTERFACES_MAX. Nothing here runs in the session's thread, see sysctl.c.
 */
#include <linux/kernfs.h>
#include <linux/kobject.h>
#include <linux/netdevice.h>
#include <linux/proc_fs.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include <net/net_namespace.h>
#include "bond.h"
#include "folder.h"
#include "netns.h"
#include "sysctl_line.h"
#include "view.h"

#define INTERFACES_MAX	1024u
#define FOLDER		"net"
#define STATISTICS	"statistics"
#define COUNTERS	"dev_snmp6"

/*
 * struct interface - one folder
 * @node: on the namespace's list; the refresh's
 * @folder: the folder
 * @counters: the file of /proc/net; NULL: there was no room
 * @there: the domain has it
 */
struct interface {
	struct list_head node;
	struct vnet_folder folder;
	struct vnet_table *counters;
	bool there;
};

/* The folder of all: the class's, which stays. NULL: it was not found, and there are none here. */
static struct kobject *class;

#define RO(attr)	{ .name = #attr, .mode = 0444 }
#define RW(attr)	{ .name = #attr, .mode = 0644 }

/* As net/core/net-sysfs.c has them. uevent is not written: there is no device of this kernel. */
static struct attribute attributes[] = {
	RO(addr_assign_type), RO(addr_len), RO(address), RO(broadcast), RW(carrier),
	RO(carrier_changes), RO(carrier_down_count), RO(carrier_up_count), RO(dev_id),
	RO(dev_port), RO(dormant), RO(duplex), RW(flags), RW(gro_flush_timeout), RW(ifalias),
	RO(ifindex), RO(iflink), RO(link_mode), RW(mtu), RO(name_assign_type),
	RW(napi_defer_hard_irqs), RW(netdev_group), RO(operstate), RO(phys_port_id),
	RO(phys_port_name), RO(phys_switch_id), RW(proto_down), RO(speed), RO(testing),
	RW(threaded), RW(tx_queue_len), RO(type), RO(uevent),
};

static struct attribute statistics[] = {
	RO(collisions), RO(multicast), RO(rx_bytes), RO(rx_compressed), RO(rx_crc_errors),
	RO(rx_dropped), RO(rx_errors), RO(rx_fifo_errors), RO(rx_frame_errors),
	RO(rx_length_errors), RO(rx_missed_errors), RO(rx_nohandler), RO(rx_over_errors),
	RO(rx_packets), RO(tx_aborted_errors), RO(tx_bytes), RO(tx_carrier_errors),
	RO(tx_compressed), RO(tx_dropped), RO(tx_errors), RO(tx_fifo_errors),
	RO(tx_heartbeat_errors), RO(tx_packets), RO(tx_window_errors),
};

static struct attribute *attribute_list[ARRAY_SIZE(attributes) + 1];
static struct attribute *statistics_list[ARRAY_SIZE(statistics) + 1];

static const struct attribute_group attribute_group = { .attrs = attribute_list };
static const struct attribute_group statistics_group = {
	.name = STATISTICS,
	.attrs = statistics_list,
};

static const struct attribute_group *groups[] = { &attribute_group, &statistics_group, NULL };

static bool is_statistic(const struct attribute *attr)
{
	return attr >= statistics && attr < statistics + ARRAY_SIZE(statistics);
}

static struct interface *interface_of(const struct kobject *kobj)
{
	return container_of(kobj, struct interface, folder.kobj);
}

/**
 * vnet_device_move - read or write an attribute of the domain's interface
 * @ns: its namespace
 * @name: the attribute's, below /sys/class
 * @v: the text, where in it, and whether to write it
 *
 * Context: process.
 * Return: bytes or -errno.
 */
int vnet_device_move(struct vnet_netns *ns, const char *name, struct vnet_view *v)
{
	int rc;

	v->opcode = VOS_OP_SYSCTL;
	v->arg[0] = VOS_SYSCTL_DEVICES | (v->write ? VOS_SYSCTL_WRITE : VOS_SYSCTL_READ);
	v->arg[2] = ns->number;
	v->name = name;
	v->flags = VOS_GET_KILLABLE;
	if (v->write && vnet_bond_has(name))
		rc = vnet_bond_write(ns->net, v);
	else
		rc = vnet_sysctl_run(v);
	if (rc == -ENOENT || rc == -ENODEV)
		vnet_netns_refresh(ns);
	return rc;
}

static ssize_t move(struct kobject *kobj, const struct attribute *attr, struct vnet_view *v)
{
	char name[VOS_NAME_MAX + 1];

	snprintf(name, sizeof(name), FOLDER "/%s/%s%s", kobject_name(kobj),
		 is_statistic(attr) ? STATISTICS "/" : "", attr->name);
	return vnet_device_move(interface_of(kobj)->folder.ns, name, v);
}

static ssize_t show(struct kobject *kobj, struct attribute *attr, char *buf)
{
	struct vnet_view v = { .text = buf, .len = PAGE_SIZE - 1 };
	ssize_t n = move(kobj, attr, &v);

	if (n > 0)
		vnet_text_clean(buf, n);
	return n;
}

static ssize_t store(struct kobject *kobj, struct attribute *attr, const char *buf, size_t len)
{
	struct vnet_view v = { .text = (void *)buf, .len = len, .write = true };

	return move(kobj, attr, &v);
}

static const struct sysfs_ops ops = { .show = show, .store = store };

static void release(struct kobject *kobj)
{
	kfree(interface_of(kobj)->folder.path);
	kfree(interface_of(kobj));
}

static const void *namespace_of(const struct kobject *kobj)
{
	return interface_of(kobj)->folder.ns->net;
}

static const struct kobj_type type = {
	.release = release,
	.sysfs_ops = &ops,
	.default_groups = groups,
	.namespace = namespace_of,
};

/**
 * vnet_device_name_ok - test for a name that an interface may have, and that can be printed
 * @name: from the domain
 *
 * Context: any.
 * Return: whether so.
 */
bool vnet_device_name_ok(const char *name)
{
	const char *c;

	for (c = name; *c; c++)
		if (*c <= ' ' || *c >= 0x7f)
			return false;
	return dev_valid_name(name);
}

/* Test for an interface of this kernel, or a file of the class. */
static bool is_taken(const struct vnet_netns *ns, const char *name)
{
	struct kernfs_node *kn = kernfs_find_and_get_ns(class->sd, name, ns->net);

	kernfs_put(kn);
	return kn;
}

static struct vnet_table *add_counters(struct vnet_netns *ns, const char *name)
{
	char path[sizeof(COUNTERS) + IFNAMSIZ];

	snprintf(path, sizeof(path), COUNTERS "/%s", name);
	return vnet_proc_add(ns, ns->devices.counters, path, 0444);
}

static void add(struct vnet_netns *ns, const char *name)
{
	struct interface *i;

	if (ns->devices.nr >= INTERFACES_MAX || is_taken(ns, name))
		return;
	i = kzalloc(sizeof(*i), GFP_KERNEL);
	if (!i)
		return;
	if (vnet_folder_begin(&i->folder, ns, FOLDER, name)) {
		kfree(i);
		return;
	}
	if (kobject_init_and_add(&i->folder.kobj, &type, class, "%s", name)) {
		kobject_put(&i->folder.kobj);
		return;
	}
	/* Without the link, programs that go by it know no less than before. */
	if (sysfs_create_link(&i->folder.kobj, class, "subsystem"))
		pr_debug("virtuos-net: no link of %s\n", name);
	i->counters = add_counters(ns, name);
	i->there = true;
	list_add_tail(&i->node, &ns->devices.list);
	ns->devices.nr++;
}

/* Remove a folder, after its last reader. */
static void drop(struct interface *i)
{
	list_del(&i->node);
	i->folder.ns->devices.nr--;
	vnet_proc_drop(i->counters);
	vnet_folder_end(&i->folder);
	kobject_del(&i->folder.kobj);
	kobject_put(&i->folder.kobj);
}

static void drop_others(struct vnet_netns *ns)
{
	struct interface *i, *next;

	list_for_each_entry_safe(i, next, &ns->devices.list, node)
		if (!i->there)
			drop(i);
}

static struct interface *find(struct vnet_netns *ns, const char *name)
{
	struct interface *i;

	list_for_each_entry(i, &ns->devices.list, node)
		if (!strcmp(kobject_name(&i->folder.kobj), name))
			return i;
	return NULL;
}

/**
 * vnet_device_find - find the folder of an interface
 * @ns: its namespace
 * @name: the interface's
 *
 * Context: process, the refresh.
 * Return: the folder or NULL.
 */
struct vnet_folder *vnet_device_find(struct vnet_netns *ns, const char *name)
{
	struct interface *i = find(ns, name);

	return i ? &i->folder : NULL;
}

static void note(struct vnet_netns *ns, const char *name)
{
	struct interface *i = find(ns, name);

	if (i)
		i->there = true;
	else if (vnet_device_name_ok(name))
		add(ns, name);
}

static void refresh_folders(struct vnet_netns *ns)
{
	struct interface *i;

	list_for_each_entry(i, &ns->devices.list, node)
		vnet_folder_refresh(&i->folder);
	list_for_each_entry(i, &ns->devices.list, node)
		vnet_folder_refresh_ports(&i->folder);
}

static void refresh(struct work_struct *work)
{
	struct vnet_netns *ns = container_of(work, struct vnet_netns, devices.refresh);
	struct vnet_sysctl_line line;
	struct interface *i;
	bool masters = false;
	char *list, *left;

	if (!class)
		return;
	list = vnet_sysctl_list(ns->number, FOLDER, VOS_SYSCTL_DEVICES);
	/* If the link has died, the next one brings another refresh. */
	if (IS_ERR(list))
		return;
	list_for_each_entry(i, &ns->devices.list, node)
		i->there = false;
	for (left = list; (left = vnet_sysctl_line(left, &line));)
		if (line.folder)
			note(ns, line.name);
		else
			masters |= !strcmp(line.name, VNET_BONDS_NAME);
	kfree(list);
	vnet_masters_set(ns, class, masters);
	drop_others(ns);
	refresh_folders(ns);
	vnet_singles_refresh(ns);
}

/* Find the class's folder from lo, which has a place in sysfs. Return: it or NULL. */
static struct kobject *find_class(void)
{
	struct kernfs_node *root = init_net.loopback_dev->dev.kobj.sd, *of_all, *kn = NULL;
	struct kobject *found;

	while (root && root->parent)
		root = root->parent;
	of_all = root ? kernfs_find_and_get_ns(root, "class", NULL) : NULL;
	if (of_all)
		kn = kernfs_find_and_get_ns(of_all, FOLDER, NULL);
	found = kn ? kn->priv : NULL;
	kernfs_put(kn);
	kernfs_put(of_all);
	return found;
}

static void fill_list(struct attribute **list, struct attribute *attrs, size_t nr)
{
	while (nr--) {
		sysfs_attr_init(&attrs[nr]);
		list[nr] = &attrs[nr];
	}
}

/**
 * vnet_devices_init - prepare for folders of interfaces, before there is a session
 *
 * Context: process.
 */
void vnet_devices_init(void)
{
	class = find_class();
	fill_list(attribute_list, attributes, ARRAY_SIZE(attributes));
	fill_list(statistics_list, statistics, ARRAY_SIZE(statistics));
}

/**
 * vnet_devices_begin - prepare for folders of a namespace
 * @ns: the namespace
 *
 * Context: process.
 */
void vnet_devices_begin(struct vnet_netns *ns)
{
	INIT_WORK(&ns->devices.refresh, refresh);
	INIT_LIST_HEAD(&ns->devices.list);
	ns->devices.counters = proc_net_mkdir(ns->net, COUNTERS, ns->net->proc_net);
	ns->devices.of_lo = add_counters(ns, "lo");
}

/**
 * vnet_devices_end - remove all folders of a namespace, after their last reader
 * @ns: the namespace
 *
 * No refresh runs, and none will.
 *
 * Context: process.
 */
void vnet_devices_end(struct vnet_netns *ns)
{
	struct interface *i, *next;

	list_for_each_entry_safe(i, next, &ns->devices.list, node)
		drop(i);
	vnet_masters_set(ns, class, false);
	vnet_proc_drop(ns->devices.of_lo);
	proc_remove(ns->devices.counters);
}
