// SPDX-License-Identifier: GPL-2.0
/*
 * The table of forwarded sockets, the delivery of an event to its socket, poll, and the end of
 * a socket.
 *
 * Invariant: a task that sleeps on a socket has armed its object after it entered the wait
 * queue. An object is disarmed only when that queue was seen empty, and seen empty again
 * afterwards. So no event is lost, here or between two links.
 */
#include <linux/slab.h>
#include "packet.h"
#include "tun.h"
#include "vdoor_provider.h"
#include "vnet.h"
#include "zerocopy.h"

/* What a peer may set. Other bits in a mask are ignored. */
#define MASK_VALID ((__force u32)(EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLERR | EPOLLHUP |	\
				  EPOLLRDNORM | EPOLLRDBAND | EPOLLWRNORM | EPOLLWRBAND |	\
				  EPOLLMSG | EPOLLRDHUP))
#define MASK_LOST ((__force u32)(EPOLLIN | EPOLLRDNORM | EPOLLOUT | EPOLLWRNORM |		\
				 EPOLLHUP | EPOLLRDHUP))

/**
 * vnet_object_add - give a socket its index and generation
 * @vs: the socket
 *
 * Context: process.
 * Return: 0, -ENOMEM. -ENFILE: the table is full, or the user has as many as it may.
 */
int vnet_object_add(struct vnet_sock *vs)
{
	struct vnet_user *user = vnet_user_charge();
	int index;

	if (IS_ERR(user))
		return PTR_ERR(user);
	index = ida_alloc_max(&vnet.ida, vnet.nr - 1, GFP_KERNEL);
	if (index < 0) {
		vnet_user_uncharge(user);
		return index == -ENOSPC ? -ENFILE : index;
	}
	vs->user = user;
	vs->index = index;
	do {
		vs->gen = atomic_inc_return(&vnet.gen);
	} while (!vs->gen);
	rcu_assign_pointer(vnet.table[index], vs);
	return 0;
}

/**
 * vnet_object_remove - take a socket out of the table and put it
 * @vs: the socket; the service does not know its object any more
 *
 * Context: any.
 */
void vnet_object_remove(struct vnet_sock *vs)
{
	RCU_INIT_POINTER(vnet.table[vs->index], NULL);
	ida_free(&vnet.ida, vs->index);
	vnet_user_uncharge(vs->user);
	vnet_closing_end(vs);
	complete_all(&vs->gone);
	sock_put(&vs->sk);
}

/**
 * vnet_sock_arm - ask for events of a socket
 * @vs: the socket
 *
 * Context: any.
 */
void vnet_sock_arm(struct vnet_sock *vs)
{
	bool room;

	do {
		room = READ_ONCE(vs->each_room);
		vos_obj_arm(vnet.session, vs->index, room);
		/* Another task may have asked for room, and armed the object before. */
	} while (unlikely(room != READ_ONCE(vs->each_room)));
}

/* Get what the service has published of a socket. */
static u32 published(struct vnet_sock *vs)
{
	return vos_obj_poll(vnet.session, vs->index, vs->gen);
}

static u32 mask_of(struct vnet_sock *vs, u32 poll)
{
	u32 mask = vnet_is_lost(vs) ? MASK_LOST : poll & MASK_VALID;

	if (READ_ONCE(vs->sk.sk_err))
		mask |= (__force u32)(EPOLLERR | EPOLLIN | EPOLLRDNORM);
	if (vnet_zerocopy_waits(vs))
		mask |= (__force u32)EPOLLERR;
	return mask;
}

/**
 * vnet_sock_mask - get what a socket is ready for
 * @vs: the socket
 *
 * Context: any.
 * Return: EPOLL* bits.
 */
u32 vnet_sock_mask(struct vnet_sock *vs)
{
	return mask_of(vs, published(vs));
}

/* Wake as Linux's sockets do, for one cause after the other: each has waiters of its own. */
static void wake_waiters(wait_queue_head_t *q, u32 cause)
{
	if (cause & VOS_CAUSE_STATE)
		wake_up_interruptible_all(q);
	if (cause & VOS_CAUSE_DATA)
		wake_up_interruptible_poll(q, EPOLLIN | EPOLLPRI | EPOLLRDNORM | EPOLLRDBAND);
	if (cause & VOS_CAUSE_ROOM)
		wake_up_interruptible_poll(q, EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND);
	if (cause & VOS_CAUSE_ERROR)
		wake_up_interruptible_poll(q, EPOLLERR);
}

