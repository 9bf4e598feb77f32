// SPDX-License-Identifier: GPL-2.0
/* Batches of nf_tables: what `nft` sends to change rules, all of it or nothing. */
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <net/netlink.h>
#include "anew.h"
#include "element.h"
#include "netlink.h"

/* An attribute that no kernel knows, and each passes over. */
#define UNKNOWN_ATTR	0x3fff

/* Most tables of a batch that are compared with earlier ones. */
#define TABLES_MAX	16

/**
 * vnet_is_batch - test for a batch of nf_tables
 * @data: what was sent
 * @len: bytes of it
 *
 * Context: any.
 * Return: whether it is one.
 */
bool vnet_is_batch(const void *data, size_t len)
{
	const struct nlmsghdr *h = data;
	const struct nfgenmsg *g = nlmsg_data(h);

	return nlmsg_ok(h, min_t(size_t, len, INT_MAX)) &&
	       h->nlmsg_type == NFNL_MSG_BATCH_BEGIN && nlmsg_len(h) >= (int)sizeof(*g) &&
	       (g->res_id == htons(NFNL_SUBSYS_NFTABLES) ||
		g->res_id == (__force __be16)NFNL_SUBSYS_NFTABLES);
}

/**
 * vnet_batch_len - get the length of a batch
 * @data: the batch, which was carried out
 * @len: bytes that were sent
 *
 * Context: any.
 * Return: bytes to its end. The kernel passes over what follows.
 */
u32 vnet_batch_len(const void *data, u32 len)
{
	const struct nlmsghdr *h;
	int left = len;

	for (h = data; nlmsg_ok(h, left); h = nlmsg_next(h, &left))
		if (h->nlmsg_type == NFNL_MSG_BATCH_END)
			return (const u8 *)h + h->nlmsg_len - (const u8 *)data;
	return len;
}

/* Test for a batch that first deletes all tables (`nft flush ruleset`). */
static bool flushes(const void *data, size_t len)
{
	int left = len;
	const struct nlmsghdr *h = nlmsg_next(data, &left);
	const struct nfgenmsg *g = nlmsg_data(h);

	return nlmsg_ok(h, left) &&
	       h->nlmsg_type == (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_DELTABLE) &&
	       nlmsg_len(h) == sizeof(*g) && g->nfgen_family == NFPROTO_UNSPEC;
}

/* Test whether nothing but the deletion of all tables stands in a batch that flushes. */
static bool only_flushes(const void *data, size_t len)
{
	int left = len;
	const struct nlmsghdr *h = nlmsg_next(data, &left);

	h = nlmsg_next(h, &left);
	return nlmsg_ok(h, left) && h->nlmsg_type == NFNL_MSG_BATCH_END;
}

/**
 * vnet_batch_make_timeless - let a batch be carried out whatever came before it
 * @data: the batch
 * @len: bytes of it
 *
 * A program names the generation of rules on which its batch is based. The next incarnation counts
 * anew.
 *
 * Context: any.
 */
void vnet_batch_make_timeless(void *data, size_t len)
{
	struct nlattr *generation;

	generation = nlmsg_find_attr(data, sizeof(struct nfgenmsg), NFNL_BATCH_GENID);
	if (generation)
		generation->nla_type = UNKNOWN_ATTR;
}

static void forget_batches(struct list_head *changes, u32 netns)
{
	struct vnet_change *c, *next;

	list_for_each_entry_safe(c, next, changes, node)
		if (c->protocol == NETLINK_NETFILTER && c->netns == netns)
			vnet_change_forget(c);
}

/* Adding again what is there changes nothing. Return: whether @e need not be kept. */
static bool adds_again(const struct list_head *changes, const struct vnet_change *c,
		       const struct vnet_elements *e)
{
	const struct vnet_change *older;
	struct vnet_elements o;
	enum vnet_touch touch;

	list_for_each_entry_reverse(older, changes, node) {
		if (older->protocol != NETLINK_NETFILTER || older->netns != c->netns)
			continue;
		touch = vnet_elements_touched(e, older->data, older->len);
		if (touch == VNET_TOUCHES_NONE)
			continue;
		return touch == VNET_TOUCHES_SAME &&
		       vnet_elements_get(older->data, older->len, &o) &&
		       vnet_elements_equal(e, &o);
	}
	return false;
}

typedef enum vnet_touch touched_fn(const void *subject, const void *batch, int len);

/*
 * With a deletion go batches that are about the same alone, back to one that has to do with other
 * things as well. Return: whether there is no such one.
 */
static bool forget_back(struct list_head *changes, u32 netns, touched_fn *touched,
			const void *subject)
{
	struct vnet_change *older, *next;

	list_for_each_entry_safe_reverse(older, next, changes, node) {
		if (older->protocol != NETLINK_NETFILTER || older->netns != netns)
			continue;
		switch (touched(subject, older->data, older->len)) {
		case VNET_TOUCHES_NONE:
			break;
		case VNET_TOUCHES_SAME:
			vnet_change_forget(older);
			break;
		case VNET_TOUCHES_OTHER:
			return false;
		case VNET_TOUCHES_END:
			return true;
		}
	}
	return true;
}

static enum vnet_touch elements_touched(const void *subject, const void *batch, int len)
{
	return vnet_elements_touched(subject, batch, len);
}

static enum vnet_touch table_touched(const void *subject, const void *batch, int len)
{
	return vnet_anew_touched(subject, batch, len);
}

/* Return: whether the batch need not be kept. */
static bool settles_elements(struct list_head *changes, struct vnet_change *c,
			     const struct vnet_elements *e)
{
	if (e->adds)
		return adds_again(changes, c, e);
	if (forget_back(changes, c->netns, elements_touched, e))
		return true;
	vnet_elements_make_safe(c->data, c->len);
	return false;
}

/* Return: whether the batch need not be kept. */
static bool settles_tables(struct list_head *changes, struct vnet_change *c)
{
	bool existed = c->tables < vnet_anew_adds(c->data, c->len), gone = true;
	struct nlmsghdr *deletion = NULL;
	int i;

	for (i = 0; i < TABLES_MAX; i++) {
		deletion = vnet_anew_find(c->data, c->len, deletion);
		if (!deletion)
			break;
		gone &= forget_back(changes, c->netns, table_touched, deletion);
		vnet_anew_make_safe(c->data, c->len, deletion, existed);
	}
	return i && i < TABLES_MAX && gone && vnet_anew_is_all(c->data, c->len);
}

/**
 * vnet_batch_settles - forget the batches that a later one makes void
 * @changes: list of struct vnet_change
 * @c: the later one, not on the list
 *
 * Context: process; the list is the caller's.
 * Return: whether the later one need not be kept either.
 */
bool vnet_batch_settles(struct list_head *changes, struct vnet_change *c)
{
	struct vnet_elements e;

	if (flushes(c->data, c->len)) {
		forget_batches(changes, c->netns);
		return only_flushes(c->data, c->len);
	}
	if (vnet_elements_get(c->data, c->len, &e))
		return settles_elements(changes, c, &e);
	return settles_tables(changes, c);
}
