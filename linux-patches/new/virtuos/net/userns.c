// SPDX-License-Identifier: GPL-2.0
/*
 * The user namespaces that the network domain knows: those that own a network namespace it has,
 * and those above them. Credentials of a user namespace have capabilities at the domain if it is
 * one of them. All others have none there, and need none: they could use them over no network.
 *
 * Invariant: the domain is told of a user namespace (NETNS_NEW) before credentials name it. The
 * initial one has no number.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/list.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/user_namespace.h>
#include "netns.h"

/* What the network's own checks ask for. Others would be of use over files of the domain alone. */
#define CAPS	(BIT_ULL(CAP_NET_ADMIN) | BIT_ULL(CAP_NET_RAW) |	\
		 BIT_ULL(CAP_NET_BIND_SERVICE) | BIT_ULL(CAP_NET_BROADCAST))

/*
 * struct known - a user namespace
 * @ns: with a reference
 * @number: at the domain
 * @users: network namespaces that it owns, or that one below it owns
 * @made: how many of them the domain has
 */
struct known {
	struct list_head node;
	struct user_namespace *ns;
	u32 number;
	unsigned int users;
	unsigned int made;
};

static DEFINE_SPINLOCK(known_lock);	/* the variables below */
static LIST_HEAD(all_known);
static u32 last_number = VOS_USERNS_OTHER;

static struct known *find(const struct user_namespace *ns)
{
	struct known *k;

	lockdep_assert_held(&known_lock);
	list_for_each_entry(k, &all_known, node)
		if (k->ns == ns)
			return k;
	return NULL;
}

/* Count one more user. @fresh: for one that is not known yet; NULL afterwards if it was used */
static void take_one(struct user_namespace *ns, struct known **fresh)
{
	struct known *k;

	spin_lock(&known_lock);
	k = find(ns);
	if (!k) {
		k = *fresh;
		*fresh = NULL;
		k->ns = get_user_ns(ns);
		/* It would take 4,000,000,000 namespaces to come round. */
		k->number = ++last_number;
		list_add(&k->node, &all_known);
	}
	k->users++;
	spin_unlock(&known_lock);
}

static void drop_one(struct user_namespace *ns)
{
	struct known *k;

	spin_lock(&known_lock);
	k = find(ns);
	if (WARN_ON_ONCE(!k) || --k->users)
		k = NULL;
	else
		list_del(&k->node);
	spin_unlock(&known_lock);
	if (!k)
		return;
	put_user_ns(k->ns);
	kfree(k);
}

static void drop_up_to(struct user_namespace *from, const struct user_namespace *to)
{
	struct user_namespace *ns, *above;

	for (ns = from; ns != to; ns = above) {
		above = ns->parent;
		drop_one(ns);
	}
}

/**
 * vnet_users_take - give a user namespace and those above it their numbers
 * @owner: owns a network namespace, which outlives the numbers
 *
 * Context: process.
 * Return: 0 or -ENOMEM.
 */
int vnet_users_take(struct user_namespace *owner)
{
	struct user_namespace *ns;

	for (ns = owner; ns != &init_user_ns; ns = ns->parent) {
		struct known *fresh = kzalloc(sizeof(*fresh), GFP_KERNEL_ACCOUNT);

		if (!fresh) {
			drop_up_to(owner, ns);
			return -ENOMEM;
		}
		take_one(ns, &fresh);
		kfree(fresh);
	}
	return 0;
}

/**
 * vnet_users_drop - undo vnet_users_take()
 * @owner: same
 *
 * Context: process.
 */
void vnet_users_drop(struct user_namespace *owner)
{
	drop_up_to(owner, &init_user_ns);
}

/**
 * vnet_users_made - note that the domain has one more network namespace, or one less
 * @owner: its owner
 * @by: 1 or -1
 *
 * Context: process.
 */
void vnet_users_made(struct user_namespace *owner, int by)
{
	struct user_namespace *ns;

	spin_lock(&known_lock);
	for (ns = owner; ns != &init_user_ns; ns = ns->parent)
		find(ns)->made += by;
	spin_unlock(&known_lock);
}

/**
 * vnet_users_chain - list a user namespace and those above it, as NETNS_NEW tells them
 * @owner: taken by vnet_users_take()
 * @chain: VOS_USERNS_DEPTH of them, filled from the outermost on
 *
 * Context: process.
 * Return: how many there are.
 */
u32 vnet_users_chain(struct user_namespace *owner, struct vos_userns *chain)
{
	u32 n = min_t(u32, owner->level, VOS_USERNS_DEPTH), i = n;
	struct user_namespace *ns;

	spin_lock(&known_lock);
	for (ns = owner; i && ns != &init_user_ns; ns = ns->parent)
		chain[--i] = (struct vos_userns) {
			.number = find(ns)->number,
			.owner = from_kuid(&init_user_ns, ns->owner),
			.group = from_kgid(&init_user_ns, ns->group),
		};
	spin_unlock(&known_lock);
	return n;
}

/**
 * vnet_users_owner - get the user that has made a user namespace, or the one above it
 * @owner: a user namespace
 *
 * Context: any.
 * Return: the maker of the outermost one; root: it is the initial one.
 */
kuid_t vnet_users_owner(struct user_namespace *owner)
{
	struct user_namespace *ns;

	for (ns = owner; ns->level > 1; ns = ns->parent)
		;
	return ns == &init_user_ns ? GLOBAL_ROOT_UID : ns->owner;
}

/**
 * vnet_user_ns - tell which user namespace credentials name at the domain; a session callback
 * @s: the session
 * @ns: that of a caller; not the initial one
 * @caps: the caller's; cleared but for those that count at the domain
 *
 * Context: process.
 * Return: its number.
 */
u32 vnet_user_ns(struct vos_session *s, const struct user_namespace *ns, u64 *caps)
{
	u32 number = VOS_USERNS_OTHER;
	struct known *k;

	spin_lock(&known_lock);
	k = find(ns);
	if (k && k->made)
		number = k->number;
	spin_unlock(&known_lock);
	*caps &= number == VOS_USERNS_OTHER ? 0 : CAPS;
	return number;
}