/* Tell the owner of the socket's file (O_ASYNC) what Linux would. */
static void wake_async(struct socket_wq *wq, u32 cause)
{
	if (cause & VOS_CAUSE_ERROR)
		sock_wake_async(wq, SOCK_WAKE_IO, POLL_ERR);
	if (cause & VOS_CAUSE_TOLD_OPEN)
		sock_wake_async(wq, SOCK_WAKE_IO, POLL_OUT);
	if (cause & VOS_CAUSE_TOLD_HUP)
		sock_wake_async(wq, SOCK_WAKE_IO, POLL_HUP);
	if (cause & VOS_CAUSE_TOLD_END)
		sock_wake_async(wq, SOCK_WAKE_IO, POLL_IN);
	if (cause & VOS_CAUSE_DATA)
		sock_wake_async(wq, SOCK_WAKE_WAITD, POLL_IN);
	if (cause & VOS_CAUSE_TOLD_ROOM)
		sock_wake_async(wq, SOCK_WAKE_IO, POLL_OUT);
}

static void wake(struct vnet_sock *vs, struct socket_wq *wq, u32 cause)
{
	vnet_urgent_event(vs, published(vs));
	if (unlikely(READ_ONCE(vs->ring)))
		vnet_ring_event(vs);
	if (skwq_has_sleeper(wq))
		wake_waiters(&wq->wait, cause);
	if (unlikely(wq->fasync_list))
		wake_async(wq, cause);
}

/**
 * vnet_sock_wake - wake the tasks that wait for a socket, so that they read its mask
 * @vs: the socket
 * @cause: VOS_CAUSE_*: which of them
 *
 * Context: any.
 */
void vnet_sock_wake(struct vnet_sock *vs, u32 cause)
{
	struct socket_wq *wq;

	rcu_read_lock();
	wq = rcu_dereference(vs->sk.sk_wq);
	if (wq)
		wake(vs, wq, cause);
	rcu_read_unlock();
}

static bool wanted(struct vnet_sock *vs, struct socket_wq *wq)
{
	return skwq_has_sleeper(wq) || sock_flag(&vs->sk, SOCK_FASYNC) || READ_ONCE(vs->ring);
}

/**
 * vnet_object_event - note that an object's mask has changed; a session callback
 * @s: the session
 * @obj: index of the object
 * @untrusted_cause: VOS_CAUSE_*. What a service invents wakes tasks for nothing
 *
 * Context: any.
 */
void vnet_object_event(struct vos_session *s, u32 obj, u32 untrusted_cause)
{
	struct socket_wq *wq;
	struct vnet_sock *vs;

	if (obj >= vnet.nr)
		return;
	rcu_read_lock();
	vs = rcu_dereference(vnet.table[obj]);
	wq = vs ? rcu_dereference(vs->sk.sk_wq) : NULL;
	if (wq && !wanted(vs, wq)) {
		vos_obj_disarm(s, obj);
		/* A task that came meanwhile may have armed the object before. */
		if (wanted(vs, wq))
			vnet_sock_arm(vs);
	}
	if (wq)
		wake(vs, wq, untrusted_cause);
	rcu_read_unlock();
}

/*
 * Edge-triggered epoll tells of room whenever a datagram has left, and when SO_SNDBUF is set.
 * Without a waiter for that, no event is worth it.
 */
static bool wants_each_room(const poll_table *wait)
{
	return wait && wait->_key & EPOLLET && wait->_key & (EPOLLOUT | EPOLLWRNORM);
}

/**
 * vnet_poll - carry out poll(2)
 * @file: of the socket
 * @sock: the socket
 * @wait: as in poll_wait()
 *
 * Context: process.
 * Return: EPOLL* bits.
 */
__poll_t vnet_poll(struct file *file, struct socket *sock, poll_table *wait)
{
	struct vnet_sock *vs = vnet_sk(sock->sk);
	u32 poll, mask;

	sock_poll_wait(file, sock, wait);
	if (unlikely(wants_each_room(wait) && !READ_ONCE(vs->each_room))) {
		WRITE_ONCE(vs->each_room, true);
		vnet_sock_arm(vs);
	} else if (!poll_does_not_wait(wait)) {
		vnet_sock_arm(vs);
	}
	poll = published(vs);
	vnet_urgent_tell(vs, poll);
	mask = mask_of(vs, poll);
	if (unlikely(mask & (__force u32)EPOLLERR) && poll_requested_events(wait) == EPOLLERR)
		vnet_uring_fetch_error(vs);
	if (unlikely(READ_ONCE(vs->ring)))
		mask = vnet_ring_mask(vs, mask);
	return (__force __poll_t)mask;
}

/**
 * vnet_sock_complete - note that the service of a link has made the object
 * @vs: the socket
 * @epoch: of the link
 * @phase: what the socket is now
 *
 * Context: process.
 * Return: true. false: that link is gone already, and down() may have missed the socket.
 */
