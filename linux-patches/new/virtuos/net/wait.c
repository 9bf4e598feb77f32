// SPDX-License-Identifier: GPL-2.0
/*
 * Waiting for a forwarded socket. The task waits in this kernel, on the socket's own wait
 * queue, until an event says that the socket's mask has changed. Signals and timeouts are as
 * for any Linux socket.
 *
 * Invariant: after vnet_wait_begin() every event is remembered (wait_woken()). So a caller that
 * tries and then waits cannot miss what came in between.
 */
#include <linux/sched/signal.h>
#include "vnet.h"
#include "wait.h"

/**
 * vnet_wait_begin - enter the socket's wait queue; from now on no event is missed
 * @w: the wait
 *
 * Context: process.
 */
void vnet_wait_begin(struct vnet_wait *w)
{
	if (w->queued)
		return;
	init_waitqueue_func_entry(&w->entry, woken_wake_function);
	w->entry.private = current;
	add_wait_queue(sk_sleep(&w->vs->sk), &w->entry);
	vnet_sock_arm(w->vs);
	w->queued = true;
}

/**
 * vnet_turn_take - wait until the calls of other tasks, for the same direction, are through
 * @w: the wait; it has no turn
 * @turn: the socket's mutex for the direction
 *
 * So a call on a stream is in one piece, until it has to sleep, as in Linux.
 *
 * Context: process.
 * Return: 0. -ERESTARTSYS: the task is being killed.
 */
int vnet_turn_take(struct vnet_wait *w, struct mutex *turn)
{
	if (mutex_lock_killable(turn))
		return -ERESTARTSYS;
	w->turn = turn;
	return 0;
}

/**
 * vnet_wait_event - sleep until an event comes
 * @w: the wait; it is in the queue. Others may take its turn meanwhile
 *
 * Context: process.
 * Return: 0. -EAGAIN: the time is up. -ERESTARTSYS or -EINTR: a signal.
 */
int vnet_wait_event(struct vnet_wait *w)
{
	struct mutex *turn;	/* that was left to sleep */

	if (!w->timeo)
		return -EAGAIN;
	if (signal_pending(current))
		return sock_intr_errno(w->timeo);
	turn = vnet_turn_leave(w);
	w->timeo = wait_woken(&w->entry, TASK_INTERRUPTIBLE, w->timeo);
	return turn ? vnet_turn_take(w, turn) : 0;
}

/**
 * vnet_wait_for - sleep until the socket is worth another try
 * @w: the wait
 * @want: EPOLL* bits, any of which ends the wait
 *
 * Context: process.
 * Return: as vnet_wait_event().
 */
int vnet_wait_for(struct vnet_wait *w, u32 want)
{
	int rc;

	if (!w->timeo)
		return -EAGAIN;
	if (!w->queued) {
		vnet_wait_begin(w);
		if (vnet_sock_mask(w->vs) & want)
			return 0;
	}
	do {
		rc = vnet_wait_event(w);
	} while (!rc && !(vnet_sock_mask(w->vs) & want));
	return rc;
}

/**
 * vnet_wait_leave - leave the queue; see vnet_wait_end()
 * @w: the wait; it is in the queue
 *
 * Context: process.
 */
void vnet_wait_leave(struct vnet_wait *w)
{
	remove_wait_queue(sk_sleep(&w->vs->sk), &w->entry);
	w->queued = false;
}
