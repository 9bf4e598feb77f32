// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/sys/net/core: settings of sockets and devices. Those of TCP/IP are the network domain's,
 * while this kernel's count for its other families: rmem_max bounds a Unix socket's buffer too.
 *
 * So a value is read from the domain, and written to both. What the domain does not have, or what
 * belongs to programs and namespaces, stays this kernel's alone.
 *
 * This kernel's two tables are replaced by copies with another handler, and put back at the end.
 */
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysctl.h>
#include <net/net_namespace.h>
#include "view.h"
#include "vnet.h"

/*
 * struct core_table - a table of net/core that is replaced
 * @was: this kernel's
 * @entries: the copy; NULL: not replaced
 * @nr: entries of both
 */
struct core_table {
	struct ctl_table *was;
	struct ctl_table *entries;
	size_t nr;
};

/* The table of the initial namespace, and the one of all namespaces */
static struct core_table tables[2];

static struct ctl_table_header **header_of(const struct core_table *t)
{
	return t == &tables[0] ? &init_net.core.sysctl_hdr : &net_core_sysctl_hdr;
}

/* What concerns programs and namespaces, which the domain has none of. */
static bool is_own(const char *name)
{
	return strstarts(name, "bpf_jit_") || !strcmp(name, "devconf_inherit_init_net") ||
	       !strcmp(name, "fb_tunnels_only_for_init_net");
}

static const struct ctl_table *former(const struct ctl_table *entry)
{
	const struct core_table *t = tables;

	if (entry < t->entries || entry >= t->entries + t->nr)
		t++;
	return &t->was[entry - t->entries];
}

static int core_handler(const struct ctl_table *entry, int write, void *value, size_t *len,
			loff_t *pos)
{
	const struct ctl_table *own = former(entry);
	char name[VOS_NAME_MAX + 1];
	loff_t own_pos = *pos;
	size_t own_len = *len;
	int rc;

	snprintf(name, sizeof(name), "core/%s", entry->procname);
	rc = vnet_sysctl_move(0, name, write, value, len, pos);
	if (rc == -ENOENT)
		return own->proc_handler(own, write, value, len, pos);
	/* The domain has taken the value. What this kernel says of its own is no answer. */
	if (!rc && write)
		own->proc_handler(own, write, value, &own_len, &own_pos);
	return rc;
}

static int replace(struct core_table *t)
{
	struct ctl_table_header **header = header_of(t), *new;
	size_t i;

	if (!*header)
		return 0;
	t->nr = (*header)->ctl_table_size;
	t->was = (*header)->ctl_table;
	t->entries = kmemdup_array(t->was, t->nr, sizeof(*t->was), GFP_KERNEL);
	if (!t->entries)
		return -ENOMEM;
	for (i = 0; i < t->nr; i++)
		if (!is_own(t->entries[i].procname))
			t->entries[i].proc_handler = core_handler;
	unregister_net_sysctl_table(*header);
	new = register_net_sysctl_sz(&init_net, "net/core", t->entries, t->nr);
	*header = new;
	return new ? 0 : -ENOMEM;
}

static void put_back(struct core_table *t)
{
	struct ctl_table_header **header = header_of(t);

	if (!t->entries)
		return;
	if (*header)
		unregister_net_sysctl_table(*header);
	*header = register_net_sysctl_sz(&init_net, "net/core", t->was, t->nr);
	kfree(t->entries);
	t->entries = NULL;
}

/**
 * vnet_sysctl_core_init - serve net/core from the domain
 *
 * Context: process.
 * Return: 0 or -ENOMEM; then the caller calls vnet_sysctl_core_exit().
 */
int vnet_sysctl_core_init(void)
{
	return replace(&tables[0]) ?: replace(&tables[1]);
}

/**
 * vnet_sysctl_core_exit - give net/core back, after the last caller
 *
 * Context: process.
 */
void vnet_sysctl_core_exit(void)
{
	put_back(&tables[1]);
	put_back(&tables[0]);
}
