// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/sys/net/{ipv4,ipv6}: the network domain's, as settings of each network namespace that it
 * has.
 *
 * Folders and entries are registered as the domain lists them: after each recovery, and
 * whenever interfaces may have come or gone. This kernel checks the rights of a program that
 * opens an entry, as it does for its own. The domain checks them once more, for it gets the
 * caller's credentials.
 *
 * Invariant: nothing here runs in the session's thread. An entry is unregistered only when no
 * call on it is under way, and such a call may wait for that thread.
 */
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/sysctl.h>
#include <net/net_namespace.h>
#include "netns.h"
#include "sysctl_line.h"
#include "view.h"

/* Most folders, and most entries of one. */
#define FOLDERS_MAX	4096u
#define ENTRIES_MAX	1024u

/*
 * struct folder - one folder below /proc/sys/net
 * @ns: its namespace
 * @node: on the namespace's list
 * @list: what the domain has said of it, or NULL
 * @names: a copy of @list, taken apart; the entries' names lie in it
 * @entries: for @header
 * @nr: how many
 * @header: registered; NULL: it has no entries
 * @name: below /proc/sys/net
 */
struct folder {
	struct vnet_netns *ns;
	struct list_head node;
	char *list;
	char *names;
	struct ctl_table *entries;
	size_t nr;
	struct ctl_table_header *header;
	char name[];
};

/**
 * vnet_sysctl_run - read or write, again on the next link if one dies
 * @v: the call; what was written from the beginning on is kept for later links
 *
 * Context: process.
 * Return: bytes or -errno.
 */
int vnet_sysctl_run(struct vnet_view *v)
{
	int rc;

	do {
		v->epoch = 0;
		rc = vnet_view_call(v);
		/* If the link has died since, the next one does not know the value. */
		if (rc >= 0 && v->write && !v->arg[1])
			rc = vnet_keep(v) ?: rc;
	} while (rc == -EOWNERDEAD);
	return rc;
}

/**
 * vnet_sysctl_move - read or write a value of the domain, as a handler of an entry does
 * @netns: number of the namespace
 * @name: the entry's, below /proc/sys/net
 * @write: not 0: write
 * @value: the text, in the kernel's copy
 * @len: bytes of it; set to how many were read or written
 * @pos: where in the text; moved on
 *
 * Context: process.
 * Return: 0 or -errno. -ENOENT: the domain has no such entry.
 */
int vnet_sysctl_move(u32 netns, const char *name, int write, void *value, size_t *len,
		     loff_t *pos)
{
	struct vnet_view v = {
		.opcode = VOS_OP_SYSCTL,
		.arg = { write ? VOS_SYSCTL_WRITE : VOS_SYSCTL_READ, *pos, netns },
		.name = name,
		.text = value,
		.len = min_t(size_t, *len, vnet_view_max()),
		.write = write,
		.flags = VOS_GET_KILLABLE,
	};
	int rc;

	if (!write && !v.len)
		return 0;
	rc = vnet_sysctl_run(&v);
	if (rc < 0)
		return rc;
	*len = rc;
	*pos = write ? clamp_t(u64, v.pos, *pos, *pos + rc) : *pos + rc;
	return 0;
}

static int handler(const struct ctl_table *entry, int write, void *value, size_t *len,
		   loff_t *pos)
{
	const struct folder *f = entry->data;
	char name[VOS_NAME_MAX + 2];

	snprintf(name, sizeof(name), "%s/%s", f->name, entry->procname);
	return vnet_sysctl_move(f->ns->number, name, write, value, len, pos);
}

/**
 * vnet_sysctl_list - get the list of a folder's entries, if there is a domain
 * @netns: number of the namespace
 * @name: the folder's
 * @flags: 0, VOS_SYSCTL_DEVICES or VOS_SYSCTL_TABLES
 *
 * Context: process.
 * Return: a string, to be freed with kfree(); or ERR_PTR.
 */
char *vnet_sysctl_list(u32 netns, const char *name, u64 flags)
{
	u32 room = vnet_view_max();
	char *list = kvmalloc(room + 1, GFP_KERNEL);
	struct vnet_view v = {
		.opcode = VOS_OP_SYSCTL,
		.arg = { VOS_SYSCTL_LIST | flags, 0, netns },
		.name = name,
		.text = list,
		.len = room,
		.flags = VOS_GET_NOCRED | VOS_GET_UP_ONLY,
	};
	char *copy;
	int n;

	if (!list)
		return ERR_PTR(-ENOMEM);
	n = vnet_view_call(&v);
	copy = n < 0 ? ERR_PTR(n) : kmemdup_nul(list, n, GFP_KERNEL) ?: ERR_PTR(-ENOMEM);
	kvfree(list);
	return copy;
}

static struct folder *find(struct list_head *in, const char *name)
{
	struct folder *f;

	list_for_each_entry(f, in, node)
		if (!strcmp(f->name, name))
			return f;
	return NULL;
}

