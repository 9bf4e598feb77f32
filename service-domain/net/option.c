// SPDX-License-Identifier: GPL-2.0
/*
 * GETSOCKOPT and SETSOCKOPT.
 *
 * In this kernel every option can be set with kernel pointers; only SOL_SOCKET can be read so.
 * What programs set on each connection runs at once. The rest goes to the control thread: it
 * may take long locks (multicast), patch code (time stamps), load modules (congestion control)
 * or need user pointers.
 */
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <linux/slab.h>
#include <linux/tcp.h>
#include <linux/uaccess.h>
#include "vns.h"

/* The window of the control thread: the length, then the value. */
#define WINDOW_VALUE 64u
/* A filter's instructions, as the program structure points to them. */
#define WINDOW_FILTER 4096u

static bool is_filter(int level, int name)
{
	return level == SOL_SOCKET &&
	       (name == SO_ATTACH_FILTER || name == SO_ATTACH_REUSEPORT_CBPF);
}

static bool socket_is_quick(int name)
{
	switch (name) {
	case SO_REUSEADDR:
	case SO_REUSEPORT:
	case SO_KEEPALIVE:
	case SO_LINGER:
	case SO_BROADCAST:
	case SO_OOBINLINE:
	case SO_PRIORITY:
	case SO_MARK:
	case SO_SNDBUF:
	case SO_SNDBUFFORCE:
	case SO_RCVBUF:
	case SO_RCVBUFFORCE:
	case SO_RCVLOWAT:
	case SO_RCVTIMEO_OLD:
	case SO_RCVTIMEO_NEW:
	case SO_SNDTIMEO_OLD:
	case SO_SNDTIMEO_NEW:
	case SO_PEEK_OFF:
	case SO_MAX_PACING_RATE:
	case SO_INCOMING_CPU:
		return true;
	}
	return false;
}

static bool tcp_is_quick(int name)
{
	switch (name) {
	case TCP_NODELAY:
	case TCP_CORK:
	case TCP_MAXSEG:
	case TCP_KEEPIDLE:
	case TCP_KEEPINTVL:
	case TCP_KEEPCNT:
	case TCP_SYNCNT:
	case TCP_LINGER2:
	case TCP_DEFER_ACCEPT:
	case TCP_WINDOW_CLAMP:
	case TCP_QUICKACK:
	case TCP_USER_TIMEOUT:
	case TCP_NOTSENT_LOWAT:
	case TCP_FASTOPEN_CONNECT:
		return true;
	}
	return false;
}

static bool set_is_quick(int level, int name)
{
	return (level == SOL_SOCKET && socket_is_quick(name)) ||
	       (level == SOL_TCP && tcp_is_quick(name));
}

/*
 * Packet sockets: a ring would be memory of this domain that no program maps. The programs of a
 * fanout group come as a pointer or as a descriptor.
 */
static bool is_refused(int level, int name)
{
	return level == SOL_PACKET && (name == PACKET_TX_RING || name == PACKET_FANOUT_DATA);
}

static bool is_ring(int level, int name)
{
	return level == SOL_PACKET && name == PACKET_RX_RING;
}

static void *copy_value(const struct veng_scall *call)
{
	u32 len = call->sqe.ext[0].len;

	if (len > VNS_OPT_MAX)
		return ERR_PTR(-EINVAL);
	return len ? kmemdup(vos_peer_ptr(call->in[0]), len, GFP_KERNEL) ?: ERR_PTR(-ENOMEM) : NULL;
}

static s64 set_value(struct vns_obj *o, struct veng_scall *call)
{
	void *value = copy_value(call);
	s64 rc;

	if (IS_ERR(value))
		return PTR_ERR(value);
	rc = do_sock_setsockopt(o->sock, false, call->sqe.arg[0], call->sqe.arg[1],
				KERNEL_SOCKPTR(value), call->sqe.ext[0].len);
	kfree(value);
	return rc;
}

/* Context: control thread. The instructions go into the window. */
static s64 set_filter(struct vns_obj *o, struct veng_scall *call)
{
	u8 __user *window = veng_window(call->conn);
	u32 len = call->sqe.ext[0].len;
	struct sock_fprog prog = {
		.len = len / sizeof(struct sock_filter),
		.filter = (struct sock_filter __user *)(window + WINDOW_FILTER),
	};

	if (!len || len % sizeof(struct sock_filter) || prog.len > BPF_MAXINSNS)
		return -EINVAL;
	if (copy_to_user(prog.filter, vos_peer_ptr(call->in[0]), len))
		return -EFAULT;
	return do_sock_setsockopt(o->sock, false, call->sqe.arg[0], call->sqe.arg[1],
				  KERNEL_SOCKPTR(&prog), sizeof(prog));
}

static s64 run_set(struct veng_scall *call)
{
	struct vns_obj *o = call->priv;
	s64 rc;

	if (is_filter(call->sqe.arg[0], call->sqe.arg[1]))
		rc = set_filter(o, call);
	else
		rc = set_value(o, call);
	/* Some change the mask, as SO_SELECT_ERR_QUEUE does. */
	call->cqe.poll = vns_obj_refresh_early(o);
	vns_obj_put(o);
	return rc;
}

