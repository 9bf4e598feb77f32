// SPDX-License-Identifier: GPL-2.0
/*
 * The calls by which a primary has records taken and gets them. Programs have no part in it:
 * only the primary's own credentials are allowed.
 */
#include "engine_priv.h"

/* Context: control thread. */
static s64 ctl_work(struct veng_scall *call)
{
	struct veng_conn *conn = call->conn;

	veng_in_ctl(conn);
	switch (call->sqe.arg[0]) {
	case VOS_TRACE_OFF:
		veng_trace_end(conn);
		return 0;
	case VOS_TRACE_ON:
		return veng_trace_begin(conn, call->sqe.arg[1]);
	case VOS_TRACE_STOP:
		return veng_trace_stop(conn);
	}
	return -EINVAL;
}

/* Context: control thread. */
static s64 read_work(struct veng_scall *call)
{
	struct vos_trace_record __peer *to = call->out[0];
	u64 lost;
	int n;

	veng_in_ctl(call->conn);
	n = veng_trace_take(call->conn, to, call->sqe.ext[0].len / sizeof(*to), &lost);
	call->cqe.out[0] = lost;
	return n;
}

static s64 in_control_thread(struct veng_scall *call, s64 (*fn)(struct veng_scall *call))
{
	if (!call->conn->traces)
		return -ENOSYS;
	if (call->sqe.cred)
		return -EPERM;
	veng_scall_queue_ctl(call, fn);
	return VENG_PENDING;
}

/**
 * veng_trace_ctl - carry out TRACE_CTL
 * @call: the call
 *
 * Memory is allocated, and code is patched, so the control thread does it.
 *
 * Context: dispatcher.
 * Return: VENG_PENDING, -ENOSYS, -EPERM.
 */
s64 veng_trace_ctl(struct veng_scall *call)
{
	return in_control_thread(call, ctl_work);
}

/**
 * veng_trace_read - carry out TRACE_READ
 * @call: the call
 *
 * Context: dispatcher.
 * Return: VENG_PENDING, -ENOSYS, -EPERM.
 */
s64 veng_trace_read(struct veng_scall *call)
{
	return in_control_thread(call, read_work);
}
