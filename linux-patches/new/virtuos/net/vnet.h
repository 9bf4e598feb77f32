/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The socket families of the primary whose protocols live in a network domain: what the files
 * of this folder share.
 *
 * Every socket here is a real struct socket of this kernel. The protocol's state is an object
 * of the service, named by (index, generation). The service never blocks. A caller that must
 * wait, waits here, on the socket's own wait queue.
 *
 * Invariant: a struct vnet_sock is in the object table before the service may know of it. It
 * stays there until the service has forgotten it or has died. Until then its index is not used
 * again.
 */
#ifndef VNET_H
#define VNET_H

#include <linux/completion.h>
#include <linux/idr.h>
#include <linux/mutex.h>
#include <linux/net.h>
#include <linux/poll.h>
#include <linux/socket.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <net/sock.h>
#include "vos_front.h"

/* Most bytes of a stream in one call. */
#define VNET_CHUNK		(64u * 1024u)
/* Control data of one message, either way. */
#define VNET_CONTROL_MAX	2048u
/* Longest socket option value. */
#define VNET_OPT_MAX		32768u

/**
 * enum vnet_phase - what the death of the service means for a socket
 * @VNET_NEW: the service does not know it yet; not touched by recovery
 * @VNET_OPEN: nothing but options, addresses: made again
 * @VNET_LISTENING: made again
 * @VNET_CONNECTING: a stream under way; lost
 * @VNET_CONNECTED: a stream; lost
 * @VNET_LOST: was lost, or could not be made again
 */
enum vnet_phase {
	VNET_NEW,
	VNET_OPEN,
	VNET_LISTENING,
	VNET_CONNECTING,
	VNET_CONNECTED,
	VNET_LOST,
};

/**
 * struct vnet_sock - a forwarded socket
 * @sk: must be first; sk_err holds an error that the next call must report
 * @index: object index in the session
 * @gen: object generation
 * @epoch: link that knows the object, 0: none. Written under @lock
 * @lock: for @phase, @epoch, @closed and what is recorded for recovery. Never held while
 *	waiting for a link
 * @phase: what the service's death means for it
 * @closed: released by its user
 * @lingers: SO_LINGER is set
 * @stamps: of a stream: SO_TIMESTAMPING asks for stamps of what is sent
 * @pending: of netlink: an answer was there after the last call
 * @local: of netlink: this kernel answers it
 * @repaired: TCP_REPAIR is on
 * @unmasked: its mask does not tell all that a receive may get
 * @each_room: edge-triggered epoll waits for room
 * @urgent_seen: the last count of urgent data, as in VOS_POLL_URGENT
 * @shutdowns: how often a thread has begun to shut it down
 * @shut: of a datagram socket: RCV_SHUTDOWN, SEND_SHUTDOWN
 * @dissolved: how often a thread has begun to dissolve its connection
 * @bound: address it is bound to
 * @bound_len: length of @bound; 0: not bound
 * @port: that the service has chosen for a datagram socket that is not bound; 0: none
 * @peer: peer of a connected datagram socket, or of an accepted stream
 * @peer_len: length of @peer; 0: none
 * @own: address from which a connected datagram socket sends, as CONNECT tells it
 * @backlog: of a listening socket
 * @since: its place in the order of those that have an address, see order.c; 0: it has none
 * @opts: options set so far, oldest first
 * @nr_opts: how many, long ones counted several times
 * @cred: credentials of its maker, under which recovery makes it again
 * @bind_cred: credentials under which it was bound, or NULL
 * @user: the user for which it counts
 * @release: work for a release that could not be sent at once
 * @urgent: work that sends SIGURG
 * @closing: see closing.c
 * @turn: same
 * @gone: the service does not know it any more
 * @ring: where a program reads received packets, see ring.c; NULL: it has asked for none
 * @zerocopy: calls with MSG_ZEROCOPY, see zerocopy.c
 * @sending: of a stream: held by a call that sends, but while it sleeps, see wait.c
 * @receiving: same, by a call that receives
 */
struct vnet_sock {
	struct sock sk;
	u32 index;
	u32 gen;
	u32 epoch;
	struct mutex lock;	/* see @lock above */
	enum vnet_phase phase;
	bool closed;
	bool lingers;
	bool stamps;
	bool pending;
	bool local;
	bool repaired;
	bool unmasked;
	bool each_room;
	u8 shut;
	u16 port;
	u32 urgent_seen;
	u32 shutdowns;
	u32 dissolved;
	struct sockaddr_storage bound;
	int bound_len;
	struct sockaddr_storage peer;
	int peer_len;
	u64 own[2];
	int backlog;
	u64 since;
	struct list_head opts;
	unsigned int nr_opts;
	const struct cred *cred;
	const struct cred *bind_cred;
	struct vnet_user *user;
	struct work_struct release;
	struct work_struct urgent;
	struct list_head closing;
	u64 turn;
	struct completion gone;
	struct vnet_ring *ring;
	atomic64_t zerocopy;
	struct mutex sending;		/* see @sending above */
	struct mutex receiving;		/* see @receiving above */
};

