// SPDX-License-Identifier: GPL-2.0
/*
 * Accounts of user channels. A link has a limited number of them, and the grant table has room
 * for a limited number of pages. Memory cgroups are charged for their memory.
 *
 * A user may have vdoor_user_channels at a time. All users together leave a reserve for tasks
 * with CAP_SYS_RESOURCE, which are not counted. A task in a user namespace counts for the user
 * that made the outermost one. So a user cannot multiply.
 *
 * Invariant: the sum of all payers' channels is nr_channels, of their pages nr_pages.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/hashtable.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>
#include <xen/grant_table.h>
#include "door_priv.h"

/**
 * struct vdoor_payer - a user that has channels
 * @node: in payers, under payers_lock
 * @uid: the user's
 * @channels: how many; with the last one it is freed
 */
struct vdoor_payer {
	struct hlist_node node;
	kuid_t uid;
	u32 channels;
};

static DEFINE_HASHTABLE(payers, 6);
static DEFINE_SPINLOCK(payers_lock);
static u32 nr_pages;

/*
 * Get the most pages of all payers. Of the pages that doors may have granted (core/grants.c),
 * an eighth is kept.
 */
static u32 most_pages(void)
{
	u32 all = gnttab_max_grant_frames() * (XEN_PAGE_SIZE / sizeof(struct grant_entry_v1));
	u32 doors = all - all / 4;

	return doors - doors / 8;
}

static kuid_t payer_uid(void)
{
	const struct user_namespace *ns = current_user_ns();
	kuid_t uid = current_uid();

	for (; ns != &init_user_ns; ns = ns->parent)
		uid = ns->owner;
	return uid;
}

static struct vdoor_payer *find(kuid_t uid)
{
	struct vdoor_payer *p;

	lockdep_assert_held(&payers_lock);
	hash_for_each_possible(payers, p, node, __kuid_val(uid))
		if (uid_eq(p->uid, uid))
			return p;
	return NULL;
}

static int add(struct vdoor_payer *p, u32 pages)
{
	lockdep_assert_held(&payers_lock);
	if (p->channels >= READ_ONCE(vdoor_user_channels) || nr_pages + pages > most_pages())
		return -ENOSPC;
	p->channels++;
	nr_pages += pages;
	return 0;
}

static void drop_if_idle(struct vdoor_payer *p)
{
	lockdep_assert_held(&payers_lock);
	if (p->channels)
		return;
	hash_del(&p->node);
	kfree(p);
}

/**
 * vdoor_channel_charge - count a channel that the caller is about to have
 * @payer: set, for vdoor_channel_uncharge(); NULL: the channel counts for no user
 * @pages: of the channel
 *
 * Context: process.
 * Return: 0; -ENOSPC; -ENOMEM.
 */
int vdoor_channel_charge(struct vdoor_payer **payer, u32 pages)
{
	kuid_t uid = payer_uid();
	struct vdoor_payer *fresh, *p;
	int rc;

	*payer = NULL;
	if (capable(CAP_SYS_RESOURCE))
		return 0;
	fresh = kzalloc(sizeof(*fresh), GFP_KERNEL_ACCOUNT);
	if (!fresh)
		return -ENOMEM;
	spin_lock(&payers_lock);
	p = find(uid);
	if (!p) {
		p = fresh;
		fresh = NULL;
		p->uid = uid;
		hash_add(payers, &p->node, __kuid_val(uid));
	}
	rc = add(p, pages);
	if (!rc)
		*payer = p;
	drop_if_idle(p);
	spin_unlock(&payers_lock);
	kfree(fresh);
	return rc;
}

/**
 * vdoor_channel_uncharge - stop counting a channel that has gone
 * @payer: as vdoor_channel_charge() set it
 * @pages: as there
 *
 * Context: process.
 */
void vdoor_channel_uncharge(struct vdoor_payer *payer, u32 pages)
{
	if (!payer)
		return;
	spin_lock(&payers_lock);
	WARN_ON_ONCE(!payer->channels || nr_pages < pages);
	payer->channels--;
	nr_pages -= pages;
	drop_if_idle(payer);
	spin_unlock(&payers_lock);
}
