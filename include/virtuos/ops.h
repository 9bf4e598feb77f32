/* SPDX-License-Identifier: MIT */
/*
 * The calls of protocol version 1: one table of all that is known of a call before it is
 * carried out. The engine refuses what the table does not allow, before a service's code runs.
 * Services make their tables of functions from it. Names, numbers and checks of both sides and
 * of the tests come from it. Argument layouts stand beside each opcode. To add an opcode:
 * docs/howto/add-an-operation.md.
 *
 * No call blocks on a peer of the network. Where a Linux call would block, the answer is
 * -EAGAIN, or -EINPROGRESS or -EALREADY for connect. The front end then waits for the object's
 * poll mask.
 */
#ifndef VIRTUOS_OPS_H
#define VIRTUOS_OPS_H

#include "abi.h"
#include "op_words.h"
#ifdef __KERNEL__
#include <linux/errno.h>
#else
#include <errno.h>
#endif

/* HANDLE_ADD: what the handle may be used for. */
#define VOS_HANDLE_READ		(1u << 0)
#define VOS_HANDLE_WRITE	(1u << 1)
#define VOS_HANDLE_NOATIME	(1u << 2)	/* of a file: reading it leaves its access time */

/*
 * The family of /dev/net/tun. No family of Linux has this number (PF_UNSPEC), and Linux's driver
 * gives it to its sockets.
 */
#define VOS_FAMILY_TUN		0

