// SPDX-License-Identifier: GPL-2.0
/*
 * Socket options of all levels. Values are flat bytes and go to the service as they are. The
 * exceptions:
 *
 * - SO_ZEROCOPY is kept in this kernel: zerocopy.c.
 * - Timeouts are kept in this kernel, since it does the waiting. The service has those of
 *   listeners too: what is accepted inherits them when the connection comes.
 * - Filters come as a pointer. Their instructions are sent instead. They are got by number.
 * - A packet socket's ring is memory of this kernel: ring.c.
 * - A flow's label of IPv6 that Linux would choose is chosen here.
 * - Values that name descriptors or memory of the caller are refused.
 */
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <linux/in6.h>
#include <linux/net_tstamp.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/tcp.h>
#include <linux/uio.h>
#include "packet.h"
#include "vdoor_provider.h"
#include "vnet.h"

/* Labels of flows that Linux leaves to programs, whatever flowlabel_state_ranges says. */
#define LABEL_MAX	0x7ffffu
/* How many are tried. A namespace has at most 4096, so hardly ever are two of them in use. */
#define LABEL_TRIES	16

enum handling { FORWARD, LOCAL, FILTER, RING, REFUSE };

static enum handling handling_of_socket(int name)
{
	switch (name) {
	case SO_RCVTIMEO_OLD:
	case SO_RCVTIMEO_NEW:
	case SO_SNDTIMEO_OLD:
	case SO_SNDTIMEO_NEW:
	case SO_ZEROCOPY:
		return LOCAL;
	case SO_ATTACH_FILTER:
	case SO_ATTACH_REUSEPORT_CBPF:
		return FILTER;
	case SO_ATTACH_BPF:
	case SO_ATTACH_REUSEPORT_EBPF:
		return REFUSE;
	default:
		return FORWARD;
	}
}

static enum handling handling_of_packet(int name)
{
	switch (name) {
	case PACKET_RX_RING:
		return RING;
	case PACKET_TX_RING:
	case PACKET_FANOUT_DATA:
		return REFUSE;
	default:
		return FORWARD;
	}
}

static enum handling handling(int level, int name)
{
	if (level == SOL_SOCKET)
		return handling_of_socket(name);
	if (level == SOL_PACKET)
		return handling_of_packet(name);
	if (level == SOL_TCP && name == TCP_ZEROCOPY_RECEIVE)
		return REFUSE;
	return FORWARD;
}

static int set_forward(struct vnet_sock *vs, int level, int name, const void *data, u32 len)
{
	struct vnet_req req = {
		.opcode = VOS_OP_SETSOCKOPT,
		.arg = { (u32)level, (u32)name },
		.in[0] = data,
		.len[0] = len,
		.max = INT_MAX,
	};
	int rc;

	do {
		rc = vnet_sock_run(vs, &req);
		/* As after a reset, when options can be set that have no effect any more. */
		if (rc == -ENOTCONN && vnet_is_lost(vs))
			return 0;
		if (!rc)
			rc = vnet_result(req.cqe.result, req.max);
		if (rc < 0)
			return rc;
	} while (vnet_record_opt(vs, req.epoch, level, name, data, len));
	return 0;
}

static int set_filter(struct vnet_sock *vs, int level, int name, sockptr_t val,
		      unsigned int len)
{
	struct sock_fprog prog;
	struct sock_filter *insns;
	int rc;

	if (len != sizeof(prog))
		return -EINVAL;
	if (copy_from_sockptr(&prog, val, sizeof(prog)))
		return -EFAULT;
	if (!prog.filter || !prog.len || prog.len > BPF_MAXINSNS)
		return -EINVAL;
	insns = memdup_user(prog.filter, prog.len * sizeof(*insns));
	if (IS_ERR(insns))
		return PTR_ERR(insns);
	rc = set_forward(vs, level, name, insns, prog.len * sizeof(*insns));
	kfree(insns);
	return rc;
}

/*
 * Note SO_RCVLOWAT as the service has it: TCP asks for no more than half of the buffer, whatever a
 * program wants.
 */
static void note_lowat(struct vnet_sock *vs)
{
	u32 lowat = 0;
	struct vnet_req req = {
		.opcode = VOS_OP_GETSOCKOPT,
		.arg = { SOL_SOCKET, SO_RCVLOWAT, sizeof(lowat) },
		.in[0] = &lowat,
		.out[0] = &lowat,
		.len[0] = sizeof(lowat),
	};

	if (vnet_sock_run(vs, &req) || vnet_result(req.cqe.result, 0))
		return;
	WRITE_ONCE(vs->sk.sk_rcvlowat, min_t(u32, lowat, INT_MAX) ?: 1);
	/* The door knows no such mark: see provider.c. */
	smp_mb();
	vdoor_object_changed(vnet.session, vs->index);
}

