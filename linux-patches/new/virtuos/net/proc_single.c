// SPDX-License-Identifier: GPL-2.0
/*
 * Files of /proc/net that show one interface each: vlan/NAME and bonding/NAME. They come and go
 * with the folders of devices.c.
 *
 * Invariant: a name that the domain gives is that of an interface as Linux takes it, and printable.
 * In each of the two folders there are FILES_MAX at most. Only the refresh of devices.c uses what
 * is here.
 */
#include <linux/netdevice.h>
#include <linux/proc_fs.h>
#include <linux/slab.h>
#include "netns.h"
#include "sysctl_line.h"
#include "view.h"

#define FILES_MAX	1024u
/* A table of all VLANs, of proc.c, in the folder of them. */
#define OF_ALL		"config"

/* A file. @there: the domain has it */
struct single {
	struct list_head node;
	struct vnet_table *table;
	bool there;
	char name[IFNAMSIZ];
};

static struct single *find(struct vnet_singles *s, const char *name)
{
	struct single *f;

	list_for_each_entry(f, &s->list, node)
		if (!strcmp(f->name, name))
			return f;
	return NULL;
}

static void drop(struct vnet_singles *s, struct single *f)
{
	list_del(&f->node);
	s->nr--;
	vnet_proc_drop(f->table);
	kfree(f);
}

static void add(struct vnet_netns *ns, struct vnet_singles *s, const char *folder,
		const struct vnet_sysctl_line *line)
{
	char path[2 * IFNAMSIZ];
	struct single *f;

	if (s->nr >= FILES_MAX)
		return;
	f = kzalloc(sizeof(*f), GFP_KERNEL);
	if (!f)
		return;
	snprintf(path, sizeof(path), "%s/%s", folder, line->name);
	f->table = vnet_proc_add(ns, s->folder, path, line->mode & 0444);
	if (!f->table) {
		kfree(f);
		return;
	}
	strscpy(f->name, line->name);
	f->there = true;
	list_add_tail(&f->node, &s->list);
	s->nr++;
}

static void take(struct vnet_netns *ns, struct vnet_singles *s, const char *folder, char *list)
{
	struct vnet_sysctl_line line;
	struct single *f, *next;

	list_for_each_entry(f, &s->list, node)
		f->there = false;
	while ((list = vnet_sysctl_line(list, &line))) {
		if (line.folder || line.target || !vnet_device_name_ok(line.name) ||
		    !strcmp(line.name, OF_ALL))
			continue;
		f = find(s, line.name);
		if (f)
			f->there = true;
		else
			add(ns, s, folder, &line);
	}
	list_for_each_entry_safe(f, next, &s->list, node)
		if (!f->there)
			drop(s, f);
}

/* A domain without such interfaces has no such folder. Return: its list; NULL: it is unknown. */
static char *list_of(const struct vnet_netns *ns, const char *folder)
{
	char *list = vnet_sysctl_list(ns->number, folder, VOS_SYSCTL_TABLES);

	if (!IS_ERR(list))
		return list;
	return PTR_ERR(list) == -ENOENT ? kstrdup("", GFP_KERNEL) : NULL;
}

static void refresh(struct vnet_netns *ns, struct vnet_singles *s, const char *folder)
{
	char *list = s->folder ? list_of(ns, folder) : NULL;

	if (list)
		take(ns, s, folder, list);
	kfree(list);
}

/**
 * vnet_singles_refresh - bring a namespace's files up to date
 * @ns: the namespace
 *
 * Context: process.
 */
void vnet_singles_refresh(struct vnet_netns *ns)
{
	refresh(ns, &ns->vlans, "vlan");
	refresh(ns, &ns->bonds, "bonding");
}

/**
 * vnet_singles_begin - prepare for files of a namespace
 * @s: those of a kind
 * @folder: for them; NULL: there are none
 *
 * Context: process.
 */
void vnet_singles_begin(struct vnet_singles *s, struct proc_dir_entry *folder)
{
	INIT_LIST_HEAD(&s->list);
	s->folder = folder;
}

/**
 * vnet_singles_end - remove files, after their last reader
 * @s: those of a kind; no refresh runs, and none will
 *
 * Context: process.
 */
void vnet_singles_end(struct vnet_singles *s)
{
	struct single *f, *next;

	list_for_each_entry_safe(f, next, &s->list, node)
		drop(s, f);
	proc_remove(s->folder);
}
