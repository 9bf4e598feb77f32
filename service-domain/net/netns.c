// SPDX-License-Identifier: GPL-2.0
/*
 * NETNS_NEW and NETNS_END: the table of a primary's network namespaces. See netns.h.
 *
 * Netlink messages of programs name other namespaces. The primary puts numbers in the place of
 * descriptors, and this kernel asks here what they stand for (net_ns_number()).
 */
#include <linux/err.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <net/virtuos_netns.h>
#include "netns.h"

static DEFINE_SPINLOCK(all_lock);	/* the list below */
static LIST_HEAD(all_spaces);

/**
 * vns_net_get - find a namespace
 * @nc: the connection
 * @number: unchecked
 *
 * Context: process.
 * Return: the namespace with a reference, or NULL.
 */
struct net *vns_net_get(struct vns_conn *nc, u64 number)
{
	struct xarray *nets = &nc->spaces->nets;
	struct vns_space *space;
	struct net *net = NULL;

	if (!number)
		return get_net(&init_net);
	if (number > U32_MAX)
		return NULL;
	xa_lock(nets);
	space = xa_load(nets, number);
	if (space)
		net = get_net(space->net);
	xa_unlock(nets);
	return net;
}

/* Find the primary for which the current thread sends. */
static struct vns_spaces *sender_spaces(void)
{
	struct vns_spaces *s;

	lockdep_assert_held(&all_lock);
	list_for_each_entry(s, &all_spaces, node)
		if (READ_ONCE(s->sender) == current)
			return s;
	return NULL;
}

static struct net *net_of(struct vns_spaces *s, u32 number)
{
	struct vns_space *space;

	if (!number)
		return get_net(&init_net);
	space = xa_load(&s->nets, number);
	/* Only this thread takes one out of the table. */
	return space ? get_net(space->net) : ERR_PTR(-EINVAL);
}

/*
 * Find the namespace that a message names. The primary may have found none, and says why.
 * Context: under RCU.
 * Return: it with a reference, ERR_PTR, or NULL: the thread sends for no primary.
 */
static struct net *by_number(u32 number)
{
	struct vns_spaces *s;
	struct net *net = NULL;

	spin_lock(&all_lock);
	s = sender_spaces();
	if (s)
		net = IS_ERR_VALUE((long)(s32)number) ? ERR_PTR((s32)number) : net_of(s, number);
	spin_unlock(&all_lock);
	return net;
}

/**
 * vns_names_begin - have numbers in messages stand for namespaces of a primary
 * @nc: the connection for which the current thread sends from now on
 *
 * Context: control thread.
 */
void vns_names_begin(struct vns_conn *nc)
{
	WRITE_ONCE(nc->spaces->sender, current);
}

/**
 * vns_names_end - undo vns_names_begin()
 * @nc: the connection
 *
 * Context: control thread.
 */
void vns_names_end(struct vns_conn *nc)
{
	WRITE_ONCE(nc->spaces->sender, NULL);
}

static struct net *new_net(struct vns_spaces *s, const struct veng_scall *call)
{
	struct user_namespace *owner = vns_users_owner(s, call);
	struct net *net;

	if (IS_ERR(owner))
		return ERR_CAST(owner);
	net = copy_net_ns(CLONE_NEWNET, owner, &init_net);
	put_user_ns(owner);
	return net;
}

static int add_space(struct vns_spaces *s, u32 number, struct net *net)
{
	struct vns_space *space = kzalloc(sizeof(*space), GFP_KERNEL);
	int rc;

	if (!space)
		return -ENOMEM;
	space->net = net;
	rc = xa_insert(&s->nets, number, space, GFP_KERNEL);
	if (rc)
		kfree(space);
	else
		s->nr++;
	return rc;
}

