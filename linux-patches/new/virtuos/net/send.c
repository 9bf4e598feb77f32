// SPDX-License-Identifier: GPL-2.0
/*
 * Sending: this kernel copies the data into the call's extent, and the service does the rest.
 *
 * A stream is cut into chunks, each offered without blocking; a datagram is one call. A
 * datagram whose link dies counts as sent: the network may lose it too.
 */
#include <linux/sched/signal.h>
#include <linux/uio.h>
#include "cgroup.h"
#include "vnet.h"
#include "wait.h"
#include "zerocopy.h"

/*
 * Flags for the service. MSG_ZEROCOPY and MSG_SPLICE_PAGES are not among them, for the data is
 * copied.
 */
#define SEND_FLAGS (MSG_OOB | MSG_DONTROUTE | MSG_EOR | MSG_CONFIRM | MSG_MORE |	\
		    MSG_FASTOPEN | MSG_PROBE | MSG_BATCH)

struct send {
	struct vnet_sock *vs;
	struct msghdr *msg;
	bool first;		/* the service has taken nothing, nor begun to connect */
	bool no_port;		/* for a datagram socket, so nothing is worth a wait */
};

static u32 address_len(const struct send *s)
{
	if (!s->msg->msg_name || !s->first)
		return 0;
	return min_t(u32, s->msg->msg_namelen, VOS_ADDR_MAX);
}

static void fill_name_and_control(struct vos_call *call, const struct msghdr *msg, u32 alen,
				  u32 clen)
{
	u8 __peer *ext = call->data[1];

	if (alen)
		vos_peer_write(ext, msg->msg_name, alen);
	if (clen)
		vos_peer_write(ext + VOS_CONTROL_OFF(alen), msg->msg_control, clen);
	call->sqe.arg[1] = alen | (u64)clen << 32;
}

/* Get the result of a call whose link died. */
static int sending_link_gone(struct vnet_sock *vs, u32 len)
{
	int rc = vnet_link_gone(vs);

	if (rc)
		return rc;
	return vnet_is_stream(vs) ? -EPIPE : (int)len;
}

/*
 * Make one call.
 * Return: bytes taken, or -errno. -EAGAIN: also while there is no link.
 */
static int send_once(struct send *s, u32 len, unsigned int flags)
{
	struct msghdr *msg = s->msg;
	u32 alen = address_len(s), clen = msg->msg_control ? msg->msg_controllen : 0;
	struct vos_call *call;
	int rc;

	if (clen > VNET_CONTROL_MAX)
		return -ENOBUFS;
	call = vnet_sock_call(s->vs, VOS_OP_SENDMSG, len,
			      alen || clen ? VOS_CONTROL_OFF(alen) + clen : 0);
	if (call == ERR_PTR(-EOWNERDEAD))
		return vnet_link_gone(s->vs) ?: -EAGAIN;
	if (IS_ERR(call))
		return PTR_ERR(call);
	fill_name_and_control(call, msg, alen, clen);
	call->sqe.arg[0] = flags & SEND_FLAGS;
	if (len && !copy_from_iter_full(vos_peer_ptr(call->data[0]), len,
					&msg->msg_iter)) {
		vos_call_put(call);
		return -EFAULT;
	}
	rc = vos_call(call);
	if (rc == -EINTR)
		return rc;
	if (!rc)
		rc = vnet_call_result(call, len);
	if (rc >= 0)
		vnet_record_port(s->vs, call->cqe.out[0]);
	else if (rc == -EAGAIN)
		s->no_port = call->cqe.out[0] & VOS_SEND_NO_PORT;
	if (rc == -EOWNERDEAD)
		rc = sending_link_gone(s->vs, len);
	vos_call_put(call);
	if (rc < (int)len)
		iov_iter_revert(&msg->msg_iter, len - max(rc, 0));
	return rc;
}

/* Note that a stream is connected without a connect(): MSG_FASTOPEN. */
static void note_connected(struct vnet_sock *vs)
{
	if (!vnet_is_stream(vs) || READ_ONCE(vs->phase) != VNET_OPEN)
		return;
	mutex_lock(&vs->lock);
	if (vs->phase == VNET_OPEN)
		WRITE_ONCE(vs->phase, VNET_CONNECTED);
	mutex_unlock(&vs->lock);
}

/*
 * Send a chunk of a stream that is not the last. The last byte of all is the urgent one, and the
 * one whose sending gets a stamp.
 */
static int send_chunk(struct send *s, unsigned int flags)
{
	struct {
		struct cmsghdr head;
		u32 flags;
	} no_stamp = { { CMSG_LEN(sizeof(u32)), SOL_SOCKET, SO_TIMESTAMPING_OLD } };
	struct msghdr *msg = s->msg;
	bool stamped = READ_ONCE(s->vs->stamps) && !msg->msg_controllen;
	int rc;

	if (stamped) {
		msg->msg_control = &no_stamp;
		msg->msg_controllen = no_stamp.head.cmsg_len;
	}
	rc = send_once(s, VNET_CHUNK, (flags | MSG_MORE) & ~MSG_OOB);
	if (stamped) {
		msg->msg_control = NULL;
		msg->msg_controllen = 0;
	}
	return rc;
}

