// SPDX-License-Identifier: GPL-2.0
/*
 * From a socket's wake-up to the poll mask in shared memory.
 *
 * The socket's callbacks run in soft interrupts under its locks, so they only mark the object, with
 * the cause. The dispatcher then asks the protocol for the mask and publishes both.
 *
 * Invariant: the mask is published after what changed it. If a call changed it, it is published
 * before the call's answer. A cause is taken before the protocol is asked, so it is published with
 * a mask that shows what it is about.
 */
#include <linux/fs.h>
#include <linux/poll.h>
#include <linux/tcp.h>
#include <net/ipv6.h>
#include "vns.h"

/**
 * vns_obj_mark - have the dispatcher publish the mask and wake waiters soon
 * @o: the object; RCU or a reference of the caller keeps it
 * @cause: VOS_CAUSE_*: which waiters to wake; 0: those of bits that the mask shows anew
 *
 * Context: any.
 */
void vns_obj_mark(struct vns_obj *o, u32 cause)
{
	if (cause)
		atomic_or(cause, &o->causes);
	if (!kref_get_unless_zero(&o->ref))
		return;
	if (!veng_obj_dirty(o->nc->conn, &o->dirty))
		vns_obj_ref_put(o);
}

/**
 * vns_obj_dirty - publish the mask of an object that vns_obj_mark() queued
 * @d: of the object
 *
 * Context: dispatcher.
 */
void vns_obj_dirty(struct veng_dirty *d)
{
	struct vns_obj *o = container_of(d, struct vns_obj, dirty);

	if (!READ_ONCE(o->closed))
		vns_obj_refresh(o);
	vns_obj_ref_put(o);
}

/*
 * A protocol reads the flags of the file that is polled. Ours says "blocking". So a datagram
 * counts as there only if its checksum is right. A process that polls a blocking socket relies
 * on that.
 */
static struct file nobody;

/* What a socket that waits for the domain's memory is not ready for. */
#define VNS_ROOM ((__force u32)(EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND))

static bool is_own(__be32 peer, __be32 own)
{
	return peer && (peer == own || ipv4_is_loopback(peer));
}

/*
 * Test whether the socket's other end is here. For a way to itself, a host takes the address it
 * goes to as the source, but for other addresses of lo.
 */
static bool is_local(const struct sock *sk)
{
	const struct in6_addr *peer = &sk->sk_v6_daddr;

	if (sk->sk_family == AF_INET)
		return is_own(sk->sk_daddr, sk->sk_rcv_saddr);
	if (sk->sk_family != AF_INET6)
		return false;
	if (ipv6_addr_v4mapped(peer))
		return is_own(peer->s6_addr32[3], sk->sk_v6_rcv_saddr.s6_addr32[3]);
	return !ipv6_addr_any(peer) && (ipv6_addr_equal(peer, &sk->sk_v6_rcv_saddr) ||
					ipv6_addr_loopback(peer));
}

static u32 ask_mask(struct vns_obj *o)
{
	struct socket *sock = o->sock;
	u32 mask;

	if (vns_is_tun(o))
		return vns_tun_mask(o);
	mask = (__force u32)READ_ONCE(sock->ops)->poll(&nobody, sock, NULL);
	if (READ_ONCE(o->starving))
		mask &= ~VNS_ROOM;
	if (is_local(sock->sk))
		mask |= VOS_POLL_LOCAL;
	/* The count comes second: a mask that shows urgent data has counted it. */
	return mask | (u32)READ_ONCE(o->urgent) << VOS_POLL_URGENT_SHIFT;
}

#define IN_BITS ((__force u32)(EPOLLIN | EPOLLPRI | EPOLLRDNORM | EPOLLRDBAND | EPOLLMSG))

/* Tell which waiters new bits of a mask wake. A call may show them before the callback comes. */
static u32 cause_of(u32 new)
{
	u32 cause = 0;

	if (new & IN_BITS)
		cause |= VOS_CAUSE_DATA;
	if (new & VNS_ROOM)
		cause |= VOS_CAUSE_ROOM;
	if (new & (__force u32)EPOLLERR)
		cause |= VOS_CAUSE_ERROR;
	if (new & (__force u32)(EPOLLHUP | EPOLLRDHUP))
		cause |= VOS_CAUSE_STATE;
	return cause;
}

