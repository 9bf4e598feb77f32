// SPDX-License-Identifier: GPL-2.0
/*
 * The table of a primary's sockets, and their lifetime.
 *
 * Invariant: an object is in the table from vns_obj_open() to vns_release(). It has its socket
 * all the while, and until the last call on it has ended. Its memory stays until the dispatcher
 * has run the last wake-up.
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/slab.h>
#include <net/tcp_states.h>
#include "vns.h"

/* Connections in a listener's queue. */
#define MAX_CLOSED_AT_ONCE	64

/**
 * vns_obj_new - make an object without a socket, not in the table
 * @nc: the connection
 * @index: unchecked
 * @gen: its generation
 *
 * Context: process.
 * Return: the object, ERR_PTR(-EINVAL, -ENOMEM).
 */
struct vns_obj *vns_obj_new(struct vns_conn *nc, u32 index, u32 gen)
{
	struct vns_obj *o;

	if (index >= nc->nr)
		return ERR_PTR(-EINVAL);
	o = kzalloc(sizeof(*o), GFP_KERNEL);
	if (!o)
		return ERR_PTR(-ENOMEM);
	kref_init(&o->ref);
	refcount_set(&o->users, 1);
	o->nc = nc;
	o->index = index;
	o->gen = gen;
	o->dirty.fn = vns_obj_dirty;
	INIT_LIST_HEAD(&o->hunger);
	return o;
}

static void ref_release(struct kref *ref)
{
	struct vns_obj *o = container_of(ref, struct vns_obj, ref);

	/* A callback may have found it and may be about to fail to get a reference. */
	kfree_rcu(o, rcu);
}

/**
 * vns_obj_ref_put - drop a reference to an object's memory
 * @o: the object
 *
 * Context: any.
 */
void vns_obj_ref_put(struct vns_obj *o)
{
	kref_put(&o->ref, ref_release);
}

/* Closing must not wait for a peer: the stack goes on sending data by itself. */
static void forget_linger(struct sock *sk)
{
	lock_sock(sk);
	if (sk->sk_lingertime)
		sock_reset_flag(sk, SOCK_LINGER);
	release_sock(sk);
}

static void close_socket(struct vns_obj *o)
{
	if (!o->sock)
		return;
	if (vns_is_tun(o))
		vns_tun_close(o);
	else
		vns_starving_end(o);
	vns_ring_end(o);
	if (o->hooked)
		vns_obj_unhook(o);
	forget_linger(o->sock->sk);
	if (o->file)
		__fput_sync(o->file);
	else
		sock_release(o->sock);
}

/**
 * vns_obj_put - drop a use of an object, for a call that has ended or for the table
 * @o: the object
 *
 * The last use closes the socket.
 *
 * Context: dispatcher, control thread, or disconnect().
 */
void vns_obj_put(struct vns_obj *o)
{
	if (!refcount_dec_and_test(&o->users))
		return;
	close_socket(o);
	vns_obj_ref_put(o);
}

static s64 install(struct vns_obj *o)
{
	struct vns_conn *nc = o->nc;
	s64 rc = 0;

	spin_lock(&nc->lock);
	if (nc->table[o->index])
		rc = -EBUSY;
	else
		nc->table[o->index] = o;
	spin_unlock(&nc->lock);
	return rc;
}

/**
 * vns_obj_open - put an object with its socket into the table, and publish it
 * @o: the object
 * @listener: where the socket was accepted, or NULL
 * @mask: set to its poll mask
 *
 * On error the caller still has it. Outside the dispatcher the caller must call vns_obj_mark()
 * afterwards. A wake-up may have been published before, and then overwritten.
 *
 * Context: dispatcher or control thread.
 * Return: 0; -EBUSY: the primary has something at this index.
 */
s64 vns_obj_open(struct vns_obj *o, const struct vns_obj *listener, u32 *mask)
{
	s64 rc;

	/* Once in the table, the primary may release it at any time. */
	refcount_inc(&o->users);
	rc = install(o);
	if (!rc) {
		vns_obj_hook(o, listener);
		*mask = vns_obj_refresh(o);
	}
	vns_obj_put(o);
	return rc;
}

/**
 * vns_obj_find - find the object that a call names, and take a use of it
 * @nc: the connection
 * @index: unchecked
 * @gen: unchecked
 *
 * Context: dispatcher or control thread.
 * Return: the object; NULL: there is none of this index and generation.
 */
struct vns_obj *vns_obj_find(struct vns_conn *nc, u32 index, u32 gen)
{
	struct vns_obj *o = NULL;

	if (index >= nc->nr)
		return NULL;
	spin_lock(&nc->lock);
	if (nc->table[index] && nc->table[index]->gen == gen) {
		o = nc->table[index];
		refcount_inc(&o->users);
	}
	spin_unlock(&nc->lock);
	return o;
}

/* Take @o out of the table, if it is still there. */
static void unlist(struct vns_obj *o)
{
	struct vns_conn *nc = o->nc;
	bool was_there;

	spin_lock(&nc->lock);
	was_there = nc->table[o->index] == o;
	if (was_there)
		nc->table[o->index] = NULL;
	spin_unlock(&nc->lock);
	if (!was_there)
		return;
	WRITE_ONCE(o->closed, true);
	vns_obj_put(o);
}

/*
 * A socket leaves multicast groups under the lock of all routing. One of netlink tells all
 * protocols that it goes. A packet socket waits until no processor delivers to it. The kernel
 * closes connections that wait to be accepted one by one. If the control thread uses a socket, it
 * would be closed after the answer, its address still taken.
 * Context: dispatcher, which has found @o.
 */
static bool release_takes_long(const struct vns_obj *o)
{
	const struct sock *sk = o->sock->sk;

	return o->in_groups || o->file || vns_is_packet(o) || refcount_read(&o->users) > 2 ||
	       (READ_ONCE(sk->sk_state) == TCP_LISTEN &&
		READ_ONCE(sk->sk_ack_backlog) > MAX_CLOSED_AT_ONCE);
}

static s64 run_release(struct veng_scall *call)
{
	struct vns_obj *o = call->priv;

	unlist(o);
	vns_obj_put(o);
	return 0;
}

/**
 * vns_release - carry out RELEASE; an object that does not exist is closed already
 * @none: NULL
 * @call: the call
 *
 * Context: dispatcher.
 * Return: 0 or VENG_PENDING.
 */
s64 vns_release(struct vns_obj *none, struct veng_scall *call)
{
	struct vns_conn *nc = veng_conn_priv(call->conn);
	struct vns_obj *o = vns_obj_find(nc, call->sqe.obj, call->sqe.gen);

	if (!o)
		return 0;
	call->priv = o;
	if (!release_takes_long(o))
		return run_release(call);
	veng_scall_queue_ctl(call, run_release);
	return VENG_PENDING;
}

/**
 * vns_obj_release_all - release all objects of a primary that is gone
 * @nc: the connection; no call is under way
 *
 * Context: process.
 */
void vns_obj_release_all(struct vns_conn *nc)
{
	u32 i;

	for (i = 0; i < nc->nr; i++) {
		if (nc->table[i])
			unlist(nc->table[i]);
		cond_resched();
	}
}
