/* SPDX-License-Identifier: MIT */
/*
 * The calls of protocol version 1: one table, from which both sides and the tests
 * take names, classes and checks. Argument layouts stand beside each opcode.
 *
 * Every call is carried out without blocking on a peer of the network: where a
 * Linux call would block, the answer is -EAGAIN (or -EINPROGRESS/-EALREADY for
 * connect) and the front end waits for the object's poll mask.
 */
#ifndef VIRTUOS_OPS_H
#define VIRTUOS_OPS_H

#include "abi.h"

/*
 * X(NAME, number, class, ext0, ext1)
 * ext0/ext1: how the extents are used: N none, I in (front end to back end),
 * O out, B both.
 *
 * CORE
 *   NOP        result 0.
 *   CRED_SET   arg0 = index (1..VOS_MAX_CREDS-1); ext0 in: struct vos_cred.
 *   CRED_DROP  arg0 = index.
 *   UCHAN_OPEN arg0 = user channel, chosen by the front end (0..VOS_MAX_UCHANS-1);
 *              arg1 = lanes | arena pages << 32; ext0 in: grant references (__u32) of
 *              all its pages in order. The call's cred is that of all its calls.
 *   UCHAN_CLOSE arg0 = user channel. Answered when its calls have ended and its
 *              pages are unmapped. One that does not exist is closed already.
 *   HANDLE_ADD arg0 = user channel | slot << 32; arg1 = handle generation (not 0) |
 *              VOS_HANDLE_* << 32; NET: obj/gen = the socket. STORAGE: arg2 = node id.
 *   HANDLE_DROP arg0 = user channel | slot << 32; arg1 = generation. Answered when
 *              no call uses the handle any more.
 *   CLOCK_SET  the primary's wall-clock time: arg0 = seconds since 1970, arg1 =
 *              nanoseconds. result 0; -EINVAL no time; -EBUSY the domain serves others too,
 *              and keeps its own.
 * NET (obj/gen name the socket unless said otherwise)
 *   SOCKET     arg0 = family, arg1 = type (no SOCK_* flags), arg2 = protocol;
 *              obj/gen = the new object, which must be free.
 *   RELEASE    closes the object. Always succeeds.
 *   BIND       ext1 in: socket address.
 *   LISTEN     arg0 = backlog.
 *   ACCEPT     arg0 = new object index | new generation << 32;
 *              ext1 out: peer address. out[0] = address length.
 *   CONNECT    ext1 in: address. Non-blocking: -EINPROGRESS, then call again
 *              (-EALREADY while under way, 0 or the error once).
 *   SHUTDOWN   arg0 = how.
 *   SENDMSG    ext0 in: data; ext1 in: address, then control data at the next
 *              multiple of 8; arg0 = MSG_* flags, arg1 = address length |
 *              control length << 32. result = bytes taken.
 *   RECVMSG    ext0 out: data; ext1 out: address area of 128 bytes, then control
 *              data; arg0 = MSG_* flags. result = bytes; out[0] = address length,
 *              out[1] = control length, out[2] = msg_flags.
 *   GETSOCKOPT arg0 = level, arg1 = name, arg2 = length the caller gave;
 *              ext0 both (some options read their buffer). out[0] = new length.
 *   SETSOCKOPT arg0 = level, arg1 = name; ext0 in: value.
 *   SETINT     SETSOCKOPT of an int that no answer has to be waited for: arg0 = level,
 *              arg1 = name, arg2 = value. SOL_TCP's TCP_CORK and TCP_NODELAY; others
 *              -EOPNOTSUPP. User channels only.
 *   GETNAME    arg0 = 0 own, 1 peer; ext1 out: address. out[0] = length.
 *   IOCTL      arg0 = command; ext0 both: the argument's bytes; arg1 = offset of a
 *              pointer field to patch + 1, or 0; ext1 both: what it points to.
 * STORAGE
 *   FUSE       ext0 in: a FUSE request (struct fuse_in_header and its body) of
 *              len bytes; ext1 out: room for the reply (struct fuse_out_header and
 *              its body). result = reply length in bytes. FORGETs: ext1.len = 0,
 *              result 0. arg0 = VOS_FUSE_*.
 *   READ       arg0 = file offset; ext0 out: data. result = bytes, 0 at the end.
 *   WRITE      arg0 = file offset; ext0 in: data. result = bytes; out[0] = sequence
 *              number, counted up with every write. Not durable before COMMIT, or
 *              before vos_uchan_slot.durable says so.
 *   COMMIT     makes all that was written through this channel durable.
 *
 * On user channels obj/gen name a handle (slot and its generation), cred is not
 * looked at, and only NOP, SENDMSG, RECVMSG, SETINT, READ, WRITE and COMMIT exist; on
 * others SETINT, READ, WRITE and COMMIT do not. A handle that is not there, or not for
 * this purpose, is answered -EBADF: go through the trap door. What was submitted before
 * a HANDLE_DROP, an UCHAN_CLOSE or, on a kernel's channel, a SENDMSG, or SETSOCKOPT or
 * GETSOCKOPT of SOL_TCP, is carried out before it.
 */
