/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The socket families of the primary whose protocols live in a network domain:
 * what the files of this folder share.
 *
 * Every socket here is a real struct socket of this kernel. The protocol's state
 * is an object of the service, named by (index, generation). The service never
 * blocks; whoever must wait, waits here, on the socket's own wait queue.
 *
 * Invariant: a struct vos_sock is in the object table from before the service may
 * know of it until the service has forgotten it (or died), and its index is not
 * used again in between.
 */
#ifndef VOS_NET_H
#define VOS_NET_H

#include <linux/idr.h>
#include <linux/mutex.h>
#include <linux/net.h>
#include <linux/poll.h>
#include <linux/socket.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <net/sock.h>
#include "vos_front.h"

/* One call carries at most so much of a stream. */
#define VOS_NET_CHUNK		(64u * 1024u)
/* Control data of one message, either way. */
#define VOS_NET_CONTROL_MAX	2048u
/* Longest socket option value. */
#define VOS_NET_OPT_MAX		32768u

/**
 * enum vos_phase - what the death of the service means for a socket
 * @VOS_NEW: the service does not know it yet; not touched by recovery
 * @VOS_OPEN: nothing but options, addresses: made again
 * @VOS_LISTENING: made again
 * @VOS_CONNECTING: a stream under way; lost
 * @VOS_CONNECTED: a stream; lost
 * @VOS_LOST: was lost, or could not be made again
 */
enum vos_phase {
	VOS_NEW,
	VOS_OPEN,
	VOS_LISTENING,
	VOS_CONNECTING,
	VOS_CONNECTED,
	VOS_LOST,
};

/*
 * struct vos_sock - a forwarded socket
 * @sk: must be first; sk_err holds an error that the next call shall report
 * @index: object index in the session
 * @gen: object generation
 * @epoch: link that knows the object, 0: none. Written under @lock
 * @lock: for @phase, @epoch, @closed and what is recorded for recovery. Never held
 *	while waiting for a link
 * @closed: released by its user
 * @bound: address it is bound to (length 0: not bound)
 * @peer: peer of a connected datagram socket, or of an accepted stream
 * @opts: options set so far, oldest first
 * @cred: who made it, and makes it again
 * @bind_cred: who bound it, or NULL
 * @user: for whom it is counted
 * @release: for what release() could not do at once
 * @closing: see closing.c
 * @turn: same
 */
struct vos_sock {
	struct sock sk;
	u32 index;
	u32 gen;
	u32 epoch;
	struct mutex lock;	/* see above */
	enum vos_phase phase;
	bool closed;
	struct sockaddr_storage bound;
	int bound_len;
	struct sockaddr_storage peer;
	int peer_len;
	int backlog;
	struct list_head opts;
	unsigned int nr_opts;
	const struct cred *cred;
	const struct cred *bind_cred;
	struct vos_user *user;
	struct work_struct release;
	struct list_head closing;
	u64 turn;
};

static inline struct vos_sock *vos_sk(const struct sock *sk)
{
	return container_of(sk, struct vos_sock, sk);
}

/**
 * struct vos_net - the one instance: initial network namespace, one service
 * @session: with the network domain
 * @ida: which indices are in use
 * @table: index to socket, under RCU
 * @nr: size of the table
 * @gen: the last generation given out
 * @wq: late releases, and waking everybody after a recovery
 * @rouse: the latter
 * @rouse_due: recovery has ended
 */
struct vos_net {
	struct vos_session *session;
	struct ida ida;
	struct vos_sock __rcu **table;
	u32 nr;
	atomic_t gen;
	struct workqueue_struct *wq;
	struct work_struct rouse;
	unsigned long rouse_due;
};

extern struct vos_net vos_net;

static inline bool vos_is_stream(const struct vos_sock *vs)
{
	return vs->sk.sk_type == SOCK_STREAM || vs->sk.sk_type == SOCK_SEQPACKET;
}

static inline bool vos_is_lost(const struct vos_sock *vs)
{
	return READ_ONCE(vs->phase) == VOS_LOST;
}

/* family.c */
extern struct proto vos_proto;
struct vos_sock *vos_sock_new(struct socket *sock, int family, int protocol, int kern);
void vos_sock_drop(struct vos_sock *vs);

/* user.c */
struct vos_user *vos_user_charge(void);
void vos_user_uncharge(struct vos_user *u);

/* closing.c */
void vos_closing_begin(struct vos_sock *vs);
void vos_closing_end(struct vos_sock *vs);
int vos_closing_settle(void);

/* object.c */
int vos_object_add(struct vos_sock *vs);
void vos_object_remove(struct vos_sock *vs);
void vos_object_event(struct vos_session *s, u32 obj);
void vos_sock_wake(struct vos_sock *vs);
void vos_sock_arm(struct vos_sock *vs);
u32 vos_sock_mask(struct vos_sock *vs);
__poll_t vos_poll(struct file *file, struct socket *sock, poll_table *wait);
bool vos_sock_settle(struct vos_sock *vs, u32 epoch, enum vos_phase phase);
void vos_sock_lose(struct vos_sock *vs, int err);
void vos_sock_release(struct vos_sock *vs);
void vos_sock_release_work(struct work_struct *work);

