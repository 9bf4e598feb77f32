// SPDX-License-Identifier: GPL-2.0
/*
 * Which network namespaces the domain has. See netns.h.
 *
 * A namespace takes 100 KiB and more of the domain's memory. So it is made when a program makes a
 * socket in it, or reads one of its tables, and not before. Their number is limited, also for each
 * user that has made user namespaces.
 *
 * Invariant: no thread but the session's holds netns_lock while it waits for a link.
 */
#include <linux/capability.h>
#include <linux/idr.h>
#include <linux/moduleparam.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>
#include "netns.h"
#include "view.h"

static unsigned int netns = 128;
module_param(netns, uint, 0644);
MODULE_PARM_DESC(netns, "most network namespaces with TCP/IP (default 128), a quarter for one user");

unsigned int vnet_netns_id;

static DEFINE_MUTEX(netns_lock);	/* the variables below */
static LIST_HEAD(made);
static DEFINE_IDR(numbers);		/* number to struct vnet_netns */
static unsigned int nr_numbers;
static bool following;			/* namespaces have their struct vnet_netns */

static unsigned int count_of(kuid_t user)
{
	struct vnet_netns *ns;
	unsigned int n = 0;
	int number;

	lockdep_assert_held(&netns_lock);
	idr_for_each_entry(&numbers, ns, number)
		n += uid_eq(ns->user, user);
	return n;
}

static bool has_room(kuid_t user)
{
	unsigned int most = min(READ_ONCE(netns), VOS_NETNS_MAX);

	if (nr_numbers >= most)
		return false;
	return uid_eq(user, GLOBAL_ROOT_UID) || count_of(user) < DIV_ROUND_UP(most, 4);
}

/* Numbers go round, so one that has ended is not given out again soon. */
static int give_number(struct vnet_netns *ns)
{
	int number;

	lockdep_assert_held(&netns_lock);
	ns->user = vnet_users_owner(ns->net->user_ns);
	if (!has_room(ns->user))
		return -ENOSPC;
	number = idr_alloc_cyclic(&numbers, ns, 1, 0, GFP_KERNEL);
	if (number < 0)
		return number;
	WRITE_ONCE(ns->number, number);
	nr_numbers++;
	return 0;
}

static void take_number(struct vnet_netns *ns)
{
	lockdep_assert_held(&netns_lock);
	idr_remove(&numbers, ns->number);
	nr_numbers--;
	WRITE_ONCE(ns->number, 0);
}

static int prepare(struct vnet_netns *ns)
{
	int rc = vnet_users_take(ns->net->user_ns);

	if (rc)
		return rc;
	mutex_lock(&netns_lock);
	rc = give_number(ns);
	mutex_unlock(&netns_lock);
	if (rc)
		vnet_users_drop(ns->net->user_ns);
	return rc;
}

static void undo(struct vnet_netns *ns)
{
	u32 number = ns->number;

	mutex_lock(&netns_lock);
	take_number(ns);
	mutex_unlock(&netns_lock);
	vnet_users_drop(ns->net->user_ns);
	vnet_keep_forget(number);
	vnet_changes_end(number, 0);
}

/* Return: 0 or -errno; -EOWNERDEAD: the link has died. @epoch: the link that has made it */
static int make_once(struct vnet_netns *ns, u32 flags, u32 *epoch)
{
	struct vos_userns *chain = kcalloc(VOS_USERNS_DEPTH, sizeof(*chain), GFP_KERNEL);
	struct vnet_view v = {
		.opcode = VOS_OP_NETNS_NEW,
		.arg = { ns->number },
		.text = chain,
		.write = true,
		.flags = flags | VOS_GET_NOCRED,
	};
	int rc;

	if (!chain)
		return -ENOMEM;
	v.len = vnet_users_chain(ns->net->user_ns, chain) * sizeof(*chain);
	rc = vnet_view_call(&v);
	*epoch = v.epoch;
	kfree(chain);
	return min(rc, 0);
}

/* Put it on the list. Return: false: the link has died, and the next one does not know of it. */
static bool enlist(struct vnet_netns *ns, u32 epoch)
{
	bool ok;

	mutex_lock(&netns_lock);
	ok = vos_session_epoch(vnet.session) == epoch;
	if (ok) {
		list_add_tail(&ns->node, &made);
		vnet_users_made(ns->net->user_ns, 1);
		/* Pairs with vnet_netns_need(): a thread that sees it may use the number. */
		smp_store_release(&ns->made, true);
	}
	mutex_unlock(&netns_lock);
	return ok;
}

static void delist(struct vnet_netns *ns)
{
	lockdep_assert_held(&netns_lock);
	list_del(&ns->node);
	vnet_users_made(ns->net->user_ns, -1);
	WRITE_ONCE(ns->made, false);
}

static int make(struct vnet_netns *ns)
{
	u32 epoch = 0;
	int rc = ns->number ? 0 : prepare(ns);

	if (rc)
		return rc;
	do {
		rc = make_once(ns, VOS_GET_KILLABLE, &epoch);
	} while (rc == -EOWNERDEAD || (!rc && !enlist(ns, epoch)));
	/* If its maker was killed, the domain may have made it, and knows the number. */
	if (rc && rc != -EINTR)
		undo(ns);
	if (rc)
		return rc;
	vnet_netns_refresh(ns);
	return 0;
}

/**
 * vnet_netns_need - have a namespace made at the domain, if it is not
 * @net: the namespace; the caller has a reference
 *
 * Context: process.
 * Return: 0. -ENOSPC: there are too many, or too many of its user. -ENOMEM: the domain has no
 * memory for it. -ENETDOWN: there is no domain. -ERESTARTSYS: killed.
 */
