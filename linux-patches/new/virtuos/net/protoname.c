// SPDX-License-Identifier: GPL-2.0
/*
 * The names of protocols, which a program reads of a socket's descriptor (system.sockprotoname).
 * lsof shows a socket's kind by it.
 */
#include <linux/in.h>
#include <net/sock.h>
#include "vnet.h"

static const struct {
	int type, protocol;	/* 0: any */
	const char *name[2];	/* AF_INET, AF_INET6 */
} names[] = {
	{ SOCK_STREAM, IPPROTO_TCP, { "TCP", "TCPv6" } },
	{ SOCK_STREAM, IPPROTO_MPTCP, { "MPTCP", "MPTCPv6" } },
	{ SOCK_DGRAM, IPPROTO_UDP, { "UDP", "UDPv6" } },
	{ SOCK_DGRAM, IPPROTO_UDPLITE, { "UDP-Lite", "UDPLITEv6" } },
	{ SOCK_DGRAM, IPPROTO_ICMP, { "PING", "PINGv6" } },
	{ SOCK_DGRAM, IPPROTO_ICMPV6, { "PING", "PINGv6" } },
	{ SOCK_RAW, 0, { "RAW", "RAWv6" } },
	{ 0, IPPROTO_SCTP, { "SCTP", "SCTPv6" } },
};

static struct proto named[ARRAY_SIZE(names)][2];
static struct proto packet, netlink;

static void name_proto(struct proto *proto, const char *name)
{
	*proto = vnet_proto;
	strscpy(proto->name, name, sizeof(proto->name));
}

/**
 * vnet_protoname_init - make the named copies of vnet_proto, which is registered
 */
void vnet_protoname_init(void)
{
	int i, v6;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		for (v6 = 0; v6 < 2; v6++)
			name_proto(&named[i][v6], names[i].name[v6]);
	name_proto(&packet, "PACKET");
	name_proto(&netlink, "NETLINK");
}

static struct proto *find_named(int family, int type, int protocol)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if ((!names[i].type || names[i].type == type) &&
		    (!names[i].protocol || names[i].protocol == protocol))
			return &named[i][family == PF_INET6];
	return NULL;
}

/**
 * vnet_protoname_set - name a new socket's protocol
 * @sk: the socket, with its family, type and protocol
 *
 * The name is that of the proto which made the socket. Only its name differs from vnet_proto.
 *
 * Context: any.
 */
void vnet_protoname_set(struct sock *sk)
{
	struct proto *proto = NULL;

	if (sk->sk_family == PF_PACKET)
		proto = &packet;
	else if (sk->sk_family == PF_NETLINK)
		proto = &netlink;
	else
		proto = find_named(sk->sk_family, sk->sk_type, sk->sk_protocol);
	if (proto)
		sk->sk_prot_creator = proto;
}
