// SPDX-License-Identifier: GPL-2.0
/*
 * Control messages that Linux's IPv4, IPv6, TCP, UDP, netlink and packet sockets give with received
 * data. No others may reach a program. It believes what its kernel says of descriptors (SCM_RIGHTS,
 * SCM_PIDFD) and of a sender (SCM_CREDENTIALS, SCM_SECURITY).
 *
 * This file calls no function, so that tests/unit/test_control.c can include it as it is.
 */
#include "control.h"
#ifdef __KERNEL__
#include <linux/array_size.h>
#include <linux/errqueue.h>
#include <linux/if_packet.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/ipv6.h>
#include <linux/net_tstamp.h>
#include <linux/netlink.h>
#include <linux/socket.h>
#include <linux/tcp.h>
#include <linux/time_types.h>
#include <linux/udp.h>
#endif

/* Options of an IPv4 header; an extension header of IPv6, whose length is a byte. */
#define IP_OPTIONS_MAX	40u
#define EXT_HEADER_MAX	2048u
/* Attributes about a TCP connection: SCM_TIMESTAMPING_OPT_STATS. */
#define STATS_MAX	1024u

struct ipv4_error {
	struct sock_extended_err ee;
	struct sockaddr_in offender;
};

struct ipv6_error {
	struct sock_extended_err ee;
	struct sockaddr_in6 offender;
};

/* @len: bytes of data; @less: or fewer */
static const struct control {
	int level;
	int type;
	size_t len;
	bool less;
} controls[] = {
#define EXACT(level, type, size)	{ level, type, size, false }
#define UP_TO(level, type, size)	{ level, type, size, true }
	EXACT(SOL_SOCKET, SO_TIMESTAMP_OLD, sizeof(struct __kernel_old_timeval)),
	EXACT(SOL_SOCKET, SO_TIMESTAMP_NEW, sizeof(struct __kernel_sock_timeval)),
	EXACT(SOL_SOCKET, SO_TIMESTAMPNS_OLD, sizeof(struct __kernel_timespec)),
	EXACT(SOL_SOCKET, SO_TIMESTAMPNS_NEW, sizeof(struct __kernel_timespec)),
	EXACT(SOL_SOCKET, SO_TIMESTAMPING_OLD, 3 * sizeof(struct __kernel_timespec)),
	EXACT(SOL_SOCKET, SO_TIMESTAMPING_NEW, 3 * sizeof(struct __kernel_timespec)),
	EXACT(SOL_SOCKET, SCM_TIMESTAMPING_PKTINFO, sizeof(struct scm_ts_pktinfo)),
	UP_TO(SOL_SOCKET, SCM_TIMESTAMPING_OPT_STATS, STATS_MAX),
	EXACT(SOL_SOCKET, SO_RXQ_OVFL, sizeof(__u32)),
	EXACT(SOL_SOCKET, SO_MARK, sizeof(__u32)),
	EXACT(SOL_IP, IP_PKTINFO, sizeof(struct in_pktinfo)),
	EXACT(SOL_IP, IP_TTL, sizeof(int)),
	EXACT(SOL_IP, IP_TOS, sizeof(__u8)),
	UP_TO(SOL_IP, IP_RECVOPTS, IP_OPTIONS_MAX),
	UP_TO(SOL_IP, IP_RETOPTS, IP_OPTIONS_MAX),
	EXACT(SOL_IP, IP_RECVERR, sizeof(struct ipv4_error)),
	EXACT(SOL_IP, IP_RECVFRAGSIZE, sizeof(int)),
	EXACT(SOL_IP, IP_CHECKSUM, sizeof(__u32)),
	EXACT(SOL_IP, IP_ORIGDSTADDR, sizeof(struct sockaddr_in)),
	EXACT(SOL_IPV6, IPV6_PKTINFO, sizeof(struct in6_pktinfo)),
	EXACT(SOL_IPV6, IPV6_2292PKTINFO, sizeof(struct in6_pktinfo)),
	EXACT(SOL_IPV6, IPV6_HOPLIMIT, sizeof(int)),
	EXACT(SOL_IPV6, IPV6_2292HOPLIMIT, sizeof(int)),
	EXACT(SOL_IPV6, IPV6_TCLASS, sizeof(int)),
	EXACT(SOL_IPV6, IPV6_FLOWINFO, sizeof(__u32)),
	UP_TO(SOL_IPV6, IPV6_HOPOPTS, EXT_HEADER_MAX),
	UP_TO(SOL_IPV6, IPV6_2292HOPOPTS, EXT_HEADER_MAX),
	UP_TO(SOL_IPV6, IPV6_DSTOPTS, EXT_HEADER_MAX),
	UP_TO(SOL_IPV6, IPV6_2292DSTOPTS, EXT_HEADER_MAX),
	UP_TO(SOL_IPV6, IPV6_RTHDR, EXT_HEADER_MAX),
	UP_TO(SOL_IPV6, IPV6_2292RTHDR, EXT_HEADER_MAX),
	EXACT(SOL_IPV6, IPV6_RECVERR, sizeof(struct ipv6_error)),
	EXACT(SOL_IPV6, IPV6_PATHMTU, sizeof(struct ip6_mtuinfo)),
	EXACT(SOL_IPV6, IPV6_RECVFRAGSIZE, sizeof(int)),
	EXACT(SOL_IPV6, IPV6_ORIGDSTADDR, sizeof(struct sockaddr_in6)),
	EXACT(SOL_TCP, TCP_CM_INQ, sizeof(int)),
	EXACT(SOL_UDP, UDP_GRO, sizeof(int)),
	EXACT(SOL_NETLINK, NETLINK_PKTINFO, sizeof(struct nl_pktinfo)),
	EXACT(SOL_NETLINK, NETLINK_LISTEN_ALL_NSID, sizeof(int)),
	EXACT(SOL_PACKET, PACKET_AUXDATA, sizeof(struct tpacket_auxdata)),
	EXACT(SOL_PACKET, PACKET_TX_TIMESTAMP, sizeof(struct sock_extended_err)),
#undef EXACT
#undef UP_TO
};

/**
 * vnet_control_allowed - test whether a program may get such a message
 * @level: as the network domain says
 * @type: same
 * @len: bytes of data
 * @cut: it is the last one, and said to have been cut for lack of room
 *
 * Context: any.
 * Return: whether it may.
 */
bool vnet_control_allowed(int level, int type, size_t len, bool cut)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(controls); i++) {
		const struct control *c = &controls[i];

		if (c->level == level && c->type == type)
			return len == c->len || (len < c->len && (cut || c->less));
	}
	return false;
}
