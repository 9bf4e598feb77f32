// SPDX-License-Identifier: GPL-2.0
/*
 * What recovery must know of a socket: addresses, backlog, options.
 *
 * Every function takes the epoch of the link that carried the call out. If the socket has moved
 * to another link meanwhile, the function returns -EOWNERDEAD. Recovery did not know of the
 * call then, so it must be made again.
 *
 * The right that a call takes is tested when the call is made, in the caller's credentials. One
 * task may make a socket, another may bind it, and a third may set an option. So each record
 * has credentials of its own, under which recovery acts.
 */
#include <linux/in.h>
#include <linux/slab.h>
#include "option_keep.h"
#include "packet.h"
#include "vnet.h"

#define OPTS_MAX	256u	/* of one socket; long ones count for several */

/*
 * Check that the socket is still on the link that carried the call out. Nothing is recorded for
 * a lost socket, so no call on it is repeated.
 */
static int check_epoch(struct vnet_sock *vs, u32 epoch)
{
	lockdep_assert_held(&vs->lock);
	return vs->epoch == epoch || vs->phase == VNET_LOST ? 0 : -EOWNERDEAD;
}

static void forget_opt(struct vnet_sock *vs, struct vnet_opt *opt)
{
	list_del(&opt->node);
	vs->nr_opts -= vnet_opt_weight(opt);
	put_cred(opt->cred);
	kvfree(opt);
}

/* Forget the option that @opt takes back. Return: whether there is one. */
static bool forget_undone(struct vnet_sock *vs, const struct vnet_opt *opt)
{
	struct vnet_opt *older;

	list_for_each_entry(older, &vs->opts, node)
		if (vnet_opt_undoes(opt, older)) {
			forget_opt(vs, older);
			return true;
		}
	return false;
}

static void forget_void(struct vnet_sock *vs, const struct vnet_opt *opt)
{
	struct vnet_opt *older, *next;

	list_for_each_entry_safe(older, next, &vs->opts, node)
		if (vnet_opt_voids(opt, older))
			forget_opt(vs, older);
}

/* Forget which groups of netlink options have named that bind() names as well. */
static void forget_groups(struct vnet_sock *vs)
{
	struct vnet_opt *opt, *next;

	list_for_each_entry_safe(opt, next, &vs->opts, node)
		if (vnet_opt_group(opt) && vnet_opt_group(opt) <= BITS_PER_TYPE(u32))
			forget_opt(vs, opt);
}

/*
 * Add @opt to the socket's options.
 * Return: true: the socket has taken @opt's memory over.
 */
static bool keep_opt(struct vnet_sock *vs, struct vnet_opt *opt)
{
	lockdep_assert_held(&vs->lock);
	forget_void(vs, opt);
	if (!vnet_opt_is_kept(opt) || forget_undone(vs, opt))
		return false;
	if (vs->nr_opts + vnet_opt_weight(opt) > OPTS_MAX)
		return false;
	opt->cred = get_current_cred();
	list_add_tail(&opt->node, &vs->opts);
	vs->nr_opts += vnet_opt_weight(opt);
	return true;
}

/**
 * vnet_record_opt - record an option that was set
 * @vs: the socket
 * @epoch: of the link that carried the call out
 * @level: of the option
 * @name: of the option
 * @data: its value
 * @len: length of its value
 *
 * The memory for options is bounded. An option that does not fit is not recorded, and a socket
 * made again lacks it.
 *
 * Context: process.
 * Return: 0 or -EOWNERDEAD.
 */
int vnet_record_opt(struct vnet_sock *vs, u32 epoch, int level, int name, const void *data,
		    u32 len)
{
	struct vnet_opt *opt = NULL;
	int rc;

	if (len <= vnet_opt_longest(level, name))
		opt = kvmalloc(struct_size(opt, data, len), GFP_KERNEL_ACCOUNT);
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
	kvfree(opt);
	return rc;
}

/**
 * vnet_record_free - free the records of a socket
 * @vs: the socket; no other thread has it
 *
 * Context: any.
 */