static s64 run_new(struct veng_scall *call)
{
	struct vns_conn *nc = veng_conn_priv(call->conn);
	struct vns_spaces *s = nc->spaces;
	u32 number = call->sqe.arg[0];
	struct net *net;
	int rc;

	if (xa_load(&s->nets, number))
		return 0;
	if (s->nr >= VOS_NETNS_MAX)
		return -ENOSPC;
	if (vns_memory_is_scarce())
		return -ENOMEM;
	net = new_net(s, call);
	if (IS_ERR(net))
		return PTR_ERR(net);
	rc = add_space(s, number, net);
	if (rc)
		put_net(net);
	return rc;
}

/**
 * vns_netns_new - carry out NETNS_NEW
 * @none: NULL
 * @call: the call
 *
 * Context: dispatcher.
 * Return: VENG_PENDING, -EINVAL. -EPERM: it is not the primary's kernel that asks.
 */
s64 vns_netns_new(struct vns_obj *none, struct veng_scall *call)
{
	if (call->sqe.cred)
		return -EPERM;
	if (!call->sqe.arg[0] || call->sqe.arg[0] > S32_MAX)
		return -EINVAL;
	veng_scall_queue_ctl(call, run_new);
	return VENG_PENDING;
}

/* Context: control thread, or no call is under way. */
static void end_space(struct vns_spaces *s, unsigned long number)
{
	struct vns_space *space = xa_erase(&s->nets, number);

	if (!space)
		return;
	s->nr--;
	if (space->sysfs)
		kern_unmount(space->sysfs);
	put_net(space->net);
	kfree(space);
}

static s64 run_end(struct veng_scall *call)
{
	struct vns_conn *nc = veng_conn_priv(call->conn);

	end_space(nc->spaces, call->sqe.arg[0]);
	vns_users_tidy(nc->spaces);
	return 0;
}

/**
 * vns_netns_end - carry out NETNS_END
 * @none: NULL
 * @call: the call
 *
 * Context: dispatcher.
 * Return: VENG_PENDING. -EPERM: it is not the primary's kernel that asks.
 */
s64 vns_netns_end(struct vns_obj *none, struct veng_scall *call)
{
	if (call->sqe.cred)
		return -EPERM;
	veng_scall_queue_ctl(call, run_end);
	return VENG_PENDING;
}

/**
 * vns_spaces_begin - make the empty table of a connection
 * @nc: the connection
 *
 * Context: process.
 * Return: 0 or -ENOMEM.
 */
int vns_spaces_begin(struct vns_conn *nc)
{
	struct vns_spaces *s = kzalloc(sizeof(*s), GFP_KERNEL);

	if (!s)
		return -ENOMEM;
	xa_init(&s->nets);
	spin_lock_init(&s->lock);
	INIT_LIST_HEAD(&s->users);
	nc->spaces = s;
	spin_lock(&all_lock);
	list_add(&s->node, &all_spaces);
	spin_unlock(&all_lock);
	return 0;
}

/**
 * vns_spaces_end - end all namespaces of a primary that is gone
 * @nc: the connection; no call is under way, and its sockets are closed
 *
 * Context: process.
 */
void vns_spaces_end(struct vns_conn *nc)
{
	struct vns_spaces *s = nc->spaces;
	struct vns_space *space;
	unsigned long number;

	spin_lock(&all_lock);
	list_del(&s->node);
	spin_unlock(&all_lock);
	xa_for_each(&s->nets, number, space)
		end_space(s, number);
	xa_destroy(&s->nets);
	vns_users_drop(s);
	kfree(s);
}

/**
 * vns_spaces_init - have this kernel ask here what numbers stand for
 *
 * Context: process.
 * Return: 0 or -errno.
 */
int vns_spaces_init(void)
{
	int rc = vns_users_init();

	if (!rc)
		net_ns_number(by_number);
	return rc;
}

/**
 * vns_spaces_exit - undo vns_spaces_init()
 *
 * Context: process; no connection is left.
 */
void vns_spaces_exit(void)
{
	net_ns_number(NULL);
	vns_users_exit();
}
