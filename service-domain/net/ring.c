// SPDX-License-Identifier: GPL-2.0
/*
 * Packet sockets whose program has a ring (PACKET_RX_RING).
 *
 * The ring is in the primary, which fetches packet by packet. On an ordinary system a burst lies in
 * the ring until the program reads it. Here it lies in the socket's buffer meanwhile, so the
 * buffer grows by what the ring holds.
 *
 * Invariant: all buffers together grow by at most an eighth of this domain's memory.
 */
#include <linux/atomic.h>
#include <linux/if_packet.h>
#include <linux/mm.h>
#include "vns.h"

/* Largest buffer of one socket, in bytes: twice what libpcap asks for by itself. */
#define BUFFER_MAX	(4u << 20)
/* All buffers grow by at most this part of memory. */
#define MEMORY_SHIFT	3

static atomic_long_t grown;	/* bytes */

static bool take(u32 bytes)
{
	long most = totalram_pages() << (PAGE_SHIFT - MEMORY_SHIFT);

	if (atomic_long_add_return(bytes, &grown) <= most)
		return true;
	atomic_long_sub(bytes, &grown);
	return false;
}

/**
 * vns_ring_end - note that a socket's program has no ring any more
 * @o: the object; one without a ring, too
 *
 * Context: dispatcher, or the last use of @o.
 */
void vns_ring_end(struct vns_obj *o)
{
	struct sock *sk = o->sock->sk;

	if (!o->grown)
		return;
	/* If the program has set the size meanwhile, that stays. */
	if (sk->sk_rcvbuf == o->grown_to)
		WRITE_ONCE(sk->sk_rcvbuf, o->grown_to - o->grown);
	atomic_long_sub(o->grown, &grown);
	o->grown = 0;
}

/**
 * vns_ring_set - carry out SETSOCKOPT of PACKET_RX_RING: the primary has made or removed a ring
 * @o: the object
 * @call: the call; its data is a struct tpacket_req, without blocks if the ring is removed
 *
 * If this domain cannot spare the memory, the buffer stays as it is.
 *
 * Context: dispatcher.
 * Return: 0, -EINVAL, -ENOPROTOOPT.
 */
s64 vns_ring_set(struct vns_obj *o, const struct veng_scall *call)
{
	struct sock *sk = o->sock->sk;
	struct tpacket_req req;
	u32 size;

	if (!vns_is_packet(o))
		return -ENOPROTOOPT;
	if (call->sqe.ext[0].len < sizeof(req))
		return -EINVAL;
	vos_peer_read(&req, call->in[0], sizeof(req));
	vns_ring_end(o);
	size = min_t(u64, (u64)req.tp_block_size * req.tp_block_nr, BUFFER_MAX);
	if (size <= sk->sk_rcvbuf || !take(size - sk->sk_rcvbuf))
		return 0;
	o->grown = size - sk->sk_rcvbuf;
	o->grown_to = size;
	WRITE_ONCE(sk->sk_rcvbuf, size);
	return 0;
}
