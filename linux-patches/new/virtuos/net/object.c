// SPDX-License-Identifier: GPL-2.0
/*
 * The table of forwarded sockets, the way of an event to its socket, poll, and
 * the end of a socket.
 *
 * Invariant: whoever sleeps on a socket has armed its object after entering the
 * wait queue, and an object is disarmed only when that queue was seen empty, and
 * seen empty again afterwards. So no event is lost between two links, nor here.
 */
#include <linux/slab.h>
#include "vdoor_provider.h"
#include "vnet.h"

/* What a peer may say; anything else in a mask is ignored. */
#define MASK_VALID ((__force u32)(EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLERR | EPOLLHUP |	\
				  EPOLLRDNORM | EPOLLRDBAND | EPOLLWRNORM | EPOLLWRBAND |	\
				  EPOLLMSG | EPOLLRDHUP))
#define MASK_LOST ((__force u32)(EPOLLIN | EPOLLRDNORM | EPOLLOUT | EPOLLWRNORM |		\
				 EPOLLHUP | EPOLLRDHUP))

/*
 * vnet_object_add - give a socket its index and generation
 * Return: 0, -ENFILE when the table is full or the user has his share, -ENOMEM.
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

/* The service does not know the object any more. Any context; drops the socket. */
void vnet_object_remove(struct vnet_sock *vs)
{
	RCU_INIT_POINTER(vnet.table[vs->index], NULL);
	ida_free(&vnet.ida, vs->index);
	vnet_user_uncharge(vs->user);
	vnet_closing_end(vs);
	sock_put(&vs->sk);
}

void vnet_sock_arm(struct vnet_sock *vs)
{
	vos_obj_arm(vnet.session, vs->index);
}

/*
 * vnet_sock_mask - what the socket is ready for
 */
u32 vnet_sock_mask(struct vnet_sock *vs)
{
	u32 mask;

	if (vnet_is_lost(vs))
		mask = MASK_LOST;
	else
		mask = vos_obj_poll(vnet.session, vs->index, vs->gen) & MASK_VALID;
	if (READ_ONCE(vs->sk.sk_err))
		mask |= (__force u32)(EPOLLERR | EPOLLIN | EPOLLRDNORM);
	return mask;
}

static void wake(struct vnet_sock *vs, struct socket_wq *wq)
{
	u32 mask = vnet_sock_mask(vs);

	if (skwq_has_sleeper(wq))
		wake_up_interruptible_poll(&wq->wait, (__force __poll_t)mask);
	if (mask & (__force u32)(EPOLLIN | EPOLLERR | EPOLLHUP))
		sock_wake_async(wq, SOCK_WAKE_IO, POLL_IN);
	else if (mask & (__force u32)EPOLLOUT)
		sock_wake_async(wq, SOCK_WAKE_IO, POLL_OUT);
}

/*
 * vnet_sock_wake - let everybody who waits look again. Any context.
 */
void vnet_sock_wake(struct vnet_sock *vs)
{
	struct socket_wq *wq;

	rcu_read_lock();
	wq = rcu_dereference(vs->sk.sk_wq);
	if (wq)
		wake(vs, wq);
	rcu_read_unlock();
}

static bool wanted(struct vnet_sock *vs, struct socket_wq *wq)
{
	return skwq_has_sleeper(wq) || sock_flag(&vs->sk, SOCK_FASYNC);
}

/* Session callback: the object's mask has changed. Any context. */
void vnet_object_event(struct vos_session *s, u32 obj)
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
		/* Somebody who came meanwhile may have armed before we disarmed. */
		if (wanted(vs, wq))
			vos_obj_arm(s, obj);
	}
	if (wq)
		wake(vs, wq);
	rcu_read_unlock();
}

__poll_t vnet_poll(struct file *file, struct socket *sock, poll_table *wait)
{
	struct vnet_sock *vs = vnet_sk(sock->sk);

	sock_poll_wait(file, sock, wait);
	if (!poll_does_not_wait(wait))
		vnet_sock_arm(vs);
	return (__force __poll_t)vnet_sock_mask(vs);
}

/*
 * vnet_sock_settle - the service of link @epoch has made the object
 * @phase: what it is now
 * Return: false if that link is gone already, and down() may have passed us by.
 */
bool vnet_sock_settle(struct vnet_sock *vs, u32 epoch, enum vnet_phase phase)
{
	bool alive;

	mutex_lock(&vs->lock);
	vs->epoch = epoch;
	WRITE_ONCE(vs->phase, phase);
	/* The session's epoch changes before down() looks at the sockets. */
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

/*
 * vnet_sock_lose - the object is gone for good
 * @err: positive; what the next call reports
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
	vnet_sock_wake(vs);
}

/*
 * vnet_sock_keep_error - the next call shall report @err (positive)
 */
void vnet_sock_keep_error(struct vnet_sock *vs, int err)
{
	WRITE_ONCE(vs->sk.sk_err, err);
	/* The error before the words: whoever sets one looks for errors afterwards. */
	smp_mb();
	vdoor_object_changed(vnet.session, vs->index);
}

/* The service has forgotten the object, or died. Interrupts may be off. */
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

/* What could not be done at once: wait for room, or for recovery to end. */
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

/*
 * vnet_sock_release - its user has closed it
 *
 * Waits for nobody: whoever wants its address next does, see closing.c.
 */
void vnet_sock_release(struct vnet_sock *vs)
{
	bool bound;
	u32 epoch;

	mutex_lock(&vs->lock);
	vs->closed = true;
	epoch = vs->epoch;
	bound = vs->bound_len;
	mutex_unlock(&vs->lock);

	if (bound && epoch)
		vnet_closing_begin(vs);
	start_release(vs, epoch);
}
