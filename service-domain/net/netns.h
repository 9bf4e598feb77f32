/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The network namespaces of a primary. Each one of the primary's is one of this domain's, under a
 * number that the primary has chosen. The initial one, number 0, is this domain's own.
 *
 * The user namespaces that own them stand for the primary's. They have the same owners and the same
 * place below the initial one. So this kernel's own checks give each caller the rights that it
 * has in the primary.
 *
 * Invariant: a namespace is in the table from NETNS_NEW to NETNS_END. A user namespace keeps its
 * number while anything refers to it.
 */
#ifndef VNS_NETNS_H
#define VNS_NETNS_H

#include <linux/list.h>
#include <linux/nsproxy.h>
#include <linux/spinlock.h>
#include <linux/user_namespace.h>
#include <linux/xarray.h>
#include <net/net_namespace.h>
#include "vns.h"

/*
 * struct vns_space - a network namespace of a primary
 * @net: with a reference
 * @sysfs: its /sys; NULL: no call has asked for it. Control thread only
 */
struct vns_space {
	struct net *net;
	struct vfsmount *sysfs;
};

/*
 * struct vns_spaces - the namespaces of a primary
 * @nets: by number
 * @nr: how many there are; control thread only
 * @lock: for @users
 * @users: the user namespaces
 * @node: on the list of all primaries'
 * @sender: the thread that sends a netlink message for the primary, or NULL
 */
struct vns_spaces {
	struct xarray nets;
	unsigned int nr;
	spinlock_t lock;	/* see above */
	struct list_head users;
	struct list_head node;
	struct task_struct *sender;
};

/*
 * struct vns_visit - a thread's stay in a namespace
 * @proxy: the thread's namespaces meanwhile
 * @home: those that it had; NULL: it is in the initial one
 * @space: where it is; NULL: same
 */
struct vns_visit {
	struct nsproxy proxy;
	struct nsproxy *home;
	struct vns_space *space;
};

/* visit.c */
int vns_visit_begin(struct vns_conn *nc, u64 number, struct vns_visit *v);
void vns_visit_end(struct vns_visit *v);
struct file *vns_visit_open(struct vns_visit *v, const char *path, int flags);
int vns_visit_lookup(struct vns_visit *v, const char *name, unsigned int flags, struct path *path);

/* userns.c */
int vns_users_init(void);
void vns_users_exit(void);
struct user_namespace *vns_user_ns(struct veng_conn *conn, u32 number);
struct user_namespace *vns_users_owner(struct vns_spaces *s, const struct veng_scall *call);
void vns_users_tidy(struct vns_spaces *s);
void vns_users_drop(struct vns_spaces *s);

#endif
