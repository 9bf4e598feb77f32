// SPDX-License-Identifier: GPL-2.0
/*
 * What is different with packet sockets (AF_PACKET) when they are made, bound and made again.
 *
 * A packet socket receives from the moment on when it has a protocol. Recovery makes it without
 * one, sets its options and binds it. So it gets no packet that its filter would drop.
 */
#include <linux/errno.h>
#include <linux/if_packet.h>
#include <linux/string.h>
#include "option_keep.h"
#include "packet.h"

/**
 * vnet_packet_begin - note the protocol of a new packet socket as an address it is bound to
 * @vs: any socket
 *
 * Context: process.
 */
void vnet_packet_begin(struct vnet_sock *vs)
{
	struct sockaddr_ll *ll = (struct sockaddr_ll *)&vs->bound;

	if (!vnet_is_packet(vs) || !vs->sk.sk_protocol)
		return;
	ll->sll_family = AF_PACKET;
	ll->sll_protocol = (__force __be16)vs->sk.sk_protocol;
	vs->bound_len = sizeof(*ll);
}

/**
 * vnet_packet_bound - complete the address to which a socket was bound
 * @vs: the packet socket, with its earlier address
 * @addr: its new one; as in Linux, one without a protocol keeps the earlier one's
 *
 * Context: process.
 */
void vnet_packet_bound(const struct vnet_sock *vs, struct sockaddr *addr)
{
	struct sockaddr_ll *ll = (struct sockaddr_ll *)addr;

	if (!ll->sll_protocol)
		ll->sll_protocol = ((const struct sockaddr_ll *)&vs->bound)->sll_protocol;
}

/**
 * vnet_packet_is_late - test whether an option can be set on a bound socket alone
 * @opt: the option
 *
 * A member of a fanout group cannot be bound any more.
 *
 * Context: any.
 * Return: whether it is so.
 */
bool vnet_packet_is_late(const struct vnet_opt *opt)
{
	return opt->level == SOL_PACKET && opt->name == PACKET_FANOUT;
}

/**
 * vnet_packet_device_gone - test whether recovery has failed for want of an interface
 * @vs: any socket
 * @rc: with what it has failed
 *
 * In Linux a packet socket outlives its interface. It hears of ENETDOWN once.
 *
 * Context: process.
 * Return: true: recovery of this socket may go on.
 */
bool vnet_packet_device_gone(struct vnet_sock *vs, int rc)
{
	if (rc != -ENODEV || !vnet_is_packet(vs))
		return false;
	vnet_sock_keep_error(vs, ENETDOWN);
	return true;
}