void vnet_record_free(struct vnet_sock *vs)
{
	struct vnet_opt *opt, *next;

	list_for_each_entry_safe(opt, next, &vs->opts, node)
		forget_opt(vs, opt);
	put_cred(vs->bind_cred);
}

/* Record the port that the service chose for port 0: recovery must ask for the same one. */
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
	if (vnet_is_netlink(vs) || vnet_is_packet(vs) ||
	    len < (int)offsetofend(struct sockaddr_in, sin_port) || in->sin_port)
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

static void note_bound(struct vnet_sock *vs, const struct sockaddr *addr, int len)
{
	struct sockaddr_storage bound = {};

	lockdep_assert_held(&vs->lock);
	memcpy(&bound, addr, len);
	if (vnet_is_packet(vs))
		vnet_packet_bound(vs, (struct sockaddr *)&bound);
	vs->bound = bound;
	vs->bound_len = len;
}

/**
 * vnet_record_bind - record that a socket is bound
 * @vs: the socket
 * @epoch: of the link that carried the call out
 * @addr: where to
 * @len: length of @addr
 *
 * Context: process.
 * Return: 0 or -EOWNERDEAD.
 */
int vnet_record_bind(struct vnet_sock *vs, u32 epoch, const struct sockaddr *addr, int len)
{
	const struct cred *cred = get_current_cred();
	int rc;

	mutex_lock(&vs->lock);
	rc = check_epoch(vs, epoch);
	if (!rc) {
		note_bound(vs, addr, len);
		vnet_order_note(vs);
		forget_groups(vs);
		swap(vs->bind_cred, cred);
	}
	mutex_unlock(&vs->lock);
	put_cred(cred);
	if (!rc)
		complete_bound(vs, addr, len);
	return rc;
}

/**
 * vnet_record_peer - record the peer of a datagram socket
 * @vs: the socket
 * @epoch: of the link that carried the call out
 * @addr: the peer; AF_UNSPEC: the socket is not connected any more
 * @len: length of @addr
 * @own: its own address, as the service has told it
 *
 * Context: process.
 * Return: 0 or -EOWNERDEAD.
 */
int vnet_record_peer(struct vnet_sock *vs, u32 epoch, const struct sockaddr *addr, int len,
		     const u64 own[2])
{
	int rc;

	mutex_lock(&vs->lock);
	rc = check_epoch(vs, epoch);
	if (!rc) {
		memcpy(&vs->peer, addr, len);
		vs->peer_len = addr->sa_family == AF_UNSPEC ? 0 : len;
		memcpy(vs->own, own, sizeof(vs->own));
	}
	mutex_unlock(&vs->lock);
	return rc;
}

/**
 * vnet_record_listen - record that a socket listens
 * @vs: the socket
 * @epoch: of the link that carried the call out
 * @backlog: as the program has it
 *
 * Context: process.
 * Return: 0 or -EOWNERDEAD.
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
		if (vs->phase == VNET_OPEN) {
			WRITE_ONCE(vs->phase, VNET_LISTENING);
			vnet_order_note(vs);
		}
	}
	bound = vs->bound_len;
	mutex_unlock(&vs->lock);
	if (!rc && !bound)
		complete_bound(vs, (struct sockaddr *)&none, sizeof(none));
	return rc;
}

/**
 * vnet_record_shutdown - record which directions of a datagram socket were shut down
 * @vs: the socket
 * @epoch: of the link that carried the call out
 * @how: SHUT_*
 * @rc: its result. -ENOTCONN: without a peer a socket refuses, and is shut down all the same
 *
 * Context: process.
 * Return: 0 or -EOWNERDEAD.
 */
int vnet_record_shutdown(struct vnet_sock *vs, u32 epoch, int how, int rc)
{
	if ((rc && rc != -ENOTCONN) || vnet_is_stream(vs) || how < SHUT_RD || how > SHUT_RDWR)
		return 0;
	mutex_lock(&vs->lock);
	rc = check_epoch(vs, epoch);
	if (!rc)
		vs->shut |= how + 1;
	mutex_unlock(&vs->lock);
	return rc;
}