static inline struct vnet_sock *vnet_sk(const struct sock *sk)
{
	return container_of(sk, struct vnet_sock, sk);
}

/**
 * struct vnet - the one instance, with one service
 * @session: with the network domain
 * @max_extent: most bytes of one extent of a call
 * @ida: which indices are in use
 * @table: index to socket, under RCU
 * @nr: size of the table
 * @gen: the last generation given out
 * @wq: late releases, and wake-ups after a recovery
 * @wake: work that wakes all waiters after a recovery
 * @wake_due: bit 0: recovery has ended, and @wake is to be queued
 */
struct vnet {
	struct vos_session *session;
	u32 max_extent;
	struct ida ida;
	struct vnet_sock __rcu **table;
	u32 nr;
	atomic_t gen;
	struct workqueue_struct *wq;
	struct work_struct wake;
	unsigned long wake_due;
};

extern struct vnet vnet;

static inline bool vnet_is_stream(const struct vnet_sock *vs)
{
	return vs->sk.sk_type == SOCK_STREAM || vs->sk.sk_type == SOCK_SEQPACKET;
}

static inline bool vnet_is_packet(const struct vnet_sock *vs)
{
	return vs->sk.sk_family == PF_PACKET;
}

static inline bool vnet_is_lost(const struct vnet_sock *vs)
{
	return READ_ONCE(vs->phase) == VNET_LOST;
}

/* family.c */
extern struct proto vnet_proto;
struct vnet_sock *vnet_sock_new(struct net *net, struct socket *sock, int family, int protocol,
				int kern);
void vnet_sock_drop(struct vnet_sock *vs);
int vnet_families_register(void);
void vnet_families_unregister(void);

/* protoname.c */
void vnet_protoname_init(void);
void vnet_protoname_set(struct sock *sk);

/* user.c */
struct vnet_user *vnet_user_charge(void);
void vnet_user_uncharge(struct vnet_user *u);

/* closing.c */
void vnet_closing_begin(struct vnet_sock *vs);
void vnet_closing_end(struct vnet_sock *vs);
int vnet_closing_wait(bool all);
bool vnet_closing_is_seen(const struct vnet_sock *vs);
void vnet_closing_seen(struct vnet_sock *vs);

/* linger.c */
void vnet_linger(struct vnet_sock *vs);

/* urgent.c */
void vnet_urgent_work(struct work_struct *work);
void vnet_urgent_event(struct vnet_sock *vs, u32 poll);
void vnet_urgent_tell(struct vnet_sock *vs, u32 poll);

/* object.c */
int vnet_object_add(struct vnet_sock *vs);
void vnet_object_remove(struct vnet_sock *vs);
void vnet_object_event(struct vos_session *s, u32 obj, u32 cause);
void vnet_sock_wake(struct vnet_sock *vs, u32 cause);
void vnet_sock_arm(struct vnet_sock *vs);
u32 vnet_sock_mask(struct vnet_sock *vs);
__poll_t vnet_poll(struct file *file, struct socket *sock, poll_table *wait);
bool vnet_sock_complete(struct vnet_sock *vs, u32 epoch, enum vnet_phase phase);
void vnet_sock_lose(struct vnet_sock *vs, int err);
void vnet_sock_keep_error(struct vnet_sock *vs, int err);
void vnet_sock_release(struct vnet_sock *vs);
void vnet_sock_release_work(struct work_struct *work);

/* call.c */

/**
 * struct vnet_req - a call on a socket that may be repeated on a new link
 * @opcode: VOS_OP_*
 * @arg: as in ops.h
 * @in: for the first and the second extent, or NULL
 * @out: where to copy @len bytes of each extent to after the answer, or NULL
 * @sized: the answer says how many bytes of them there are (cqe.out[0])
 * @len: length of each extent
 * @max: the highest result that makes sense
 * @cqe: the completion
 * @epoch: link that answered
 * @fresh: socket whose object the call makes, or NULL
 * @connecting: it connects a stream: if the link dies from here on, the attempt has ended
 * @tells: if the socket is lost, the pending error is the result, and is cleared
 */
struct vnet_req {
	u8 opcode;
	u64 arg[4];
	const void *in[2];
	void *out[2];
	bool sized;
	u32 len[2];
	u32 max;
	struct vos_cqe cqe;
	u32 epoch;
	struct vnet_sock *fresh;
	bool connecting;
	bool tells;
};

/* The request that gets a socket's error, and clears it. @err is 0. */
static inline struct vnet_req vnet_req_fetch_error(void *err)
{
	return (struct vnet_req) {
		.opcode = VOS_OP_GETSOCKOPT,
		.arg = { SOL_SOCKET, SO_ERROR, sizeof(u32) },
		.in[0] = err,
		.out[0] = err,
		.tells = true,
		.len[0] = sizeof(u32),
	};
}

