// SPDX-License-Identifier: GPL-2.0
/*
 * Waiting for a forwarded socket: in this kernel, on the socket's own wait queue,
 * until an event says that its mask has changed. Signals and timeouts are as for
 * any Linux socket.
 *
 * Invariant: after vos_wait_begin() every event is remembered (wait_woken()), so a
 * caller that tries and then waits cannot miss what came in between.
 */
#include <linux/sched/signal.h>
#include "vos_net.h"

/*
 * vos_wait_init - prepare; takes nothing
 * @timeo: jiffies to wait at most in all, 0: not at all
 */
void vos_wait_init(struct vos_wait *w, struct vos_sock *vs, long timeo)
{
	w->vs = vs;
	w->timeo = timeo;
	w->queued = false;
	init_waitqueue_func_entry(&w->entry, woken_wake_function);
	w->entry.private = current;
}

/*
 * vos_wait_begin - from now on no event is missed
 */
void vos_wait_begin(struct vos_wait *w)
{
	if (w->queued)
		return;
	add_wait_queue(sk_sleep(&w->vs->sk), &w->entry);
	vos_sock_arm(w->vs);
	w->queued = true;
}

/*
 * vos_wait_event - sleep until something happens
 * Return: 0; -EAGAIN when time is up; -ERESTARTSYS or -EINTR for a signal.
 */
int vos_wait_event(struct vos_wait *w)
{
	if (!w->timeo)
		return -EAGAIN;
	if (signal_pending(current))
		return sock_intr_errno(w->timeo);
	w->timeo = wait_woken(&w->entry, TASK_INTERRUPTIBLE, w->timeo);
	return 0;
}

/*
 * vos_wait_for - sleep until the socket is worth another try
 * @want: EPOLL* bits, any of which ends the wait
 * Return: as vos_wait_event().
 */
int vos_wait_for(struct vos_wait *w, u32 want)
{
	int rc;

	if (!w->timeo)
		return -EAGAIN;
	if (!w->queued) {
		vos_wait_begin(w);
		if (vos_sock_mask(w->vs) & want)
			return 0;
	}
	do {
		rc = vos_wait_event(w);
	} while (!rc && !(vos_sock_mask(w->vs) & want));
	return rc;
}

/*
 * vos_wait_end - leave the queue. Idempotent
 */
void vos_wait_end(struct vos_wait *w)
{
	if (w->queued)
		remove_wait_queue(sk_sleep(&w->vs->sk), &w->entry);
	w->queued = false;
}
