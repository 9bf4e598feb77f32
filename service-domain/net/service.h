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
#include "veng.h"

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

/*
 * struct netobj - one socket of a primary
 * @ref: keeps this memory: the users together, and each queued @dirty
 * @users: keeps the socket: the table, and each call under way
 * @sock: the socket. It has no file: see ioctl.c
 * @mask: as last published; dispatcher only, read by callbacks
 * @closed: not in the table any more
 * @in_groups: options of IPv4 or IPv6 were set; multicast groups are joined so. Dispatcher
 * @hooked: the socket's wake-ups come to us, and @old holds what was there
 */
struct netobj {
	struct kref ref;
	refcount_t users;
	struct netconn *nc;
	u32 index;
	u32 gen;
	struct socket *sock;
	u32 mask;
	bool closed;
	bool in_groups;
	bool hooked;
	struct wakers old;
	struct veng_dirty dirty;
	struct rcu_head rcu;
};

/*
 * struct netconn - one connected primary
 * @door: the file through which ioctls reach sockets, see ioctl.c. Control thread only
 * @lock: for @table
 */
struct netconn {
	struct veng_conn *conn;
	struct file *door;
	spinlock_t lock;	/* see above */
	u32 nr;
	struct netobj *table[];
};

/* object.c */
struct netobj *netobj_new(struct netconn *nc, u32 index, u32 gen);
s64 netobj_open(struct netobj *o, const struct netobj *listener, u32 *mask);
struct netobj *netobj_find(struct netconn *nc, u32 index, u32 gen);
void netobj_put(struct netobj *o);
void netobj_release_all(struct netconn *nc);
void netobj_ref_put(struct netobj *o);

/* wake.c */
void netobj_hook(struct netobj *o, const struct netobj *listener);
void netobj_unhook(struct netobj *o);
u32 netobj_refresh(struct netobj *o, bool wake);
void netobj_mark(struct netobj *o);
void netobj_dirty(struct veng_dirty *d);

/*
 * What serves a call of class NET. @o: the object that it names, which has a socket; taken
 * over if VENG_PENDING is returned. NULL for SOCKET and RELEASE, which make and end it.
 *
 * connect.c: from SOCKET to SHUTDOWN and GETNAME; object.c: RELEASE; message.c: SENDMSG,
 * RECVMSG; option.c: SETSOCKOPT, SETINT, GETSOCKOPT; ioctl.c: IOCTL.
 */
#define VOS_X(NAME, name, ...) s64 net_##name(struct netobj *o, struct veng_scall *call);
VOS_NET_OPCODES(VOS_X)
#undef VOS_X

/* ioctl.c */
int net_ioctl_begin(struct netconn *nc);
void net_ioctl_end(struct netconn *nc);

#endif
