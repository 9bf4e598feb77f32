// SPDX-License-Identifier: GPL-2.0
/*
 * Makes the changes of the network again that netlink_keep.c has kept, in a new incarnation of the
 * domain. All of it runs in the session's thread, before other callers are let in.
 *
 * Invariant: whatever the domain answers, each change takes a bounded number of calls.
 */
#include <linux/cred.h>
#include <linux/in.h>
#include <linux/netlink.h>
#include <linux/slab.h>
#include <net/netlink.h>
#include "bond.h"
#include "netlink.h"
#include "netns.h"

/* Room for the answer to one: the error, and the request's header. */
#define ANSWER_MAX	1024u
/* Messages of other kinds that may come before it. */
#define STRANGERS_MAX	64

static int run_again(struct vnet_sock *vs, struct vnet_req *req)
{
	int rc = vnet_req_once(vs, req, VOS_GET_RECOVERY);

	return rc ?: vnet_result(req->cqe.result, req->max);
}

static int send_again(struct vnet_sock *vs, const struct vnet_change *c, u16 type, u32 seq)
{
	struct vnet_req req = {
		.opcode = VOS_OP_NLSEND,
		.len[0] = c->len,
		.max = c->len,
	};
	struct nlmsghdr *h = kvmalloc(c->len, GFP_KERNEL);
	int rc;

	if (!h)
		return -ENOMEM;
	memcpy(h, c->data, c->len);
	h->nlmsg_type = type;
	h->nlmsg_flags = (h->nlmsg_flags & ~NLM_F_ECHO) | NLM_F_ACK;
	h->nlmsg_seq = seq;
	req.in[0] = h;
	rc = run_again(vs, &req);
	kvfree_sensitive(h, c->len);
	return min(rc, 0);
}

/* Return: the error in the answer to request @seq; -EINPROGRESS: it is another's. */
static int error_of(const struct nlmsghdr *h, int len, u32 seq)
{
	const struct nlmsgerr *e = nlmsg_data(h);

	if (!nlmsg_ok(h, len) || h->nlmsg_seq != seq || h->nlmsg_type != NLMSG_ERROR ||
	    h->nlmsg_len < NLMSG_LENGTH(sizeof(e->error)))
		return -EINPROGRESS;
	return vnet_result(e->error, 0);
}

static int await_answer(struct vnet_sock *vs, u32 seq)
{
	u8 *answer = kmalloc(ANSWER_MAX, GFP_KERNEL);
	struct vnet_req req = {
		.opcode = VOS_OP_NLRECV,
		.out[0] = answer,
		.len[0] = ANSWER_MAX,
		.max = ANSWER_MAX,
	};
	int rc = answer ? -EINPROGRESS : -ENOMEM, i;

	for (i = 0; rc == -EINPROGRESS && i < STRANGERS_MAX; i++) {
		rc = run_again(vs, &req);
		if (rc >= 0)
			rc = error_of((void *)answer, rc, seq);
	}
	kfree(answer);
	return rc;
}

/* Get a request's type. Families of generic netlink have another number now. */
static int type_of(struct vnet_sock *vs, const struct vnet_change *c)
{
	u16 type = vnet_change_header(c)->nlmsg_type;

	if (c->protocol == NETLINK_GENERIC)
		return vnet_family_ask(vs, vnet_family_name(type), VOS_GET_RECOVERY);
	return type;
}

static int request_again(struct vnet_sock *vs, const struct vnet_change *c, u32 seq)
{
	int type = type_of(vs, c);

	if (type < 0)
		return type;
	return send_again(vs, c, type, seq) ?: await_answer(vs, seq);
}

static int change_again(struct vnet_sock *vs, const struct vnet_change *c, u32 seq)
{
	const struct cred *old = override_creds(c->cred);
	int rc;

	if (c->protocol == VNET_BY_IOCTL)
		rc = vnet_ioctl_again(vs, c);
	else
		rc = request_again(vs, c, seq);
	revert_creds(old);
	return rc;
}

/* A batch is carried out as a whole or not at all, and the answer to the call says which. */
static int batch_again(struct vnet_sock *vs, const struct vnet_change *c)
{
	const struct cred *old = override_creds(c->cred);
	struct vnet_req req = {
		.opcode = VOS_OP_NLSEND,
		.arg = { 0, 0, c->handle, c->generation },
		.in[0] = c->data,
		.len[0] = c->len,
		.max = c->len,
	};
	int rc = run_again(vs, &req);

	revert_creds(old);
	if (rc < 0)
		return rc;
	return req.cqe.out[0] & VOS_NLSEND_REFUSED ? -EINVAL : 0;
}

/* Test for an answer that says that it is so already. */
static bool is_in_vain(int rc)
{
	return rc == -EEXIST || rc == -ESRCH || rc == -ENOENT || rc == -EADDRNOTAVAIL;
}

static bool link_is_gone(int rc)
{
	return rc == -EOWNERDEAD || rc == -ENETDOWN;
}

