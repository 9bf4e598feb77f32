// SPDX-License-Identifier: GPL-2.0
/*
 * The user namespaces that stand for a primary's. See netns.h.
 *
 * Each maps all ids to themselves, as the primary tells ids as those of the initial one.
 * Credentials of the primary refer to a user namespace, and so do network namespaces and
 * children. When nothing does any more, the number may be forgotten.
 */
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/highuid.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/uidgid.h>
#include "netns.h"

/* A user namespace of a primary. @ns: with a reference */
struct vns_user {
	struct list_head node;
	u32 number;
	struct user_namespace *ns;
};

/* Stands for all that own no network namespace. It owns nothing, and is above nothing. */
static struct user_namespace *other;

/* Return: a child of @parent with a reference, or ERR_PTR. */
static struct user_namespace *make(struct user_namespace *parent, kuid_t owner, kgid_t group)
{
	struct cred *maker = prepare_kernel_cred(&init_task);
	struct user_namespace *ns;
	int rc;

	if (!maker)
		return ERR_PTR(-ENOMEM);
	put_user_ns(maker->user_ns);
	maker->user_ns = get_user_ns(parent);
	maker->euid = owner;
	maker->egid = group;
	rc = create_user_ns(maker);
	if (rc) {
		abort_creds(maker);
		return ERR_PTR(rc);
	}
	ns = get_user_ns(maker->user_ns);
	ns->uid_map = init_user_ns.uid_map;
	ns->gid_map = init_user_ns.gid_map;
	ns->projid_map = init_user_ns.projid_map;
	abort_creds(maker);
	return ns;
}

/* Return: the user namespace with a reference, or NULL. */
static struct user_namespace *find(struct vns_spaces *s, u32 number)
{
	struct user_namespace *ns = NULL;
	struct vns_user *k;

	spin_lock(&s->lock);
	list_for_each_entry(k, &s->users, node)
		if (k->number == number) {
			ns = get_user_ns(k->ns);
			break;
		}
	spin_unlock(&s->lock);
	return ns;
}

/**
 * vns_user_ns - find the user namespace of credentials
 * @conn: the primary's connection
 * @number: unchecked, not 0
 *
 * Context: dispatcher.
 * Return: it with a reference, or NULL.
 */
struct user_namespace *vns_user_ns(struct veng_conn *conn, u32 number)
{
	struct vns_conn *nc = veng_conn_priv(conn);

	return number == VOS_USERNS_OTHER ? get_user_ns(other) : find(nc->spaces, number);
}

/* Return: the new one with a reference besides the table's, or ERR_PTR. */
static struct user_namespace *add(struct vns_spaces *s, struct user_namespace *parent,
				  const struct vos_userns *v)
{
	kuid_t owner = make_kuid(&init_user_ns, v->owner);
	kgid_t group = make_kgid(&init_user_ns, v->group);
	struct vns_user *k;

	if (v->number < VOS_USERNS_FIRST || !uid_valid(owner) || !gid_valid(group))
		return ERR_PTR(-EINVAL);
	k = kzalloc(sizeof(*k), GFP_KERNEL);
	if (!k)
		return ERR_PTR(-ENOMEM);
	k->number = v->number;
	k->ns = make(parent, owner, group);
	if (IS_ERR(k->ns)) {
		struct user_namespace *err = k->ns;

		kfree(k);
		return err;
	}
	get_user_ns(k->ns);
	spin_lock(&s->lock);
	list_add(&k->node, &s->users);
	spin_unlock(&s->lock);
	return k->ns;
}

/* Find or make the one below @parent. Return: it with a reference, or ERR_PTR. */
static struct user_namespace *step(struct vns_spaces *s, struct user_namespace *parent,
				   const struct vos_userns *v)
{
	struct user_namespace *ns = find(s, v->number);

	if (!ns)
		return add(s, parent, v);
	if (ns->parent == parent)
		return ns;
	put_user_ns(ns);
	return ERR_PTR(-EINVAL);
}

/**
 * vns_users_owner - find or make the user namespace that a call names, and those above it
 * @s: the primary's
 * @call: NETNS_NEW
 *
 * Context: control thread, under the service's own credentials.
 * Return: the owner with a reference, or ERR_PTR.
 */
struct user_namespace *vns_users_owner(struct vns_spaces *s, const struct veng_scall *call)
{
	struct user_namespace *ns = get_user_ns(&init_user_ns), *next;
	u32 len = call->sqe.ext[0].len, at;
	struct vos_userns v;

	if (len % sizeof(v) || len / sizeof(v) > VOS_USERNS_DEPTH)
		return ERR_PTR(-EINVAL);
	for (at = 0; at < len && !IS_ERR(ns); at += sizeof(v)) {
		vos_peer_read(&v, (const u8 __peer *)call->in[0] + at, sizeof(v));
		barrier();	/* the copy is checked and used, never the original */
		next = step(s, ns, &v);
		put_user_ns(ns);
		ns = next;
	}
	return ns;
}

static void forget(struct vns_user *k)
{
	list_del(&k->node);
	put_user_ns(k->ns);
	kfree(k);
}

/**
 * vns_users_tidy - forget user namespaces to which nothing refers
 * @s: the primary's
 *
 * Context: process.
 */
void vns_users_tidy(struct vns_spaces *s)
{
	struct vns_user *k, *next;

	/* A child is before its parent in the list. */
	spin_lock(&s->lock);
	list_for_each_entry_safe(k, next, &s->users, node)
		if (refcount_read(&k->ns->ns.count) == 1)
			forget(k);
	spin_unlock(&s->lock);
}

/**
 * vns_users_drop - forget all user namespaces
 * @s: the primary's; no call is under way
 *
 * Context: process.
 */
void vns_users_drop(struct vns_spaces *s)
{
	struct vns_user *k, *next;

	list_for_each_entry_safe(k, next, &s->users, node)
		forget(k);
}

/**
 * vns_users_init - make the user namespace that stands for most
 *
 * Context: process.
 * Return: 0 or -errno.
 */
int vns_users_init(void)
{
	struct user_namespace *ns = make(&init_user_ns, KUIDT_INIT(DEFAULT_OVERFLOWUID),
					 KGIDT_INIT(DEFAULT_OVERFLOWGID));

	if (IS_ERR(ns))
		return PTR_ERR(ns);
	other = ns;
	return 0;
}

/**
 * vns_users_exit - undo vns_users_init()
 *
 * Context: process; no connection is left.
 */
void vns_users_exit(void)
{
	put_user_ns(other);
}
