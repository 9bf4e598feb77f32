/* SPDX-License-Identifier: GPL-2.0 */
/*
 * As much of Linux's sockets as the fuzzed code needs. Addresses and constants are those of
 * the headers for programs, which are the same.
 */
#ifndef SHIM_SOCKETS_H
#define SHIM_SOCKETS_H

#include <asm/ioctls.h>
#include <linux/eventpoll.h>
#include <linux/fcntl.h>
#include <linux/ioctl.h>
#include <linux/time_types.h>
#include <asm/socket.h>
#define msghdr shim_msghdr_of_programs
#include <sys/socket.h>
#undef msghdr
#include "kernel.h"

#define SOL_IP		0
#define SOL_TCP		6
#define SOL_UDP		17
#define SOL_IPV6	41

/* --- the target's part --------------------------------------------------------- */

struct socket;
struct net {
	int unused;
};

int sock_create_kern(struct net *net, int family, int type, int protocol, struct socket **sock);
struct file *sock_alloc_file(struct socket *sock, int flags, const char *name);
void __fput_sync(struct file *file);

extern struct net init_net;

struct iov_iter;
struct msghdr;

size_t copy_to_iter(const void *from, size_t n, struct iov_iter *to);
int put_cmsg(struct msghdr *msg, int level, int type, int len, void *data);

/* ------------------------------------------------------------------------------- */

typedef unsigned int __poll_t;
typedef struct poll_table poll_table;
typedef struct sockptr sockptr_t;
typedef struct sockopt sockopt_t;

struct proto;
struct proto_accept_arg;

struct sock {
	int sk_family;
	int sk_type;
	int sk_protocol;
	int sk_err;
	int sk_rcvlowat;
	long sk_rcvtimeo;
	bool sk_kern_sock;
};

struct socket {
	struct sock *sk;
};

struct iov_iter {
	u8 *to;
	size_t count;
};

struct msghdr {
	void *msg_name;
	int msg_namelen;
	struct iov_iter msg_iter;
	void *msg_control;
	size_t msg_controllen;
	unsigned int msg_flags;
	int msg_inq;
	bool msg_get_inq;
};

struct file_operations {
	long (*unlocked_ioctl)(struct file *file, unsigned int cmd, unsigned long arg);
};

struct file {
	void *private_data;
	const struct file_operations *f_op;
};

#define sock_rcvtimeo(sk, nowait)	((nowait) ? 0 : (sk)->sk_rcvtimeo)

/* No program has asked for signals. */
#define sk_set_bit(nr, sk)	((void)(sk))
#define sk_clear_bit(nr, sk)	((void)(sk))

/* No program is attached to a cgroup. */
#define BPF_CGROUP_RUN_PROG_INET_SOCK(sk)		((void)(sk), 0)
#define BPF_CGROUP_RUN_PROG_INET_SOCK_RELEASE(sk)	((void)(sk))

static inline int sock_error(struct sock *sk)
{
	int err = sk->sk_err;

	sk->sk_err = 0;
	return -err;
}

#endif
