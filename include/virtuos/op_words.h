/* SPDX-License-Identifier: MIT */
/*
 * Names of bits and numbers in the arguments and results of calls. The calls themselves are in
 * ops.h, which includes this.
 */
#ifndef VIRTUOS_OP_WORDS_H
#define VIRTUOS_OP_WORDS_H

/* FUSE: the file that this UNLINK or RENAME removes may be open; it must outlive the service. */
#define VOS_FUSE_KEEP		(1u << 0)
/*
 * FUSE: the front end logs this change of names or attributes, so it may be answered before the
 * disk has it. arg0 >> 32 = epoch, arg2 = number of the log. out[0] = VOS_FUSE_LOGGED and the
 * number of a transaction, or 0: the disk has the change. out[2], out[3] = the node that got,
 * lost or changed its name, and the one that it replaced. Each answer to a change tells in out[1]
 * likewise the last transaction that the disk has.
 */
#define VOS_FUSE_LOG		(1u << 1)
/* FUSE, with VOS_FUSE_LOG: out of the log. arg1, arg3 = the nodes that out[2], out[3] told. */
#define VOS_FUSE_AGAIN		(1u << 2)
/*
 * FUSE, of a request that changes nothing. out[2], out[3] = number and epoch of a transaction: the
 * last one with changes of the log arg2 that was carried out. 0: none.
 */
#define VOS_FUSE_ASK		(1u << 3)
/* FUSE, of a SETATTR: unless it was logged, its times, too, are on the disk when it is answered. */
#define VOS_FUSE_LASTS		(1u << 4)
/*
 * FUSE, without VOS_FUSE_AGAIN: arg3 = the front end's time, in ns since 1970. What is changed
 * gets it. A back end that serves several takes its own instead.
 */
#define VOS_FUSE_TIME		(1u << 5)
/* Says that a number of a transaction is one. */
#define VOS_FUSE_LOGGED		((__u64)1 << 32)
/*
 * In a FALLOCATE's mode: it reserves blocks for data that the front end is about to cache. It need
 * not be durable, and takes no privileges from the file.
 */
#define VOS_FALLOC_RESERVE	(1u << 30)

/* The largest size of a file: these words of struct fuse_kstatfs.spare. 0: not told. */
#define VOS_STATFS_MAX_LOW	0
#define VOS_STATFS_MAX_HIGH	1
/* f_type of the service's file system: this word of spare. 0: not told. */
#define VOS_STATFS_TYPE		2
/*
 * The latest time of a file, in seconds since 1970, low and high, and the earliest one as a signed
 * word. Both 0: not told. A time before what a word can say is not told either.
 */
#define VOS_STATFS_LATEST_LOW	3
#define VOS_STATFS_LATEST_HIGH	4
#define VOS_STATFS_EARLIEST	5
/* In struct fuse_kstatfs.padding: nothing of this file system can be changed. */
#define VOS_STATFS_RDONLY	(1u << 0)
/* In the flags of an answer's attributes, where FUSE has no meaning: chattr +A, +S. */
#define VOS_ATTR_NOATIME	(1u << 3)
#define VOS_ATTR_SYNC		(1u << 7)
/*
 * In SETATTR's valid, where FUSE has no meaning: a new size or owner takes no capabilities away,
 * no set-id bits. A back end with other front ends takes them all the same.
 */
#define VOS_FATTR_KEEP_PRIV	(1u << 31)
#define VOS_FATTR_KEEP_SUIDGID	(1u << 30)

/*
 * BIND, arg0: a kernel has chosen the port, of a datagram socket. So connect() to AF_UNSPEC may
 * give it back.
 */
#define VOS_BIND_CHOSEN		(1u << 0)

/* SENDMSG, out[0] with -EAGAIN: no port is free for the socket, so it is vain to wait for room. */
#define VOS_SEND_NO_PORT	(1ull << 32)

/*
 * CONNECT, arg0, in recovery: of a datagram socket of IPv4 or IPv6. It was connected, and is so
 * again without a route to its peer. arg1, arg2 = its own address, as out[1], out[2] told it.
 */
#define VOS_CONNECT_AHEAD	(1u << 0)

/* ACCEPT, out[3]: SO_LINGER is set. */
#define VOS_ACCEPT_LINGERS	((__u64)1 << 32)

/* RECVMSG, arg2: part of a program's call that has got bytes, so urgent data ends it. */
#define VOS_RECV_GOES_ON	(1u << 0)
/* RECVMSG, arg2: the caller wants to know how much is left, as Linux's msg_inq says. */
#define VOS_RECV_LEFT		(1u << 1)
/* RECVMSG, out[3]: what comes next is urgent data, where a program's call has to end. */
#define VOS_RECV_AT_MARK	(1u << 0)
/* RECVMSG, out[3]: an urgent byte that is not in line was passed over by MSG_PEEK. */
#define VOS_RECV_HOLE		(1u << 1)

/*
 * A poll mask has EPOLL* bits. In these bits it counts the urgent data that was announced to a
 * socket of TCP: 1 to 255, then 1 again; 0: none yet. A change raises the event bit, armed or not.
 */
#define VOS_POLL_URGENT		0x00ff0000u
#define VOS_POLL_URGENT_SHIFT	16
/* In this bit it says that the socket's other end is in the same network stack. */
#define VOS_POLL_LOCAL		0x01000000u

/*
 * SOCKET of AF_NETLINK: bit set of the protocols that are the network's: NETLINK_ROUTE, SOCK_DIAG,
 * XFRM, NETFILTER, GENERIC.
 */
#define VOS_NETLINK_PROTOCOLS	(1u << 0 | 1u << 4 | 1u << 6 | 1u << 12 | 1u << 16)

/* NETNS_NEW: namespaces of one front end at a time. */
#define VOS_NETNS_MAX		256u

/*
 * NLSEND: in a request of NETLINK_ROUTE, IFLA_NET_NS_FD and NETNSA_FD have a namespace's number.
 * A negative errno stands for one that the front end has not found.
 *
 * A batch of nf_tables (NETLINK_NETFILTER): out[1], out[2] = the last table's handle and the
 * generation before it; out[3] = the handle after it. In recovery arg2, arg3 = handle and
 * generation that the batch is to find; 0: as they are.
 */
/* NLSEND, out[0]: a request was refused; nf_tables are as they were. */
#define VOS_NLSEND_REFUSED	(1u << 0)
#define VOS_NLSEND_SAME		(1u << 1)

/* TABLE: files that may be open at a time. */
#define VOS_CURSORS		16u

/* SYSCTL: what to do. */
#define VOS_SYSCTL_READ		0u
#define VOS_SYSCTL_WRITE	1u
#define VOS_SYSCTL_LIST		2u
/* SYSCTL: of interfaces, not of settings; beside one of the others. */
#define VOS_SYSCTL_DEVICES	(1u << 8)
/* SYSCTL: LIST of tables; beside it. */
#define VOS_SYSCTL_TABLES	(1u << 9)

/* TABLE, SYSCTL: bytes of a name, without a NUL; and of one answer or value. */
#define VOS_NAME_MAX		127u
#define VOS_TEXT_MAX		65536u

#define VOS_ADDR_MAX		128u	/* sizeof(struct sockaddr_storage) */
#define VOS_CONTROL_OFF(addrlen) (((addrlen) + 7u) & ~7u)

#endif