/*
 * Test whether room is worth a signal of its own. A connection has it from its beginning, which a
 * call may show before the callback tells of it.
 */
static bool room_is_told(const struct vns_obj *o)
{
	return vns_is_tun(o) || !sk_is_tcp(o->sock->sk) || o->told_open;
}

static u32 publish(struct vns_obj *o, u32 cause)
{
	u32 before = o->mask, mask = ask_mask(o);

	WRITE_ONCE(o->mask, mask);
	if (!(mask & (__force u32)EPOLLOUT)) {
		/* Pairs with write_space(): one of the two sees the other's store. */
		smp_mb();
		mask = ask_mask(o);
		WRITE_ONCE(o->mask, mask);
	}
	/* A change of state wakes all waiters. */
	if (!(cause & VOS_CAUSE_STATE))
		cause |= cause_of(mask & ~before);
	if (cause & VOS_CAUSE_TOLD_OPEN)
		o->told_open = true;
	/* As in Linux, little room is none, and the callback comes again. */
	if (!(mask & (__force u32)EPOLLOUT))
		cause &= ~VOS_CAUSE_ROOM;
	else if (cause & VOS_CAUSE_ROOM && !(before & (__force u32)EPOLLOUT) && room_is_told(o))
		cause |= VOS_CAUSE_TOLD_ROOM;
	veng_obj_publish(o->nc->conn, o->index, o->gen, mask, cause);
	/* A signal is due, even if the program waits for nothing. */
	if ((mask ^ before) & VOS_POLL_URGENT)
		veng_obj_announce(o->nc->conn, o->index);
	return mask;
}

/**
 * vns_obj_refresh - publish the mask as it is now
 * @o: the object
 *
 * Edge-triggered epoll needs every arrival, so each cause wakes waiters even if the mask is the
 * same.
 *
 * Context: dispatcher, or in vns_obj_open().
 * Return: the mask.
 */
u32 vns_obj_refresh(struct vns_obj *o)
{
	return publish(o, atomic_read(&o->causes) ? atomic_xchg(&o->causes, 0) : 0);
}

/**
 * vns_obj_refresh_early - publish the mask before the dispatcher does
 * @o: the object
 *
 * The dispatcher may be publishing an older one, so it does it again, with the same causes.
 *
 * Context: any.
 * Return: the mask.
 */
u32 vns_obj_refresh_early(struct vns_obj *o)
{
	u32 before = o->mask, mask = publish(o, atomic_read(&o->causes));

	vns_obj_mark(o, cause_of(mask & ~before));
	return mask;
}

/**
 * vns_obj_connects - note that a socket is about to be connected
 * @o: the object
 *
 * Context: dispatcher.
 */
void vns_obj_connects(struct vns_obj *o)
{
	if (READ_ONCE(o->sock->sk->sk_state) == TCP_CLOSE) {
		o->opened = false;
		o->told_open = false;
	}
}

/* Count urgent data when a segment first announces it, as Linux sends SIGURG. */
static void note_urgent(struct vns_obj *o, const struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);

	if (likely(!tp->urg_data) || tp->urg_seq == o->urgent_seq)
		return;
	o->urgent_seq = tp->urg_seq;
	WRITE_ONCE(o->urgent, o->urgent % 255 + 1);
}

static void data_ready(struct sock *sk)
{
	struct vns_obj *o;

	rcu_read_lock();
	o = rcu_dereference_sk_user_data(sk);
	if (o) {
		if (sk_is_tcp(sk))
			note_urgent(o, sk);
		o->old.data_ready(sk);
		vns_obj_mark(o, VOS_CAUSE_DATA);
	}
	rcu_read_unlock();
}

/*
 * This runs for every datagram that has left, and when SO_SNDBUF is set. If the mask promises room
 * already, no caller waits for it, but for edge-triggered epoll. RCU keeps the connection: see
 * net_disconnection().
 */
