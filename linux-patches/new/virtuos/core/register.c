// SPDX-License-Identifier: GPL-2.0
/* Registration of credentials with the peer. cred.c decides which, and when. */
#include "core_priv.h"

/* Get a call. All calls that register use one channel, so the peer sees them in order. */
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

/**
 * vos_cred_tell - register credentials with the peer
 * @link: the link
 * @index: of an entry that is out of use
 * @key: the credentials
 *
 * Context: process; the table's mutex is held.
 * Return: 0; -ERESTARTSYS; -ENOTCONN. -ENOMEM: the peer has refused.
 */
int vos_cred_tell(struct vos_link *link, int index, const struct vos_cred *key)
{
	struct vos_call *call;
	int rc;

	lockdep_assert_held(&link->creds.mutex);
	call = get_call(link, sizeof(*key));
	if (IS_ERR(call))
		return PTR_ERR(call);
	vos_peer_write(call->data[0], key, sizeof(*key));
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
