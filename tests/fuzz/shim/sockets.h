/* SPDX-License-Identifier: GPL-2.0 */
/*
 * As much of Linux's sockets as the fuzzed code needs. Addresses and constants are those of
 * the headers for programs, which are the same.
 */
#ifndef SHIM_SOCKETS_H
#define SHIM_SOCKETS_H

#include <asm/ioctls.h>
#include <fcntl.h>
#include <linux/ioctl.h>
#include <linux/time_types.h>
#include <asm/socket.h>
#include <sys/socket.h>
#include "kernel.h"

/* --- the target's part --------------------------------------------------------- */

struct socket;
struct net {
	int unused;
};

int sock_create_kern(struct net *net, int family, int type, int protocol, struct socket **sock);
struct file *sock_alloc_file(struct socket *sock, int flags, const char *name);
void __fput_sync(struct file *file);

extern struct net init_net;

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
	int sk_err;
};

struct socket {
	struct sock *sk;
};

struct file_operations {
	long (*unlocked_ioctl)(struct file *file, unsigned int cmd, unsigned long arg);
};

struct file {
	void *private_data;
	const struct file_operations *f_op;
};

static inline int sock_error(struct sock *sk)
{
	int err = sk->sk_err;

	sk->sk_err = 0;
	return -err;
}

#endif
