// SPDX-License-Identifier: GPL-2.0
/*
 * What only streams have: the place of urgent data, bytes that are given back, and a close()
 * that waits for the peer. MSG_PEEK of more than one call carries is here too.
 *
 * Invariant: outside vns_stream_recv() a socket's SO_PEEK_OFF is the program's own.
 */
#include <linux/jiffies.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <net/tcp.h>
#include <net/tcp_states.h>
#include "vns.h"

/* Return: the sequence number at which a receive begins. */
static u32 first_byte(const struct sock *sk, const struct veng_scall *call, int flags)
{
	u32 front = READ_ONCE(tcp_sk(sk)->copied_seq);
	int own = READ_ONCE(sk->sk_peek_off);

	if (!(flags & MSG_PEEK))
		return front;
	return front + (own >= 0 ? own : (u32)call->sqe.arg[1]);
}

static bool is_urgent(const struct sock *sk, u32 seq)
{
	const struct tcp_sock *tp = tcp_sk(sk);

	return unlikely(READ_ONCE(tp->urg_data)) && READ_ONCE(tp->urg_seq) == seq;
}

/* Tell where a receive of @n bytes from @first on has ended. */
static void give_place(struct veng_scall *call, const struct sock *sk, u32 first, int n, int flags)
{
	u32 front = READ_ONCE(tcp_sk(sk)->copied_seq);

	call->cqe.out[3] = (u64)front << 32;
	if (n > 0 && is_urgent(sk, flags & MSG_PEEK ? first + n : front))
		call->cqe.out[3] |= VOS_RECV_AT_MARK;
	if (flags & MSG_PEEK && is_urgent(sk, first) && !sock_flag(sk, SOCK_URGINLINE))
		call->cqe.out[3] |= VOS_RECV_HOLE;
}

/*
 * Peek behind the bytes that the primary has. Only the dispatcher sets SO_PEEK_OFF, so no other
 * call sees it meanwhile. If the program has set it, the protocol moves it on by itself.
 */
static int peek_behind(struct vns_obj *o, struct msghdr *msg, const struct veng_scall *call,
		       int flags)
{
	struct sock *sk = o->sock->sk;
	u32 off = call->sqe.arg[1], place = call->sqe.arg[1] >> 32;
	int rc;

	if (READ_ONCE(sk->sk_peek_off) >= 0)
		return sock_recvmsg(o->sock, msg, flags);
	if (off > INT_MAX)
		return -EINVAL;
	if (place != READ_ONCE(tcp_sk(sk)->copied_seq))
		return -ESTALE;
	sk_set_peek_off(sk, off);
	rc = sock_recvmsg(o->sock, msg, flags);
	sk_set_peek_off(sk, -1);
	return rc;
}

/**
 * vns_stream_recv - receive from a socket of TCP without blocking
 * @o: the object
 * @msg: where to put the data
 * @call: the call
 * @flags: MSG_*
 *
 * Context: dispatcher.
 * Return: number of bytes or -errno.
 */
int vns_stream_recv(struct vns_obj *o, struct msghdr *msg, struct veng_scall *call, int flags)
{
	struct sock *sk = o->sock->sk;
	u32 first = first_byte(sk, call, flags);
	int rc;

	if (call->sqe.arg[2] & VOS_RECV_GOES_ON && is_urgent(sk, first)) {
		call->cqe.out[3] = VOS_RECV_AT_MARK;
		return 0;
	}
	if (flags & MSG_PEEK && (u32)call->sqe.arg[1])
		rc = peek_behind(o, msg, call, flags);
	else
		rc = sock_recvmsg(o->sock, msg, flags);
	/* With TCP_REPAIR, Linux gives the length of what was sent, whatever the room for it. */
	rc = min_t(int, rc, call->sqe.ext[0].len);
	give_place(call, sk, first, rc, flags);
	return rc;
}

/* Make a packet of @len bytes, as if it had been received. */
static struct sk_buff *packet(const struct veng_scall *call, u32 len)
{
	u32 pages = len > PAGE_SIZE / 2 ? len : 0;
	struct sk_buff *skb;
	int rc;

	skb = alloc_skb_with_frags(len - pages, pages, PAGE_ALLOC_COSTLY_ORDER, &rc, GFP_KERNEL);
	if (!skb)
		return ERR_PTR(rc);
	skb_put(skb, len - pages);
	skb->data_len = pages;
	skb->len = len;
	rc = skb_store_bits(skb, 0, vos_peer_ptr(call->in[0]), len);
	if (!rc)
		return skb;
	kfree_skb(skb);
	return ERR_PTR(rc);
}

/*
 * How many bytes have been taken of all that this connection received. Another protocol on top
 * of TCP has taken them for itself.
 */
