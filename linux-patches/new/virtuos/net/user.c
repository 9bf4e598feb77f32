// SPDX-License-Identifier: GPL-2.0
/*
 * How many of the table's sockets one user may have. Without a limit a user could take all.
 * Then no program of another user, root's included, could get one.
 *
 * Recovery needs no more than there are: sockets that are made again keep their index.
 *
 * Invariant: each socket in the table is counted once in all and once for the user that made or
 * accepted it. Both counts last from vnet_user_charge() to vnet_user_uncharge().
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/hashtable.h>
#include <linux/moduleparam.h>
#include <linux/slab.h>
#include <linux/uidgid.h>
#include "vnet.h"

#define USER_BITS	6

static unsigned int user_objects;
module_param(user_objects, uint, 0644);
MODULE_PARM_DESC(user_objects,
		 "most sockets of one user without CAP_SYS_RESOURCE (default 0: half of all)");

/**
 * struct vnet_user - a user that has sockets
 * @node: in users
 * @uid: the user's
 * @sockets: how many; with the last one the structure is freed
 */
struct vnet_user {
	struct hlist_node node;
	kuid_t uid;
	unsigned int sockets;
};

static DEFINE_SPINLOCK(users_lock);	/* the variables below */
static DEFINE_HASHTABLE(users, USER_BITS);
static unsigned int all_sockets;

static struct vnet_user *find(kuid_t uid)
{
	struct vnet_user *u;

	lockdep_assert_held(&users_lock);
	hash_for_each_possible(users, u, node, __kuid_val(uid))
		if (uid_eq(u->uid, uid))
			return u;
	return NULL;
}

static unsigned int limit_of_one(void)
{
	return READ_ONCE(user_objects) ?: vnet.nr / 2;
}

/* Get the number of sockets that only CAP_SYS_RESOURCE may use. */
static unsigned int reserve(void)
{
	return vnet.nr / 16;
}

static bool has_room(const struct vnet_user *u, bool privileged)
{
	lockdep_assert_held(&users_lock);
	if (privileged)
		return all_sockets < vnet.nr;
	return all_sockets < vnet.nr - reserve() && u->sockets < limit_of_one();
}

static void free_if_unused(struct vnet_user *u)
{
	lockdep_assert_held(&users_lock);
	if (u->sockets)
		return;
	hash_del(&u->node);
	kfree(u);
}

/* Count one more. @fresh is for a user that has none yet, and NULL once it is used. */
static struct vnet_user *charge(kuid_t uid, bool privileged, struct vnet_user **fresh)
{
	struct vnet_user *u = find(uid);

	if (!u) {
		u = *fresh;
		*fresh = NULL;
		u->uid = uid;
		hash_add(users, &u->node, __kuid_val(uid));
	}
	if (!has_room(u, privileged)) {
		free_if_unused(u);
		return ERR_PTR(-ENFILE);
	}
	u->sockets++;
	all_sockets++;
	return u;
}

/**
 * vnet_user_charge - count one more socket of the current user
 *
 * Linux reports -ENFILE when a table of the whole system is full. Programs that accept
 * connections handle it.
 *
 * Context: process.
 * Return: what vnet_user_uncharge() gets; ERR_PTR(-ENFILE); ERR_PTR(-ENOMEM).
 */
struct vnet_user *vnet_user_charge(void)
{
	struct vnet_user *fresh = kzalloc(sizeof(*fresh), GFP_KERNEL_ACCOUNT), *u;
	bool privileged = ns_capable_noaudit(&init_user_ns, CAP_SYS_RESOURCE);

	if (!fresh)
		return ERR_PTR(-ENOMEM);
	spin_lock_irq(&users_lock);
	u = charge(current_uid(), privileged, &fresh);
	spin_unlock_irq(&users_lock);
	kfree(fresh);
	return u;
}

/**
 * vnet_user_uncharge - count one socket less
 * @u: what vnet_user_charge() returned
 *
 * Context: any.
 */
void vnet_user_uncharge(struct vnet_user *u)
{
	unsigned long flags;

	spin_lock_irqsave(&users_lock, flags);
	WARN_ON_ONCE(!u->sockets || !all_sockets);
	u->sockets--;
	all_sockets--;
	free_if_unused(u);
	spin_unlock_irqrestore(&users_lock, flags);
}