/*
 * X(NAME, name, number, class, from, right, after, answer, ext0, ext1)
 *
 *	name	the function that serves it has this name, behind its service's prefix. A
 *		service that has none for an opcode of its class does not compile.
 *	from	the end that may submit it: KERNEL on a kernel's channel, PROCESS on a lane,
 *		ANYBODY on both.
 *	right	what the handle that a process names must allow: READ, WRITE; WHOLE: it names
 *		none, the call is on all of its user channel; NONE: none is checked.
 *	after	if a kernel submits it, what processes have submitted before is carried out
 *		first: OBJECT on that object, UCHAN on the user channel in arg0, NONE.
 *	answer	NOW: it is answered before the next call of its channel is carried out. LATER:
 *		it need not be. What a process may post, and go on, is NOW.
 *	ext0/1	IN (front end to back end), OUT, BOTH: the call has this extent, and the
 *		service reads it, writes it; MAY_IN, MAY_OUT, MAY_BOTH: or there is none; NONE.
 *
 * CORE
 *	NOP        result 0.
 *	CRED_SET   arg0 = index (1..VOS_MAX_CREDS-1); ext0 in: struct vos_cred.
 *	CRED_DROP  arg0 = index.
 *	UCHAN_OPEN arg0 = user channel, chosen by the front end (0..VOS_MAX_UCHANS-1);
 *	           arg1 = lanes | arena pages << 32; ext0 in: grant references (__u32) of
 *	           all its pages in order. The call's cred is that of all its calls.
 *	UCHAN_CLOSE arg0 = user channel. Answered when its calls have ended and its
 *	           pages are unmapped. One that does not exist is closed already.
 *	           out[0..2] as UCHAN_COST, with VOS_F_COST.
 *	HANDLE_ADD arg0 = user channel | slot << 32; arg1 = handle generation (not 0) |
 *	           VOS_HANDLE_* << 32; NET: obj/gen = the socket. STORAGE: arg2 = node id.
 *	HANDLE_DROP arg0 = user channel | slot << 32; arg1 = generation. Answered when
 *	           no call uses the handle any more.
 *	CLOCK_SET  the primary's wall-clock time: arg0 = seconds since 1970, arg1 =
 *	           nanoseconds, arg2 = time stamp counter at that time, 0: not known. result
 *	           0, out[0] = by how many nanoseconds the domain's clock was off; -EINVAL no
 *	           time; -EBUSY the domain serves others too, and keeps its own.
 *	UCHAN_COST arg0 = user channel. Of its completions so far: out[0] = how many,
 *	           out[1] = sum of VOS_COST_TICKS(), out[2] = sum of out[4]. -EINVAL: there
 *	           is no such channel; -ENOSYS without VOS_F_COST.
 *	TRACE_CTL  arg0 = VOS_TRACE_*; of VOS_TRACE_ON arg1 = records that are kept for each
 *	           processor, a power of two, at most VOS_TRACE_MAX. -EBUSY: on already.
 *	TRACE_READ ext0 out: struct vos_trace_record[], those of one processor in order. They
 *	           are forgotten. result = how many; out[0] = lost since VOS_TRACE_ON. Of both:
 *	           -EINVAL off; -EPERM cred is not 0; -ENOSYS without VOS_F_TRACE.
 * NET (obj/gen name the socket unless said otherwise)
 *	SOCKET     arg0 = family, arg1 = type (no SOCK_* flags) | namespace << 32, arg2 =
 *	           protocol; arg3 = inode number, for tables (TABLE); obj/gen = the new object,
 *	           which must be free. -ENXIO: there is no such namespace.
 *	           Family AF_NETLINK: a protocol of VOS_NETLINK_PROTOCOLS. VOS_FAMILY_TUN, of type
 *	           SOCK_RAW: an open /dev/net/tun. -ENODEV: the domain has none. Of the calls on
 *	           sockets only SENDMSG, RECVMSG (both without ext1) and IOCTL serve it; others:
 *	           -EOPNOTSUPP. A packet is a message, and the mask is that of the device.
 *	RELEASE    closes the object. Always succeeds.
 *	BIND       ext1 in: socket address. arg0 = VOS_BIND_* or 0.
 *	LISTEN     arg0 = backlog.
 *	ACCEPT     arg0 = new object index | new generation << 32; arg1 = its inode number;
 *	           ext1 out: peer address. out[0] = address length; out[1], out[2] = what the
 *	           new socket has of SO_RCVTIMEO, SO_SNDTIMEO: nanoseconds + 1, 0: none;
 *	           out[3] = its SO_RCVLOWAT | VOS_ACCEPT_LINGERS.
 *	CONNECT    ext1 in: address. arg0 = VOS_CONNECT_* or 0. Non-blocking: -EINPROGRESS, then
 *	           call again (-EALREADY while under way, 0 or the error once). out[0] = as of
 *	           SENDMSG; out[1], out[2] = own address of a datagram socket as bytes in order,
 *	           one of IPv4 in the first 4; 0: none.
 *	SHUTDOWN   arg0 = how.
 *	SENDMSG    ext0 in: data; ext1 in: address, then control data at the next
 *	           multiple of 8; arg0 = MSG_* flags, arg1 = address length |
 *	           control length << 32. result = bytes taken. out[0] = the port that the domain's
 *	           kernel has chosen for a datagram socket of IPv4 or IPv6; 0: none; or
 *	           VOS_SEND_NO_PORT.
 *	RECVMSG    ext0 out: data; ext1 out: address area of 128 bytes, then control
 *	           data; arg0 = MSG_* flags. result = bytes; out[0] = address length,
 *	           out[1] = control length, out[2] = msg_flags. Of TCP: arg2 = VOS_RECV_GOES_ON,
 *	           VOS_RECV_LEFT; with the latter, out[2] has the bytes left << 32, 1 at the end
 *	           of the data. out[3] = VOS_RECV_* | place << 32, a number that changes when data
 *	           is taken. With MSG_PEEK, arg1 = bytes to pass over | place << 32, as told
 *	           last: -ESTALE if that has changed; -EOPNOTSUPP other protocols.
 *	UNREAD     gives back what RECVMSG took of a stream, when the program's memory cannot
 *	           take it: ext0 in: the data. It comes before all that is there. result = 0;
 *	           -EINVAL so much was never taken; -ENOBUFS; -EOPNOTSUPP not plain TCP.
 *	GETSOCKOPT arg0 = level, arg1 = name, arg2 = length the caller gave;
 *	           ext0 both (some options read their buffer). out[0] = new length.
 *	SETSOCKOPT arg0 = level, arg1 = name; ext0 in: value.
 *	SETINT     SETSOCKOPT of an int that no answer has to be waited for: arg0 = level,
 *	           arg1 = name, arg2 = value. SOL_TCP's TCP_CORK and TCP_NODELAY; others
 *	           -EOPNOTSUPP. User channels only; may be posted.
 *	GETNAME    arg0 = 0 own, 1 peer; ext1 out: address. out[0] = length.
 *	IOCTL      arg0 = command; ext0 both: the argument's bytes; arg1 = offset of a
 *	           pointer field to patch + 1, or 0; ext1 both: what it points to.
 *	           VOS_FAMILY_TUN: arg2 = the argument, if that is a number and no address.
 *	LINGER     begins to close a stream with SO_LINGER. -EAGAIN: the peer has not taken
 *	           all that was sent; out[0] = seconds that close() may wait for that.
 *	           0: close() need not wait. RELEASE follows.
 *	PUSH       sends what MSG_MORE has held back, unless the program has set a cork.
 *	NLSEND     as SENDMSG, of a netlink socket and without control data. The kernel
 *	           carries out what the message asks for before the answer. out[0] =
 *	           VOS_NLSEND_*. arg2, arg3, out[1], out[2]: see op_words.h.
 *	NLRECV     as RECVMSG, of a netlink socket.
 *	TABLE      reads a file of /proc/net. arg0 = cursor (0..VOS_CURSORS-1) | generation
 *	           << 32; ext1 in: the file's name: opens it under that cursor, and reads
 *	           from its beginning; none: goes on reading. ext0 out: text. result = bytes;
 *	           0: that was all, the cursor is free. -EBADF: it is not open. arg1 =
 *	           namespace, if there is a name.
 *	SYSCTL     a file or folder of /proc/sys/net; with VOS_SYSCTL_DEVICES of /sys/class:
 *	           LIST of "net", "net/INTERFACE" and "net/INTERFACE/FOLDER", READ and WRITE
 *	           of what is in these two and of "net/bonding_masters"; with
 *	           VOS_SYSCTL_TABLES LIST of "vlan" or "bonding" in /proc/net. FOLDER:
 *	           statistics, bridge, brport, brif, bonding, bonding_slave, queues,
 *	           queues/QUEUE, queues/QUEUE/byte_queue_limits. arg0 = VOS_SYSCTL_*; ext1 in:
 *	           its name; ext0: READ out, WRITE in: the value, from offset arg1 on, with
 *	           out[0] = the offset at which a next write of the same file begins; LIST
 *	           out: for each entry a line of its kind (d, f, or l: a link in an interface's
 *	           folder), its permissions (octal), its name, and of a link the name of what
 *	           it leads to. result = bytes. arg2 = namespace.
 *	NETNS_NEW  makes a network namespace. arg0 = its number, not 0, which stands for the
 *	           initial one; ext0 in: struct vos_userns[], from a child of the initial user
 *	           namespace down to the owner; none: the initial one owns it. result 0, if it
 *	           is there already, too. -ENOSPC: there are VOS_NETNS_MAX; -ENOMEM.
 *	NETNS_END  ends it when its sockets are closed. arg0 = number. Always succeeds.
 * STORAGE
 *	FUSE       ext0 in: a FUSE request (struct fuse_in_header and its body) of
 *	           len bytes; ext1 out: room for the reply (struct fuse_out_header and
 *	           its body). result = reply length in bytes. FORGETs: ext1.len = 0,
 *	           result 0. arg0 = VOS_FUSE_*.
 *	READ       arg0 = file offset; ext0 out: data. result = bytes, 0 at the end.
 *	WRITE      arg0 = file offset; ext0 in: data. result = bytes; out[0] = sequence
 *	           number, counted up with every write. Not durable before COMMIT, or
 *	           before vos_uchan_slot.durable says so.
 *	COMMIT     makes all that was written through this channel durable.
 *
 * On user channels obj/gen name a handle (slot and its generation), and cred is ignored. If an
 * end may not submit a call, the answer is -ENOSYS. If the handle is not there, or not for this
 * purpose, the answer is -EBADF: the process goes through the trap door. If there is an extent
 * too many or too few, the answer is -EINVAL.
 */
