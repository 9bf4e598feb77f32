/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What netlink.c uses: the half of a socket that is this kernel's own, and what is kept of
 * requests.
 */
#ifndef VNET_NETLINK_H
#define VNET_NETLINK_H

#include <linux/netlink.h>
#include "vnet.h"

static inline struct vnet_sock *vnet_beside(const struct socket *sock)
{
	return sock->sk->sk_user_data;
}

/* netlink.c */
int vnet_netlink_autobind(struct socket *sock);
struct vnet_sock *vnet_netlink_new(struct net *net, struct socket *sock, int protocol);

/* netlink_message.c */
int vnet_netlink_sendmsg(struct socket *sock, struct msghdr *msg, size_t len);
int vnet_netlink_recvmsg(struct socket *sock, struct msghdr *msg, size_t len, int flags);

/* netlink_local.c */

int vnet_local_create(struct net *net, struct socket *sock, int protocol);
int vnet_local_release(struct socket *sock);
void vnet_local_bind(struct socket *sock, u32 port);
bool vnet_local_asks(struct vnet_sock *vs, const void *data, size_t len);
int vnet_local_send(struct socket *sock, struct msghdr *msg, size_t len);
int vnet_local_recv(struct socket *sock, struct msghdr *msg, size_t len, int flags);
int vnet_local_setsockopt(struct socket *sock, int level, int name, sockptr_t val,
			  unsigned int len);
__poll_t vnet_local_mask(struct socket *sock);

/* netlink_keep.c */

/**
 * struct vnet_change - what a program has changed of the network
 * @node: among all of them, in order
 * @cred: of its sender
 * @netns: number of the namespace
 * @protocol: NETLINK_ROUTE: one request; NETLINK_NETFILTER: a batch of nf_tables
 * @len: bytes of @data
 * @data: as it was sent
 */
struct vnet_change {
	struct list_head node;
	const struct cred *cred;
	u32 netns;
	int protocol;
	u32 len;
	u8 data[] __aligned(NLMSG_ALIGNTO);
};

static inline const struct nlmsghdr *vnet_change_header(const struct vnet_change *c)
{
	return (const struct nlmsghdr *)c->data;
}

int vnet_changes_keep(struct vnet_sock *vs, const void *data, size_t len, bool refused, u32 epoch);

void vnet_change_forget(struct vnet_change *c);

/* netlink_ends.c */
void vnet_change_forget_link(struct list_head *changes, u32 netns, int index);
void vnet_change_list_end(struct list_head *changes, u32 netns);

/* netlink_index.c */
bool vnet_change_is_address(const struct vnet_change *c);
bool vnet_change_makes_link(const struct vnet_change *c);
int vnet_change_index(const struct vnet_change *c);
u32 vnet_change_netns(const struct vnet_change *c);
int vnet_change_peer(const struct vnet_change *c, u32 *netns);
void vnet_change_note(struct vnet_sock *vs, struct vnet_change *c);

/* netlink_batch.c */
bool vnet_is_batch(const void *data, size_t len);
bool vnet_batch_flushes(const void *data, size_t len);
void vnet_batch_make_timeless(void *data, size_t len);

/* netlink_again.c */
void vnet_change_list_again(const struct list_head *changes);

#endif
