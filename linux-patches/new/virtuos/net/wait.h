/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Waiting for a forwarded socket (wait.c).
 */
#ifndef VNET_WAIT_H
#define VNET_WAIT_H

#include "vnet.h"

/**
 * struct vnet_wait - a place in a socket's wait queue, taken when first needed
 * @vs: the socket
 * @timeo: jiffies left
 * @queued: @entry is in the queue
 * @entry: valid if @queued
 * @turn: a mutex of the socket that the task holds, but while it sleeps; NULL: none
 */
struct vnet_wait {
	struct vnet_sock *vs;
	long timeo;
	bool queued;
	wait_queue_entry_t entry;
	struct mutex *turn;		/* see @turn above */
};

void vnet_wait_begin(struct vnet_wait *w);
int vnet_wait_for(struct vnet_wait *w, u32 want);
int vnet_wait_event(struct vnet_wait *w);
void vnet_wait_leave(struct vnet_wait *w);
int vnet_turn_take(struct vnet_wait *w, struct mutex *turn);

/**
 * vnet_wait_init - prepare a wait
 * @w: filled, but for its entry
 * @vs: the socket
 * @timeo: jiffies to wait at most in all, 0: not at all
 *
 * It takes no resources.
 */
static inline void vnet_wait_init(struct vnet_wait *w, struct vnet_sock *vs, long timeo)
{
	w->vs = vs;
	w->timeo = timeo;
	w->queued = false;
	w->turn = NULL;
}

/**
 * vnet_turn_leave - let the calls of other tasks go on
 * @w: the wait
 *
 * Idempotent.
 *
 * Return: the mutex, or NULL.
 */
static inline struct mutex *vnet_turn_leave(struct vnet_wait *w)
{
	struct mutex *turn = w->turn;

	if (turn)
		mutex_unlock(turn);
	w->turn = NULL;
	return turn;
}

/**
 * vnet_wait_end - leave the queue, if the wait has entered it, and its turn
 * @w: the wait
 *
 * Idempotent.
 */
static inline void vnet_wait_end(struct vnet_wait *w)
{
	vnet_turn_leave(w);
	if (w->queued)
		vnet_wait_leave(w);
}

#define VNET_WANT_IN	((__force u32)(EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
#define VNET_WANT_OUT	((__force u32)(EPOLLOUT | EPOLLHUP | EPOLLERR))

#endif
