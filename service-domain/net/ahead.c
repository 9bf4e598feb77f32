// SPDX-License-Identifier: GPL-2.0
/*
 * Peers of datagram sockets to which there is no route. In Linux a socket outlives the route by
 * which it was connected. It hears its peer alone, and its sends fail until there is a route again.
 * So recovery connects it as it was, with the address of its own that it had.
 */
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/random.h>
#include <linux/string.h>
#include <net/inet_sock.h>
#include <net/ipv6.h>
#include <net/sock_reuseport.h>
#include <net/tcp_states.h>
#include <net/transp_v6.h>
#include "vns.h"

static bool is_inet_datagram(const struct sock *sk)
{
	return (sk->sk_family == AF_INET || sk->sk_family == AF_INET6) &&
	       (sk->sk_type == SOCK_DGRAM || sk->sk_type == SOCK_RAW);
}

/**
 * vns_own_address - get the address from which a datagram socket sends
 * @sk: any socket
 * @own: its address as an IPv6 header has it, one of IPv4 in the first 4 bytes. 0: it has none
 *
 * Context: process.
 */
void vns_own_address(const struct sock *sk, u64 own[2])
{
	struct in6_addr a = {};

	if (is_inet_datagram(sk) && sk->sk_family == AF_INET)
		a.s6_addr32[0] = READ_ONCE(inet_sk(sk)->inet_saddr);
	else if (is_inet_datagram(sk))
		a = inet6_sk(sk)->saddr;
	memcpy(own, &a, sizeof(a));
}

static int need_port(struct sock *sk)
{
	if (inet_sk(sk)->inet_num)
		return 0;
	if (!sk->sk_prot->get_port)
		return -EOPNOTSUPP;
	if (sk->sk_prot->get_port(sk, 0))
		return -EAGAIN;
	inet_sk(sk)->inet_sport = htons(inet_sk(sk)->inet_num);
	return 0;
}

static void take_v4(struct sock *sk, __be32 peer, __be32 own)
{
	struct inet_sock *inet = inet_sk(sk);

	if (!inet->inet_saddr)
		inet->inet_saddr = own;
	if (!inet->inet_rcv_saddr)
		inet->inet_rcv_saddr = own;
	inet->inet_daddr = peer;
	atomic_set(&inet->inet_id, get_random_u16());
}

static bool is_any(const struct in6_addr *a)
{
	return ipv6_addr_any(a) || (ipv6_addr_v4mapped(a) && !a->s6_addr32[3]);
}

/* An IPv6 socket whose peer has an address of IPv4. */
static void take_mapped(struct sock *sk, __be32 peer, const struct in6_addr *own)
{
	struct inet_sock *inet = inet_sk(sk);

	take_v4(sk, peer, ipv6_addr_v4mapped(own) ? own->s6_addr32[3] : 0);
	ipv6_addr_set_v4mapped(peer, &sk->sk_v6_daddr);
	if (is_any(&inet6_sk(sk)->saddr))
		ipv6_addr_set_v4mapped(inet->inet_saddr, &inet6_sk(sk)->saddr);
	if (is_any(&sk->sk_v6_rcv_saddr))
		ipv6_addr_set_v4mapped(inet->inet_rcv_saddr, &sk->sk_v6_rcv_saddr);
}

static void take_v6(struct sock *sk, const struct sockaddr_in6 *peer, const struct in6_addr *own)
{
	struct ipv6_pinfo *np = inet6_sk(sk);

	if (ipv6_addr_any(&np->saddr))
		np->saddr = *own;
	if (ipv6_addr_any(&sk->sk_v6_rcv_saddr)) {
		sk->sk_v6_rcv_saddr = *own;
		inet_sk(sk)->inet_rcv_saddr = LOOPBACK4_IPV6;
	}
	if (__ipv6_addr_needs_scope_id(ipv6_addr_type(&peer->sin6_addr)) && peer->sin6_scope_id)
		WRITE_ONCE(sk->sk_bound_dev_if, peer->sin6_scope_id);
	if (inet6_test_bit(SNDFLOW, sk))
		np->flow_label = peer->sin6_flowinfo & IPV6_FLOWINFO_MASK;
	sk->sk_v6_daddr = peer->sin6_addr;
}

/* Set both addresses. The port stands at the same place in both families. */
static int take_peer(struct sock *sk, const struct sockaddr_storage *addr, int len,
		     const struct in6_addr *own)
{
	const struct sockaddr_in *v4 = (const void *)addr;
	const struct sockaddr_in6 *v6 = (const void *)addr;
	bool mapped = addr->ss_family == AF_INET6 && ipv6_addr_v4mapped(&v6->sin6_addr);

	if (len < (int)(addr->ss_family == AF_INET ? sizeof(*v4) : sizeof(*v6)))
		return -EINVAL;
	if (sk->sk_family == AF_INET && addr->ss_family == AF_INET)
		take_v4(sk, v4->sin_addr.s_addr, own->s6_addr32[0]);
	else if (sk->sk_family == AF_INET || (addr->ss_family != AF_INET &&
					      addr->ss_family != AF_INET6))
		return -EAFNOSUPPORT;
	else if (addr->ss_family == AF_INET || mapped)
		take_mapped(sk, mapped ? v6->sin6_addr.s6_addr32[3] : v4->sin_addr.s_addr, own);
	else
		take_v6(sk, v6, own);
	inet_sk(sk)->inet_dport = v4->sin_port;
	return 0;
}

/**
 * vns_connect_ahead - connect a datagram socket without asking for a route
 * @sk: the socket
 * @addr: its peer
 * @len: length of @addr
 * @own: as of vns_own_address()
 *
 * Context: process.
 * Return: 0 or -errno.
 */
int vns_connect_ahead(struct sock *sk, const struct sockaddr_storage *addr, int len,
		      const u64 own[2])
{
	struct in6_addr from;
	int rc;

	if (!is_inet_datagram(sk))
		return -EOPNOTSUPP;
	memcpy(&from, own, sizeof(from));
	lock_sock(sk);
	rc = need_port(sk) ?: take_peer(sk, addr, len, &from);
	if (!rc) {
		if (sk->sk_prot->rehash)
			sk->sk_prot->rehash(sk);
		reuseport_has_conns_set(sk);
		sk->sk_state = TCP_ESTABLISHED;
		sk_set_txhash(sk);
		sk_dst_reset(sk);
	}
	release_sock(sk);
	return rc;
}