static int send_some(struct send *s, size_t left)
{
	struct vnet_sock *vs = s->vs;
	unsigned int flags = s->msg->msg_flags;
	int rc;

	if (vnet_is_lost(vs))
		return sock_error(&vs->sk) ?: -EPIPE;
	if (left > vnet.max_extent && !vnet_is_stream(vs))
		return -EMSGSIZE;
	if (!s->first)
		flags &= ~MSG_FASTOPEN;
	if (left > VNET_CHUNK && vnet_is_stream(vs))
		rc = send_chunk(s, flags);
	else
		rc = send_once(s, left, flags);
	if (rc >= 0 || rc == -EINPROGRESS)
		note_connected(vs);
	return rc;
}

/*
 * Send, and first wait for a connection that this call has begun, as Linux does if it may wait.
 * That is so with MSG_FASTOPEN and with TCP_FASTOPEN_CONNECT.
 */
static int send_connected(struct send *s, size_t left, struct vnet_wait *w)
{
	/* Others send and have nothing to do with the flag, as in Linux. */
	bool begins = s->first && s->msg->msg_flags & MSG_FASTOPEN && vnet_is_stream(s->vs);
	int rc = send_some(s, left), done;

	if (!w->timeo || (rc != -EINPROGRESS && !(begins && rc >= 0)))
		return rc;
	vnet_turn_leave(w);
	done = vnet_connect_finish(s->vs, w->timeo);
	/* An earlier call has begun the connection, and it is there. */
	if (done == -EISCONN)
		done = 0;
	done = done ?: vnet_turn_take(w, &s->vs->sending);
	if (done)
		return done;
	s->first = false;
	return rc == -EINPROGRESS ? send_some(s, left) : rc;
}

static int send_all(struct send *s, size_t len, struct vnet_wait *w)
{
	size_t sent = 0;
	int rc;

	for (;;) {
		rc = send_connected(s, len - sent, w);
		if (rc == -EAGAIN && !s->no_port) {
			rc = vnet_wait_for(w, VNET_WANT_OUT);
			if (!rc)
				continue;
		}
		if (rc < 0)
			break;
		sent += rc;
		s->first = false;
		if (sent >= len || !vnet_is_stream(s->vs))
			break;
	}

	if (sent && rc < 0 && rc != -EAGAIN && !signal_pending(current) && rc != -EFAULT &&
	    rc != -EPIPE)
		/* The bytes first, the error with the next call. */
		vnet_sock_keep_error(s->vs, -rc);
	return sent ? sent : rc;
}

/*
 * A stream's error or its shutdown() comes before a fault of the program's memory, as in Linux.
 * The service tells of them without data too.
 */
static int error_or_fault(struct send *s)
{
	int rc = -EFAULT;

	if (vnet_is_stream(s->vs))
		rc = send_once(s, 0, 0);
	return rc < 0 && rc != -EAGAIN ? rc : -EFAULT;
}

/* Test for an address of no bytes. Datagram sockets refuse one, others take it for none. */
static bool is_empty_address(const struct vnet_sock *vs, const struct msghdr *msg)
{
	return msg->msg_name && !msg->msg_namelen && vs->sk.sk_type == SOCK_DGRAM;
}

/**
 * vnet_sendmsg - carry out sendmsg(2)
 * @sock: the socket
 * @msg: the data
 * @len: bytes
 *
 * Context: process.
 * Return: bytes or -errno.
 */
int vnet_sendmsg(struct socket *sock, struct msghdr *msg, size_t len)
{
	struct vnet_sock *vs = vnet_sk(sock->sk);
	struct send s = { .vs = vs, .msg = msg, .first = true };
	struct vnet_wait w;
	int rc = 0;

	if (unlikely(is_empty_address(vs, msg)))
		return -EINVAL;
	if (len > INT_MAX)
		len = INT_MAX & PAGE_MASK;
	if (READ_ONCE(vs->sk.sk_err))
		rc = sock_error(&vs->sk);
	if (!rc && msg->msg_name)
		rc = vnet_cgroup_send(vs, msg);
	vnet_wait_init(&w, vs, sock_sndtimeo(&vs->sk, msg->msg_flags & MSG_DONTWAIT));
	if (!rc && vnet_is_stream(vs))
		rc = vnet_turn_take(&w, &vs->sending);
	if (!rc)
		rc = send_all(&s, len, &w);
	if (rc == -EFAULT)
		rc = error_or_fault(&s);
	vnet_wait_end(&w);
	/* io_uring tells of its own */
	if (unlikely(msg->msg_flags & MSG_ZEROCOPY) && !msg->msg_ubuf && rc > 0)
		vnet_zerocopy_sent(vs);
	if (rc == -EPIPE && sock->type == SOCK_STREAM && !(msg->msg_flags & MSG_NOSIGNAL))
		send_sig(SIGPIPE, current, 0);
	return rc;
}

/**
 * vnet_splice_eof - send what sendfile() has held back by "more"
 * @sock: the socket
 *
 * A cork that the program itself has set stays.
 *
 * Context: process.
 */
void vnet_splice_eof(struct socket *sock)
{
	struct vnet_sock *vs = vnet_sk(sock->sk);
	struct vnet_req req = { .opcode = VOS_OP_PUSH };

	if (!vnet_is_lost(vs))
		vnet_req_once(vs, &req, VOS_GET_UP_ONLY);
}
