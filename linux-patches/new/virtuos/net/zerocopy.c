// SPDX-License-Identifier: GPL-2.0
/*
 * MSG_ZEROCOPY. The data is copied, as Linux does it on loopback. So a call's memory is free
 * when the call returns, and its notification says SO_EE_CODE_ZEROCOPY_COPIED.
 *
 * Each call has a number. Those that the program has not been told of are a range, as Linux
 * joins the notifications of calls in turn.
 */
#include <linux/errqueue.h>
#include <linux/in.h>
#include <linux/in6.h>
#include "zerocopy.h"

/* @zerocopy has the first number not told of in its lower half, the next one in its upper. */
static u32 first_of(u64 range)
{
	return lower_32_bits(range);
}

static u32 next_of(u64 range)
{
	return upper_32_bits(range);
}

/**
 * vnet_zerocopy_sent - note that a call has sent with MSG_ZEROCOPY
 * @vs: the socket
 *
 * Context: process.
 */
void vnet_zerocopy_sent(struct vnet_sock *vs)
{
	if (!sock_flag(&vs->sk, SOCK_ZEROCOPY))
		return;
	atomic64_add(1ull << 32, &vs->zerocopy);
	vnet_sock_wake(vs, VOS_CAUSE_ERROR);
}

/**
 * vnet_zerocopy_waits - test for a notification
 * @vs: the socket
 *
 * Context: any.
 * Return: whether there is one.
 */
bool vnet_zerocopy_waits(struct vnet_sock *vs)
{
	u64 range = atomic64_read(&vs->zerocopy);

	return unlikely(first_of(range) != next_of(range));
}

static void put_range(struct vnet_sock *vs, struct msghdr *msg, u64 range)
{
	struct {
		struct sock_extended_err ee;
		struct sockaddr_in6 offender;
	} err = {
		.ee = {
			.ee_origin = SO_EE_ORIGIN_ZEROCOPY,
			.ee_code = SO_EE_CODE_ZEROCOPY_COPIED,
			.ee_info = first_of(range),
			.ee_data = next_of(range) - 1,
		},
	};

	const size_t len_v4 = sizeof(err.ee) + sizeof(struct sockaddr_in);

	if (vs->sk.sk_family == AF_INET6)
		put_cmsg(msg, SOL_IPV6, IPV6_RECVERR, sizeof(err), &err);
	else
		put_cmsg(msg, SOL_IP, IP_RECVERR, len_v4, &err);
}

/**
 * vnet_zerocopy_recv - carry out recvmsg() with MSG_ERRQUEUE, if it is for a notification
 * @vs: the socket
 * @msg: where to put it
 *
 * Context: process.
 * Return: 0. -EAGAIN: there is none.
 */
int vnet_zerocopy_recv(struct vnet_sock *vs, struct msghdr *msg)
{
	s64 range = atomic64_read(&vs->zerocopy);

	do {
		if (first_of(range) == next_of(range))
			return -EAGAIN;
	} while (!atomic64_try_cmpxchg(&vs->zerocopy, &range,
				       next_of(range) | (u64)next_of(range) << 32));
	msg->msg_flags |= MSG_ERRQUEUE;
	put_range(vs, msg, range);
	return 0;
}
