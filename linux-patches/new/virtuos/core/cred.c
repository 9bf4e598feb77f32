// SPDX-License-Identifier: GPL-2.0
/*
 * The table of the credentials that a peer knows. register.c fills it.
 *
 * Invariant: an entry with users is never re-registered; compared by value, so
 * that processes of one user share an entry.
 */
#include <linux/cred.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include "cred.h"

int vos_cred_init(struct vos_cred_table *t)
{
	mutex_init(&t->mutex);
	init_waitqueue_head(&t->idle);
	spin_lock_init(&t->lock);
	t->entry = kvcalloc(VOS_MAX_CREDS, sizeof(*t->entry), GFP_KERNEL);
	return t->entry ? 0 : -ENOMEM;
}

void vos_cred_exit(struct vos_cred_table *t)
{
	kvfree(t->entry);
	t->entry = NULL;
}

/*
 * vos_cred_value - what a peer is told of @cred; equal values are equal to it
 */
void vos_cred_value(struct vos_cred *key, const struct cred *cred)
{
	const struct group_info *gi = cred->group_info;
	int i;

	memset(key, 0, sizeof(*key));
	/* More groups than fit: those that do not are simply not held. */
	key->ngroups = min_t(int, gi->ngroups, VOS_CRED_MAX_GROUPS);
	key->uid = from_kuid(&init_user_ns, cred->fsuid);
	key->gid = from_kgid(&init_user_ns, cred->fsgid);
	key->cap_effective = vos_cred_caps(cred);
	for (i = 0; i < key->ngroups; i++)
		key->group[i] = from_kgid(&init_user_ns, gi->gid[i]);
}

void vos_cred_put(struct vos_link *link, u16 index)
{
	struct vos_cred_table *t = &link->creds;
	unsigned long flags;
	bool idle;

	spin_lock_irqsave(&t->lock, flags);
	WARN_ON_ONCE(!t->entry[index].users);
	idle = !--t->entry[index].users;
	spin_unlock_irqrestore(&t->lock, flags);
	if (idle && wq_has_sleeper(&t->idle))
		wake_up(&t->idle);
}