int vnet_sock_run(struct vnet_sock *vs, struct vnet_req *req);
int vnet_req_once(struct vnet_sock *vs, struct vnet_req *req, u32 flags);
struct vos_call *vnet_sock_call(struct vnet_sock *vs, u8 opcode, u32 len0, u32 len1);
int vnet_result(s64 untrusted_result, u32 max);
int vnet_call_result(struct vos_call *call, u32 max);
int vnet_link_gone(struct vnet_sock *vs);
int vnet_lost_error(struct vnet_sock *vs);

/* send.c, recv.c */
int vnet_sendmsg(struct socket *sock, struct msghdr *msg, size_t len);
void vnet_splice_eof(struct socket *sock);
int vnet_recvmsg(struct socket *sock, struct msghdr *msg, size_t len, int flags);
int vnet_recv_netlink(struct vnet_sock *vs, struct msghdr *msg, size_t len, int flags);

/* connect.c */
int vnet_bind(struct socket *sock, struct sockaddr *addr, int len);
int vnet_listen(struct socket *sock, int backlog);
int vnet_connect(struct socket *sock, struct sockaddr *addr, int len, int flags);
int vnet_connect_finish(struct vnet_sock *vs, long timeo);
int vnet_shutdown(struct socket *sock, int how);
int vnet_getname(struct socket *sock, struct sockaddr *addr, int peer);
int vnet_sock_getname(struct vnet_sock *vs, struct sockaddr *addr, int peer);
int vnet_connect_dgram(struct vnet_sock *vs, struct vnet_req *req);
int vnet_socket_call(struct vnet_sock *vs, u32 flags);
void vnet_connect_failed(struct vnet_sock *vs);

/* accept.c */
int vnet_accept(struct socket *sock, struct socket *newsock, struct proto_accept_arg *arg);

/* sockopt.c */
int vnet_setsockopt(struct socket *sock, int level, int name, sockptr_t val, unsigned int len);
int vnet_getsockopt(struct socket *sock, int level, int name, sockopt_t *opt);
int vnet_option_set(struct vnet_sock *vs, int level, int name, sockptr_t val, unsigned int len);
int vnet_option_get(struct vnet_sock *vs, int level, int name, sockopt_t *opt);

/* option_socket.c */
int vnet_option_put(sockopt_t *opt, const void *data, u32 len);
int vnet_option_get_timeout(struct vnet_sock *vs, int name, sockopt_t *opt);
int vnet_option_get_socket(struct vnet_sock *vs, int name, sockopt_t *opt);

/* record.c */

int vnet_record_opt(struct vnet_sock *vs, u32 epoch, int level, int name, const void *data,
		    u32 len);
void vnet_record_free(struct vnet_sock *vs);
int vnet_record_bind(struct vnet_sock *vs, u32 epoch, const struct sockaddr *addr, int len);

/*
 * Record the port that the service has chosen for a socket, as its answer has it. One that lies
 * harms this socket alone.
 */
static inline void vnet_record_port(struct vnet_sock *vs, u64 port)
{
	if (READ_ONCE(vs->port) != (u16)port)
		WRITE_ONCE(vs->port, port);
}

int vnet_record_peer(struct vnet_sock *vs, u32 epoch, const struct sockaddr *addr, int len,
		     const u64 own[2]);
int vnet_record_listen(struct vnet_sock *vs, u32 epoch, int backlog);
int vnet_record_shutdown(struct vnet_sock *vs, u32 epoch, int how, int rc);

/* ioctl.c */
int vnet_ioctl(struct socket *sock, unsigned int cmd, unsigned long arg);
int vnet_sock_ioctl(struct vnet_sock *vs, unsigned int cmd, unsigned long arg);

/* uring.c */
void vnet_uring_fetch_error(struct vnet_sock *vs);
int vnet_uring_queued(struct sock *sk, int cmd, int *bytes);

/* netlink.c */
void vnet_netlink_begin(void);
void vnet_netlink_end(void);
void vnet_netlink_again(struct vnet_sock *vs);

/* any_socket.c */
void vnet_any_socket_begin(void);
void vnet_any_socket_end(void);

/* netlink_keep.c */
void vnet_changes_again(void);
void vnet_changes_drop(void);

static inline bool vnet_is_netlink(const struct vnet_sock *vs)
{
	return vs->sk.sk_family == AF_NETLINK;
}

/* provider.c */
int vnet_provider_init(void);
void vnet_provider_exit(void);

/* order.c */
void vnet_order_note(struct vnet_sock *vs);
void vnet_each_socket(void (*fn)(struct vnet_sock *vs));
void vnet_each_in_order(void (*fn)(struct vnet_sock *vs));

/* recover.c */
void vnet_up(struct vos_session *s);
void vnet_down(struct vos_session *s);
void vnet_room(struct vos_session *s);
void vnet_wake_work(struct work_struct *work);

#endif