#define VOS_CORE_OPCODES(X)									\
	X(NOP,         nop,         0x00, CORE, ANYBODY, NONE, NONE,  NOW,   NONE, NONE)	\
	X(CRED_SET,    cred_set,    0x01, CORE, KERNEL,  NONE, NONE,  NOW,   IN,   NONE)	\
	X(CRED_DROP,   cred_drop,   0x02, CORE, KERNEL,  NONE, NONE,  NOW,   NONE, NONE)	\
	X(UCHAN_OPEN,  uchan_open,  0x04, CORE, KERNEL,  NONE, NONE,  LATER, IN,   NONE)	\
	X(UCHAN_CLOSE, uchan_close, 0x05, CORE, KERNEL,  NONE, UCHAN, LATER, NONE, NONE)	\
	X(HANDLE_ADD,  handle_add,  0x06, CORE, KERNEL,  NONE, NONE,  LATER, NONE, NONE)	\
	X(HANDLE_DROP, handle_drop, 0x07, CORE, KERNEL,  NONE, UCHAN, LATER, NONE, NONE)	\
	X(CLOCK_SET,   clock_set,   0x08, CORE, KERNEL,  NONE, NONE,  LATER, NONE, NONE)	\
	X(UCHAN_COST,  uchan_cost,  0x0a, CORE, KERNEL,  NONE, UCHAN, NOW,   NONE, NONE)	\
	X(TRACE_CTL,   trace_ctl,   0x0b, CORE, KERNEL,  NONE, NONE,  LATER, NONE, NONE)	\
	X(TRACE_READ,  trace_read,  0x0c, CORE, KERNEL,  NONE, NONE,  LATER, OUT,  NONE)

