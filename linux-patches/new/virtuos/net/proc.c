// SPDX-License-Identifier: GPL-2.0
/*
 * Files of /proc/net that show the network domain's tables.
 *
 * Each network namespace has its own. A table is read from the domain when a program reads the
 * beginning of the file, and kept until it has read the end. Rows are the records of seq_file, as
 * in Linux. So a read ends with a whole row.
 */
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <net/net_namespace.h>
#include "netns.h"
#include "view.h"

/*
 * struct vnet_table - a file of a namespace
 * @ns: the namespace
 * @name: below /proc/net
 * @entry: of this kernel
 */
struct vnet_table {
	struct vnet_netns *ns;
	const char *name;
	struct proc_dir_entry *entry;
};

/*
 * struct table_file - one opening of a table
 * @table: which
 * @text: as last read
 * @row: number of the row at @at
 * @at: offset of a row in @text
 */
struct table_file {
	const struct vnet_table *table;
	struct vnet_text text;
	loff_t row;
	size_t at;
};

static size_t row_len(const struct table_file *f)
{
	const char *from = f->text.data + f->at, *end;
	size_t left = f->text.len - f->at;

	end = memchr(from, '\n', left);
	return end ? end - from + 1 : left;
}

/* Go to a row. Return: @f; NULL: there is none, and the table is dropped. */
static void *go_to(struct table_file *f, loff_t row)
{
	if (row < f->row) {
		f->row = 0;
		f->at = 0;
	}
	while (f->at < f->text.len && f->row < row) {
		f->at += row_len(f);
		f->row++;
	}
	if (f->at < f->text.len)
		return f;
	vnet_text_drop(&f->text);
	return NULL;
}

/* The file is open, so its namespace has not ended. */
static int read_table(struct table_file *f)
{
	struct vnet_netns *ns = f->table->ns;
	int rc = vnet_netns_need(ns->net);

	return rc ?: vnet_text_read(&f->text, f->table->name, vnet_netns_number(ns->net));
}

static void *table_start(struct seq_file *m, loff_t *pos)
{
	struct table_file *f = m->private;
	int rc;

	if (*pos)
		return go_to(f, *pos);
	f->row = 0;
	f->at = 0;
	rc = read_table(f);
	return rc ? ERR_PTR(rc) : go_to(f, 0);
}

static void *table_next(struct seq_file *m, void *v, loff_t *pos)
{
	return go_to(v, ++*pos);
}

static void table_stop(struct seq_file *m, void *v)
{
}

static int table_show(struct seq_file *m, void *v)
{
	struct table_file *f = v;

	seq_write(m, f->text.data + f->at, row_len(f));
	return 0;
}

static const struct seq_operations table_seq = {
	.start = table_start,
	.next = table_next,
	.stop = table_stop,
	.show = table_show,
};

static int table_open(struct inode *inode, struct file *file)
{
	struct table_file *f;

	if (file->f_mode & FMODE_WRITE)
		return -EACCES;
	f = __seq_open_private(file, &table_seq, sizeof(*f));
	if (!f)
		return -ENOMEM;
	f->table = pde_data(inode);
	return 0;
}

static int table_release(struct inode *inode, struct file *file)
{
	struct seq_file *m = file->private_data;
	struct table_file *f = m->private;

	vnet_text_drop(&f->text);
	return seq_release_private(inode, file);
}

static const struct proc_ops table_ops = {
	.proc_open = table_open,
	.proc_read = seq_read,
	.proc_lseek = seq_lseek,
	.proc_release = table_release,
};

/*
 * What this kernel shows of its own under one of these names gives way: packets pass the
 * domain's devices.
 */
static const char * const tables[] = {
	"anycast6", "arp", "dev", "dev_mcast", "fib_trie", "fib_triestat", "icmp", "icmp6",
	"if_inet6", "igmp", "igmp6", "ip6_flowlabel", "ipv6_route", "mcfilter", "mcfilter6",
	"netstat", "packet", "ptype", "raw", "raw6", "route", "rt6_stats", "rt_cache", "snmp",
	"snmp6", "sockstat", "sockstat6", "softnet_stat", "tcp", "tcp6", "udp", "udp6",
	"udplite", "udplite6", "stat/arp_cache", "stat/ndisc_cache", "stat/rt_cache", "vlan/config",
};