/* call.c */

/**
 * struct vos_req - a call on a socket that may be repeated on a new link
 * @opcode: VOS_OP_*
 * @arg: as in ops.h
 * @in: for the first resp. second extent, or NULL
 * @len: length of each extent
 * @max: the highest result that makes sense
 * @out: where to copy @len bytes of each extent to after the answer, or NULL
 * @sized: the answer says how many bytes of them there are (cqe.out[0])
 * @cqe: the completion
 * @epoch: link that answered
 * @fresh: socket whose object the call makes, or NULL
 * @connecting: a stream's connect: from here on a death is the end of the attempt
 */
struct vos_req {
	u8 opcode;
	u64 arg[4];
	const void *in[2];
	void *out[2];
	bool sized;
	u32 len[2];
	u32 max;
	struct vos_cqe cqe;
	u32 epoch;
	struct vos_sock *fresh;
	bool connecting;
};

int vos_sock_run(struct vos_sock *vs, struct vos_req *req);
int vos_req_once(struct vos_sock *vs, struct vos_req *req, u32 flags);
struct vos_call *vos_sock_call(struct vos_sock *vs, u8 opcode, u32 len0, u32 len1);
int vos_result(s64 untrusted_result, u32 max);
int vos_call_result(struct vos_call *call, u32 max);
int vos_link_gone(struct vos_sock *vs);
int vos_lost_error(struct vos_sock *vs);

/* wait.c */

/*
 * struct vos_wait - a place in a socket's wait queue, taken when first needed
 * @vs: whose
 * @timeo: jiffies left
 */
struct vos_wait {
	struct vos_sock *vs;
	long timeo;
	bool queued;
	wait_queue_entry_t entry;
};

void vos_wait_init(struct vos_wait *w, struct vos_sock *vs, long timeo);
void vos_wait_begin(struct vos_wait *w);
int vos_wait_for(struct vos_wait *w, u32 want);
int vos_wait_event(struct vos_wait *w);
void vos_wait_end(struct vos_wait *w);

#define VOS_WANT_IN	((__force u32)(EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
#define VOS_WANT_OUT	((__force u32)(EPOLLOUT | EPOLLHUP | EPOLLERR))

/* send.c, recv.c */
int vos_sendmsg(struct socket *sock, struct msghdr *msg, size_t len);
void vos_splice_eof(struct socket *sock);
int vos_recvmsg(struct socket *sock, struct msghdr *msg, size_t len, int flags);

/* connect.c */
int vos_bind(struct socket *sock, struct sockaddr *addr, int len);
int vos_listen(struct socket *sock, int backlog);
int vos_connect(struct socket *sock, struct sockaddr *addr, int len, int flags);
int vos_accept(struct socket *sock, struct socket *newsock, struct proto_accept_arg *arg);
int vos_shutdown(struct socket *sock, int how);
int vos_getname(struct socket *sock, struct sockaddr *addr, int peer);
int vos_socket_call(struct vos_sock *vs, u32 flags);

/* sockopt.c */
int vos_setsockopt(struct socket *sock, int level, int name, sockptr_t val, unsigned int len);
int vos_getsockopt(struct socket *sock, int level, int name, sockopt_t *opt);

/* record.c */

/**
 * struct vos_opt - an option that was set
 * @node: on vos_sock.opts
 * @cred: who set it: it may take a right that the socket's maker does not have
 * @level: of the option
 * @name: of the option
 * @len: of its value
 * @data: its value
 */
struct vos_opt {
	struct list_head node;
	const struct cred *cred;
	int level;
	int name;
	u32 len;
	u8 data[];
};

int vos_record_opt(struct vos_sock *vs, u32 epoch, int level, int name, const void *data,
		   u32 len);
void vos_record_free(struct vos_sock *vs);
int vos_record_bind(struct vos_sock *vs, u32 epoch, const struct sockaddr *addr, int len);
int vos_record_peer(struct vos_sock *vs, u32 epoch, const struct sockaddr *addr, int len);
int vos_record_listen(struct vos_sock *vs, u32 epoch, int backlog);

/* ioctl.c */
int vos_ioctl(struct socket *sock, unsigned int cmd, unsigned long arg);

/* door.c */
void vos_sock_keep_error(struct vos_sock *vs, int err);
int vos_net_door_init(void);
void vos_net_door_exit(void);

/* recover.c */
void vos_net_up(struct vos_session *s);
void vos_net_down(struct vos_session *s);
void vos_net_room(struct vos_session *s);
void vos_net_rouse_work(struct work_struct *work);

#endif
