// SPDX-License-Identifier: GPL-2.0
/*
 * Sends that nobody waits for (VOS_SQE_POSTED): a process has been told that its bytes
 * are sent, and has gone on.
 *
 * Invariant: the stream has no hole. What was posted is taken whole, or nothing is sent
 * after it; and an error that the protocol tells once is told to the next who asks.
 */
#include <linux/poll.h>
#include <net/proto_memory.h>
#include <net/tcp.h>
#include "service.h"

static bool is_plain_tcp(const struct sock *sk)
{
	return READ_ONCE(sk->sk_prot)->sendmsg == tcp_sendmsg;
}

/*
 * net_post_room - how many bytes may be posted on the socket
 * @mask: its poll mask
 * Return: 0 where an answer might be an error; what the buffer has room for.
 */
u32 net_post_room(const struct netobj *o, u32 mask)
{
	const u32 ends = (__force u32)(EPOLLERR | EPOLLHUP | EPOLLRDHUP);
	const struct sock *sk;

	if (!o->sock || !(mask & (__force u32)EPOLLOUT) || mask & ends)
		return 0;
	sk = o->sock->sk;
	if (!is_plain_tcp(sk) || READ_ONCE(sk->sk_state) != TCP_ESTABLISHED ||
	    READ_ONCE(sk->sk_shutdown) & SEND_SHUTDOWN || sk_under_memory_pressure(sk))
		return 0;
	return max(sk_stream_wspace(sk), 0);
}

/* Send what is left of @msg, more than the buffer has room for if need be. */
static s64 send_rest(struct sock *sk, struct msghdr *msg)
{
	s64 rc = -ENOBUFS;
	int size;

	lock_sock(sk);
	if (is_plain_tcp(sk)) {
		size = sk->sk_sndbuf;
		WRITE_ONCE(sk->sk_sndbuf, INT_MAX);
		rc = tcp_sendmsg_locked(sk, msg, msg_data_left(msg));
		WRITE_ONCE(sk->sk_sndbuf, size);
	}
	release_sock(sk);
	return rc;
}

/* The protocol has told an error and forgotten it. */
static void keep_error(struct sock *sk, s64 rc)
{
	if (rc >= 0 || rc == -EAGAIN || rc == -EPIPE)
		return;
	WRITE_ONCE(sk->sk_err, -rc);
	sk_error_report(sk);
}

/*
 * net_end_post - nobody waits for what a send has answered
 * @msg: as the send has left it
 * @rc: its result
 *
 * An error need not be the connection's end, so the bytes are tried once more. A peer
 * that has reset it, or our own shutdown, is what -EPIPE says then, as often as it is asked.
 * Return: what the answer shall say.
 */
s64 net_end_post(struct netobj *o, struct msghdr *msg, s64 rc)
{
	struct sock *sk = o->sock->sk;

	if (!msg_data_left(msg) || !sk_is_tcp(sk))
		return rc;
	if (rc != -EPIPE) {
		s64 rest = send_rest(sk, msg);

		if (msg_data_left(msg) && rest != -EPIPE)
			tcp_abort(sk, ENOBUFS);
		keep_error(sk, rc);
	}
	return rc;
}
