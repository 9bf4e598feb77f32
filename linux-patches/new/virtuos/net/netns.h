/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Network namespaces. Each one of this kernel's is one of the network domain's, from the first time
 * on that a program uses TCP/IP in it. The domain knows it by a number.
 *
 * Invariant: a namespace on the list of those made is made again in each later incarnation of the
 * domain. That is before other callers are let in. It keeps its number as long as it lives.
 */
#ifndef VNET_NETNS_H
#define VNET_NETNS_H

#include <linux/device/class.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/uidgid.h>
#include <linux/workqueue.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>
#include "vnet.h"

struct nlmsghdr;
struct user_namespace;

/**
 * struct vnet_settings - what /proc/sys/net shows of the domain, see sysctl.c
 * @refresh: work that brings it up to date
 * @lock: for the others
 * @folders: each folder
 * @nr: how many
 */
struct vnet_settings {
	struct work_struct refresh;
	struct mutex lock;	/* see above */
	struct list_head folders;
	unsigned int nr;
};

/**
 * struct vnet_devices - what /sys/class/net shows of the domain, see devices.c
 * @refresh: work that brings it up to date, and alone uses the others
 * @list: each folder
 * @nr: how many
 * @entries: how many entries are in them, see folder.c
 * @counters: /proc/net/dev_snmp6, with a file for each; NULL: there was no room
 * @of_lo: the file there of lo, which has no folder here
 * @masters: the file of all bonds
 * @has_masters: it is there
 */
struct vnet_devices {
	struct work_struct refresh;
	struct list_head list;
	unsigned int nr;
	unsigned int entries;
	struct proc_dir_entry *counters;
	struct vnet_table *of_lo;
	struct class_attribute masters;
	bool has_masters;
};

/**
 * struct vnet_singles - files of /proc/net that show one interface each, see proc_single.c
 * @folder: where they are; NULL: there was no room
 * @list: each file
 * @nr: how many
 */
struct vnet_singles {
	struct proc_dir_entry *folder;
	struct list_head list;
	unsigned int nr;
};

/**
 * struct vnet_netns - what belongs to a network namespace of this kernel
 * @net: the namespace
 * @number: its number at the domain; 0: the initial one, or it has none yet
 * @made: it is on the list of those made, or is the initial one
 * @making: held while it is made, and so while its maker waits for a link
 * @node: its place on that list
 * @user: the user for which it counts
 * @settings: see above
 * @devices: see above
 * @tables: of /proc/net, see proc.c
 * @vlans: see above
 * @bonds: see above
 */
struct vnet_netns {
	struct net *net;
	u32 number;
	bool made;
	struct mutex making;	/* see above */
	struct list_head node;
	kuid_t user;
	struct vnet_settings settings;
	struct vnet_devices devices;
	struct vnet_table *tables;
	struct vnet_singles vlans;
	struct vnet_singles bonds;
};

extern unsigned int vnet_netns_id;

static inline struct vnet_netns *vnet_netns(const struct net *net)
{
	return net_generic(net, vnet_netns_id);
}

static inline u32 vnet_netns_number(const struct net *net)
{
	return READ_ONCE(vnet_netns(net)->number);
}

/* netns.c */
int vnet_netns_init(void);
void vnet_netns_exit(void);
int vnet_netns_need(struct net *net);
struct net *vnet_netns_get(u32 number);
void vnet_netns_again(void);
void vnet_netns_refresh(struct vnet_netns *ns);
void vnet_netns_refresh_number(u32 number);
void vnet_netns_refresh_all(void);

/* netns_end.c */
void vnet_netns_end(u32 number);

/* userns.c */
int vnet_users_take(struct user_namespace *owner);
void vnet_users_drop(struct user_namespace *owner);
void vnet_users_made(struct user_namespace *owner, int by);
u32 vnet_users_chain(struct user_namespace *owner, struct vos_userns *chain);
kuid_t vnet_users_owner(struct user_namespace *owner);
u32 vnet_user_ns(struct vos_session *s, const struct user_namespace *ns, u64 *caps);

/* proc.c */
int vnet_proc_init(struct vnet_netns *ns);
void vnet_proc_exit(struct vnet_netns *ns);
struct vnet_table *vnet_proc_add(struct vnet_netns *ns, struct proc_dir_entry *folder,
				 const char *name, umode_t mode);
void vnet_proc_drop(struct vnet_table *t);

/* proc_single.c */
void vnet_singles_begin(struct vnet_singles *s, struct proc_dir_entry *folder);
void vnet_singles_refresh(struct vnet_netns *ns);
void vnet_singles_end(struct vnet_singles *s);

/* sysctl.c */
void vnet_settings_init(struct vnet_netns *ns);
void vnet_settings_exit(struct vnet_netns *ns);

/* devices.c */
void vnet_devices_begin(struct vnet_netns *ns);
void vnet_devices_end(struct vnet_netns *ns);
bool vnet_device_name_ok(const char *name);

/* keep.c, netlink_keep.c */
void vnet_keep_forget(u32 netns);
void vnet_changes_end(u32 netns, int index);

/* netlink_names.c */
void vnet_names_replace(const struct vnet_sock *vs, void *data, size_t len);
bool vnet_names_find(const struct nlmsghdr *h, u32 number);
void vnet_names_refresh(const struct nlmsghdr *h);

#endif