/**
 * vns_setsockopt - carry out SETSOCKOPT
 * @o: the object
 * @call: the call
 *
 * Context: dispatcher.
 * Return: 0, VENG_PENDING or -errno.
 */
s64 vns_setsockopt(struct vns_obj *o, struct veng_scall *call)
{
	if (is_refused(call->sqe.arg[0], call->sqe.arg[1]))
		return -EOPNOTSUPP;
	if (is_ring(call->sqe.arg[0], call->sqe.arg[1]))
		return vns_ring_set(o, call);
	if (set_is_quick(call->sqe.arg[0], call->sqe.arg[1]))
		return set_value(o, call);
	if ((int)call->sqe.arg[0] == SOL_IP || (int)call->sqe.arg[0] == SOL_IPV6)
		o->in_groups = true;
	call->priv = o;
	veng_scall_queue_ctl(call, run_set);
	return VENG_PENDING;
}

/**
 * vns_setint - carry out SETINT of a process, which may not wait for the answer
 * @o: the object
 * @call: the call
 *
 * Context: dispatcher.
 * Return: 0 or -errno.
 */
s64 vns_setint(struct vns_obj *o, struct veng_scall *call)
{
	int level = call->sqe.arg[0], name = call->sqe.arg[1], value = call->sqe.arg[2];

	if (level != SOL_TCP || (name != TCP_CORK && name != TCP_NODELAY))
		return -EOPNOTSUPP;
	return do_sock_setsockopt(o->sock, false, level, name, KERNEL_SOCKPTR(&value),
				  sizeof(value));
}

static void give_value(struct veng_scall *call, const void *value, int len)
{
	u32 room = call->sqe.ext[0].len;

	if (len > 0 && room)
		vos_peer_write(call->out[0], value, min_t(u32, len, room));
	call->cqe.out[0] = max(len, 0);
}

/* SO_GET_FILTER: the kernel's lengths, and the one in the answer, count instructions. */
static s64 get_filter(struct vns_obj *o, struct veng_scall *call)
{
	int nr = call->sqe.ext[0].len / sizeof(struct sock_filter);
	void *insns = copy_value(call);
	s64 rc;

	if (IS_ERR(insns))
		return PTR_ERR(insns);
	rc = do_sock_getsockopt(o->sock, false, SOL_SOCKET, SO_GET_FILTER, KERNEL_SOCKPTR(insns),
				KERNEL_SOCKPTR(&nr));
	if (rc >= 0) {
		give_value(call, insns, nr * sizeof(struct sock_filter));
		call->cqe.out[0] = nr;
	}
	kfree(insns);
	return rc;
}

static s64 get_socket(struct vns_obj *o, struct veng_scall *call)
{
	int len = call->sqe.ext[0].len;
	void *value;
	s64 rc;

	if ((int)call->sqe.arg[1] == SO_GET_FILTER)
		return get_filter(o, call);
	value = copy_value(call);
	if (IS_ERR(value))
		return PTR_ERR(value);
	rc = do_sock_getsockopt(o->sock, false, SOL_SOCKET, call->sqe.arg[1],
				KERNEL_SOCKPTR(value), KERNEL_SOCKPTR(&len));
	if (rc >= 0)
		give_value(call, value, len);
	kfree(value);
	return rc;
}

static s64 get_in_window(struct vns_obj *o, struct veng_scall *call)
{
	u8 __user *window = veng_window(call->conn);
	int len = call->sqe.ext[0].len;
	void *value;
	s64 rc;

	if (len > (int)VNS_OPT_MAX)
		return -EINVAL;
	if (put_user(len, (int __user *)window) ||
	    (len && copy_to_user(window + WINDOW_VALUE, vos_peer_ptr(call->in[0]), len)))
		return -EFAULT;
	rc = do_sock_getsockopt(o->sock, false, call->sqe.arg[0], call->sqe.arg[1],
				USER_SOCKPTR(window + WINDOW_VALUE), USER_SOCKPTR(window));
	if (rc < 0)
		return rc;
	if (get_user(len, (int __user *)window))
		return -EFAULT;
	value = memdup_user(window + WINDOW_VALUE, clamp_t(int, len, 0, VNS_OPT_MAX));
	if (IS_ERR(value))
		return PTR_ERR(value);
	give_value(call, value, clamp_t(int, len, 0, VNS_OPT_MAX));
	kfree(value);
	return rc;
}

static s64 run_get(struct veng_scall *call)
{
	struct vns_obj *o = call->priv;
	s64 rc = get_in_window(o, call);

	vns_obj_put(o);
	return rc;
}

/**
 * vns_getsockopt - carry out GETSOCKOPT
 * @o: the object
 * @call: the call
 *
 * Context: dispatcher.
 * Return: 0, VENG_PENDING or -errno.
 */
s64 vns_getsockopt(struct vns_obj *o, struct veng_scall *call)
{
	if (call->sqe.arg[0] == SOL_SOCKET)
		return get_socket(o, call);
	call->priv = o;
	veng_scall_queue_ctl(call, run_get);
	return VENG_PENDING;
}