static void note_unmasked(struct vnet_sock *vs, bool on)
{
	WRITE_ONCE(vs->unmasked, on);
	/* As above: see provider.c. */
	smp_mb();
	vdoor_object_changed(vnet.session, vs->index);
}

/* A connection that is repaired reads its queues whatever its mask says. */
static void note_repair(struct vnet_sock *vs, bool on)
{
	WRITE_ONCE(vs->repaired, on);
	note_unmasked(vs, on);
}

/* What a call sends has one stamp. This kernel cuts it into chunks: see send.c. */
static void note_stamps(struct vnet_sock *vs, u32 flags)
{
	WRITE_ONCE(vs->stamps, vnet_is_stream(vs) && flags & SOF_TIMESTAMPING_TX_RECORD_MASK);
	/* The door does so too, and does not know of stamps: see provider.c. */
	smp_mb();
	vdoor_object_changed(vnet.session, vs->index);
}

/* Note an option that this kernel must know as well. */
static void note(struct vnet_sock *vs, int level, int name, const void *data, u32 len)
{
	int value;

	if (len < sizeof(int))
		return;
	/* The first field of struct linger says whether it is on. */
	memcpy(&value, data, sizeof(value));
	if (level == SOL_TCP && name == TCP_REPAIR)
		note_repair(vs, value == TCP_REPAIR_ON);
	/* A receive then tells of the path before it takes data. */
	if (level == SOL_IPV6 && name == IPV6_RECVPATHMTU && !vnet_is_stream(vs))
		note_unmasked(vs, value);
	if (level != SOL_SOCKET)
		return;
	if (name == SO_RCVLOWAT)
		note_lowat(vs);
	else if (name == SO_LINGER)
		WRITE_ONCE(vs->lingers, value);
	else if (name == SO_TIMESTAMPING_OLD || name == SO_TIMESTAMPING_NEW)
		note_stamps(vs, value);
}

static bool wants_label(int level, int name, const void *data, u32 len)
{
	const struct in6_flowlabel_req *req = data;

	return level == SOL_IPV6 && name == IPV6_FLOWLABEL_MGR && len >= sizeof(*req) &&
	       req->flr_action == IPV6_FL_A_GET && req->flr_flags & IPV6_FL_F_CREATE &&
	       !(req->flr_flags & IPV6_FL_F_REFLECT) && !req->flr_label;
}

/*
 * Set the one option by which Linux gives something back: a flow's label that it chooses. This
 * kernel chooses it instead, and again if it is in use.
 */
static int set_label(struct vnet_sock *vs, sockptr_t val, void *data, u32 len)
{
	struct in6_flowlabel_req *req = data;
	int tries, rc = -EEXIST;

	req->flr_flags |= IPV6_FL_F_EXCL;
	for (tries = 0; rc == -EEXIST && tries < LABEL_TRIES; tries++) {
		req->flr_label = htonl(get_random_u32_inclusive(1, LABEL_MAX));
		rc = set_forward(vs, SOL_IPV6, IPV6_FLOWLABEL_MGR, data, len);
	}
	if (!rc && copy_to_sockptr_offset(val, offsetof(struct in6_flowlabel_req, flr_label),
					  &req->flr_label, sizeof(req->flr_label)))
		pr_debug("virtuos-net: as in Linux, the program does not hear of its label\n");
	return rc;
}

static int set_value(struct vnet_sock *vs, int level, int name, sockptr_t val,
		     unsigned int len)
{
	void *data;
	int rc;

	/* Linux reads what the option has, and passes over what the caller's buffer has more. */
	len = min(len, VNET_OPT_MAX);
	data = memdup_sockptr(val, len);
	if (IS_ERR(data))
		return PTR_ERR(data);
	rc = vnet_ring_refuses(vs, level, name, data, len);
	if (!rc)
		rc = wants_label(level, name, data, len) ? set_label(vs, val, data, len) :
							   set_forward(vs, level, name, data, len);
	if (!rc)
		note(vs, level, name, data, len);
	kfree(data);
	return rc;
}

/* Test whether sockets may be accepted from it, which have its time-outs. */
static bool may_listen(const struct vnet_sock *vs)
{
	enum vnet_phase phase = READ_ONCE(vs->phase);

	return vnet_is_stream(vs) && (phase == VNET_OPEN || phase == VNET_LISTENING);
}

static int set_timeout(struct socket *sock, int name, sockptr_t val, unsigned int len)
{
	bool recv = name == SO_RCVTIMEO_OLD || name == SO_RCVTIMEO_NEW;
	bool old = name == SO_RCVTIMEO_OLD || name == SO_SNDTIMEO_OLD;
	struct vnet_sock *vs = vnet_sk(sock->sk);
	struct __kernel_sock_timeval tv;
	int rc, any;

	/* sk_setsockopt() reads a number of each option first. */
	if (len < sizeof(any))
		return -EINVAL;
	if (copy_from_sockptr(&any, val, sizeof(any)))
		return -EFAULT;
	rc = sock_copy_user_timeval(&tv, val, len, old);
	if (rc)
		return rc;
	name = recv ? SO_RCVTIMEO_NEW : SO_SNDTIMEO_NEW;
	rc = sock_setsockopt(sock, SOL_SOCKET, name, KERNEL_SOCKPTR(&tv), sizeof(tv));
	if (rc || !may_listen(vs))
		return rc;
	return set_forward(vs, SOL_SOCKET, name, &tv, sizeof(tv));
}

