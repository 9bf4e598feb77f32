// SPDX-License-Identifier: GPL-2.0
/*
 * Run the programs of cgroups on addresses: see cgroup.h. A program may change the address. The
 * caller goes on with the changed one, as in Linux.
 *
 * Two things that a program can ask of TCP/IP are missing here. Another source address for one
 * datagram is refused. A low port without CAP_NET_BIND_SERVICE is still the service's to
 * refuse.
 */
#include <linux/in.h>
#include <linux/in6.h>
#include <net/ipv6.h>
#include "cgroup.h"

static bool is_inet6(const struct vnet_sock *vs)
{
	return vs->sk.sk_family == AF_INET6;
}

static bool is_udp(const struct vnet_sock *vs)
{
	return vs->sk.sk_type == SOCK_DGRAM && !vnet_is_packet(vs) &&
	       (vs->sk.sk_protocol == IPPROTO_UDP || vs->sk.sk_protocol == IPPROTO_UDPLITE);
}

/*
 * Test whether an address is whole. Programs read whole addresses, and the service refuses a
 * shorter one. In Linux none reads a packet socket's address.
 */
static bool is_whole(const struct vnet_sock *vs, const struct sockaddr *addr, int len)
{
	if (vnet_is_packet(vs) || len < (int)sizeof(sa_family_t) || addr->sa_family == AF_UNSPEC)
		return false;
	if (!is_inet6(vs) || addr->sa_family == AF_INET)
		return len >= (int)sizeof(struct sockaddr_in);
	return len >= SIN6_LEN_RFC2133;
}

/**
 * vnet_cgroup_bind - ask the programs whether a socket may be bound
 * @vs: the socket
 * @addr: where to; a program may change it
 * @len: length of @addr
 *
 * Context: process.
 * Return: 0 or -EPERM.
 */
int vnet_cgroup_bind(struct vnet_sock *vs, struct sockaddr *addr, int len)
{
	struct sock *sk __maybe_unused = &vs->sk;

	if (vs->sk.sk_type == SOCK_RAW || !is_whole(vs, addr, len))
		return 0;
	if (is_inet6(vs))
		return BPF_CGROUP_RUN_SA_PROG_LOCK(sk, addr, &len, CGROUP_INET6_BIND, NULL);
	return BPF_CGROUP_RUN_SA_PROG_LOCK(sk, addr, &len, CGROUP_INET4_BIND, NULL);
}

/**
 * vnet_cgroup_connect - ask the programs whether a socket may be connected
 * @vs: the socket
 * @addr: where to; a program may change it
 * @len: length of @addr
 *
 * Context: process.
 * Return: 0 or -EPERM.
 */
int vnet_cgroup_connect(struct vnet_sock *vs, struct sockaddr *addr, int len)
{
	struct sock *sk __maybe_unused = &vs->sk;

	if (!is_whole(vs, addr, len))
		return 0;
	if (is_inet6(vs) && addr->sa_family != AF_INET)
		return BPF_CGROUP_RUN_PROG_INET6_CONNECT_LOCK(sk, addr, &len);
	return BPF_CGROUP_RUN_PROG_INET4_CONNECT_LOCK(sk, addr, &len);
}

static int send4(struct sock *sk, struct sockaddr_in *to)
{
	struct in_addr from = {};
	int len = sizeof(*to), rc;

	rc = BPF_CGROUP_RUN_PROG_UDP4_SENDMSG_LOCK(sk, (struct sockaddr *)to, &len, &from);
	return rc ?: from.s_addr ? -EOPNOTSUPP : 0;
}

static int send6(struct sock *sk, struct sockaddr_in6 *to)
{
	struct in6_addr from = {};
	int len = sizeof(*to), rc;

	rc = BPF_CGROUP_RUN_PROG_UDP6_SENDMSG_LOCK(sk, (struct sockaddr *)to, &len, &from);
	return rc ?: ipv6_addr_any(&from) ? 0 : -EOPNOTSUPP;
}

/* Run the programs of IPv4 on an IPv4 address that is mapped into IPv6. */
static int send_mapped(struct sock *sk, struct sockaddr_in6 *to)
{
	struct sockaddr_in plain = {
		.sin_family = AF_INET,
		.sin_port = to->sin6_port,
		.sin_addr.s_addr = to->sin6_addr.s6_addr32[3],
	};
	int rc = send4(sk, &plain);

	to->sin6_port = plain.sin_port;
	to->sin6_addr.s6_addr32[3] = plain.sin_addr.s_addr;
	return rc;
}

static int send_datagram(struct vnet_sock *vs, struct sockaddr *to)
{
	struct sockaddr_in6 *to6 = (struct sockaddr_in6 *)to;

	if (!is_inet6(vs) || to->sa_family == AF_INET)
		return send4(&vs->sk, (struct sockaddr_in *)to);
	if (ipv6_addr_v4mapped(&to6->sin6_addr))
		return send_mapped(&vs->sk, to6);
	return send6(&vs->sk, to6);
}

/**
 * vnet_cgroup_send - ask the programs whether a message may go to its address
 * @vs: the socket
 * @msg: the message with its address, which a program may change
 *
 * Context: process.
 * Return: 0, -EPERM or -EOPNOTSUPP.
 */
int vnet_cgroup_send(struct vnet_sock *vs, struct msghdr *msg)
{
	struct sockaddr *to = msg->msg_name;

	if (msg->msg_flags & MSG_FASTOPEN && vnet_is_stream(vs))
		return vnet_cgroup_connect(vs, to, msg->msg_namelen);
	if (!cgroup_bpf_enabled(CGROUP_UDP4_SENDMSG) && !cgroup_bpf_enabled(CGROUP_UDP6_SENDMSG))
		return 0;
	if (!is_udp(vs) || !is_whole(vs, to, msg->msg_namelen))
		return 0;
	return send_datagram(vs, to);
}

/**
 * vnet_cgroup_recv - let the programs change the sender's address of a datagram
 * @vs: the socket
 * @msg: the message with the sender's address
 *
 * Context: process.
 */
void vnet_cgroup_recv(struct vnet_sock *vs, struct msghdr *msg)
{
	struct sock *sk __maybe_unused = &vs->sk;
	struct sockaddr *from = msg->msg_name;

	if (!is_udp(vs) || !is_whole(vs, from, msg->msg_namelen))
		return;
	if (is_inet6(vs))
		BPF_CGROUP_RUN_PROG_UDP6_RECVMSG_LOCK(sk, from, &msg->msg_namelen);
	else
		BPF_CGROUP_RUN_PROG_UDP4_RECVMSG_LOCK(sk, from, &msg->msg_namelen);
}

/**
 * vnet_cgroup_sees_datagrams - test whether a program must see each datagram
 * @vs: the socket
 *
 * Context: any.
 * Return: true: the socket's datagrams must take the trap door.
 */
bool vnet_cgroup_sees_datagrams(struct vnet_sock *vs)
{
	return is_udp(vs) && (cgroup_bpf_enabled(CGROUP_UDP4_SENDMSG) ||
			      cgroup_bpf_enabled(CGROUP_UDP6_SENDMSG) ||
			      cgroup_bpf_enabled(CGROUP_UDP4_RECVMSG) ||
			      cgroup_bpf_enabled(CGROUP_UDP6_RECVMSG));
}