static void write_space(struct sock *sk)
{
	struct vns_obj *o;

	rcu_read_lock();
	o = rcu_dereference_sk_user_data(sk);
	if (o) {
		o->old.write_space(sk);
		/* Room before mask: pairs with publish(). */
		smp_mb();
		if (!(READ_ONCE(o->mask) & (__force u32)EPOLLOUT) ||
		    veng_obj_tells_room(o->nc->conn, o->index))
			vns_obj_mark(o, VOS_CAUSE_ROOM);
	}
	rcu_read_unlock();
}

/* Tell of what Linux tells the file's owner by a signal when a connection's state changes. */
static u32 told_state(struct vns_obj *o, const struct sock *sk)
{
	bool ended = sock_flag(sk, SOCK_DONE);
	u32 told = 0;

	if (ended && !o->ended)
		told = sk->sk_shutdown == SHUTDOWN_MASK || sk->sk_state == TCP_CLOSE ?
		       VOS_CAUSE_TOLD_HUP : VOS_CAUSE_TOLD_END;
	o->ended = ended;
	if (sk->sk_state == TCP_ESTABLISHED && !o->opened) {
		o->opened = true;
		told |= VOS_CAUSE_TOLD_OPEN;
	}
	return told;
}

static void state_change(struct sock *sk)
{
	struct vns_obj *o;

	rcu_read_lock();
	o = rcu_dereference_sk_user_data(sk);
	if (o) {
		o->old.state_change(sk);
		vns_obj_mark(o, VOS_CAUSE_STATE | (sk_is_tcp(sk) ? told_state(o, sk) : 0));
	}
	rcu_read_unlock();
}

static void error_report(struct sock *sk)
{
	struct vns_obj *o;

	rcu_read_lock();
	o = rcu_dereference_sk_user_data(sk);
	if (o) {
		o->old.error_report(sk);
		vns_obj_mark(o, VOS_CAUSE_ERROR);
	}
	rcu_read_unlock();
}

/**
 * vns_obj_hook - set our callbacks for the object's socket
 * @o: the object
 * @listener: where the socket was accepted, or NULL
 *
 * A child is cloned from its listener with our callbacks but, by SK_USER_DATA_NOCOPY, without
 * our object. Until it is accepted, its wake-ups go nowhere. The caller publishes the mask
 * after this, so none is missed.
 *
 * Context: dispatcher or control thread.
 */
void vns_obj_hook(struct vns_obj *o, const struct vns_obj *listener)
{
	struct sock *sk = o->sock->sk;

	write_lock_bh(&sk->sk_callback_lock);
	if (listener && sk->sk_data_ready == data_ready) {
		o->old = listener->old;
	} else {
		o->old.data_ready = sk->sk_data_ready;
		o->old.write_space = sk->sk_write_space;
		o->old.state_change = sk->sk_state_change;
		o->old.error_report = sk->sk_error_report;
	}
	sk->sk_data_ready = data_ready;
	sk->sk_write_space = write_space;
	sk->sk_state_change = state_change;
	sk->sk_error_report = error_report;
	/* What came before had no owner to be told. */
	o->opened = listener;
	o->told_open = listener;
	o->ended = sock_flag(sk, SOCK_DONE);
	if (sk_is_tcp(sk))
		o->urgent_seq = READ_ONCE(tcp_sk(sk)->urg_seq);
	__rcu_assign_sk_user_data_with_flags(sk, o, SK_USER_DATA_NOCOPY);
	o->hooked = true;
	write_unlock_bh(&sk->sk_callback_lock);
}

/**
 * vns_obj_unhook - restore the callbacks; one that runs may still mark the object
 * @o: the object
 *
 * Context: as vns_obj_put().
 */
void vns_obj_unhook(struct vns_obj *o)
{
	struct sock *sk = o->sock->sk;

	write_lock_bh(&sk->sk_callback_lock);
	rcu_assign_sk_user_data(sk, NULL);
	o->hooked = false;
	sk->sk_data_ready = o->old.data_ready;
	sk->sk_write_space = o->old.write_space;
	sk->sk_state_change = o->old.state_change;
	sk->sk_error_report = o->old.error_report;
	write_unlock_bh(&sk->sk_callback_lock);
}