#define VOS_OPCODES(X)					\
	X(NOP,        0x00, CORE,    N, N)		\
	X(CRED_SET,   0x01, CORE,    I, N)		\
	X(CRED_DROP,  0x02, CORE,    N, N)		\
	X(UCHAN_OPEN, 0x04, CORE,    I, N)		\
	X(UCHAN_CLOSE, 0x05, CORE,   N, N)		\
	X(HANDLE_ADD, 0x06, CORE,    N, N)		\
	X(HANDLE_DROP, 0x07, CORE,   N, N)		\
	X(CLOCK_SET,  0x08, CORE,    N, N)		\
	X(SOCKET,     0x10, NET,     N, N)		\
	X(RELEASE,    0x11, NET,     N, N)		\
	X(BIND,       0x12, NET,     N, I)		\
	X(LISTEN,     0x13, NET,     N, N)		\
	X(ACCEPT,     0x14, NET,     N, O)		\
	X(CONNECT,    0x15, NET,     N, I)		\
	X(SHUTDOWN,   0x16, NET,     N, N)		\
	X(SENDMSG,    0x17, NET,     I, I)		\
	X(RECVMSG,    0x18, NET,     O, O)		\
	X(GETSOCKOPT, 0x19, NET,     B, N)		\
	X(SETSOCKOPT, 0x1a, NET,     I, N)		\
	X(GETNAME,    0x1b, NET,     N, O)		\
	X(IOCTL,      0x1c, NET,     B, B)		\
	X(SETINT,     0x1d, NET,     N, N)		\
	X(FUSE,       0x40, STORAGE, I, O)		\
	X(READ,       0x41, STORAGE, O, N)		\
	X(WRITE,      0x42, STORAGE, I, N)		\
	X(COMMIT,     0x43, STORAGE, N, N)

enum vos_opcode {
#define VOS_X(name, nr, class, e0, e1) VOS_OP_##name = nr,
	VOS_OPCODES(VOS_X)
#undef VOS_X
};

enum vos_class { VOS_CLASS_NONE, VOS_CLASS_CORE, VOS_CLASS_NET, VOS_CLASS_STORAGE };

/* Class of an opcode; VOS_CLASS_NONE for a number that is not in the table. */
static inline enum vos_class vos_opcode_class(__u8 opcode)
{
	switch (opcode) {
#define VOS_X(name, nr, class, e0, e1) case nr: return VOS_CLASS_##class;
	VOS_OPCODES(VOS_X)
#undef VOS_X
	}
	return VOS_CLASS_NONE;
}

/* Name of an opcode for logs and counters; "?" for a number not in the table. */
static inline const char *vos_opcode_name(__u8 opcode)
{
	switch (opcode) {
#define VOS_X(name, nr, class, e0, e1) case nr: return #name;
	VOS_OPCODES(VOS_X)
#undef VOS_X
	}
	return "?";
}

/* FUSE: what this UNLINK or RENAME removes may be open; it must outlive the service. */
#define VOS_FUSE_KEEP		(1u << 0)

/* HANDLE_ADD: what the handle may be used for. */
#define VOS_HANDLE_READ		(1u << 0)
#define VOS_HANDLE_WRITE	(1u << 1)

#define VOS_ADDR_MAX		128u	/* sizeof(struct sockaddr_storage) */
#define VOS_CONTROL_OFF(addrlen) (((addrlen) + 7u) & ~7u)

#endif
