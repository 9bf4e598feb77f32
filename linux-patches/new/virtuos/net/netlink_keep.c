// SPDX-License-Identifier: GPL-2.0
/*
 * What programs have changed of the domain's network by NETLINK_ROUTE, for the next incarnation of
 * the domain.
 *
 * The requests themselves are kept, in order. The next incarnation begins with the addresses of
 * virtuos.cfg, as each one does, and carries them out again.
 *
 * Invariant: a change whose sender has been told of it is made again in each later incarnation.
 * That is before other callers are let in, and under the credentials of its sender. A request
 * that a later one makes void is not kept.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/if_addr.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>
#include <net/netlink.h>
#include "netlink.h"
#include "view.h"

/* Most requests, and bytes of them. */
#define CHANGES_MAX	4096u
#define BYTES_MAX	(1024u * 1024u)
/* Room for the answer to one: the error, and the request's header. */
#define ANSWER_MAX	1024u

struct vnet_change {
	struct list_head node;
	const struct cred *cred;
	u32 len;
	u8 data[] __aligned(NLMSG_ALIGNTO);
};

static DEFINE_MUTEX(changes_lock);
static LIST_HEAD(changes);
static unsigned int nr_changes, nr_bytes;

static const struct nlmsghdr *header(const struct vnet_change *c)
{
	return (const struct nlmsghdr *)c->data;
}

static void change_free(struct vnet_change *c)
{
	put_cred(c->cred);
	kvfree(c);
}

static struct vnet_change *change_new(const struct nlmsghdr *h)
{
	struct vnet_change *c = kvmalloc(struct_size(c, data, h->nlmsg_len), GFP_KERNEL_ACCOUNT);

	if (!c)
		return NULL;
	c->cred = get_current_cred();
	c->len = h->nlmsg_len;
	memcpy(c->data, h, h->nlmsg_len);
	return c;
}

static void forget(struct vnet_change *c)
{
	lockdep_assert_held(&changes_lock);
	list_del(&c->node);
	nr_changes--;
	nr_bytes -= c->len;
	change_free(c);
}

static bool is_address(const struct vnet_change *c)
{
	return (header(c)->nlmsg_type == RTM_NEWADDR || header(c)->nlmsg_type == RTM_DELADDR) &&
	       c->len >= NLMSG_LENGTH(sizeof(struct ifaddrmsg));
}

static const struct nlattr *address_of(const struct vnet_change *c)
{
	const int head = sizeof(struct ifaddrmsg);

	return nlmsg_find_attr(header(c), head, IFA_LOCAL) ?:
	       nlmsg_find_attr(header(c), head, IFA_ADDRESS);
}

static bool same_address(const struct vnet_change *c, const struct vnet_change *d)
{
	const struct ifaddrmsg *m = nlmsg_data(header(c)), *n = nlmsg_data(header(d));
	const struct nlattr *a = address_of(c), *b = address_of(d);

	return m->ifa_family == n->ifa_family && m->ifa_prefixlen == n->ifa_prefixlen &&
	       m->ifa_index == n->ifa_index && a && b && nla_len(a) == nla_len(b) &&
	       !memcmp(nla_data(a), nla_data(b), nla_len(a));
}

static bool is_same(const struct vnet_change *c, const struct vnet_change *d)
{
	return header(c)->nlmsg_type == header(d)->nlmsg_type && c->len == d->len &&
	       !memcmp(nlmsg_data(header(c)), nlmsg_data(header(d)), c->len - NLMSG_HDRLEN);
}

/*
 * Test whether an earlier request is void because of @c. What adds an address or takes it away
 * makes void what has added it: an address whose lifetime is renewed for years takes room once.
 */
static bool voids(const struct vnet_change *c, const struct vnet_change *older)
{
	if (is_same(c, older))
		return true;
	if (!is_address(c) || !is_address(older) || !same_address(c, older))
		return false;
	return header(older)->nlmsg_type == RTM_NEWADDR ||
	       header(older)->nlmsg_type == header(c)->nlmsg_type;
}