/* Put a folder at the end of the list, for the refresh under way. @old: what there was */
static void want(struct vnet_netns *ns, struct list_head *old, const char *parent,
		 const char *name)
{
	char full[VOS_NAME_MAX + 1];
	struct vnet_settings *s = &ns->settings;
	size_t len = snprintf(full, sizeof(full), "%s%s%s", parent, *parent ? "/" : "", name);
	struct folder *f;

	if (len >= sizeof(full) || find(&s->folders, full))
		return;
	f = find(old, full);
	if (f) {
		list_move_tail(&f->node, &s->folders);
		return;
	}
	f = s->nr < FOLDERS_MAX ? kzalloc(struct_size(f, name, len + 1), GFP_KERNEL) : NULL;
	if (!f)
		return;
	f->ns = ns;
	memcpy(f->name, full, len);
	s->nr++;
	list_add_tail(&f->node, &s->folders);
}

static void forget_entries(struct folder *f)
{
	if (f->header)
		unregister_net_sysctl_table(f->header);
	f->header = NULL;
	f->nr = 0;
	kvfree(f->entries);
	kfree(f->names);
	kfree(f->list);
	f->entries = NULL;
	f->names = NULL;
	f->list = NULL;
}

static void drop(struct folder *f)
{
	forget_entries(f);
	list_del(&f->node);
	f->ns->settings.nr--;
	kfree(f);
}

static void add_entry(struct folder *f, const struct vnet_sysctl_line *line)
{
	if (f->nr >= ENTRIES_MAX)
		return;
	f->entries[f->nr++] = (struct ctl_table) {
		.procname = line->name,
		.data = f,
		.mode = line->mode,
		.proc_handler = handler,
	};
}

/* Take a list apart. @entries: its entries become those of @f */
static void take(struct list_head *old, struct folder *f, char *list, bool entries)
{
	struct vnet_sysctl_line line;

	while ((list = vnet_sysctl_line(list, &line)))
		if (line.folder)
			want(f->ns, old, f->name, line.name);
		else if (entries && !line.target)
			add_entry(f, &line);
}

static int register_entries(struct folder *f)
{
	char path[VOS_NAME_MAX + sizeof("net/")];

	if (!f->nr)
		return 0;
	snprintf(path, sizeof(path), "net/%s", f->name);
	f->header = register_net_sysctl_sz(f->ns->net, path, f->entries, f->nr);
	return f->header ? 0 : -ENOMEM;
}

/* Replace what a folder has by what is in @list, which becomes its own. */
static int renew(struct list_head *old, struct folder *f, char *list)
{
	forget_entries(f);
	f->list = list;
	f->names = kstrdup(list, GFP_KERNEL);
	f->entries = kvcalloc(ENTRIES_MAX, sizeof(*f->entries), GFP_KERNEL);
	if (!f->names || !f->entries)
		return -ENOMEM;
	take(old, f, f->names, true);
	return register_entries(f);
}

static int refresh_folder(struct list_head *old, struct folder *f)
{
	char *list = vnet_sysctl_list(f->ns->number, f->name, 0);

	if (IS_ERR(list))
		return PTR_ERR(list);
	if (!f->list || strcmp(f->list, list))
		return renew(old, f, list);
	take(old, f, list, false);
	kfree(list);
	return 0;
}

/* Refresh all folders from the first on. Those that are found are added at the end meanwhile. */
static int refresh_all(struct vnet_netns *ns, struct list_head *old)
{
	struct folder *f;
	int rc;

	want(ns, old, "", "ipv4");
	want(ns, old, "", "ipv6");
	list_for_each_entry(f, &ns->settings.folders, node) {
		rc = refresh_folder(old, f);
		/* The interface may have gone meanwhile, or IPv6 may be off. */
		if (rc && rc != -ENOENT)
			return rc;
		cond_resched();
	}
	return 0;
}

static void refresh(struct work_struct *work)
{
	struct vnet_netns *ns = container_of(work, struct vnet_netns, settings.refresh);
	struct vnet_settings *s = &ns->settings;
	struct folder *f, *next;
	LIST_HEAD(old);

	mutex_lock(&s->lock);
	list_splice_init(&s->folders, &old);
	/* If the link has died, the next one brings another refresh. */
	if (refresh_all(ns, &old))
		list_splice_tail(&old, &s->folders);
	else
		list_for_each_entry_safe(f, next, &old, node)
			drop(f);
	mutex_unlock(&s->lock);
}

/**
 * vnet_settings_init - prepare for entries of a namespace
 * @ns: the namespace
 *
 * Context: process.
 */
void vnet_settings_init(struct vnet_netns *ns)
{
	INIT_WORK(&ns->settings.refresh, refresh);
	mutex_init(&ns->settings.lock);
	INIT_LIST_HEAD(&ns->settings.folders);
}

/**
 * vnet_settings_exit - unregister all entries, after their last caller
 * @ns: the namespace
 *
 * No refresh runs, and none will.
 *
 * Context: process.
 */
void vnet_settings_exit(struct vnet_netns *ns)
{
	struct folder *f, *next;

	list_for_each_entry_safe(f, next, &ns->settings.folders, node)
		drop(f);
}
