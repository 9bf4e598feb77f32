/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The network service: sockets of this domain's kernel on behalf of primaries. This header has
 * what the files of this folder share.
 *
 * Invariant: a primary names its sockets by (index, generation) and reaches nothing else. The
 * service copies what a primary sends before it checks it. No call blocks the dispatcher:
 * sockets are used without blocking. What may take long locks or needs user pointers goes to
 * the control thread.
 */
#ifndef VNS_H
#define VNS_H

#include <linux/kref.h>
#include <linux/net.h>
#include <linux/refcount.h>
#include <linux/socket.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <net/sock.h>
#include "veng.h"

/* Control data of one message, either way. */
#define VNS_CONTROL_MAX	2048u
/* Longest socket option value. */
#define VNS_OPT_MAX	32768u

/* A socket's wake-up callbacks as they were before ours. */
struct vns_wakers {
	void (*data_ready)(struct sock *sk);
	void (*write_space)(struct sock *sk);
	void (*state_change)(struct sock *sk);
	void (*error_report)(struct sock *sk);
};

/*
 * struct vns_obj - one socket of a primary
 * @ref: keeps this memory: the users together, and each queued @dirty
 * @users: keeps the socket: the table, and each call under way
 * @sock: the socket. Only those of netlink and of /dev/net/tun have a file: see ioctl.c
 * @file: of one of these; NULL: it is another
 * @grown, @grown_to: bytes by which its receive buffer has grown for its program's ring, and its
 *	size then, see ring.c. Dispatcher only
 * @causes: VOS_CAUSE_* that are not published yet
 * @opened, @ended: what a signal has told of, see wake.c. Under the socket's lock
 * @told_open: that its connection is opened has been published; cleared by the dispatcher only
 * @mask: as last published; dispatcher only, read by callbacks
 * @closed: not in the table any more
 * @in_groups: options of IPv4 or IPv6 were set; those join multicast groups. Dispatcher only
 * @hooked: the socket has our callbacks, and @old has the former ones
 * @urgent: counts urgent data as VOS_POLL_URGENT does. Written under the socket's lock
 * @urgent_seq: sequence number of the last
 * @starving: waits for the domain's memory, see pressure.c; on vns_conn.starving
 * @hunger: its place there; vns_conn.lock. One of /dev/net/tun never starves: see tun.c
 */
struct vns_obj {
	struct kref ref;
	refcount_t users;
	struct vns_conn *nc;
	u32 index;
	u32 gen;
	struct socket *sock;
	struct file *file;
	u32 grown;
	u32 grown_to;
	atomic_t causes;
	u32 mask;
	bool closed;
	bool in_groups;
	bool hooked;
	bool opened;
	bool told_open;
	bool ended;
	u8 urgent;
	u32 urgent_seq;
	bool starving;
	struct list_head hunger;
	struct vns_wakers old;
	struct veng_dirty dirty;
	struct rcu_head rcu;
};

/* A file of /proc/net that a primary reads, see table.c. @file: NULL: none is open */
struct vns_cursor {
	struct file *file;
	u32 gen;
};

/*
 * struct vns_conn - one connected primary
 * @door: the file through which ioctls reach sockets, see ioctl.c. Control thread only
 * @cursors: control thread only
 * @lock: for @table, @starving
 * @spaces: its network namespaces
 * @starving: objects that wait for the domain's memory, the first come first
 * @feed: work that lets them go on
 */
struct vns_conn {
	struct veng_conn *conn;
	struct vns_spaces *spaces;
	struct file *door;
	struct vns_cursor cursors[VOS_CURSORS];
	spinlock_t lock;	/* see above */
	u32 nr;
	struct list_head starving;
	struct delayed_work feed;
	struct vns_obj *table[];
};

static inline bool vns_is_packet(const struct vns_obj *o)
{
	return o->sock->sk->sk_family == PF_PACKET;
}

static inline bool vns_is_tun(const struct vns_obj *o)
{
	return o->sock->sk->sk_family == VOS_FAMILY_TUN;
}

/* object.c */
struct vns_obj *vns_obj_new(struct vns_conn *nc, u32 index, u32 gen);
s64 vns_obj_open(struct vns_obj *o, const struct vns_obj *listener, u32 *mask);
struct vns_obj *vns_obj_find(struct vns_conn *nc, u32 index, u32 gen);
void vns_obj_put(struct vns_obj *o);
void vns_obj_release_all(struct vns_conn *nc);
void vns_obj_ref_put(struct vns_obj *o);

