// SPDX-License-Identifier: GPL-2.0
/*
 * Calls on the network domain's tables and settings. They name no socket.
 */
#include <linux/minmax.h>
#include <linux/string.h>
#include "view.h"
#include "vnet.h"

/**
 * vnet_view_max - get the most bytes of text that one call carries
 *
 * Context: any.
 * Return: bytes.
 */
u32 vnet_view_max(void)
{
	return min(VOS_TEXT_MAX, vnet.max_extent);
}

static void fill(struct vos_call *call, const struct vnet_view *v, u32 name_len)
{
	call->sqe.opcode = v->opcode;
	call->sqe.arg[0] = v->arg[0];
	call->sqe.arg[1] = v->arg[1];
	call->sqe.arg[2] = v->arg[2];
	if (name_len)
		vos_peer_write(call->data[1], v->name, name_len);
	if (v->write && v->len)
		vos_peer_write(call->data[0], v->text, v->len);
}

/* Carry out the call. Return: as vos_call(); if 0, *@result is the service's. */
static int carry_out(struct vos_call *call, struct vnet_view *v, int *result)
{
	int rc = vos_call(call);

	if (rc == -EINTR)
		return rc;
	if (!rc) {
		*result = vnet_call_result(call, v->len);
		v->pos = call->cqe.out[0];
		if (*result == -EOWNERDEAD)
			rc = *result;
		else if (*result > 0 && !v->write)
			vos_peer_read(v->text, call->data[0], *result);
	}
	vos_call_put(call);
	return rc;
}

/**
 * vnet_view_call - carry out a call on a file of the domain
 * @v: the call
 *
 * It waits for a link as other calls do.
 *
 * Context: process.
 * Return: bytes read or written, or a negative errno. -EOWNERDEAD: the link died, or is another
 * than v->epoch. -EINTR: killed. -ENETDOWN: no link.
 */
int vnet_view_call(struct vnet_view *v)
{
	u32 name_len = v->name ? strlen(v->name) : 0;
	struct vos_call *call;
	int rc, result;

	if (name_len > VOS_NAME_MAX)
		return -ENAMETOOLONG;
	if (!vnet.session)
		return -ENETDOWN;	/* the module begins */
	call = vos_call_get(vnet.session, v->len, name_len, v->flags);
	if (IS_ERR(call))
		return PTR_ERR(call) == -ENOTCONN ? -ENETDOWN : PTR_ERR(call);
	if (v->epoch && v->epoch != call->epoch) {
		vos_call_put(call);
		return -EOWNERDEAD;
	}
	v->epoch = call->epoch;
	fill(call, v, name_len);
	rc = carry_out(call, v, &result);
	return rc ?: result;
}
