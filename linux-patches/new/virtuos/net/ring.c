// SPDX-License-Identifier: GPL-2.0
/*
 * Rings of packet sockets (PACKET_RX_RING), by which libpcap receives.
 *
 * A program maps the ring. The packets are in the network domain, so they cannot come into the
 * ring by themselves. A work item of the socket receives them by RECVMSG and puts each into a
 * frame. It begins when the domain has told of packets, and ends when there are none. If no
 * frame is free, packets stay in the domain, which counts and drops what is too much.
 *
 * Invariant: only the work item moves @head of a ring that has memory. The memory is used under
 * @lock or under RCU. The lock is never held while waiting for the domain.
 */
#include <linux/if_packet.h>
#include <linux/timekeeping.h>
#include "frame.h"
#include "ring.h"

/* Packets in one turn of the work. */
#define TURN		256
/* How long a full ring is left alone, if the program does not poll. */
#define FULL_DELAY	(HZ / 50 ?: 1)
#define READABLE	((__force u32)(EPOLLIN | EPOLLRDNORM))

static struct workqueue_struct *ring_wq;

static u8 *frame_at(const struct vnet_ring_memory *m, u32 i)
{
	return m->data + (size_t)(i / m->per_block) * m->block_size +
	       (size_t)(i % m->per_block) * m->frame_size;
}

/* Have the work done after @delay. The caller has, or RCU keeps, the socket. */
static void fill_later(struct vnet_ring *r, unsigned long delay)
{
	struct sock *sk = &r->vs->sk;

	if (!refcount_inc_not_zero(&sk->sk_refcnt))
		return;
	/* Work that was queued already has a reference. */
	if (mod_delayed_work(ring_wq, &r->fill, delay))
		sock_put(sk);
}

/* Return: room for a packet's bytes; -ENOBUFS: no frame is free; -EPIPE: there is no ring. */
static int free_room(struct vnet_ring *r)
{
	const struct vnet_ring_memory *m;
	int rc = -EPIPE;

	mutex_lock(&r->lock);
	m = vnet_ring_memory_of(r);
	if (m)
		rc = vnet_frame_free(frame_at(m, r->head)) ?
			(int)vnet_frame_room(m->frame_size, m->reserve) : -ENOBUFS;
	mutex_unlock(&r->lock);
	return rc;
}

/* Put a packet into the next frame. If the ring is another one now, the packet may be lost. */
static void put_packet(struct vnet_ring *r, const struct vnet_packet *p)
{
	const struct vnet_ring_memory *m;
	struct vnet_frame f;

	mutex_lock(&r->lock);
	m = vnet_ring_memory_of(r);
	if (m && vnet_frame_free(frame_at(m, r->head))) {
		f = (struct vnet_frame) {
			.at = frame_at(m, r->head),
			.size = m->frame_size,
			.reserve = m->reserve,
			.cooked = r->vs->sk.sk_type == SOCK_DGRAM,
		};
		vnet_frame_put(&f, p);
		WRITE_ONCE(r->head, r->head + 1 < m->nr ? r->head + 1 : 0);
	}
	mutex_unlock(&r->lock);
	r->vs->sk.sk_data_ready(&r->vs->sk);
}

static void stamp_now(struct vnet_packet *p)
{
	struct timespec64 now;

	ktime_get_real_ts64(&now);
	p->stamp.tv_sec = now.tv_sec;
	p->stamp.tv_nsec = now.tv_nsec;
}

/* Put what the domain has answered into the ring. @len: the packet's, @room: what was asked for */
static void take_answer(struct vnet_ring *r, struct vos_call *call, u32 len, u32 room)
{
	u32 alen = min_t(u64, call->cqe.out[0], VOS_ADDR_MAX);
	u32 clen = min_t(u64, call->cqe.out[1], VNET_RING_CONTROL);
	struct vnet_packet p;

	vos_peer_read(r->side, call->data[1], sizeof(r->side));
	vnet_packet_told(&p, r->side, alen, r->side + VOS_ADDR_MAX, clen);
	if (!p.stamped)
		stamp_now(&p);
	p.data = call->data[0];
	p.len = len;
	p.there = min(len, room);
	put_packet(r, &p);
}

