// SPDX-License-Identifier: GPL-2.0
/*
 * close() of a stream with SO_LINGER: it waits until the peer has taken what was sent, for as
 * long as the option says. The service begins to close the connection and tells the time. A
 * signal ends the wait, as in Linux; the connection is closed all the same.
 */
#include <linux/sched.h>
#include "vnet.h"
#include "wait.h"

/* A process that ends does not wait in Linux. */
static bool may_wait(const struct vnet_sock *vs)
{
	enum vnet_phase phase = READ_ONCE(vs->phase);

	return READ_ONCE(vs->lingers) && vnet_is_stream(vs) &&
	       (phase == VNET_CONNECTED || phase == VNET_CONNECTING) &&
	       !(current->flags & (PF_EXITING | PF_KTHREAD));
}

/*
 * Ask whether there is something to wait for.
 * Return: true; @seconds: for how long in all.
 */
static bool must_wait(struct vnet_sock *vs, u64 *seconds)
{
	struct vnet_req req = { .opcode = VOS_OP_LINGER };

	if (vnet_req_once(vs, &req, VOS_GET_UP_ONLY))
		return false;
	*seconds = req.cqe.out[0];
	return vnet_result(req.cqe.result, 0) == -EAGAIN;
}

/**
 * vnet_linger - wait as close() does, if the socket's options say so
 * @vs: the socket; its user has closed it, and its wait queue is still there
 *
 * Context: process.
 */
void vnet_linger(struct vnet_sock *vs)
{
	struct vnet_wait w;
	u64 seconds;

	if (!may_wait(vs))
		return;
	vnet_wait_init(&w, vs, 0);
	vnet_wait_begin(&w);
	if (must_wait(vs, &seconds)) {
		w.timeo = min_t(u64, seconds, MAX_SCHEDULE_TIMEOUT / HZ) * HZ;
		while (!vnet_wait_event(&w) && must_wait(vs, &seconds))
			;
	}
	vnet_wait_end(&w);
}
