/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What programs attached to cgroups (bpf(2)) may decide about forwarded sockets: whether one
 * may be made, bound, connected, and where a datagram may go. systemd's SocketBindAllow= and
 * SocketBindDeny= are such programs. In a kernel with TCP/IP its code runs them. Here these
 * functions do, before the service is asked.
 *
 * If a program sees packets, no code can run it here, so it is refused when it is attached
 * (linux-patches/0007).
 *
 * While no program of a kind is attached anywhere, it costs one jump that is not taken.
 */
#ifndef VNET_CGROUP_H
#define VNET_CGROUP_H

#include <linux/bpf-cgroup.h>
#include "vnet.h"

int vnet_cgroup_bind(struct vnet_sock *vs, struct sockaddr *addr, int len);
int vnet_cgroup_connect(struct vnet_sock *vs, struct sockaddr *addr, int len);
int vnet_cgroup_send(struct vnet_sock *vs, struct msghdr *msg);
void vnet_cgroup_recv(struct vnet_sock *vs, struct msghdr *msg);
bool vnet_cgroup_sees_datagrams(struct vnet_sock *vs);

static inline int vnet_cgroup_create(struct vnet_sock *vs)
{
	struct sock *sk __maybe_unused = &vs->sk;

	return vnet_is_packet(vs) ? 0 : BPF_CGROUP_RUN_PROG_INET_SOCK(sk);
}

static inline void vnet_cgroup_release(struct vnet_sock *vs)
{
	struct sock *sk __maybe_unused = &vs->sk;

	if (!sk->sk_kern_sock && !vnet_is_packet(vs))
		BPF_CGROUP_RUN_PROG_INET_SOCK_RELEASE(sk);
}

#endif
