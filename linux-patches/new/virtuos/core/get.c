// SPDX-License-Identifier: GPL-2.0
/*
 * Getting a call: a link that is up, a slot and room on this processor's channel,
 * and credentials that the peer knows.
 */
#include <linux/export.h>
#include "core_priv.h"

/* Return: the call; -ENOBUFS; -ERESTARTSYS; -ENOTCONN if the link died meanwhile. */
static struct vos_call *get_slot(struct vos_link *link, u32 len0, u32 len1, u32 flags)
{
	struct vos_channel *chan = vos_link_channel(link);
	struct vos_call *call = vos_channel_try_get(chan, len0, len1);

	if (likely(call))
		return call;
	if (flags & VOS_GET_NOWAIT)
		return vos_channel_ask(chan, len0, len1);
	return vos_channel_wait(chan, len0, len1, flags);
}

static struct vos_call *get_on(struct vos_link *link, u32 len0, u32 len1, u32 flags)
{
	struct vos_call *call;
	int cred = vos_cred_get(link, flags);

	if (cred < 0)
		return ERR_PTR(cred);
	call = get_slot(link, len0, len1, flags);
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
