// SPDX-License-Identifier: GPL-2.0
/*
 * Credentials as registered objects: the peer is told once who a caller is, and
 * calls carry the index. Index 0, the service's own credentials, stands for root
 * with all capabilities.
 *
 * Invariant: an entry with users is never re-registered; compared by value, so
 * that processes of one user share an entry.
 */
#include <linux/cred.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>
#include "core_priv.h"

/*
 * vos_cred_init - an empty table
 * @tell: tells the link's peer of an entry, under @t->mutex; Return: 0 or -errno
 * Return: 0 or -ENOMEM.
 */
int vos_cred_init(struct vos_cred_table *t,
		  int (*tell)(struct vos_link *link, int index, const struct vos_cred *key))
{
	t->tell = tell;
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

static u64 cap_bits(const struct cred *cred)
{
	/* Capabilities over another user namespace mean nothing out there. */
	return cred->user_ns == &init_user_ns ? cred->cap_effective.val : 0;
}

static bool is_root(const struct cred *cred)
{
	return uid_eq(cred->fsuid, GLOBAL_ROOT_UID) && gid_eq(cred->fsgid, GLOBAL_ROOT_GID) &&
	       (cap_bits(cred) & CAP_VALID_MASK) == CAP_VALID_MASK;
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
	key->cap_effective = cap_bits(cred);
	for (i = 0; i < key->ngroups; i++)
		key->group[i] = from_kgid(&init_user_ns, gi->gid[i]);
}

/* Take a user of the entry for @key, if the peer knows it. */
static int find_known(struct vos_cred_table *t, const struct vos_cred *key)
{
	int i, found = -ENOENT;

	spin_lock_irq(&t->lock);
	for (i = 1; i < VOS_MAX_CREDS; i++) {
		struct vos_cred_entry *e = &t->entry[i];

		if (e->known && !memcmp(&e->key, key, sizeof(*key))) {
			e->users++;
			e->used_at = ++t->clock;
			found = i;
			break;
		}
	}
	spin_unlock_irq(&t->lock);
	return found;
}

/* The entry that was idle longest, taken out of use. */
static int claim_idle(struct vos_cred_table *t)
{
	int i, best = -ENOSPC;

	spin_lock_irq(&t->lock);
	for (i = 1; i < VOS_MAX_CREDS; i++) {
		struct vos_cred_entry *e = &t->entry[i];

		if (!e->users && (best < 0 || e->used_at < t->entry[best].used_at))
			best = i;
	}
	if (best > 0)
		t->entry[best].known = false;
	spin_unlock_irq(&t->lock);
	return best;
}

static bool idle_or_dead(struct vos_link *link, int *index)
{
	*index = claim_idle(&link->creds);
	return *index > 0 || READ_ONCE(link->dead);
}

/* One that is out of use, as soon as there is one. Return: it, -ERESTARTSYS, -ENOTCONN. */
static int await_idle(struct vos_link *link)
{
	int index, rc;

	lockdep_assert_held(&link->creds.mutex);
	rc = wait_event_killable(link->creds.idle, idle_or_dead(link, &index));
	if (rc)
		return rc;
	return index > 0 ? index : -ENOTCONN;
}

static int register_cred(struct vos_link *link, const struct vos_cred *key)
{
	struct vos_cred_table *t = &link->creds;
	int index, rc;

	index = find_known(t, key);
	if (index > 0)
		return index;
	index = await_idle(link);
	if (index < 0)
		return index;
	rc = t->tell(link, index, key);
	if (rc)
		return rc;
	spin_lock_irq(&t->lock);
	t->entry[index].key = *key;
	t->entry[index].known = true;
	t->entry[index].users = 1;
	t->entry[index].used_at = ++t->clock;
	spin_unlock_irq(&t->lock);
	return index;
}

/*
 * vos_cred_get - index under which the peer knows current_cred()
 *
 * Waits for an entry; only a kill ends the wait.
 * Return: the index, to be put by vos_cred_put() unless 0; -ERESTARTSYS killed;
 * -ENOTCONN the link has died; -ENOMEM; -EINVAL who cannot wait must not ask.
 */
int vos_cred_get(struct vos_link *link, u32 flags)
{
	struct vos_cred_table *t = &link->creds;
	struct vos_cred *key;
	int rc;

	if ((flags & VOS_GET_NOCRED) || is_root(current_cred()))
		return 0;
	if (WARN_ON_ONCE(flags & VOS_GET_NOWAIT))
		return -EINVAL;
	key = kmalloc(sizeof(*key), GFP_KERNEL);
	if (!key)
		return -ENOMEM;
	vos_cred_value(key, current_cred());
	rc = find_known(t, key);
	if (rc == -ENOENT) {
		rc = mutex_lock_killable(&t->mutex) ? -ERESTARTSYS : 0;
		if (!rc) {
			rc = register_cred(link, key);
			mutex_unlock(&t->mutex);
		}
	}
	kfree(key);
	return rc;
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
