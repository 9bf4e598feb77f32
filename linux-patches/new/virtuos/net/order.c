// SPDX-License-Identifier: GPL-2.0
/*
 * All sockets of the table, one after the other, and the order in which recovery makes them again.
 *
 * Of several sockets at one port the order decides which may listen, which gets a datagram, and
 * what the program of a group calls them. So those that have an address come in the order in which
 * they got it, or began to listen.
 */
#include <linux/atomic.h>
#include <linux/mm.h>
#include <linux/sort.h>
#include "vnet.h"

static atomic64_t last = ATOMIC64_INIT(0);

/* A socket that has an address. @since: as in struct vnet_sock; @index: likewise */
struct place {
	u64 since;
	u32 index;
};

/**
 * vnet_order_note - note that a socket has got an address, or begun to listen
 * @vs: the socket, locked
 *
 * Context: process.
 */
void vnet_order_note(struct vnet_sock *vs)
{
	lockdep_assert_held(&vs->lock);
	WRITE_ONCE(vs->since, atomic64_inc_return(&last));
}

static struct vnet_sock *socket_get(u32 index)
{
	struct vnet_sock *vs;

	rcu_read_lock();
	vs = rcu_dereference(vnet.table[index]);
	if (vs && !refcount_inc_not_zero(&vs->sk.sk_refcnt))
		vs = NULL;
	rcu_read_unlock();
	return vs;
}

static void visit(u32 index, void (*fn)(struct vnet_sock *vs))
{
	struct vnet_sock *vs = socket_get(index);

	if (!vs)
		return;
	fn(vs);
	sock_put(&vs->sk);
	cond_resched();
}

/**
 * vnet_each_socket - call a function for each socket
 * @fn: the function
 *
 * Context: process.
 */
void vnet_each_socket(void (*fn)(struct vnet_sock *vs))
{
	u32 i;

	for (i = 0; i < vnet.nr; i++)
		visit(i, fn);
}

/* Fill @p with the sockets that have an address. Return: how many. */
static u32 find_places(struct place *p)
{
	const struct vnet_sock *vs;
	u32 i, n = 0;

	for (i = 0; i < vnet.nr; i++) {
		rcu_read_lock();
		vs = rcu_dereference(vnet.table[i]);
		if (vs && READ_ONCE(vs->since))
			p[n++] = (struct place){ READ_ONCE(vs->since), i };
		rcu_read_unlock();
	}
	return n;
}

static int compare(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	return x->since < y->since ? -1 : x->since > y->since;
}

/**
 * vnet_each_in_order - call a function for each socket that has an address, in order
 * @fn: the function
 *
 * Without memory it calls none: vnet_each_socket() has to follow.
 *
 * Context: process.
 */
void vnet_each_in_order(void (*fn)(struct vnet_sock *vs))
{
	struct place *p = kvmalloc_array(vnet.nr, sizeof(*p), GFP_KERNEL);
	u32 i, n;

	if (!p)
		return;
	n = find_places(p);
	sort(p, n, sizeof(*p), compare, NULL);
	for (i = 0; i < n; i++)
		visit(p[i].index, fn);
	kvfree(p);
}