/* Of class NET: calls that are carried out even if obj/gen name no socket. */
#define VOS_NET_OTHER_OPCODES(X)								\
	X(SOCKET,     socket,     0x10, NET, KERNEL,  NONE,  NONE,   LATER, NONE,     NONE)	\
	X(RELEASE,    release,    0x11, NET, KERNEL,  NONE,  NONE,   LATER, NONE,     NONE)	\
	X(TABLE,      table,      0x20, NET, KERNEL,  NONE,  NONE,   LATER, OUT,      MAY_IN)	\
	X(SYSCTL,     sysctl,     0x21, NET, KERNEL,  NONE,  NONE,   LATER, MAY_BOTH, IN)	\
	X(NETNS_NEW,  netns_new,  0x25, NET, KERNEL,  NONE,  NONE,   LATER, MAY_IN,   NONE)	\
	X(NETNS_END,  netns_end,  0x26, NET, KERNEL,  NONE,  NONE,   LATER, NONE,     NONE)

/* Of class NET: calls on the socket that obj/gen name. */
#define VOS_NET_SOCKET_OPCODES(X)								\
	X(BIND,       bind,       0x12, NET, KERNEL,  NONE,  NONE,   LATER, NONE,     IN)	\
	X(LISTEN,     listen,     0x13, NET, KERNEL,  NONE,  NONE,   NOW,   NONE,     NONE)	\
	X(ACCEPT,     accept,     0x14, NET, KERNEL,  NONE,  NONE,   NOW,   NONE,     MAY_OUT)	\
	X(CONNECT,    connect,    0x15, NET, KERNEL,  NONE,  NONE,   NOW,   NONE,     IN)	\
	X(SHUTDOWN,   shutdown,   0x16, NET, KERNEL,  NONE,  NONE,   NOW,   NONE,     NONE)	\
	X(SENDMSG,    sendmsg,    0x17, NET, ANYBODY, WRITE, OBJECT, NOW,   MAY_IN,   MAY_IN)	\
	X(RECVMSG,    recvmsg,    0x18, NET, ANYBODY, READ,  NONE,   NOW,   MAY_OUT,  MAY_OUT)	\
	X(GETSOCKOPT, getsockopt, 0x19, NET, KERNEL,  NONE,  OBJECT, LATER, MAY_BOTH, NONE)	\
	X(SETSOCKOPT, setsockopt, 0x1a, NET, KERNEL,  NONE,  OBJECT, LATER, MAY_IN,   NONE)	\
	X(GETNAME,    getname,    0x1b, NET, KERNEL,  NONE,  NONE,   NOW,   NONE,     OUT)	\
	X(IOCTL,      ioctl,      0x1c, NET, KERNEL,  NONE,  NONE,   LATER, MAY_BOTH, MAY_BOTH)	\
	X(SETINT,     setint,     0x1d, NET, PROCESS, WRITE, NONE,   NOW,   NONE,     NONE)	\
	X(LINGER,     linger,     0x1e, NET, KERNEL,  NONE,  OBJECT, NOW,   NONE,     NONE)	\
	X(PUSH,       push,       0x1f, NET, KERNEL,  NONE,  OBJECT, NOW,   NONE,     NONE)	\
	X(UNREAD,     unread,     0x22, NET, ANYBODY, WRITE, NONE,   NOW,   IN,       NONE)	\
	X(NLSEND,     nlsend,     0x23, NET, KERNEL,  NONE,  NONE,   LATER, IN,       MAY_IN)	\
	X(NLRECV,     nlrecv,     0x24, NET, KERNEL,  NONE,  NONE,   LATER, MAY_OUT,  MAY_OUT)