static int family_of(const struct vnet_change *c)
{
	if (c->protocol != VNET_BY_IOCTL)
		return PF_NETLINK;
	return vnet_change_kept(c)->family == PF_INET6 ? PF_INET6 : PF_INET;
}

/*
 * Make a socket of this kernel's own in the domain, in the namespace of a change.
 * @sock: its owner, without a file
 */
static struct vnet_sock *control_open(struct socket *sock, const struct vnet_change *c)
{
	struct net *net = vnet_netns_get(c->netns);
	struct vnet_sock *vs;
	int rc;

	if (!net)
		return ERR_PTR(-ESRCH);
	if (c->protocol == VNET_BY_IOCTL)
		vs = vnet_beside_new(net, sock, family_of(c), IPPROTO_UDP);
	else
		vs = vnet_netlink_new(net, sock, c->protocol);
	put_net(net);

	if (IS_ERR(vs))
		return vs;
	rc = vnet_socket_call(vs, VOS_GET_RECOVERY);
	if (!rc) {
		WRITE_ONCE(vs->epoch, vos_session_epoch(vnet.session));
		return vs;
	}
	sock_orphan(&vs->sk);
	vnet_object_remove(vs);
	return ERR_PTR(rc);
}

static void control_close(struct vnet_sock *vs)
{
	struct vnet_req req = { .opcode = VOS_OP_RELEASE };

	vnet_req_once(vs, &req, VOS_GET_RECOVERY | VOS_GET_NOCRED);
	sock_orphan(&vs->sk);
	vnet_object_remove(vs);
}

/* A batch has a socket of its own, since nothing takes its answers. */
static int by_own_socket(struct socket *sock, const struct vnet_change *c)
{
	struct vnet_sock *vs = control_open(sock, c);
	int rc;

	if (IS_ERR(vs))
		return PTR_ERR(vs);
	rc = batch_again(vs, c);
	control_close(vs);
	return rc;
}

/*
 * struct control - a socket for changes of one kind
 * @vs: NULL: there is none
 * @netns: its namespace's number
 * @protocol: as in struct vnet_change
 * @family: PF_*
 */
struct control {
	struct vnet_sock *vs;
	u32 netns;
	int protocol;
	int family;
};

static bool serves(const struct control *control, const struct vnet_change *c)
{
	return control->vs && control->netns == c->netns && control->protocol == c->protocol &&
	       control->family == family_of(c);
}

static void leave(struct control *control)
{
	if (control->vs)
		control_close(control->vs);
	control->vs = NULL;
}

static int enter(struct socket *sock, struct control *control, const struct vnet_change *c)
{
	struct vnet_sock *vs;

	if (serves(control, c))
		return 0;
	leave(control);
	vs = control_open(sock, c);
	if (IS_ERR(vs))
		return PTR_ERR(vs);
	control->vs = vs;
	control->netns = c->netns;
	control->protocol = c->protocol;
	control->family = family_of(c);
	return 0;
}

static void complain(const struct vnet_change *c, int rc)
{
	if (c->protocol == VNET_BY_IOCTL)
		pr_warn_ratelimited("virtuos-net: ioctl %#x could not be made again: error %d\n",
				    vnet_change_kept(c)->cmd, -rc);
	else if (c->protocol == VNET_BY_FILE)
		pr_warn_ratelimited("virtuos-net: %s could not be set again: error %d\n",
				    (const char *)c->data, -rc);
	else
		pr_warn_ratelimited("virtuos-net: request %u of netlink %d could not be made again: error %d\n",
				    vnet_change_header(c)->nlmsg_type, c->protocol, -rc);
}

static int all_again(struct socket *sock, const struct list_head *changes)
{
	struct control control = {};
	struct vnet_change *c;
	u32 seq = 0;
	int rc = 0;

	list_for_each_entry(c, changes, node) {
		if (c->protocol == NETLINK_NETFILTER)
			rc = by_own_socket(sock, c);
		else if (c->protocol == VNET_BY_FILE)
			rc = vnet_file_again(c);
		else
			rc = enter(sock, &control, c) ?: change_again(control.vs, c, ++seq);
		if (link_is_gone(rc))
			break;
		if (rc && !is_in_vain(rc))
			complain(c, rc);
	}
	leave(&control);
	return link_is_gone(rc) ? rc : 0;
}

/**
 * vnet_change_list_again - make changes again, in order
 * @changes: list of struct vnet_change, which stays as it is
 *
 * Context: the session's thread, in up(). If the link dies, up() comes again.
 */
void vnet_change_list_again(const struct list_head *changes)
{
	struct socket *sock;
	int rc = sock_create_lite(PF_NETLINK, SOCK_DGRAM, NETLINK_ROUTE, &sock);

	if (!rc) {
		rc = all_again(sock, changes);
		sock_release(sock);
	}
	if (rc && !link_is_gone(rc))
		pr_warn("virtuos-net: no change of the network could be made again: error %d\n",
			-rc);
}