/**
 * vnet_option_set - set an option of a socket that may stand beside a program's
 * @vs: the socket
 * @level: of the option
 * @name: of the option; none that this kernel keeps. Of a ring the service hears so
 * @val: its value
 * @len: length of its value
 *
 * Context: process.
 * Return: 0 or -errno.
 */
int vnet_option_set(struct vnet_sock *vs, int level, int name, sockptr_t val, unsigned int len)
{
	switch (handling(level, name)) {
	case FILTER:
		return set_filter(vs, level, name, val, len);
	case FORWARD:
	case RING:
		return set_value(vs, level, name, val, len);
	default:
		return -EOPNOTSUPP;
	}
}

/**
 * vnet_setsockopt - carry out setsockopt(2)
 * @sock: the socket
 * @level: of the option
 * @name: of the option
 * @val: its value
 * @len: length of its value
 *
 * Context: process.
 * Return: 0 or -errno.
 */
int vnet_setsockopt(struct socket *sock, int level, int name, sockptr_t val, unsigned int len)
{
	if (level == SOL_SOCKET && name == SO_ZEROCOPY)
		return sock_setsockopt(sock, level, name, val, len);
	if (handling(level, name) == LOCAL)
		return set_timeout(sock, name, val, len);
	if (handling(level, name) == RING)
		return vnet_is_packet(vnet_sk(sock->sk)) ? vnet_ring_set(sock, val, len) :
							   -ENOPROTOOPT;
	return vnet_option_set(vnet_sk(sock->sk), level, name, val, len);
}

/**
 * vnet_option_get - ask the service for an option's value
 * @vs: the socket
 * @level: of the option
 * @name: of the option
 * @opt: filled
 *
 * Context: process.
 * Return: as the option does, or -errno.
 */
int vnet_option_get(struct vnet_sock *vs, int level, int name, sockopt_t *opt)
{
	u32 len = min_t(u32, opt->optlen, VNET_OPT_MAX);
	void *data = kzalloc(max(len, 1u), GFP_KERNEL);
	struct vnet_req req = {
		.opcode = VOS_OP_GETSOCKOPT,
		.arg = { (u32)level, (u32)name, len },
		.in[0] = data,
		.out[0] = data,
		.len[0] = len,
		.max = INT_MAX,
	};
	int rc;

	if (!data)
		return -ENOMEM;
	/* A few options read their buffer. If it is not readable, it counts as zero. */
	if (len && copy_from_iter(data, len, &opt->iter_in) != len)
		memset(data, 0, len);
	rc = vnet_ring_lacks(level, name, data, len);
	if (!rc)
		rc = vnet_sock_run(vs, &req);
	if (!rc)
		rc = vnet_result(req.cqe.result, req.max);
	if (rc >= 0)
		rc = vnet_option_put(opt, data, min_t(u64, req.cqe.out[0], len)) ?: rc;
	/* A program that has less room is told the length that this one needs. */
	if (!rc && level == SOL_NETLINK && name == NETLINK_LIST_MEMBERSHIPS)
		opt->optlen = min_t(u64, req.cqe.out[0], VNET_OPT_MAX);
	kfree(data);
	return rc;
}

/* What TCP_INFO has of a lost socket: programs ask by it whether a connection lives. */
static const struct tcp_info closed = { .tcpi_state = TCP_CLOSE };

/**
 * vnet_getsockopt - carry out getsockopt(2)
 * @sock: the socket
 * @level: of the option
 * @name: of the option
 * @opt: filled
 *
 * Context: process.
 * Return: as the option does, or -errno.
 */
int vnet_getsockopt(struct socket *sock, int level, int name, sockopt_t *opt)
{
	struct vnet_sock *vs = vnet_sk(sock->sk);

	switch (handling(level, name)) {
	case REFUSE:
		return -ENOPROTOOPT;
	case LOCAL:
		if (name != SO_ZEROCOPY)
			return vnet_option_get_timeout(vs, name, opt);
		fallthrough;
	default:
		if (level == SOL_SOCKET)
			return vnet_option_get_socket(vs, name, opt);
		if (level == SOL_TCP && name == TCP_INFO && vnet_is_lost(vs))
			return vnet_option_put(opt, &closed, sizeof(closed));
		return vnet_option_get(vs, level, name, opt);
	}
}
