/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What netlink.c uses: the half of a socket that is this kernel's own, and what is kept of
 * requests.
 */
#ifndef VNET_NETLINK_H
#define VNET_NETLINK_H

#include <linux/capability.h>
#include <linux/netlink.h>
#include <linux/user_namespace.h>
#include "address.h"
#include "ioctl_keep.h"
#include "vnet.h"

static inline struct vnet_sock *vnet_beside(const struct socket *sock)
{
	return sock->sk->sk_user_data;
}

/* netlink.c */
int vnet_netlink_autobind(struct socket *sock);
struct vnet_sock *vnet_netlink_new(struct net *net, struct socket *sock, int protocol);
struct vnet_sock *vnet_beside_new(struct net *net, struct socket *sock, int family, int protocol);

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

/* A change by ioctl(). No protocol of netlink has this number. */
#define VNET_BY_IOCTL	MAX_LINKS
/* A change by a file of a bond; neither has this. */
#define VNET_BY_FILE	(MAX_LINKS + 1)

/**
 * struct vnet_change - what a program has changed of the network
 * @node: among all of them, in order
 * @cred: of its sender
 * @netns: number of the namespace
 * @index: the interface that it is about, unless it is of NETLINK_ROUTE; 0: none, or not known
 * @protocol: NETLINK_ROUTE: one request; NETLINK_NETFILTER: a batch of nf_tables;
 *	NETLINK_GENERIC: one request, whose type is a number of vnet_family_name();
 *	VNET_BY_IOCTL: struct vnet_kept; VNET_BY_FILE: see bond.c
 * @handle: a batch: handle of the last table that was made before it
 * @generation: a batch: of the rules that it has found
 * @tables: a batch: how many it has made
 * @len: bytes of @data
 * @data: as it was sent. There is room for VNET_ADDRESS_ROOM bytes more
 */
struct vnet_change {
	struct list_head node;
	const struct cred *cred;
	u32 netns;
	int index;
	int protocol;
	u64 handle;
	u64 generation;
	u64 tables;
	u32 len;
	u8 data[] __aligned(NLMSG_ALIGNTO);
};

static inline const struct vnet_kept *vnet_change_kept(const struct vnet_change *c)
{
	return (const struct vnet_kept *)c->data;
}

static inline const struct nlmsghdr *vnet_change_header(const struct vnet_change *c)
{
	return (const struct nlmsghdr *)c->data;
}

/* Test whether the caller may change the network, and so add to what is kept. */
static inline bool vnet_may_change(const struct vnet_sock *vs)
{
	return ns_capable_noaudit(sock_net(&vs->sk)->user_ns, CAP_NET_ADMIN);
}

int vnet_changes_keep(struct vnet_sock *vs, const struct vnet_req *req);
int vnet_changes_add(struct vnet_sock *vs, struct vnet_change *c, u32 epoch);

struct vnet_change *vnet_change_new(const struct vnet_sock *vs, int protocol, const void *data,
				    size_t len);
void vnet_change_free(struct vnet_change *c);
void vnet_change_forget(struct vnet_change *c);
void vnet_change_replace(struct vnet_change *c, struct vnet_change *older);

/* ioctl_change.c */
void vnet_change_note_ioctl(struct vnet_sock *vs, struct vnet_change *c);
bool vnet_change_in_place(struct list_head *changes, struct vnet_change *c);
bool vnet_ioctl_voids(const struct vnet_change *c, const struct vnet_change *older);
bool vnet_ioctl_undoes(const struct vnet_change *c, const struct vnet_change *older);
int vnet_ioctl_again(struct vnet_sock *vs, const struct vnet_change *c);

/* netlink_generic.c */
const char *vnet_family_name(u32 nr);
bool vnet_generic_asks(const struct nlmsghdr *h);
int vnet_generic_note(struct vnet_sock *vs, struct vnet_change *c);
bool vnet_generic_voids(const struct list_head *changes, const struct vnet_change *c,
			const struct vnet_change *older);
bool vnet_generic_in_vain(const struct list_head *changes, const struct vnet_change *c);

/* netlink_family.c */
int vnet_family_ask(struct vnet_sock *vs, const char *name, u32 flags);

/* netlink_request.c */
bool vnet_request_voids(const struct vnet_change *c, const struct vnet_change *older);
bool vnet_request_in_vain(const struct list_head *changes, const struct vnet_change *c);
bool vnet_request_undoes(const struct vnet_change *c, const struct vnet_change *older);
bool vnet_request_changes(const struct nlmsghdr *h);
bool vnet_holds_change(int protocol, const void *data, size_t len, bool refused);

/* netlink_ends.c */
void vnet_change_forget_link(struct list_head *changes, u32 netns, int index);
void vnet_change_list_end(struct list_head *changes, u32 netns, int index);
bool vnet_change_ends_tun(struct list_head *changes, const struct vnet_change *c);

/* netlink_index.c */
bool vnet_change_is_address(const struct vnet_change *c);
bool vnet_change_makes_link(const struct vnet_change *c);
int vnet_change_index(const struct vnet_change *c);
int vnet_change_way(const struct vnet_change *c);
u32 vnet_change_netns(const struct vnet_change *c);
int vnet_change_peer(const struct vnet_change *c, u32 *netns);
void vnet_change_note(struct vnet_sock *vs, struct vnet_change *c);
u32 vnet_change_sets(const struct vnet_change *c, int index);
int vnet_index_ask(struct vnet_sock *vs, const char *name);

/* netlink_batch.c */
bool vnet_is_batch(const void *data, size_t len);
u32 vnet_batch_len(const void *data, u32 len);
void vnet_batch_make_timeless(void *data, size_t len);
bool vnet_batch_settles(struct list_head *changes, struct vnet_change *c);

/* netlink_again.c */
void vnet_change_list_again(const struct list_head *changes);

#endif
