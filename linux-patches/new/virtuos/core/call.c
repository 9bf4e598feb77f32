// SPDX-License-Identifier: GPL-2.0
/*
 * Getting a call: a link that is up, a slot and room on this processor's channel,
 * and credentials that the peer knows.
 */
#include <linux/export.h>
#include <linux/sched/signal.h>
#include "internal.h"

static bool take_or_dead(struct vos_link *link, u32 len0, u32 len1, struct vos_call **call)
{
	*call = vos_channel_take(vos_link_channel(link), len0, len1);
	return *call || READ_ONCE(link->dead);
}

/* Return: the call; -EAGAIN; -ERESTARTSYS; -ENOTCONN if the link died meanwhile. */
static struct vos_call *take(struct vos_link *link, u32 len0, u32 len1, u32 flags)
{
	struct vos_call *call = vos_channel_take(vos_link_channel(link), len0, len1);
	int rc;

	if (call)
		return call;
	if (flags & VOS_GET_NOWAIT) {
		set_bit(0, &link->room_wanted);
		/* Pairs with vos_link_room(): one of the two sees the other. */
		smp_mb();
		call = vos_channel_take(vos_link_channel(link), len0, len1);
		return call ?: ERR_PTR(-EAGAIN);
	}
	if (flags & VOS_GET_KILLABLE)
		rc = wait_event_killable(link->room_wait, take_or_dead(link, len0, len1, &call));
	else
		rc = wait_event_interruptible(link->room_wait,
					      take_or_dead(link, len0, len1, &call));
	if (call)
		return call;
	return ERR_PTR(rc ?: -ENOTCONN);
}

static struct vos_call *get_on(struct vos_link *link, u32 len0, u32 len1, u32 flags)
{
	struct vos_call *call;
	int cred = vos_cred_get(link, flags);

	if (cred < 0)
		return ERR_PTR(cred == -EOWNERDEAD ? -ENOTCONN : cred);
	call = take(link, len0, len1, flags);
	if (IS_ERR(call)) {
		if (cred)
			vos_cred_put(link, cred);
		return call;
	}
	vos_call_slot(call)->cred_index = cred;
	call->sqe.cred = cred;
	return call;
}

struct vos_call *vos_call_get(struct vos_session *s, u32 len0, u32 len1, u32 flags)
{
	bool once = flags & (VOS_GET_NOWAIT | VOS_GET_UP_ONLY | VOS_GET_RECOVERY);
	struct vos_call *call;

	if (unlikely(max(len0, len1) > vos_max_extent(s)))
		return ERR_PTR(-EMSGSIZE);
	do {
		struct vos_link *link = vos_session_link_get(s, flags);

		if (IS_ERR(link))
			return ERR_CAST(link);
		/* The reference is the call's from here on. */
		call = get_on(link, len0, len1, flags);
		if (IS_ERR(call))
			vos_link_put(link);
		/* The link died under us: wait for the next one. */
	} while (call == ERR_PTR(-ENOTCONN) && !once);
	return call;
}
EXPORT_SYMBOL_GPL(vos_call_get);
