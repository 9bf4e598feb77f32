// SPDX-License-Identifier: GPL-2.0
/*
 * SENDMSG and RECVMSG. The data stays in shared memory, and the protocol copies it once.
 * Addresses and control data are copied before use.
 */
#include <linux/slab.h>
#include <linux/uio.h>
#include <net/inet_sock.h>
#include "vns.h"

#define SEND_FLAGS (MSG_OOB | MSG_DONTROUTE | MSG_EOR | MSG_CONFIRM | MSG_MORE |	\
		    MSG_FASTOPEN | MSG_PROBE | MSG_BATCH)
#define RECV_FLAGS (MSG_OOB | MSG_PEEK | MSG_TRUNC | MSG_ERRQUEUE)

struct message {
	struct msghdr msg;
	struct kvec vec;
	struct sockaddr_storage addr;
	u8 *control;
	u32 control_len;
};

/*
 * @data: the first extent; a source is only read. The stack copies it and interprets none of
 *	it.
 */
static void message_data(struct message *m, const struct veng_scall *call,
			 const void __peer *data, int dir)
{
	m->vec.iov_base = (void *)vos_peer_ptr(data);
	m->vec.iov_len = call->sqe.ext[0].len;
	iov_iter_kvec(&m->msg.msg_iter, dir, &m->vec, 1, m->vec.iov_len);
}

static int message_control(struct message *m, u32 len)
{
	m->control_len = len;
	if (!len)
		return 0;
	m->control = kzalloc(len, GFP_KERNEL);
	if (!m->control)
		return -ENOMEM;
	m->msg.msg_control = m->control;
	m->msg.msg_controllen = len;
	return 0;
}

/* Copy address and control data of a message to send out of the second extent. */
static int copy_side(struct message *m, const struct veng_scall *call)
{
	u32 alen = call->sqe.arg[1], clen = call->sqe.arg[1] >> 32;
	u32 coff = VOS_CONTROL_OFF(min(alen, VOS_ADDR_MAX)), room = call->sqe.ext[1].len;
	int rc;

	if (alen > VOS_ADDR_MAX || clen > VNS_CONTROL_MAX || alen > room ||
	    (clen && (coff > room || clen > room - coff)))
		return -EINVAL;
	if (alen) {
		vos_peer_read(&m->addr, call->in[1], alen);
		m->msg.msg_name = &m->addr;
		m->msg.msg_namelen = alen;
	}
	rc = message_control(m, clen);
	if (!rc && clen)
		vos_peer_read(m->control, call->in[1] + coff, clen);
	return rc;
}

/**
 * vns_message_send - send a message without blocking
 * @o: the object
 * @call: the call
 *
 * Context: dispatcher; for netlink: control thread.
 * Return: number of bytes sent or -errno.
 */
int vns_message_send(struct vns_obj *o, struct veng_scall *call)
{
	struct message m = {};
	int rc = copy_side(&m, call);

	if (!rc) {
		message_data(&m, call, call->in[0], ITER_SOURCE);
		m.msg.msg_flags = (call->sqe.arg[0] & SEND_FLAGS) | MSG_DONTWAIT | MSG_NOSIGNAL;
		rc = sock_sendmsg(o->sock, &m.msg);
		call->cqe.out[0] = vns_chosen_port(o->sock->sk);
	}
	kfree(m.control);
	return rc;
}

/* Linux sends a datagram only when it has chosen a port, and says -EAGAIN if none is free. */
static bool lacks_port(const struct sock *sk)
{
	return sk->sk_type == SOCK_DGRAM &&
	       (sk->sk_family == AF_INET || sk->sk_family == AF_INET6) && !inet_sk(sk)->inet_num;
}

/**
 * vns_sendmsg - carry out SENDMSG without blocking
 * @o: the object
 * @call: the call
 *
 * Context: dispatcher.
 * Return: number of bytes sent or -errno.
 */
s64 vns_sendmsg(struct vns_obj *o, struct veng_scall *call)
{
	int rc;

	if (unlikely(o->file))
		return vns_is_tun(o) ? vns_tun_send(o, call) : -EOPNOTSUPP;
	if (unlikely(!vns_may_send(o)))
		return vns_starve(o, -EAGAIN);
	rc = vns_message_send(o, call);
	if (likely(rc != -EAGAIN))
		return rc;
	if (lacks_port(o->sock->sk))
		call->cqe.out[0] = VOS_SEND_NO_PORT;
	vns_stream_full(o);
	return vns_starve(o, rc);
}

/* Fill the second extent: VOS_ADDR_MAX bytes of address, then control data. */
static void give_side(struct message *m, struct veng_scall *call)
{
	u32 alen = min_t(u32, m->msg.msg_namelen, VOS_ADDR_MAX);
	u32 clen = m->control_len - m->msg.msg_controllen;

	call->cqe.out[2] = m->msg.msg_flags | (u64)(u32)m->msg.msg_inq << 32;
	if (call->sqe.ext[1].len < VOS_ADDR_MAX)
		return;
	vos_peer_write(call->out[1], &m->addr, alen);
	call->cqe.out[0] = alen;
	if (m->control) {
		vos_peer_write(call->out[1] + VOS_ADDR_MAX, m->control, clen);
		call->cqe.out[1] = clen;
	}
}

static u32 control_room(const struct veng_scall *call)
{
	u32 room = call->sqe.ext[1].len;

	return room > VOS_ADDR_MAX ? min(room - VOS_ADDR_MAX, VNS_CONTROL_MAX) : 0;
}

static int recv_data(struct vns_obj *o, struct message *m, struct veng_scall *call, int flags)
{
	if (sk_is_tcp(o->sock->sk) && !(flags & (MSG_OOB | MSG_ERRQUEUE)))
		return vns_stream_recv(o, &m->msg, call, flags);
	return call->sqe.arg[1] ? -EOPNOTSUPP : sock_recvmsg(o->sock, &m->msg, flags);
}

/**
 * vns_message_recv - receive a message without blocking
 * @o: the object
 * @call: the call
 *
 * Context: dispatcher; for netlink: control thread.
 * Return: number of bytes received or -errno.
 */
int vns_message_recv(struct vns_obj *o, struct veng_scall *call)
{
	struct message m = {};
	int rc = message_control(&m, control_room(call));

	if (!rc) {
		message_data(&m, call, call->out[0], ITER_DEST);
		if (call->sqe.ext[1].len >= VOS_ADDR_MAX)
			m.msg.msg_name = &m.addr;
		m.msg.msg_get_inq = !!(call->sqe.arg[2] & VOS_RECV_LEFT);
		rc = recv_data(o, &m, call, (call->sqe.arg[0] & RECV_FLAGS) | MSG_DONTWAIT);
	}
	if (rc >= 0)
		give_side(&m, call);
	kfree(m.control);
	return rc;
}

/**
 * vns_recvmsg - carry out RECVMSG without blocking
 * @o: the object
 * @call: the call
 *
 * Context: dispatcher.
 * Return: number of bytes received or -errno.
 */
s64 vns_recvmsg(struct vns_obj *o, struct veng_scall *call)
{
	if (unlikely(o->file))
		return vns_is_tun(o) ? vns_tun_recv(o, call) : -EOPNOTSUPP;
	return vns_message_recv(o, call);
}
