// SPDX-License-Identifier: GPL-2.0
/*
 * What recovery must know of a socket: addresses, backlog, options.
 *
 * Every function takes the epoch of the link that carried the call out, and
 * refuses (-EOWNERDEAD) when the socket has moved on to another link meanwhile:
 * recovery did not know of the call, so it must be made again.
 *
 * A right that a call takes is looked for when it is made, in who makes it: a socket may
 * be made by root, bound by nobody in particular, and given an option by a third. So each
 * record has its own credentials, under which recovery acts.
 */
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/slab.h>
#include "vnet.h"

#define OPTS_MAX	64u	/* of one socket */
#define OPT_LEN_MAX	512u	/* longer ones are not kept */

/* A lost socket keeps nothing and repeats nothing. */
static int check_epoch(struct vnet_sock *vs, u32 epoch)
{
	lockdep_assert_held(&vs->lock);
	return vs->epoch == epoch || vs->phase == VNET_LOST ? 0 : -EOWNERDEAD;
}

/* Options that add to what was set before, instead of replacing it. */
static bool is_additive(int level, int name)
{
	if (level == SOL_IP)
		return (name >= IP_ADD_MEMBERSHIP && name <= IP_DROP_SOURCE_MEMBERSHIP) ||
		       (name >= MCAST_JOIN_GROUP && name <= MCAST_LEAVE_SOURCE_GROUP);
	if (level == SOL_IPV6)
		return name == IPV6_ADD_MEMBERSHIP || name == IPV6_DROP_MEMBERSHIP ||
		       name == IPV6_JOIN_ANYCAST || name == IPV6_LEAVE_ANYCAST ||
		       (name >= MCAST_JOIN_GROUP && name <= MCAST_LEAVE_SOURCE_GROUP);
	return false;
}

static void forget_opt(struct vnet_sock *vs, struct vnet_opt *opt)
{
	list_del(&opt->node);
	vs->nr_opts--;
	put_cred(opt->cred);
	kfree(opt);
}

static void forget_older(struct vnet_sock *vs, const struct vnet_opt *than)
{
	struct vnet_opt *opt, *next;

	if (is_additive(than->level, than->name))
		return;
	list_for_each_entry_safe(opt, next, &vs->opts, node)
		if (opt->level == than->level && opt->name == than->name)
			forget_opt(vs, opt);
}

/* Return: @opt's memory was taken over. */
static bool keep_opt(struct vnet_sock *vs, struct vnet_opt *opt)
{
	lockdep_assert_held(&vs->lock);
	forget_older(vs, opt);
	if (vs->nr_opts >= OPTS_MAX)
		return false;
	opt->cred = get_current_cred();
	list_add_tail(&opt->node, &vs->opts);
	vs->nr_opts++;
	return true;
}

/*
 * vnet_record_opt - an option was set
 *
 * Bounded: what does not fit is not kept, and a socket made again lacks it.
 * Return: 0 or -EOWNERDEAD.
 */
int vnet_record_opt(struct vnet_sock *vs, u32 epoch, int level, int name, const void *data,
		    u32 len)
{
	struct vnet_opt *opt = NULL;
	int rc;

	if (len <= OPT_LEN_MAX)
		opt = kmalloc(struct_size(opt, data, len), GFP_KERNEL_ACCOUNT);
	mutex_lock(&vs->lock);
	rc = check_epoch(vs, epoch);
	if (!rc && opt) {
		opt->level = level;
		opt->name = name;
		opt->len = len;
		memcpy(opt->data, data, len);
		if (keep_opt(vs, opt))
			opt = NULL;
	}
	mutex_unlock(&vs->lock);
	kfree(opt);
	return rc;
}

/* The socket is being freed: nobody else has it. */
void vnet_record_free(struct vnet_sock *vs)
{
	struct vnet_opt *opt, *next;

	list_for_each_entry_safe(opt, next, &vs->opts, node)
		forget_opt(vs, opt);
	put_cred(vs->bind_cred);
}

/* Port 0: the service chose one, and recovery must ask for the same. */
static void complete_bound(struct vnet_sock *vs, const struct sockaddr *addr, int len)
{
	const struct sockaddr_in *in = (const void *)addr;
	struct sockaddr_storage real = {};
	struct vnet_req req = {
		.opcode = VOS_OP_GETNAME,
		.out[1] = &real,
		.sized = true,
		.len[1] = sizeof(real),
	};

	/* The port stands at the same place in both families. */
	if (len < (int)offsetofend(struct sockaddr_in, sin_port) || in->sin_port)
		return;
	if (vnet_req_once(vs, &req, VOS_GET_UP_ONLY) || vnet_result(req.cqe.result, 0))
		return;
	mutex_lock(&vs->lock);
	if (vs->epoch == req.epoch && req.cqe.out[0] <= sizeof(real)) {
		vs->bound = real;
		vs->bound_len = req.cqe.out[0];
	}
	mutex_unlock(&vs->lock);
}

/*
 * vnet_record_bind - it is bound
 */
int vnet_record_bind(struct vnet_sock *vs, u32 epoch, const struct sockaddr *addr, int len)
{
	const struct cred *cred = get_current_cred();
	int rc;

	mutex_lock(&vs->lock);
	rc = check_epoch(vs, epoch);
	if (!rc) {
		memcpy(&vs->bound, addr, len);
		vs->bound_len = len;
		swap(vs->bind_cred, cred);
	}
	mutex_unlock(&vs->lock);
	put_cred(cred);
	if (!rc)
		complete_bound(vs, addr, len);
	return rc;
}

/*
 * vnet_record_peer - a datagram socket is connected, or, with AF_UNSPEC, not
 */
int vnet_record_peer(struct vnet_sock *vs, u32 epoch, const struct sockaddr *addr, int len)
{
	int rc;

	mutex_lock(&vs->lock);
	rc = check_epoch(vs, epoch);
	if (!rc) {
		memcpy(&vs->peer, addr, len);
		vs->peer_len = addr->sa_family == AF_UNSPEC ? 0 : len;
	}
	mutex_unlock(&vs->lock);
	return rc;
}

/*
 * vnet_record_listen - it listens
 */
int vnet_record_listen(struct vnet_sock *vs, u32 epoch, int backlog)
{
	struct sockaddr_in none = {};
	bool bound;
	int rc;

	mutex_lock(&vs->lock);
	rc = check_epoch(vs, epoch);
	if (!rc) {
		vs->backlog = backlog;
		if (vs->phase == VNET_OPEN)
			WRITE_ONCE(vs->phase, VNET_LISTENING);
	}
	bound = vs->bound_len;
	mutex_unlock(&vs->lock);
	if (!rc && !bound)
		complete_bound(vs, (struct sockaddr *)&none, sizeof(none));
	return rc;
}