/* Find what has made the address that @c takes away. Before that there was none. */
static struct vnet_change *find_undone(const struct vnet_change *c)
{
	struct vnet_change *older;

	lockdep_assert_held(&changes_lock);
	if (header(c)->nlmsg_type != RTM_DELADDR || !is_address(c))
		return NULL;
	list_for_each_entry(older, &changes, node)
		if (is_address(older) && header(older)->nlmsg_type == RTM_NEWADDR &&
		    header(older)->nlmsg_flags & NLM_F_EXCL && same_address(c, older))
			return older;
	return NULL;
}

/* Return: 0 or -ENOSPC. */
static int append(struct vnet_change *c)
{
	struct vnet_change *older, *next;

	lockdep_assert_held(&changes_lock);
	list_for_each_entry_safe(older, next, &changes, node)
		if (voids(c, older))
			forget(older);
	if (nr_changes >= CHANGES_MAX || c->len > BYTES_MAX - nr_bytes)
		return -ENOSPC;
	list_add_tail(&c->node, &changes);
	nr_changes++;
	nr_bytes += c->len;
	return 0;
}

static int keep_one(const struct nlmsghdr *h)
{
	struct vnet_change *c = change_new(h), *undone;
	int rc = 0;

	if (!c)
		return -ENOMEM;
	undone = find_undone(c);
	if (undone)
		forget(undone);
	else
		rc = append(c);
	if (undone || rc)
		change_free(c);
	return rc;
}

/* Of each kind of object there are requests to make, to delete, to get and to set. */
static bool is_change(const struct nlmsghdr *h)
{
	return h->nlmsg_type >= RTM_BASE && h->nlmsg_type <= RTM_MAX &&
	       h->nlmsg_flags & NLM_F_REQUEST &&
	       (h->nlmsg_type & 3) != (RTM_GETLINK & 3);
}

/* Have folders of settings and of attributes follow an interface that has come or gone. */
static void tell_folders(const struct nlmsghdr *h)
{
	if (h->nlmsg_type != RTM_NEWLINK && h->nlmsg_type != RTM_DELLINK)
		return;
	vnet_sysctl_refresh();
	vnet_devices_refresh();
}

static void keep_all(const void *data, int len)
{
	const struct nlmsghdr *h;
	int rc;

	for (h = data; nlmsg_ok(h, len); h = nlmsg_next(h, &len)) {
		tell_folders(h);
		rc = is_change(h) ? keep_one(h) : 0;
		if (rc)
			pr_warn_ratelimited("virtuos-net: a change of the network will not be made again: error %d\n",
					    -rc);
	}
}

static bool holds_change(const void *data, int len, bool refused)
{
	const struct nlmsghdr *h;
	int left = len;

	for (h = data; nlmsg_ok(h, left); h = nlmsg_next(h, &left))
		if (is_change(h))
			/* Of several requests the others may have been carried out. */
			return !refused || NLMSG_ALIGN(h->nlmsg_len) < len;
	return false;
}

/**
 * vnet_changes_keep - keep what the domain has changed
 * @data: requests of NETLINK_ROUTE that it has carried out
 * @len: bytes of them
 * @refused: one of them was refused
 * @epoch: link that has carried them out
 *
 * A process without the right to change anything cannot fill the memory for it.
 *
 * Context: process.
 * Return: 0. -EOWNERDEAD: the link has died, and the next one does not know of them.
 */
int vnet_changes_keep(const void *data, size_t len, bool refused, u32 epoch)
{
	int rc = 0;

	if (!holds_change(data, len, refused) ||
	    !ns_capable_noaudit(&init_user_ns, CAP_NET_ADMIN))
		return 0;
	mutex_lock(&changes_lock);
	if (vos_session_epoch(vnet.session) == epoch)
		keep_all(data, len);
	else
		rc = -EOWNERDEAD;
	mutex_unlock(&changes_lock);
	return rc;
}