#define VOS_NET_OPCODES(X) VOS_NET_OTHER_OPCODES(X) VOS_NET_SOCKET_OPCODES(X)

#define VOS_STORAGE_OPCODES(X)									\
	X(FUSE,   fuse,   0x40, STORAGE, KERNEL,  NONE,  NONE, LATER, IN,   MAY_OUT)		\
	X(READ,   read,   0x41, STORAGE, PROCESS, READ,  NONE, LATER, OUT,  NONE)		\
	X(WRITE,  write,  0x42, STORAGE, PROCESS, WRITE, NONE, LATER, IN,   NONE)		\
	X(COMMIT, commit, 0x43, STORAGE, PROCESS, WHOLE, NONE, LATER, NONE, NONE)

#define VOS_OPCODES(X) VOS_CORE_OPCODES(X) VOS_NET_OPCODES(X) VOS_STORAGE_OPCODES(X)

enum vos_opcode {
#define VOS_X(NAME, name, nr, class, from, right, after, answer, e0, e1) VOS_OP_##NAME = (nr),
	VOS_OPCODES(VOS_X)
#undef VOS_X
};

#define VOS_NR_OPCODES		256u	/* as many as a __u8 can name */

/* Which numbers a class has. */
#define VOS_CORE_FIRST		0x00
#define VOS_CORE_LAST		0x0f
#define VOS_NET_FIRST		0x10
#define VOS_NET_LAST		0x3f
#define VOS_STORAGE_FIRST	0x40
#define VOS_STORAGE_LAST	0x7f

enum vos_class { VOS_CLASS_NONE, VOS_CLASS_CORE, VOS_CLASS_NET, VOS_CLASS_STORAGE };

enum vos_from { VOS_FROM_KERNEL = 1, VOS_FROM_PROCESS = 2, VOS_FROM_ANYBODY = 3 };

enum vos_right {
	VOS_RIGHT_NONE,
	VOS_RIGHT_READ = VOS_HANDLE_READ,
	VOS_RIGHT_WRITE = VOS_HANDLE_WRITE,
	VOS_RIGHT_WHOLE = 0x80,
};

enum vos_after { VOS_AFTER_NONE, VOS_AFTER_OBJECT, VOS_AFTER_UCHAN };

enum vos_answer { VOS_ANSWER_NOW, VOS_ANSWER_LATER };

/* Bits of an extent's use: the service reads it, writes it; it has to be there. */
#define VOS_EXT_IN	1u
#define VOS_EXT_OUT	2u
#define VOS_EXT_NEEDED	4u

