// SPDX-License-Identifier: GPL-2.0
/*
 * What was written to the network domain's settings and to attributes of its interfaces, for the
 * next incarnation of the domain.
 *
 * Invariant: a value that a writer was told to be set is set again in each later incarnation,
 * before other callers are let in. Values are set in the order in which they were written last,
 * under the credentials of their writers.
 */
#include <linux/cred.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include "netns.h"
#include "view.h"

/* Most values. There are fewer settings, unless there are very many interfaces. */
#define KEPT_MAX	4096u
/* Most of a namespace that is not the initial one. */
#define KEPT_OF_NETNS	256u

/* A value. @netns: number of its namespace */
struct kept {
	struct list_head node;
	u32 netns;
	const struct cred *cred;
	u64 what;
	char *name;
	u32 len;
	u8 value[];
};

static DEFINE_MUTEX(kept_lock);
static LIST_HEAD(kept);
static unsigned int nr_kept;

static void kept_free(struct kept *k)
{
	put_cred(k->cred);
	kfree(k->name);
	kvfree(k);
}

static struct kept *kept_new(const struct vnet_view *v)
{
	struct kept *k = kvmalloc(struct_size(k, value, v->len), GFP_KERNEL_ACCOUNT);

	if (!k)
		return NULL;
	k->cred = get_current_cred();
	k->what = v->arg[0];
	k->netns = v->arg[2];
	k->name = kstrdup(v->name, GFP_KERNEL_ACCOUNT);
	k->len = v->len;
	memcpy(k->value, v->text, v->len);
	if (k->name)
		return k;
	kept_free(k);
	return NULL;
}

static void forget(struct kept *k)
{
	list_del(&k->node);
	nr_kept--;
	kept_free(k);
}

static bool has_room(u32 netns)
{
	const struct kept *k;
	unsigned int n = 0;

	if (!netns)
		return nr_kept < KEPT_MAX;
	list_for_each_entry(k, &kept, node)
		n += k->netns == netns;
	return n < KEPT_OF_NETNS && nr_kept < KEPT_MAX / 2;
}

/* Put @k in place of an earlier value. Return: 0 or -ENOSPC. */
static int replace(struct kept *k)
{
	struct kept *old;

	list_for_each_entry(old, &kept, node)
		if (old->what == k->what && old->netns == k->netns && !strcmp(old->name, k->name)) {
			forget(old);
			break;
		}
	if (!has_room(k->netns))
		return -ENOSPC;
	list_add_tail(&k->node, &kept);
	nr_kept++;
	return 0;
}

/**
 * vnet_keep - keep a value that the domain has taken
 * @v: the call by which it was written
 *
 * Context: process.
 * Return: 0, -ENOMEM, -ENOSPC. -EOWNERDEAD: the link has died, and the next one does not know
 * the value. -EINTR: killed.
 */
int vnet_keep(const struct vnet_view *v)
{
	struct kept *k = kept_new(v);
	int rc = -EOWNERDEAD;

	if (!k)
		return -ENOMEM;
	if (mutex_lock_killable(&kept_lock)) {
		kept_free(k);
		return -EINTR;
	}
	if (vos_session_epoch(vnet.session) == v->epoch)
		rc = replace(k);
	mutex_unlock(&kept_lock);
	if (rc)
		kept_free(k);
	return rc;
}

static int set_again(const struct kept *k)
{
	struct vnet_view v = {
		.opcode = VOS_OP_SYSCTL,
		.arg = { k->what, 0, k->netns },
		.name = k->name,
		.text = (void *)k->value,
		.len = k->len,
		.write = true,
		.flags = VOS_GET_RECOVERY,
	};
	const struct cred *old = override_creds(k->cred);
	int rc = vnet_view_call(&v);

	revert_creds(old);
	return rc < 0 ? rc : 0;
}

/**
 * vnet_keep_again - set all values again
 *
 * Context: the session's thread, in up().
 */
void vnet_keep_again(void)
{
	struct kept *k;
	int rc;

	mutex_lock(&kept_lock);
	list_for_each_entry(k, &kept, node) {
		rc = set_again(k);
		if (rc == -EOWNERDEAD || rc == -ENETDOWN)
			break;		/* the link has died; up() comes again */
		if (rc)
			pr_warn_ratelimited("virtuos-net: %s could not be set again: error %d\n",
					    k->name, -rc);
	}
	mutex_unlock(&kept_lock);
}

/**
 * vnet_keep_forget - forget what was written in a namespace that has ended
 * @netns: its number
 *
 * Context: process.
 */
void vnet_keep_forget(u32 netns)
{
	struct kept *k, *next;

	mutex_lock(&kept_lock);
	list_for_each_entry_safe(k, next, &kept, node)
		if (k->netns == netns)
			forget(k);
	mutex_unlock(&kept_lock);
}

/**
 * vnet_keep_drop - forget all values
 *
 * Context: process.
 */
void vnet_keep_drop(void)
{
	struct kept *k, *next;

	list_for_each_entry_safe(k, next, &kept, node)
		forget(k);
}