static int run_again(struct vnet_sock *vs, struct vnet_req *req)
{
	int rc = vnet_req_once(vs, req, VOS_GET_RECOVERY);

	return rc ?: vnet_result(req->cqe.result, req->max);
}

static int send_again(struct vnet_sock *vs, const struct vnet_change *c, u32 seq)
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
	h->nlmsg_flags = (h->nlmsg_flags & ~NLM_F_ECHO) | NLM_F_ACK;
	h->nlmsg_seq = seq;
	req.in[0] = h;
	rc = run_again(vs, &req);
	kvfree(h);
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
	int rc = answer ? 0 : -ENOMEM;

	while (!rc) {
		rc = run_again(vs, &req);
		if (rc < 0)
			break;
		rc = error_of((void *)answer, rc, seq);
		if (rc != -EINPROGRESS)
			break;
		rc = 0;
	}
	kfree(answer);
	return rc;
}

static int change_again(struct vnet_sock *vs, const struct vnet_change *c, u32 seq)
{
	const struct cred *old = override_creds(c->cred);
	int rc = send_again(vs, c, seq) ?: await_answer(vs, seq);

	revert_creds(old);
	return rc;
}

/* Test for an answer that says that it is so already. */
static bool is_in_vain(int rc)
{
	return rc == -EEXIST || rc == -ESRCH || rc == -ENOENT || rc == -EADDRNOTAVAIL;
}

static void all_again(struct vnet_sock *vs)
{
	struct vnet_change *c;
	u32 seq = 0;
	int rc;

	lockdep_assert_held(&changes_lock);
	list_for_each_entry(c, &changes, node) {
		rc = change_again(vs, c, ++seq);
		if (rc == -EOWNERDEAD || rc == -ENETDOWN)
			return;		/* the link has died; up() comes again */
		if (rc && !is_in_vain(rc))
			pr_warn_ratelimited("virtuos-net: request %u of netlink could not be made again: error %d\n",
					    header(c)->nlmsg_type, -rc);
	}
}

/* Make a socket of this kernel's own in the domain, and all changes by it. */
static int by_socket(struct socket *sock)
{
	struct vnet_req req = { .opcode = VOS_OP_RELEASE };
	struct vnet_sock *vs = vnet_netlink_new(sock, NETLINK_ROUTE);
	int rc;

	if (IS_ERR(vs))
		return PTR_ERR(vs);
	rc = vnet_socket_call(vs, VOS_GET_RECOVERY);
	if (!rc) {
		WRITE_ONCE(vs->epoch, vos_session_epoch(vnet.session));
		all_again(vs);
		vnet_req_once(vs, &req, VOS_GET_RECOVERY | VOS_GET_NOCRED);
	}
	sock_orphan(&vs->sk);
	vnet_object_remove(vs);
	return rc;
}

/**
 * vnet_changes_again - make all changes again
 *
 * Context: the session's thread, in up().
 */
void vnet_changes_again(void)
{
	struct socket *sock;
	int rc = 0;

	mutex_lock(&changes_lock);
	if (!list_empty(&changes)) {
		rc = sock_create_lite(PF_NETLINK, SOCK_RAW, NETLINK_ROUTE, &sock);
		if (!rc) {
			rc = by_socket(sock);
			sock_release(sock);
		}
	}
	mutex_unlock(&changes_lock);
	if (rc && rc != -EOWNERDEAD && rc != -ENETDOWN)
		pr_warn("virtuos-net: no change of the network could be made again: error %d\n",
			-rc);
}

/**
 * vnet_changes_drop - forget all changes
 *
 * Context: process.
 */
void vnet_changes_drop(void)
{
	struct vnet_change *c, *next;

	mutex_lock(&changes_lock);
	list_for_each_entry_safe(c, next, &changes, node)
		forget(c);
	mutex_unlock(&changes_lock);
}
