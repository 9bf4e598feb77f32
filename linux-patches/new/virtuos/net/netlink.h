/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What netlink.c uses: the half of a socket that is this kernel's own, and what is kept of
 * requests.
 */
#ifndef VNET_NETLINK_H
#define VNET_NETLINK_H

#include "vnet.h"

static inline struct vnet_sock *vnet_beside(const struct socket *sock)
{
	return sock->sk->sk_user_data;
}

/* netlink.c */
int vnet_netlink_autobind(struct socket *sock);
struct vnet_sock *vnet_netlink_new(struct socket *sock, int protocol);

/* netlink_message.c */
int vnet_netlink_sendmsg(struct socket *sock, struct msghdr *msg, size_t len);
int vnet_netlink_recvmsg(struct socket *sock, struct msghdr *msg, size_t len, int flags);

/* netlink_local.c */

int vnet_local_create(struct socket *sock, int protocol);
int vnet_local_release(struct socket *sock);
void vnet_local_bind(struct socket *sock, u32 port);
bool vnet_local_asks(struct vnet_sock *vs, const void *data, size_t len);
int vnet_local_send(struct socket *sock, struct msghdr *msg, size_t len);
int vnet_local_recv(struct socket *sock, struct msghdr *msg, size_t len, int flags);
int vnet_local_setsockopt(struct socket *sock, int level, int name, sockptr_t val,
			  unsigned int len);
__poll_t vnet_local_mask(struct socket *sock);

/* netlink_keep.c */
int vnet_changes_keep(const void *data, size_t len, bool refused, u32 epoch);

#endif