int vnet_netns_need(struct net *net)
{
	struct vnet_netns *ns = vnet_netns(net);
	int rc = 0;

	/* Pairs with enlist(). */
	if (smp_load_acquire(&ns->made))
		return 0;
	if (mutex_lock_killable(&ns->making))
		return -ERESTARTSYS;
	if (!ns->made)
		rc = make(ns);
	mutex_unlock(&ns->making);
	return rc == -EINTR ? -ERESTARTSYS : rc;
}

/**
 * vnet_netns_get - find a namespace by its number
 * @number: same
 *
 * Context: process.
 * Return: it with a reference; NULL: it has ended.
 */
struct net *vnet_netns_get(u32 number)
{
	struct net *net = NULL;
	struct vnet_netns *ns;

	if (!number)
		return get_net(&init_net);
	mutex_lock(&netns_lock);
	ns = idr_find(&numbers, number);
	if (ns)
		net = maybe_get_net(ns->net);
	mutex_unlock(&netns_lock);
	return net;
}

/**
 * vnet_netns_again - make all namespaces again
 *
 * Sockets of one that cannot be made are lost. The next socket there tries again.
 *
 * Context: the session's thread, in up().
 */
void vnet_netns_again(void)
{
	struct vnet_netns *ns, *next;
	u32 epoch;
	int rc;

	mutex_lock(&netns_lock);
	list_for_each_entry_safe(ns, next, &made, node) {
		rc = make_once(ns, VOS_GET_RECOVERY, &epoch);
		if (rc == -EOWNERDEAD || rc == -ENETDOWN)
			break;		/* the link has died; up() comes again */
		if (!rc)
			continue;
		pr_warn_ratelimited("virtuos-net: a network namespace could not be made again: error %d\n",
				    -rc);
		delist(ns);
	}
	mutex_unlock(&netns_lock);
}

/**
 * vnet_netns_refresh - have folders for what the domain has in a namespace now
 * @ns: the namespace
 *
 * Context: any.
 */
void vnet_netns_refresh(struct vnet_netns *ns)
{
	queue_work(vnet.wq, &ns->settings.refresh);
	queue_work(vnet.wq, &ns->devices.refresh);
}

/**
 * vnet_netns_refresh_number - vnet_netns_refresh() by number
 * @number: of a namespace that may have ended
 *
 * Context: process.
 */
void vnet_netns_refresh_number(u32 number)
{
	struct vnet_netns *ns;

	mutex_lock(&netns_lock);
	if (following) {
		ns = number ? idr_find(&numbers, number) : vnet_netns(&init_net);
		if (ns)
			vnet_netns_refresh(ns);
	}
	mutex_unlock(&netns_lock);
}

/**
 * vnet_netns_refresh_all - vnet_netns_refresh() of all that the domain has
 *
 * Context: process.
 */
void vnet_netns_refresh_all(void)
{
	struct vnet_netns *ns;

	mutex_lock(&netns_lock);
	if (following)
		vnet_netns_refresh(vnet_netns(&init_net));
	list_for_each_entry(ns, &made, node)
		vnet_netns_refresh(ns);
	mutex_unlock(&netns_lock);
}

/* Forget what is kept of a namespace, and its number. */
static void forget(struct vnet_netns *ns)
{
	u32 number = ns->number;

	mutex_lock(&netns_lock);
	if (ns->made)
		delist(ns);
	take_number(ns);
	mutex_unlock(&netns_lock);
	vnet_users_drop(ns->net->user_ns);
	vnet_keep_forget(number);
	vnet_changes_end(number, 0);
	vnet_netns_end(number);
}

static int __net_init begin(struct net *net)
{
	struct vnet_netns *ns = vnet_netns(net);

	ns->net = net;
	ns->made = net_eq(net, &init_net);
	mutex_init(&ns->making);
	vnet_settings_init(ns);
	vnet_devices_begin(ns);
	if (!vnet_proc_init(ns))
		return 0;
	vnet_devices_end(ns);
	return -ENOMEM;
}

/*
 * Before the namespace's lo goes: a refresh would take the domain's for another interface. What is
 * asked for later does nothing.
 */
static void __net_exit stop_refreshes(struct net *net)
{
	struct vnet_netns *ns = vnet_netns(net);

	disable_work_sync(&ns->settings.refresh);
	disable_work_sync(&ns->devices.refresh);
}

static void __net_exit end(struct net *net)
{
	struct vnet_netns *ns = vnet_netns(net);

	vnet_proc_exit(ns);
	vnet_settings_exit(ns);
	vnet_devices_end(ns);
	if (ns->number)
		forget(ns);
}

static struct pernet_operations operations = {
	.init = begin,
	.pre_exit = stop_refreshes,
	.exit = end,
	.id = &vnet_netns_id,
	.size = sizeof(struct vnet_netns),
};

static void follow(bool on)
{
	mutex_lock(&netns_lock);
	following = on;
	mutex_unlock(&netns_lock);
}

/**
 * vnet_netns_init - follow this kernel's namespaces from now on
 *
 * Context: process; there is a session.
 * Return: 0 or -errno.
 */
int vnet_netns_init(void)
{
	int rc = register_pernet_subsys(&operations);

	follow(!rc);
	return rc;
}

/**
 * vnet_netns_exit - undo vnet_netns_init()
 *
 * Context: process; no socket is left.
 */
void vnet_netns_exit(void)
{
	follow(false);
	unregister_pernet_subsys(&operations);
}