static const char * const replaced[] = {
	"dev", "dev_mcast", "ptype", "softnet_stat",
#if IS_BUILTIN(CONFIG_PACKET)
	"packet",
#endif
};

static struct proc_dir_entry *folder_of(const struct vnet_table *t)
{
	if (!strchr(t->name, '/'))
		return t->ns->net->proc_net;
	return strstarts(t->name, "vlan/") ? t->ns->vlans.folder : t->ns->net->proc_net_stat;
}

static struct proc_dir_entry *add_table(struct vnet_table *t, struct proc_dir_entry *folder,
					umode_t mode)
{
	const char *slash = strchr(t->name, '/');

	/* Without one it would be put into the root of /proc. */
	if (!folder)
		return NULL;
	return proc_create_data(slash ? slash + 1 : t->name, mode, folder, &table_ops, t);
}

/**
 * vnet_proc_add - add one more table of a namespace
 * @ns: the namespace
 * @folder: below /proc/net, where it goes
 * @name: the folder's name and its own, with a slash between them
 * @mode: permissions
 *
 * Context: process.
 * Return: the table, for vnet_proc_drop(); NULL: there is no room.
 */
struct vnet_table *vnet_proc_add(struct vnet_netns *ns, struct proc_dir_entry *folder,
				 const char *name, umode_t mode)
{
	struct vnet_table *t = kzalloc(sizeof(*t), GFP_KERNEL_ACCOUNT);

	if (!t)
		return NULL;
	t->ns = ns;
	t->name = kstrdup(name, GFP_KERNEL_ACCOUNT);
	if (t->name)
		t->entry = add_table(t, folder, mode);
	if (t->entry)
		return t;
	vnet_proc_drop(t);
	return NULL;
}

/**
 * vnet_proc_drop - remove a table that vnet_proc_add() has added, after its last reader
 * @t: the table or NULL; its folder is still there
 *
 * Context: process.
 */
void vnet_proc_drop(struct vnet_table *t)
{
	if (!t)
		return;
	proc_remove(t->entry);
	kfree(t->name);
	kfree(t);
}

/*
 * What this kernel shows in another namespace goes when that ends. It expects something there. Its
 * functions are not exported, so it finds an empty folder.
 */
static void put_back(const struct net *net)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(replaced) && !net_eq(net, &init_net); i++)
		if (!proc_mkdir(replaced[i], net->proc_net))
			pr_debug("virtuos-net: no %s\n", replaced[i]);
}

/**
 * vnet_proc_init - add the files of a namespace
 * @ns: the namespace
 *
 * Context: process.
 * Return: 0 or -ENOMEM; then nothing is left.
 */
int vnet_proc_init(struct vnet_netns *ns)
{
	int i;

	ns->tables = kcalloc(ARRAY_SIZE(tables), sizeof(*ns->tables), GFP_KERNEL_ACCOUNT);
	if (!ns->tables)
		return -ENOMEM;
	for (i = 0; i < ARRAY_SIZE(replaced); i++)
		remove_proc_entry(replaced[i], ns->net->proc_net);
	vnet_singles_begin(&ns->vlans, proc_net_mkdir(ns->net, "vlan", ns->net->proc_net));
	vnet_singles_begin(&ns->bonds, proc_net_mkdir(ns->net, "bonding", ns->net->proc_net));
	for (i = 0; i < ARRAY_SIZE(tables); i++) {
		ns->tables[i] = (struct vnet_table) { .ns = ns, .name = tables[i] };
		ns->tables[i].entry = add_table(&ns->tables[i], folder_of(&ns->tables[i]),
						0444);
		if (!ns->tables[i].entry) {
			vnet_proc_exit(ns);
			return -ENOMEM;
		}
	}
	return 0;
}

/**
 * vnet_proc_exit - remove the files of a namespace, after their last reader
 * @ns: the namespace
 *
 * This kernel's own are not put back.
 *
 * Context: process.
 */
void vnet_proc_exit(struct vnet_netns *ns)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(tables); i++)
		proc_remove(ns->tables[i].entry);
	vnet_singles_end(&ns->vlans);
	vnet_singles_end(&ns->bonds);
	put_back(ns->net);
	kfree(ns->tables);
	ns->tables = NULL;
}