bool vnet_sock_complete(struct vnet_sock *vs, u32 epoch, enum vnet_phase phase)
{
	bool alive;

	mutex_lock(&vs->lock);
	vs->epoch = epoch;
	WRITE_ONCE(vs->phase, phase);
	/* The session's epoch changes before down() examines the sockets. */
	alive = vos_session_epoch(vnet.session) == epoch;
	if (!alive) {
		vs->epoch = 0;
		WRITE_ONCE(vs->phase, VNET_NEW);
	}
	mutex_unlock(&vs->lock);
	if (alive)
		vnet_sock_arm(vs);
	return alive;
}

/**
 * vnet_sock_lose - note that a socket's object is lost for good
 * @vs: the socket
 * @err: positive; the next call reports it
 *
 * Context: process.
 */
void vnet_sock_lose(struct vnet_sock *vs, int err)
{
	mutex_lock(&vs->lock);
	if (vs->phase != VNET_LOST) {
		vs->epoch = 0;
		WRITE_ONCE(vs->sk.sk_err, err);
		WRITE_ONCE(vs->phase, VNET_LOST);
	}
	mutex_unlock(&vs->lock);
	vdoor_object_changed(vnet.session, vs->index);
	vnet_sock_wake(vs, VOS_CAUSE_ERROR | VOS_CAUSE_STATE);
}

/**
 * vnet_sock_keep_error - keep an error for the next call
 * @vs: the socket
 * @err: positive
 *
 * Context: process.
 */
void vnet_sock_keep_error(struct vnet_sock *vs, int err)
{
	WRITE_ONCE(vs->sk.sk_err, err);
	/* The error before the words: a thread that sets a word tests for errors afterwards. */
	smp_mb();
	vdoor_object_changed(vnet.session, vs->index);
}

/* Remove the socket: the service has forgotten the object, or died. Interrupts may be off. */
static void released(struct vos_call *call)
{
	struct vnet_sock *vs = call->priv;

	vos_call_put(call);
	vnet_object_remove(vs);
}

static void submit_release(struct vnet_sock *vs, struct vos_call *call, u32 epoch)
{
	if (call->epoch != epoch) {
		vos_call_put(call);
		vnet_object_remove(vs);
		return;
	}
	call->sqe.opcode = VOS_OP_RELEASE;
	call->sqe.obj = vs->index;
	call->sqe.gen = vs->gen;
	call->done = released;
	call->priv = vs;
	vos_call_submit(call);
}

/**
 * vnet_sock_release_work - send a release that could not be sent at once
 * @work: the socket's
 *
 * It waits for room, or for recovery to end.
 *
 * Context: process.
 */
void vnet_sock_release_work(struct work_struct *work)
{
	struct vnet_sock *vs = container_of(work, struct vnet_sock, release);
	u32 epoch = READ_ONCE(vs->epoch);
	struct vos_call *call;

	call = vos_call_get(vnet.session, 0, 0, VOS_GET_NOCRED);
	if (IS_ERR(call))
		vnet_object_remove(vs);
	else
		submit_release(vs, call, epoch);
}

static void start_release(struct vnet_sock *vs, u32 epoch)
{
	struct vos_call *call;

	if (!epoch) {
		vnet_object_remove(vs);
		return;
	}
	call = vos_call_get(vnet.session, 0, 0,
			    VOS_GET_NOWAIT | VOS_GET_UP_ONLY | VOS_GET_NOCRED);
	if (!IS_ERR(call))
		submit_release(vs, call, epoch);
	else if (vos_session_epoch(vnet.session) != epoch)
		vnet_object_remove(vs);
	else
		queue_work(vnet.wq, &vs->release);
}

/**
 * vnet_sock_release - release a socket that its user has closed
 * @vs: the socket
 *
 * It does not wait. A caller that wants the socket's address next does, and one that closes what
 * another socket sees closed (see closing.c), but not one of netlink. One thread of the service
 * releases and binds those, in order.
 *
 * Context: process.
 */
void vnet_sock_release(struct vnet_sock *vs)
{
	bool bound;
	u32 epoch;

	mutex_lock(&vs->lock);
	vs->closed = true;
	epoch = vs->epoch;
	/* Packet and netlink sockets have their addresses beside others. A tun has a name. */
	bound = ((vs->bound_len || vs->port) && !vnet_is_packet(vs) && !vnet_is_netlink(vs)) ||
		vnet_is_tun(vs);
	mutex_unlock(&vs->lock);

	if (bound && epoch)
		vnet_closing_begin(vs);
	start_release(vs, epoch);
}