static int receive(struct vnet_ring *r, u32 room)
{
	struct vos_call *call;
	int rc;

	room = min(room, vnet.max_extent);
	call = vnet_sock_call(r->vs, VOS_OP_RECVMSG, room, sizeof(r->side));
	if (IS_ERR(call))
		return PTR_ERR(call);
	call->sqe.arg[0] = MSG_TRUNC;
	rc = vos_call(call);
	if (rc == -EINTR)
		return rc;
	if (!rc)
		rc = vnet_call_result(call, INT_MAX);
	if (rc >= 0)
		take_answer(r, call, rc, room);
	vos_call_put(call);
	return min(rc, 0);
}

/* Receive one packet. Return: 0 or why there is no more. */
static int fill_one(struct vnet_ring *r)
{
	struct vnet_sock *vs = r->vs;
	int room;

	if (READ_ONCE(vs->closed) || vnet_is_lost(vs))
		return -EPIPE;
	room = free_room(r);
	if (room < 0)
		return room;
	if (!(vnet_sock_mask(vs) & (READABLE | (__force u32)EPOLLERR)))
		return -EAGAIN;
	return receive(r, room);
}

/* Act on why there is no more. @rc: as fill_one() */
static void filled(struct vnet_ring *r, int rc)
{
	switch (rc) {
	case 0:
		fill_later(r, 0);
		break;
	case -ENOBUFS:
	case -ENOMEM:
		fill_later(r, FULL_DELAY);
		break;
	case -EAGAIN:
	case -EINTR:
	case -ERESTARTSYS:
	case -EPIPE:
	case -EOWNERDEAD:
		break;		/* an event comes, or no packet any more */
	default:
		vnet_sock_keep_error(r->vs, -rc);
		r->vs->sk.sk_error_report(&r->vs->sk);
	}
}

/**
 * vnet_ring_fill - receive packets into a ring
 * @work: the ring's; it has a reference to the socket
 *
 * Context: process.
 */
void vnet_ring_fill(struct work_struct *work)
{
	struct vnet_ring *r = container_of(to_delayed_work(work), struct vnet_ring, fill);
	int i, rc = 0;

	for (i = 0; i < TURN && !rc; i++)
		rc = fill_one(r);
	filled(r, rc);
	sock_put(&r->vs->sk);
}

/**
 * vnet_ring_event - note that packets may have come; the socket has or had a ring
 * @vs: the socket; RCU or a reference keeps it
 *
 * Context: any.
 */
void vnet_ring_event(struct vnet_sock *vs)
{
	fill_later(READ_ONCE(vs->ring), 0);
}

/* As in Linux: test whether the frame filled last is still there. */
static bool has_packets(const struct vnet_ring *r, const struct vnet_ring_memory *m)
{
	u32 head = READ_ONCE(r->head);

	return !vnet_frame_free(frame_at(m, (head ?: m->nr) - 1));
}

/**
 * vnet_ring_mask - turn what a socket is ready for into what its ring is ready for
 * @vs: a socket that has or had a ring
 * @mask: EPOLL* bits of the socket
 *
 * Context: process.
 * Return: EPOLL* bits.
 */
u32 vnet_ring_mask(struct vnet_sock *vs, u32 mask)
{
	struct vnet_ring *r = READ_ONCE(vs->ring);
	const struct vnet_ring_memory *m;

	rcu_read_lock();
	m = rcu_dereference(r->memory);
	if (m) {
		if (mask & READABLE)
			fill_later(r, 0);
		mask &= ~READABLE;
		if (has_packets(r, m))
			mask |= READABLE;
	}
	rcu_read_unlock();
	return mask;
}

/**
 * vnet_ring_init - prepare for rings
 *
 * Context: process.
 * Return: 0 or -ENOMEM.
 */
int vnet_ring_init(void)
{
	ring_wq = alloc_workqueue("virtuos-net-rings", WQ_UNBOUND, 0);
	return ring_wq ? 0 : -ENOMEM;
}

/**
 * vnet_ring_exit - undo vnet_ring_init(), when no socket is left
 *
 * Context: process.
 */
void vnet_ring_exit(void)
{
	destroy_workqueue(ring_wq);
}
