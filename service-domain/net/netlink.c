// SPDX-License-Identifier: GPL-2.0
/*
 * Netlink sockets: the requests by which programs ask for interfaces, addresses, routes and
 * sockets of this domain, and change them.
 *
 * The kernel carries a request out while it is sent, under the sender's credentials and the lock
 * of all routing. A dump goes on while it is received. So both run in the control thread.
 *
 * A netlink socket has a file, since the kernel asks it with which capabilities the socket was
 * made. They are those of the call that made it.
 *
 * Invariant: no request is taken that needs memory which the domain lacks. Answers that no
 * program reads stay in memory, and no limit holds for all sockets together.
 */
#include <linux/bitops.h>
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/netlink.h>
#include <net/netlink.h>
#include "vns.h"

static_assert(VOS_NETLINK_PROTOCOLS ==
	      (BIT(NETLINK_ROUTE) | BIT(NETLINK_SOCK_DIAG) | BIT(NETLINK_XFRM) |
	       BIT(NETLINK_NETFILTER) | BIT(NETLINK_GENERIC)));

/**
 * vns_netlink_ok - test for a protocol that a primary may use
 * @protocol: unchecked
 *
 * Others concern this domain alone, such as its audit and its devices.
 *
 * Context: any.
 * Return: whether it may.
 */
bool vns_netlink_ok(u64 protocol)
{
	return protocol < MAX_LINKS && VOS_NETLINK_PROTOCOLS & BIT(protocol);
}

/**
 * vns_netlink_open - give a netlink socket its file
 * @o: the object, with its socket; on error without
 *
 * Context: control thread, under the credentials of the socket's maker.
 * Return: 0, -ENFILE, -ENOMEM.
 */
int vns_netlink_open(struct vns_obj *o)
{
	/* If this fails, it has released the socket. */
	struct file *file = sock_alloc_file(o->sock, O_NONBLOCK, NULL);

	if (IS_ERR(file)) {
		o->sock = NULL;
		return PTR_ERR(file);
	}
	o->file = file;
	return 0;
}

/**
 * vns_memory_is_scarce - test whether memory is kept for what is there already
 *
 * Context: any.
 * Return: whether so.
 */
bool vns_memory_is_scarce(void)
{
	return si_mem_available() < (long)(totalram_pages() / 16);
}

/* Publish the mask before the answer: what a program asked for is there when send() returns. */
static s64 ended(struct vns_obj *o, struct veng_scall *call, s64 rc)
{
	call->cqe.poll = vns_obj_refresh_early(o);
	vns_obj_put(o);
	return rc;
}

static bool is_refusal(const struct sk_buff *skb)
{
	const struct nlmsgerr *e = nlmsg_data((struct nlmsghdr *)skb->data);

	return !NETLINK_CB(skb).portid && skb->len >= NLMSG_LENGTH(sizeof(e->error)) &&
	       ((struct nlmsghdr *)skb->data)->nlmsg_type == NLMSG_ERROR && e->error;
}

/*
 * Test whether a refusal has been queued behind @last, or at all. Only the control thread takes
 * messages out, so @last is still there.
 */
static bool was_refused(struct sock *sk, struct sk_buff *last)
{
	struct sk_buff_head *queue = &sk->sk_receive_queue;
	struct sk_buff *skb;
	bool found = false;

	spin_lock_bh(&queue->lock);
	skb = last ? last->next : queue->next;
	skb_queue_walk_from(queue, skb)
		found |= is_refusal(skb);
	spin_unlock_bh(&queue->lock);
	return found;
}

/*
 * Begin what may be a batch of nf_tables, with the counters that the caller wants. Handles of
 * tables and generations go on from one incarnation to the next. No other thread sends batches.
 */
static void rules_begin(const struct sock *sk, struct veng_scall *call)
{
#if IS_ENABLED(CONFIG_NF_TABLES)
	struct netns_nftables *nft = &sock_net(sk)->nft;
	const u64 *arg = call->sqe.arg;

	if (sk->sk_protocol != NETLINK_NETFILTER)
		return;
	nft->table_handle = max(nft->table_handle, arg[2]);
	if (arg[3])
		WRITE_ONCE(nft->base_seq, arg[3]);
	call->cqe.out[1] = nft->table_handle;
	call->cqe.out[2] = READ_ONCE(nft->base_seq);
#endif
}

/* Return: whether no batch was carried out: it was none, was only to be checked, or was refused. */
static bool rules_end(const struct sock *sk, struct veng_scall *call)
{
#if IS_ENABLED(CONFIG_NF_TABLES)
	const struct netns_nftables *nft = &sock_net(sk)->nft;

	if (sk->sk_protocol == NETLINK_NETFILTER) {
		call->cqe.out[3] = nft->table_handle;
		return call->cqe.out[2] == READ_ONCE(nft->base_seq);
	}
#endif
	return false;
}

static s64 run_send(struct veng_scall *call)
{
	struct vns_obj *o = call->priv;
	struct sock *sk = o->sock->sk;
	struct sk_buff *last = skb_peek_tail(&sk->sk_receive_queue);
	s64 rc;

	if (vns_memory_is_scarce() && !capable(CAP_NET_ADMIN))
		return ended(o, call, -ENOBUFS);
	rules_begin(sk, call);
	vns_names_begin(o->nc);
	rc = vns_message_send(o, call);
	vns_names_end(o->nc);
	call->cqe.out[0] = (was_refused(sk, last) ? VOS_NLSEND_REFUSED : 0) |
			   (rules_end(sk, call) ? VOS_NLSEND_SAME : 0);
	return ended(o, call, rc);
}

static s64 run_recv(struct veng_scall *call)
{
	struct vns_obj *o = call->priv;

	return ended(o, call, vns_message_recv(o, call));
}

static s64 queue(struct vns_obj *o, struct veng_scall *call, s64 (*fn)(struct veng_scall *call))
{
	if (!o->file)
		return -EOPNOTSUPP;
	call->priv = o;
	veng_scall_queue_ctl(call, fn);
	return VENG_PENDING;
}

/**
 * vns_nlsend - carry out NLSEND
 * @o: the object
 * @call: the call
 *
 * Context: dispatcher.
 * Return: VENG_PENDING. -EOPNOTSUPP: it is no netlink socket.
 */
s64 vns_nlsend(struct vns_obj *o, struct veng_scall *call)
{
	return queue(o, call, run_send);
}

/**
 * vns_nlrecv - carry out NLRECV
 * @o: the object
 * @call: the call
 *
 * Context: dispatcher.
 * Return: as vns_nlsend().
 */
s64 vns_nlrecv(struct vns_obj *o, struct veng_scall *call)
{
	return queue(o, call, run_recv);
}