static s64 taken(const struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);

	if (inet_csk_has_ulp(sk) || sk->sk_state == TCP_LISTEN)
		return 0;
	return tp->bytes_received - (tp->rcv_nxt - tp->copied_seq);
}

/*
 * Put the packet before all that was received. A process that gives back again and again finds
 * an end at twice the socket's memory.
 */
static int put_in_front(struct sock *sk, struct sk_buff *skb)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (taken(sk) < (s64)skb->len)
		return -EINVAL;
	if (atomic_read(&sk->sk_rmem_alloc) / 2 > READ_ONCE(sk->sk_rcvbuf) ||
	    !sk_rmem_schedule(sk, skb, skb->truesize))
		return -ENOBUFS;
	TCP_SKB_CB(skb)->end_seq = tp->copied_seq;
	TCP_SKB_CB(skb)->seq = tp->copied_seq - skb->len;
	skb_set_owner_r(skb, sk);
	__skb_queue_head(&sk->sk_receive_queue, skb);
	WRITE_ONCE(tp->copied_seq, tp->copied_seq - skb->len);
	sk->sk_data_ready(sk);
	return 0;
}

/**
 * vns_unread - carry out UNREAD
 * @o: the object
 * @call: the call
 *
 * Context: dispatcher.
 * Return: 0 or -errno.
 */
s64 vns_unread(struct vns_obj *o, struct veng_scall *call)
{
	struct sock *sk = o->sock->sk;
	struct sk_buff *skb;
	int rc;

	if (!sk_is_tcp(sk))
		return -EOPNOTSUPP;
	skb = packet(call, call->sqe.ext[0].len);
	if (IS_ERR(skb))
		return PTR_ERR(skb);
	lock_sock(sk);
	rc = put_in_front(sk, skb);
	release_sock(sk);
	if (rc)
		kfree_skb(skb);
	return rc;
}

/* Test whether close() would wait for this socket, as far as its state says. */
static bool may_linger(struct sock *sk)
{
	if (!sk_is_tcp(sk) || !sock_flag(sk, SOCK_LINGER) || !sk->sk_lingertime)
		return false;
	/* What was not read makes close() reset the connection. */
	return (1 << READ_ONCE(sk->sk_state)) & (TCPF_ESTABLISHED | TCPF_CLOSE_WAIT |
						  TCPF_FIN_WAIT1 | TCPF_CLOSING |
						  TCPF_LAST_ACK) &&
	       tcp_inq(sk) <= 0;
}

/**
 * vns_linger - carry out LINGER
 * @o: the object
 * @call: the call
 *
 * Context: dispatcher.
 * Return: 0; -EAGAIN: the peer has not taken all.
 */
s64 vns_linger(struct vns_obj *o, struct veng_scall *call)
{
	struct sock *sk = o->sock->sk;

	if (!may_linger(sk))
		return 0;
	if (READ_ONCE(sk->sk_shutdown) != SHUTDOWN_MASK)
		READ_ONCE(o->sock->ops)->shutdown(o->sock, SHUT_RDWR);
	call->cqe.out[0] = READ_ONCE(sk->sk_lingertime) / HZ;
	return (1 << READ_ONCE(sk->sk_state)) & (TCPF_FIN_WAIT1 | TCPF_CLOSING | TCPF_LAST_ACK) ?
		-EAGAIN : 0;
}

/* A cork of the program's own stays. */
static void push(struct vns_obj *o)
{
	const struct proto_ops *ops = READ_ONCE(o->sock->ops);

	if (ops->splice_eof)
		ops->splice_eof(o->sock);
}

/**
 * vns_push - carry out PUSH
 * @o: the object
 * @call: the call
 *
 * Context: dispatcher.
 * Return: 0.
 */
s64 vns_push(struct vns_obj *o, struct veng_scall *call)
{
	push(o);
	return 0;
}

/**
 * vns_stream_full - push what a stream has taken before it was full
 * @o: the object, of any kind
 *
 * A large send comes in calls, of which all but the last say that more follows. If one finds no
 * room, the program's send ends or waits there. Linux pushes at that place, whatever Nagle's
 * rule or a cork says. Otherwise the peer acknowledges the last bytes late, and the sender has
 * room late.
 *
 * Context: dispatcher.
 */
void vns_stream_full(struct vns_obj *o)
{
	struct sock *sk = o->sock->sk;

	if (!sk_is_tcp(sk) ||
	    !((1 << READ_ONCE(sk->sk_state)) & (TCPF_ESTABLISHED | TCPF_CLOSE_WAIT)))
		return;
	/* As for TCP_NODELAY: it lasts until more is queued. */
	lock_sock(sk);
	tcp_sk(sk)->nonagle |= TCP_NAGLE_PUSH;
	release_sock(sk);
	push(o);
}
