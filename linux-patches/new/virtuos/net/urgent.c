// SPDX-License-Identifier: GPL-2.0
/*
 * SIGURG. The service counts in a socket's poll mask what urgent data was announced. This
 * kernel sends the signal to the owner of the socket's file (F_SETOWN) when the count changes.
 *
 * Invariant: each count that is seen is told once, by the caller that has put it into
 * urgent_seen. A task that reads a mask with urgent data tells it before it returns.
 */
#include "vnet.h"

static bool is_news(const struct vnet_sock *vs, u32 poll)
{
	u32 now = poll & VOS_POLL_URGENT;

	/* 0: the link or the object is new. */
	return unlikely(now != READ_ONCE(vs->urgent_seen)) && now;
}

/* As long as the caller has the lock and the socket is no orphan, its file is there. */
static void tell(struct vnet_sock *vs, u32 poll)
{
	u32 seen = READ_ONCE(vs->urgent_seen), now = poll & VOS_POLL_URGENT;

	if (now != seen && cmpxchg(&vs->urgent_seen, seen, now) == seen)
		sk_send_sigurg(&vs->sk);
}

/**
 * vnet_urgent_tell - send SIGURG now, if urgent data was announced
 * @vs: the socket
 * @poll: its mask
 *
 * Context: process; it does not sleep.
 */
void vnet_urgent_tell(struct vnet_sock *vs, u32 poll)
{
	if (!is_news(vs, poll))
		return;
	read_lock_bh(&vs->sk.sk_callback_lock);
	tell(vs, poll);
	read_unlock_bh(&vs->sk.sk_callback_lock);
}

/**
 * vnet_urgent_work - send SIGURG for an event that found the lock taken
 * @work: the socket's; it has a reference
 *
 * Context: process.
 */
void vnet_urgent_work(struct work_struct *work)
{
	struct vnet_sock *vs = container_of(work, struct vnet_sock, urgent);

	vnet_urgent_tell(vs, vos_obj_poll(vnet.session, vs->index, vs->gen));
	sock_put(&vs->sk);
}

/**
 * vnet_urgent_event - have SIGURG sent, if urgent data was announced
 * @vs: the socket
 * @poll: its mask
 *
 * The signal is there before the event wakes a task that polls.
 *
 * Context: any, under RCU.
 */
void vnet_urgent_event(struct vnet_sock *vs, u32 poll)
{
	if (!is_news(vs, poll))
		return;
	/* The interrupt may have come in a section of a writer, so it must not wait. */
	if (read_trylock(&vs->sk.sk_callback_lock)) {
		tell(vs, poll);
		read_unlock(&vs->sk.sk_callback_lock);
	} else if (refcount_inc_not_zero(&vs->sk.sk_refcnt) && !queue_work(vnet.wq, &vs->urgent)) {
		sock_put(&vs->sk);
	}
}
