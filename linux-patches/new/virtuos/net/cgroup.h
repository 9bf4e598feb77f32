/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What programs attached to cgroups (bpf(2)) may say about our sockets: whether one may
 * be made, bound, connected, and whom a datagram may go to. systemd's SocketBindAllow=
 * and SocketBindDeny= are such programs. In a kernel with TCP/IP its code runs them;
 * here, we do, before the service is asked.
 *
 * What nobody can run here, because it sees packets, is refused when it is attached
 * (linux-patches/0007).
 *
 * While no program of a kind is attached anywhere, it costs one jump that is not taken.
 */
#ifndef VOS_NET_CGROUP_H
#define VOS_NET_CGROUP_H

#include <linux/bpf-cgroup.h>
#include "vos_net.h"

int vos_cgroup_bind(struct vos_sock *vs, struct sockaddr *addr, int len);
int vos_cgroup_connect(struct vos_sock *vs, struct sockaddr *addr, int len);
int vos_cgroup_send(struct vos_sock *vs, struct msghdr *msg);
void vos_cgroup_recv(struct vos_sock *vs, struct msghdr *msg);
bool vos_cgroup_sees_datagrams(struct vos_sock *vs);

static inline int vos_cgroup_create(struct vos_sock *vs)
{
	struct sock *sk __maybe_unused = &vs->sk;

	return BPF_CGROUP_RUN_PROG_INET_SOCK(sk);
}

static inline void vos_cgroup_release(struct vos_sock *vs)
{
	struct sock *sk __maybe_unused = &vs->sk;

	if (!sk->sk_kern_sock)
		BPF_CGROUP_RUN_PROG_INET_SOCK_RELEASE(sk);
}

#endif