enum vos_use {
	VOS_USE_NONE = 0,
	VOS_USE_MAY_IN = VOS_EXT_IN,
	VOS_USE_MAY_OUT = VOS_EXT_OUT,
	VOS_USE_MAY_BOTH = VOS_EXT_IN | VOS_EXT_OUT,
	VOS_USE_IN = VOS_EXT_NEEDED | VOS_EXT_IN,
	VOS_USE_OUT = VOS_EXT_NEEDED | VOS_EXT_OUT,
	VOS_USE_BOTH = VOS_EXT_NEEDED | VOS_EXT_IN | VOS_EXT_OUT,
};

/**
 * struct vos_op - what is known of an opcode
 * @class: enum vos_class; VOS_CLASS_NONE: there is no such opcode
 * @from: enum vos_from
 * @right: enum vos_right
 * @after: enum vos_after
 * @answer: enum vos_answer
 * @ext: enum vos_use of either extent
 * @unused: 0
 */
struct vos_op {
	__u8 class;
	__u8 from;
	__u8 right;
	__u8 after;
	__u8 answer;
	__u8 ext[2];
	__u8 unused;
};

/* A row of an array of struct vos_op, by opcode. VOS_OPCODES gets it. */
#define VOS_OP_FACTS(NAME, name, nr, class_, from_, right_, after_, answer_, e0, e1)	\
	[nr] = {									\
		.class = VOS_CLASS_##class_,						\
		.from = VOS_FROM_##from_,						\
		.right = VOS_RIGHT_##right_,						\
		.after = VOS_AFTER_##after_,						\
		.answer = VOS_ANSWER_##answer_,						\
		.ext = { VOS_USE_##e0, VOS_USE_##e1 },					\
	},

/**
 * vos_ext_check - check the length of a call's extent
 * @use: enum vos_use, of the opcode's row
 * @len: its length; 0: there is none
 *
 * Return: 0, -EINVAL.
 */
static inline int vos_ext_check(__u8 use, __u32 len)
{
	if (len)
		return use & (VOS_EXT_IN | VOS_EXT_OUT) ? 0 : -EINVAL;
	return use & VOS_EXT_NEEDED ? -EINVAL : 0;
}

/**
 * vos_op_check - check that this end may submit a call to a service of this class
 * @op: of the call's opcode
 * @from: VOS_FROM_KERNEL or VOS_FROM_PROCESS
 * @class: the service's
 *
 * Return: 0, -ENOSYS.
 */
static inline int vos_op_check(const struct vos_op *op, enum vos_from from, enum vos_class class)
{
	if (!(op->from & from))
		return -ENOSYS;
	return op->class == class || op->class == VOS_CLASS_CORE ? 0 : -ENOSYS;
}

/*
 * Get the name of an opcode for logs. A number that the table does not have gives a question
 * mark. The table has no number twice: the compiler would refuse that.
 */
static inline const char *vos_opcode_name(__u8 opcode)
{
	switch (opcode) {
#define VOS_X(NAME, name, nr, class, from, right, after, answer, e0, e1) case nr: return #NAME;
	VOS_OPCODES(VOS_X)
#undef VOS_X
	}
	return "?";
}

static_assert(sizeof(struct vos_op) == 8, "a row of the table is one load");

/* What holds for every row. */
#define VOS_X(NAME, name, nr, class, from, right, after, answer, e0, e1)		\
	static_assert((nr) >= VOS_##class##_FIRST && (nr) <= VOS_##class##_LAST,	\
		      #NAME ": the number is another class's");				\
	static_assert((VOS_RIGHT_##right != VOS_RIGHT_NONE) ==				\
		      (VOS_CLASS_##class != VOS_CLASS_CORE &&				\
		       VOS_FROM_##from & VOS_FROM_PROCESS),				\
		      #NAME ": what a process asks of a service takes a right");	\
	static_assert(VOS_AFTER_##after == VOS_AFTER_NONE ||				\
		      VOS_FROM_##from & VOS_FROM_KERNEL,				\
		      #NAME ": only a kernel's call comes after those of processes");	\
	static_assert(VOS_AFTER_##after != VOS_AFTER_OBJECT ||				\
		      VOS_CLASS_##class == VOS_CLASS_NET,				\
		      #NAME ": only calls on sockets name an object");
VOS_OPCODES(VOS_X)
#undef VOS_X

#endif
