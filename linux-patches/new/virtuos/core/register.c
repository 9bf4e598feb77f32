// SPDX-License-Identifier: GPL-2.0
/*
 * Credentials as registered objects: the peer is told once who a caller is, and
 * calls carry the index. Index 0, the service's own credentials, stands for root
 * with all capabilities.
 */
#include <linux/slab.h>
#include "cred.h"

static bool is_root(const struct cred *cred)
{
	return uid_eq(cred->fsuid, GLOBAL_ROOT_UID) && gid_eq(cred->fsgid, GLOBAL_ROOT_GID) &&
	       (vos_cred_caps(cred) & CAP_VALID_MASK) == CAP_VALID_MASK;
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

/* All calls that register take turns on one channel, so that they are seen in order. */
static struct vos_call *get_call(struct vos_link *link, u32 len)
{
	struct vos_call *call;

	vos_link_get(link);
	call = vos_channel_try_get(&link->chan[0], len, 0);
	if (!call)
		call = vos_channel_wait(&link->chan[0], len, 0,
					VOS_GET_KILLABLE | VOS_GET_RECOVERY);
	if (IS_ERR(call))
		vos_link_put(link);
	return call;
}

/* The entry is out of use. Return: 0, -ERESTARTSYS, -ENOTCONN, -ENOMEM: as the peer says. */
static int tell_peer(struct vos_link *link, int index, const struct vos_cred *key)
{
	struct vos_call *call;
	int rc;

	lockdep_assert_held(&link->creds.mutex);
	call = get_call(link, sizeof(*key));
	if (IS_ERR(call))
		return PTR_ERR(call);
	vos_peer_write(vos_call_data(call, 0), key, sizeof(*key));
	call->sqe.opcode = VOS_OP_CRED_SET;
	call->sqe.arg[0] = index;
	rc = vos_call(call);
	if (rc == -EINTR)
		return -ERESTARTSYS;
	if (rc)
		rc = -ENOTCONN;
	else if (call->cqe.result)
		rc = -ENOMEM;
	vos_call_put(call);
	return rc;
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
	rc = tell_peer(link, index, key);
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
