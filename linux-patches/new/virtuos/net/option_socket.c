// SPDX-License-Identifier: GPL-2.0
/*
 * Getting options of SOL_SOCKET. The service has the values of most. Others are as this kernel has
 * them: what a socket is to it, and errors that the service has not heard of.
 */
#include <linux/filter.h>
#include <linux/slab.h>
#include <linux/uio.h>
#include <net/net_namespace.h>
#include "vnet.h"

/**
 * vnet_option_put - give a program an option's value
 * @opt: how much of it the program wants, and where
 * @data: the value
 * @len: bytes of it
 *
 * Context: process.
 * Return: 0 or -EFAULT.
 */
int vnet_option_put(sockopt_t *opt, const void *data, u32 len)
{
	len = min_t(u32, len, opt->optlen);
	if (len && copy_to_iter(data, len, &opt->iter_out) != len)
		return -EFAULT;
	opt->optlen = len;
	return 0;
}

/**
 * vnet_option_get_timeout - get SO_RCVTIMEO or SO_SNDTIMEO
 * @vs: the socket
 * @name: of the option, in its old or its new form
 * @opt: filled
 *
 * Context: process.
 * Return: 0 or -EFAULT.
 */
int vnet_option_get_timeout(struct vnet_sock *vs, int name, sockopt_t *opt)
{
	bool recv = name == SO_RCVTIMEO_OLD || name == SO_RCVTIMEO_NEW;
	long timeo = READ_ONCE(*(recv ? &vs->sk.sk_rcvtimeo : &vs->sk.sk_sndtimeo));
	/* With 64 bits the old and the new layout are the same. */
	struct __kernel_sock_timeval tv = {};

	if (timeo != MAX_SCHEDULE_TIMEOUT) {
		tv.tv_sec = timeo / HZ;
		tv.tv_usec = timeo % HZ * USEC_PER_SEC / HZ;
	}
	return vnet_option_put(opt, &tv, sizeof(tv));
}

static int put_int(sockopt_t *opt, int value)
{
	return vnet_option_put(opt, &value, sizeof(value));
}

/* Get SO_GET_FILTER. Both lengths of the call are numbers of instructions. */
static int get_filter(struct vnet_sock *vs, sockopt_t *opt)
{
	u32 len = min_t(u32, opt->optlen, BPF_MAXINSNS) * sizeof(struct sock_filter);
	void *insns = kvzalloc(max(len, 1u), GFP_KERNEL);
	struct vnet_req req = {
		.opcode = VOS_OP_GETSOCKOPT,
		.arg = { SOL_SOCKET, SO_GET_FILTER, len },
		.in[0] = insns,
		.out[0] = insns,
		.len[0] = len,
		.max = INT_MAX,
	};
	int rc;

	if (!insns)
		return -ENOMEM;
	rc = vnet_sock_run(vs, &req);
	if (!rc)
		rc = vnet_result(req.cqe.result, req.max);
	if (rc >= 0) {
		opt->optlen = min_t(u64, req.cqe.out[0], BPF_MAXINSNS);
		len = min_t(u32, len, opt->optlen * sizeof(struct sock_filter));
		iov_iter_ubuf(&opt->iter_out, ITER_DEST, opt->iter_out.ubuf, len);
		if (copy_to_iter(insns, len, &opt->iter_out) != len)
			rc = -EFAULT;
	}
	kvfree(insns);
	return rc;
}

/* Get SO_ERROR. The error kept here comes first: the service may be gone. */
static int get_error(struct vnet_sock *vs, sockopt_t *opt)
{
	int err = READ_ONCE(vs->sk.sk_err) ? -sock_error(&vs->sk) : 0;

	if (err || vnet_is_lost(vs))
		return put_int(opt, err);
	return vnet_option_get(vs, SOL_SOCKET, SO_ERROR, opt);
}

/* The namespace is this kernel's, as those are in which programs compare it. */
static int get_cookie(struct vnet_sock *vs, sockopt_t *opt)
{
	u64 cookie = sock_net(&vs->sk)->net_cookie;

	return opt->optlen == sizeof(cookie) ? vnet_option_put(opt, &cookie, sizeof(cookie)) :
					       -EINVAL;
}

/* What Linux reports for a socket whose peer is not a local process. */
static const struct ucred nobody = { .pid = 0, .uid = -1, .gid = -1 };

/**
 * vnet_option_get_socket - get an option of SOL_SOCKET
 * @vs: the socket
 * @name: of the option; not one of a time, nor SO_ZEROCOPY
 * @opt: filled
 *
 * Context: process.
 * Return: as the option does, or -errno.
 */
int vnet_option_get_socket(struct vnet_sock *vs, int name, sockopt_t *opt)
{
	switch (name) {
	case SO_ERROR:
		return get_error(vs, opt);
	case SO_TYPE:
		return put_int(opt, vs->sk.sk_type);
	case SO_DOMAIN:
		/* IPV6_ADDRFORM turns a socket of IPv6 into one of IPv4. */
		if (vs->sk.sk_family == PF_INET6 && !vnet_is_lost(vs))
			break;
		return put_int(opt, vs->sk.sk_family);
	case SO_ZEROCOPY:
		return put_int(opt, sock_flag(&vs->sk, SOCK_ZEROCOPY));
	case SO_NETNS_COOKIE:
		return get_cookie(vs, opt);
	case SO_PEERCRED:
		return vnet_option_put(opt, &nobody, sizeof(nobody));
	case SO_PEERPIDFD:
	case SO_PEERGROUPS:
		return -ENODATA;
	case SO_PEERSEC:
		return -ENOPROTOOPT;
	case SO_GET_FILTER:
		return iter_is_ubuf(&opt->iter_out) ? get_filter(vs, opt) : -EOPNOTSUPP;
	}
	return vnet_option_get(vs, SOL_SOCKET, name, opt);
}
