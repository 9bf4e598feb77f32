// SPDX-License-Identifier: GPL-2.0
/*
 * What the folder of an interface in /sys/class/net has besides its own attributes. Those of
 * bridges, ports, bonds and queues are in folders of their own. Links lead to other interfaces.
 *
 * The domain lists them. Attributes are read and written as the interface's own.
 *
 * Invariant: below an interface there are DEPTH_MAX folders at most, and in a namespace ENTRIES_MAX
 * entries. In its own folder nothing has a name that this kernel has not expected, so none that it
 * uses itself. A link leads to a folder of this namespace. Only the refresh of devices.c uses what
 * is here.
 */
#include <linux/capability.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include "folder.h"
#include "sysctl_line.h"

#define DEPTH_MAX	3
#define ENTRIES_MAX	16384u
#define PORTS		"brif"
#define PORT		"brport"
/* The addresses that a bridge knows, as brctl reads them: no text. */
#define ADDRESSES	"brforward"

/*
 * struct folder_entry - of a folder; an attribute unless it has one of the next two
 * @node: on the folder's list
 * @folder: itself a folder, or NULL
 * @target: the name of what a link leads to, or NULL
 * @bin: the attribute; @is_bin: of bytes
 * @there: the domain has it
 */
struct folder_entry {
	struct list_head node;
	struct vnet_folder *folder;
	char *target;
	struct bin_attribute bin;
	bool is_bin;
	bool there;
};

static struct vnet_folder *folder_of(const struct kobject *kobj)
{
	return container_of(kobj, struct vnet_folder, kobj);
}

static ssize_t move(struct kobject *kobj, const struct attribute *attr, struct vnet_view *v)
{
	const struct vnet_folder *f = folder_of(kobj);
	char name[VOS_NAME_MAX + 2];

	/* One that is cut off is too long for the call. */
	snprintf(name, sizeof(name), "%s/%s", f->path, attr->name);
	return vnet_device_move(f->ns, name, v);
}

static ssize_t show(struct kobject *kobj, struct attribute *attr, char *buf)
{
	struct vnet_view v = { .text = buf, .len = PAGE_SIZE - 1 };
	ssize_t n = move(kobj, attr, &v);

	if (n > 0)
		vnet_text_clean(buf, n);
	return n;
}

/* Linux asks for the right only of most of these. */
static ssize_t store(struct kobject *kobj, struct attribute *attr, const char *buf, size_t len)
{
	struct vnet_netns *ns = folder_of(kobj)->ns;
	struct vnet_view v = { .text = (void *)buf, .len = len, .write = true };
	ssize_t n;

	if (!ns_capable(ns->net->user_ns, CAP_NET_ADMIN))
		return -EPERM;
	n = move(kobj, attr, &v);
	/* It may have added an interface to another, or taken it away. */
	if (n > 0)
		vnet_netns_refresh(ns);
	return n;
}

static ssize_t read_bytes(struct file *file, struct kobject *kobj, struct bin_attribute *bin,
			  char *buf, loff_t pos, size_t len)
{
	struct vnet_view v = {
		.arg[1] = pos,
		.text = buf,
		.len = min_t(size_t, len, vnet_view_max()),
	};

	return v.len ? move(kobj, &bin->attr, &v) : 0;
}

static void release(struct kobject *kobj)
{
	struct vnet_folder *f = folder_of(kobj);

	kfree(f->path);
	kfree(f);
}

static const struct sysfs_ops ops = { .show = show, .store = store };
static const struct kobj_type type = { .release = release, .sysfs_ops = &ops };

/**
 * vnet_folder_begin - prepare an interface's folder, or one in it
 * @f: the folder; its kobject is not there yet
 * @ns: the namespace
 * @parent: the path below /sys/class of what it is in
 * @name: its name
 *
 * Context: process.
 * Return: 0 or -ENOMEM. Then f->path is NULL, and is the caller's to be freed otherwise.
 */
int vnet_folder_begin(struct vnet_folder *f, struct vnet_netns *ns, const char *parent,
		      const char *name)
{
	f->ns = ns;
	INIT_LIST_HEAD(&f->entries);
	f->path = kasprintf(GFP_KERNEL, "%s/%s", parent, name);
	return f->path ? 0 : -ENOMEM;
}

static struct vnet_folder *new_folder(struct vnet_folder *in, const char *name)
{
	struct vnet_folder *f = kzalloc(sizeof(*f), GFP_KERNEL);

	if (!f)
		return NULL;
	if (vnet_folder_begin(f, in->ns, in->path, name)) {
		kfree(f);
		return NULL;
	}
	if (!kobject_init_and_add(&f->kobj, &type, &in->kobj, "%s", name))
		return f;
	kobject_put(&f->kobj);
	return NULL;
}

static void free_entry(struct folder_entry *e)
{
	kfree(e->bin.attr.name);
	kfree(e->target);
	kfree(e);
}

static void drop(struct vnet_folder *f, struct folder_entry *e)
{
	list_del(&e->node);
	f->ns->devices.entries--;
	if (e->folder) {
		vnet_folder_end(e->folder);
		kobject_del(&e->folder->kobj);
		kobject_put(&e->folder->kobj);
	} else if (e->target) {
		sysfs_remove_link(&f->kobj, e->bin.attr.name);
	} else if (e->is_bin) {
		sysfs_remove_bin_file(&f->kobj, &e->bin);
	} else {
		sysfs_remove_file(&f->kobj, &e->bin.attr);
	}
	free_entry(e);
}