/* wake.c */
void vns_obj_hook(struct vns_obj *o, const struct vns_obj *listener);
void vns_obj_unhook(struct vns_obj *o);
u32 vns_obj_refresh(struct vns_obj *o);
u32 vns_obj_refresh_early(struct vns_obj *o);
void vns_obj_mark(struct vns_obj *o, u32 cause);
void vns_obj_connects(struct vns_obj *o);
void vns_obj_dirty(struct veng_dirty *d);

/* ring.c */
s64 vns_ring_set(struct vns_obj *o, const struct veng_scall *call);
void vns_ring_end(struct vns_obj *o);

/* pressure.c */
bool vns_may_send(struct vns_obj *o);
s64 vns_starve(struct vns_obj *o, s64 rc);
void vns_starving_end(struct vns_obj *o);
void vns_pressure_begin(struct vns_conn *nc);
void vns_pressure_end(struct vns_conn *nc);

/*
 * Functions that carry out calls of class NET. @o: the object that the call names; it has a
 * socket. A function that returns VENG_PENDING takes @o over. SOCKET and RELEASE, which make
 * and end the object, get NULL. So do TABLE, SYSCTL, NETNS_NEW and NETNS_END, which name none.
 *
 * connect.c: from SOCKET to SHUTDOWN and GETNAME; object.c: RELEASE; message.c: SENDMSG,
 * RECVMSG; option.c: SETSOCKOPT, SETINT, GETSOCKOPT; ioctl.c: IOCTL. Others are in stream.c
 * (LINGER, PUSH, UNREAD), table.c (TABLE), sysctl.c (SYSCTL), netlink.c
 * (NLSEND, NLRECV) and netns.c (NETNS_NEW, NETNS_END).
 */
#define VOS_X(NAME, name, ...) s64 vns_##name(struct vns_obj *o, struct veng_scall *call);
VOS_NET_OPCODES(VOS_X)
#undef VOS_X

/* connect.c */
u16 vns_chosen_port(const struct sock *sk);

/* ahead.c */
void vns_own_address(const struct sock *sk, u64 own[2]);
int vns_connect_ahead(struct sock *sk, const struct sockaddr_storage *addr, int len,
		      const u64 own[2]);

/* message.c */
int vns_message_send(struct vns_obj *o, struct veng_scall *call);
int vns_message_recv(struct vns_obj *o, struct veng_scall *call);

/* netlink.c */
bool vns_netlink_ok(u64 protocol);
int vns_netlink_open(struct vns_obj *o);
bool vns_memory_is_scarce(void);

/* tun.c */
int vns_tun_init(void);
void vns_tun_exit(void);
int vns_tun_open(struct vns_obj *o, const struct veng_scall *call);
void vns_tun_close(struct vns_obj *o);
bool vns_tun_serves(u8 opcode);
bool vns_tun_knows(u64 cmd);
u32 vns_tun_mask(struct vns_obj *o);
s64 vns_tun_send(struct vns_obj *o, struct veng_scall *call);
s64 vns_tun_recv(struct vns_obj *o, struct veng_scall *call);
s64 vns_tun_ioctl(struct vns_obj *o, const struct veng_scall *call, unsigned long window);

/* netns.c */
struct vns_spaces;
int vns_spaces_init(void);
void vns_spaces_exit(void);
int vns_spaces_begin(struct vns_conn *nc);
void vns_spaces_end(struct vns_conn *nc);
struct net *vns_net_get(struct vns_conn *nc, u64 number);
void vns_names_begin(struct vns_conn *nc);
void vns_names_end(struct vns_conn *nc);

/* stream.c */
int vns_stream_recv(struct vns_obj *o, struct msghdr *msg, struct veng_scall *call, int flags);
void vns_stream_full(struct vns_obj *o);

/* ioctl.c */
int vns_ioctl_begin(struct vns_conn *nc);
void vns_ioctl_end(struct vns_conn *nc);

/* path.c */
char *vns_path(const struct veng_scall *call, const char *folder);
#define VNS_DEVICES	"/sys/class/net"
char *vns_device_path(const struct veng_scall *call, bool list);
char *vns_tables_path(const struct veng_scall *call);

/* table.c */
void vns_table_end(struct vns_conn *nc);

#endif
