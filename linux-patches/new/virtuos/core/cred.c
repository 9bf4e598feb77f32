// SPDX-License-Identifier: GPL-2.0
/*
 * Credentials as registered objects. The primary sends a caller's credentials to the peer once,
 * and calls carry the index. Index 0, the service's own credentials, stands for root with all
 * capabilities.
 *
 * Invariant: while an entry has users, it is not registered anew. Entries are compared by
 * value, so that processes of one user share an entry.
 */
#include <linux/cred.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>
#include "core_priv.h"

/**
 * vos_cred_init - make an empty table
 * @t: filled
 * @tell: registers an entry with the link's peer, under @t->mutex; returns 0 or -errno
 *
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

/**
 * vos_cred_exit - free a table
 * @t: the table
 */
void vos_cred_exit(struct vos_cred_table *t)
{
	kvfree(t->entry);
	t->entry = NULL;
}

static u64 cap_bits(const struct cred *cred)
{
	/* Capabilities over another user namespace mean nothing where none is known. */
	return cred->user_ns == &init_user_ns ? cred->cap_effective.val : 0;
}

static bool is_root(const struct cred *cred)
{
	return uid_eq(cred->fsuid, GLOBAL_ROOT_UID) && gid_eq(cred->fsgid, GLOBAL_ROOT_GID) &&
	       (cap_bits(cred) & CAP_VALID_MASK) == CAP_VALID_MASK;
}

/**
 * vos_cred_value - convert credentials to what a peer gets
 * @key: filled; equal credentials have equal values
 * @cred: the credentials
 *
 * Context: any.
 */
void vos_cred_value(struct vos_cred *key, const struct cred *cred)
{
	const struct group_info *gi = cred->group_info;
	int i;

	memset(key, 0, sizeof(*key));
	/* If there are more groups than fit, the caller does not have the others. */
	key->ngroups = min_t(int, gi->ngroups, VOS_CRED_MAX_GROUPS);
	key->uid = from_kuid(&init_user_ns, cred->fsuid);
	key->gid = from_kgid(&init_user_ns, cred->fsgid);
	key->cap_effective = cap_bits(cred);
	for (i = 0; i < key->ngroups; i++)
		key->group[i] = from_kgid(&init_user_ns, gi->gid[i]);
}

/*
 * Count a user of the entry for @key, if the peer knows it.
 * Return: the index or -ENOENT.
 */
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

/*
 * Take the entry that was idle longest out of use.
 * Return: its index or -ENOSPC.
 */
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

/*
 * Wait for an entry without users and take it out of use.
 * Return: its index, -ERESTARTSYS, -ENOTCONN.
 */
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

/* Add the user namespace of the credentials, if the service knows others than the initial one. */
static void add_user_ns(struct vos_link *link, struct vos_cred *key, const struct cred *cred)
{
	struct vos_session *s = link->session;
	u64 caps = cred->cap_effective.val;

	if (cred->user_ns == &init_user_ns || !s->ops->user_ns)
		return;
	key->userns = s->ops->user_ns(s, cred->user_ns, &caps);
	key->cap_effective = caps;
}

/**
 * vos_cred_needed - test whether a call needs credentials that the peer has been told
 * @flags: VOS_GET_*
 *
 * Most callers are root, or want the service's own. This function calls no other and so needs
 * no stack, which vos_cred_get() does.
 *
 * Context: process. With VOS_GET_NOCRED: any.
 * Return: false: index 0 stands for them.
 */
bool vos_cred_needed(u32 flags)
{
	return !(flags & VOS_GET_NOCRED) && !is_root(current_cred());
}

/**
 * vos_cred_get - get the index under which the peer knows current_cred()
 * @link: the link
 * @flags: VOS_GET_*
 *
 * For a call that needs one, see vos_cred_needed(). Waits for an entry; only a kill ends the
 * wait.
 *
 * Context: process.
 * Return: the index, not 0; the caller puts it by vos_cred_put(). -ERESTARTSYS: killed.
 * -ENOTCONN: the link has died. -ENOMEM. -EINVAL: VOS_GET_NOWAIT without VOS_GET_NOCRED.
 */
int vos_cred_get(struct vos_link *link, u32 flags)
{
	struct vos_cred_table *t = &link->creds;
	struct vos_cred *key;
	int rc;

	if (WARN_ON_ONCE(flags & VOS_GET_NOWAIT))
		return -EINVAL;
	key = kmalloc(sizeof(*key), GFP_KERNEL);
	if (!key)
		return -ENOMEM;
	vos_cred_value(key, current_cred());
	add_user_ns(link, key, current_cred());
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

/**
 * vos_cred_put - put what vos_cred_get() returned
 * @link: the link
 * @index: not 0
 *
 * Context: any.
 */
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
