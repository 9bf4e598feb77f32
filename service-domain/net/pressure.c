// SPDX-License-Identifier: GPL-2.0
/*
 * Senders wait for the domain's memory.
 *
 * Linux ends TCP connections, cuts send buffers and drops segments once TCP has more memory than
 * tcp_mem allows. A program then loses data because of sockets that are not its own. Here
 * a sender waits long before that. tcp_mem is read as three marks (init-network sets them).
 *
 * Up to mark 1 nothing but its own buffer limits a socket. Up to mark 2 it may have its part of
 * what mark 1 allows, and at least FAIR_SHARE. Up to mark 3 it may have LEAST. Above that nothing
 * is taken.
 *
 * A socket that may not send starves: its mask says that it has no room, and its caller
 * waits as for a slow peer. While sockets starve, a work lets them go on as memory comes back, in
 * the order in which they came.
 *
 * Invariant: an object is on vns_conn.starving exactly if it is starving. It has its socket there.
 */
#include <linux/printk.h>
#include <net/proto_memory.h>
#include <net/tcp.h>
#include "vns.h"

#define FAIR_SHARE	(64 * 1024l)
#define LEAST		4096l
/* How soon memory that has come back is noticed. */
#define AGAIN		(HZ / 100 ?: 1)
/* What a sender that goes on may take at once, in pages. */
#define PAGES_AT_ONCE	(FAIR_SHARE >> PAGE_SHIFT)

static bool is_scarce(const struct sock *sk)
{
	return sk_memory_allocated(sk) > sk_prot_mem_limits(sk, 0);
}

/* Pending errors and ended streams have answers of their own. */
static bool takes_data(const struct sock *sk)
{
	return (1 << READ_ONCE(sk->sk_state)) & (TCPF_ESTABLISHED | TCPF_CLOSE_WAIT) &&
	       !READ_ONCE(sk->sk_err) && !(READ_ONCE(sk->sk_shutdown) & SEND_SHUTDOWN);
}

static long fair_share(struct sock *sk)
{
	long sockets = sk_sockets_allocated_read_positive(sk);

	return max((sk_prot_mem_limits(sk, 0) << PAGE_SHIFT) / max(sockets, 1l), FAIR_SHARE);
}

/* Return: bytes that a socket may have in its send queue. */
static long allowance(struct sock *sk)
{
	long allocated = sk_memory_allocated(sk);

	if (allocated <= sk_prot_mem_limits(sk, 0))
		return LONG_MAX;
	if (allocated <= sk_prot_mem_limits(sk, 1))
		return fair_share(sk);
	return allocated <= sk_prot_mem_limits(sk, 2) ? LEAST : 0;
}

/**
 * vns_may_send - test whether the domain's memory allows a socket to queue more
 * @o: the object
 *
 * Context: any.
 * Return: false: the caller must call vns_starve().
 */
bool vns_may_send(struct vns_obj *o)
{
	struct sock *sk = o->sock->sk;

	if (!sk_is_tcp(sk) || likely(!is_scarce(sk)) || !takes_data(sk))
		return true;
	return READ_ONCE(sk->sk_wmem_queued) < allowance(sk);
}

/* Whether it is memory that a socket lacks which has room of its own and yet took nothing. */
static bool lacks_memory(const struct sock *sk)
{
	return sk_is_tcp(sk) && (is_scarce(sk) || READ_ONCE(tcp_memory_pressure)) &&
	       takes_data(sk) && sk_stream_is_writeable(sk);
}

/**
 * vns_starve - have a socket wait that took no data, if it is the domain's memory that it lacks
 * @o: the object
 * @rc: what its call answers
 *
 * The caller publishes its mask.
 *
 * Context: dispatcher.
 * Return: @rc.
 */
s64 vns_starve(struct vns_obj *o, s64 rc)
{
	struct vns_conn *nc = o->nc;

	if (vns_may_send(o) && !lacks_memory(o->sock->sk))
		return rc;
	pr_notice_ratelimited("virtuos-net: senders wait for memory; TCP has %ld pages\n",
			      sk_memory_allocated(o->sock->sk));
	spin_lock(&nc->lock);
	if (!o->starving) {
		WRITE_ONCE(o->starving, true);
		list_add_tail(&o->hunger, &nc->starving);
	}
	spin_unlock(&nc->lock);
	queue_delayed_work(system_wq, &nc->feed, AGAIN);
	return rc;
}

static void stop_starving(struct vns_obj *o)
{
	lockdep_assert_held(&o->nc->lock);
	list_del_init(&o->hunger);
	WRITE_ONCE(o->starving, false);
}

/**
 * vns_starving_end - forget that a socket waits for memory, for it is to be closed
 * @o: the object
 *
 * Context: as vns_obj_put().
 */
void vns_starving_end(struct vns_obj *o)
{
	struct vns_conn *nc = o->nc;

	spin_lock(&nc->lock);
	if (o->starving)
		stop_starving(o);
	spin_unlock(&nc->lock);
}

/* Return: how many senders the memory that is free up to the first mark is for. */
static long servings(const struct sock *sk)
{
	long free = sk_prot_mem_limits(sk, 0) - sk_memory_allocated(sk);

	return free > 0 ? free / PAGES_AT_ONCE + 1 : 0;
}

static void feed(struct work_struct *work)
{
	struct vns_conn *nc = container_of(to_delayed_work(work), struct vns_conn, feed);
	struct vns_obj *o, *next;
	long left = LONG_MAX;
	bool more;

	spin_lock(&nc->lock);
	list_for_each_entry_safe(o, next, &nc->starving, hunger) {
		left = min(left, servings(o->sock->sk));
		if (left <= 0 && !vns_may_send(o))
			continue;
		left--;
		stop_starving(o);
		vns_obj_mark(o, VOS_CAUSE_ROOM);
	}
	more = !list_empty(&nc->starving);
	spin_unlock(&nc->lock);
	if (more)
		queue_delayed_work(system_wq, &nc->feed, AGAIN);
}

/**
 * vns_pressure_begin - prepare a connection's list of starving sockets
 * @nc: the connection
 */
void vns_pressure_begin(struct vns_conn *nc)
{
	INIT_LIST_HEAD(&nc->starving);
	INIT_DELAYED_WORK(&nc->feed, feed);
}

/**
 * vns_pressure_end - end the work for a connection's starving sockets
 * @nc: the connection, without sockets
 *
 * Context: process.
 */
void vns_pressure_end(struct vns_conn *nc)
{
	cancel_delayed_work_sync(&nc->feed);
}