static struct folder_entry *find(const struct vnet_folder *f, const char *name)
{
	struct folder_entry *e;

	list_for_each_entry(e, &f->entries, node)
		if (!strcmp(e->bin.attr.name, name))
			return e;
	return NULL;
}

static struct vnet_folder *find_folder(const struct vnet_folder *f, const char *name)
{
	struct folder_entry *e = find(f, name);

	return e ? e->folder : NULL;
}

/* A bridge's links lead to what its ports have as such, all others to interfaces. */
static int make_link(struct vnet_folder *f, const struct vnet_sysctl_line *line)
{
	bool port = !strcmp(line->target, PORT);
	struct vnet_folder *to = vnet_device_find(f->ns, port ? line->name : line->target);

	if (to && port)
		to = find_folder(to, PORT);
	return to ? sysfs_create_link_nowarn(&f->kobj, &to->kobj, line->name) : -ENOENT;
}

static int make(struct vnet_folder *f, struct folder_entry *e, const struct vnet_sysctl_line *line)
{
	if (line->folder) {
		e->folder = new_folder(f, line->name);
		return e->folder ? 0 : -ENOMEM;
	}
	if (line->target)
		return make_link(f, line);
	sysfs_bin_attr_init(&e->bin);
	e->bin.attr.mode = line->mode;
	e->bin.read = read_bytes;
	e->is_bin = !strcmp(line->name, ADDRESSES);
	return e->is_bin ? sysfs_create_bin_file(&f->kobj, &e->bin) :
			   sysfs_create_file(&f->kobj, &e->bin.attr);
}

/* Without room for one there are the others. */
static void add(struct vnet_folder *f, const struct vnet_sysctl_line *line)
{
	struct folder_entry *e;

	if (f->ns->devices.entries >= ENTRIES_MAX)
		return;
	e = kzalloc(sizeof(*e), GFP_KERNEL);
	if (!e)
		return;
	e->bin.attr.name = kstrdup(line->name, GFP_KERNEL);
	e->target = line->target ? kstrdup(line->target, GFP_KERNEL) : NULL;
	e->there = true;
	if (!e->bin.attr.name || (line->target && !e->target) || make(f, e, line)) {
		free_entry(e);
		return;
	}
	list_add_tail(&e->node, &f->entries);
	f->ns->devices.entries++;
}

static bool is_same(const struct folder_entry *e, const struct vnet_sysctl_line *line)
{
	if (line->folder || e->folder)
		return line->folder && e->folder;
	if (line->target || e->target)
		return line->target && e->target && !strcmp(line->target, e->target);
	return e->bin.attr.mode == line->mode;
}

static bool is_expected_folder(const char *name)
{
	static const char * const names[] = {
		"bridge", PORT, PORTS, "bonding", "bonding_slave", "queues",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

/* Test for what is shown. @depth: of the folder; 0: an interface's own */
static bool is_expected(const struct vnet_sysctl_line *line, int depth)
{
	if (depth)
		return !line->folder || depth < DEPTH_MAX;
	if (line->folder)
		return is_expected_folder(line->name);
	if (line->target)
		return !strcmp(line->name, "master") || strstarts(line->name, "upper_") ||
		       strstarts(line->name, "lower_");
	return !strcmp(line->name, ADDRESSES);
}

static void note(struct vnet_folder *f, const struct vnet_sysctl_line *line)
{
	struct folder_entry *e = find(f, line->name);

	if (e && is_same(e, line)) {
		e->there = true;
		return;
	}
	if (e)
		drop(f, e);
	add(f, line);
}

static void take(struct vnet_folder *f, char *list, int depth)
{
	struct vnet_sysctl_line line;
	struct folder_entry *e, *next;

	list_for_each_entry(e, &f->entries, node)
		e->there = false;
	while ((list = vnet_sysctl_line(list, &line)))
		if (is_expected(&line, depth))
			note(f, &line);
	list_for_each_entry_safe(e, next, &f->entries, node)
		if (!e->there)
			drop(f, e);
}

/* If the link has died, or the interface has gone, another refresh follows. */
static void refresh(struct vnet_folder *f, int depth)
{
	char *list = vnet_sysctl_list(f->ns->number, f->path, VOS_SYSCTL_DEVICES);
	struct folder_entry *e;

	if (IS_ERR(list))
		return;
	take(f, list, depth);
	kfree(list);
	cond_resched();
	list_for_each_entry(e, &f->entries, node)
		if (e->folder && (depth || strcmp(e->bin.attr.name, PORTS)))
			refresh(e->folder, depth + 1);
}

/**
 * vnet_folder_refresh - bring an interface's folder up to date, but for a bridge's ports
 * @f: the folder; those of all interfaces are there
 *
 * Context: process.
 */
void vnet_folder_refresh(struct vnet_folder *f)
{
	refresh(f, 0);
}

/**
 * vnet_folder_refresh_ports - bring links to a bridge's ports up to date
 * @f: the bridge's folder; those of its ports are up to date
 *
 * Context: process.
 */
void vnet_folder_refresh_ports(struct vnet_folder *f)
{
	struct vnet_folder *ports = find_folder(f, PORTS);

	if (ports)
		refresh(ports, 1);
}

/**
 * vnet_folder_end - remove what is in a folder, after its last reader
 * @f: the folder, which remains
 *
 * Context: process.
 */
void vnet_folder_end(struct vnet_folder *f)
{
	struct folder_entry *e, *next;

	list_for_each_entry_safe(e, next, &f->entries, node)
		drop(f, e);
}
