/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The network service: sockets of this domain's kernel on behalf of primaries.
 * What the files of this folder share.
 *
 * Invariant: a primary names its sockets by (index, generation) and reaches
 * nothing else; whatever it sends is copied before it is looked at. No call
 * blocks the dispatcher: sockets are used without blocking, and what may take
 * long locks or insists on user pointers goes to the control thread.
 */
#ifndef VOS_NET_SERVICE_H
#define VOS_NET_SERVICE_H

#include <linux/kref.h>
#include <linux/net.h>
#include <linux/refcount.h>
#include <linux/socket.h>
#include <linux/spinlock.h>
#include <net/sock.h>
#include "vos_engine.h"

/* Control data of one message, either way. */
#define CONTROL_MAX	2048u
/* Longest socket option value. */
#define OPT_MAX		32768u

/* A socket's wake-up callbacks as they were before ours. */
struct wakers {
	void (*data_ready)(struct sock *sk);
	void (*write_space)(struct sock *sk);
	void (*state_change)(struct sock *sk);
	void (*error_report)(struct sock *sk);
};

/**
 * struct netobj - one socket of a primary
 * @ref: keeps this memory: the users together, and each queued @dirty
 * @users: keeps the socket: the table, and each call under way
 * @sock: the socket
 * @file: made when first needed: ioctls and privilege checks of some families go
 *	through it. Control thread only
 * @mask: as last published; dispatcher only, read by callbacks
 * @closed: not in the table any more
 * @hooked: the socket's wake-ups come to us, and @old holds what was there
 */
struct netobj {
	struct kref ref;
	refcount_t users;
	struct netconn *nc;
	u32 index;
	u32 gen;
	struct socket *sock;
	struct file *file;
	u32 mask;
	bool closed;
	bool hooked;
	struct wakers old;
	struct vos_dirty dirty;
	struct rcu_head rcu;
};

/**
 * struct netconn - one connected primary
 */
struct netconn {
	struct vos_conn *conn;
	spinlock_t lock;	/* for table */
	u32 nr;
	struct netobj *table[];
};

/* object.c */
struct netobj *netobj_new(struct netconn *nc, u32 index, u32 gen);
s64 netobj_open(struct netobj *o, const struct netobj *listener, u32 *mask);
struct netobj *netobj_find(struct netconn *nc, u32 index, u32 gen);
void netobj_put(struct netobj *o);
s64 netobj_release(struct netconn *nc, u32 index, u32 gen);
void netobj_release_all(struct netconn *nc);
struct file *netobj_file(struct netobj *o);
void netobj_ref_put(struct netobj *o);

/* wake.c */
void netobj_hook(struct netobj *o, const struct netobj *listener);
void netobj_unhook(struct netobj *o);
u32 netobj_refresh(struct netobj *o, bool wake);
void netobj_mark(struct netobj *o);
void netobj_dirty(struct vos_dirty *d);

/* connect.c: all of the form the dispatch table wants */
s64 net_socket(struct netconn *nc, struct vos_scall *call);
s64 net_bind(struct netobj *o, struct vos_scall *call);
s64 net_listen(struct netobj *o, struct vos_scall *call);
s64 net_accept(struct netobj *o, struct vos_scall *call);
s64 net_connect(struct netobj *o, struct vos_scall *call);
s64 net_shutdown(struct netobj *o, struct vos_scall *call);
s64 net_getname(struct netobj *o, struct vos_scall *call);

/* message.c */
s64 net_sendmsg(struct netobj *o, struct vos_scall *call);
s64 net_recvmsg(struct netobj *o, struct vos_scall *call);

/* option.c, ioctl.c: take over a reference of @o if they return VOS_PENDING */
s64 net_setsockopt(struct netobj *o, struct vos_scall *call);
s64 net_setint(struct netobj *o, struct vos_scall *call);
s64 net_getsockopt(struct netobj *o, struct vos_scall *call);
s64 net_ioctl(struct netobj *o, struct vos_scall *call);

#endif
