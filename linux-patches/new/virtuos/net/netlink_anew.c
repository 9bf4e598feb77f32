// SPDX-License-Identifier: GPL-2.0
/*
 * Batches of nf_tables that delete a table. Most files for `nft -f` do so, to make it anew: with it
 * goes all that was ever done with it. What is kept of files that are loaded again and again must
 * not grow.
 *
 * The functions touch no memory but their own, so that tests/unit includes this file as it is.
 */
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/string.h>
#include <net/netlink.h>
#include "anew.h"

/* The attribute that names the table, in messages of all kinds. */
#define TABLE		((int)NFTA_TABLE_NAME)
#define IS_TABLE(attr)	((int)(attr) == TABLE)

static_assert(IS_TABLE(NFTA_CHAIN_TABLE) && IS_TABLE(NFTA_RULE_TABLE) &&
	      IS_TABLE(NFTA_SET_TABLE) && IS_TABLE(NFTA_SET_ELEM_LIST_TABLE) &&
	      IS_TABLE(NFTA_OBJ_TABLE) && IS_TABLE(NFTA_FLOWTABLE_TABLE));

static bool is_of_rules(const struct nlmsghdr *h)
{
	return NFNL_SUBSYS_ID(h->nlmsg_type) == NFNL_SUBSYS_NFTABLES &&
	       nlmsg_len(h) >= (int)sizeof(struct nfgenmsg);
}

static const struct nlattr *table_of(const struct nlmsghdr *h)
{
	const int head = sizeof(struct nfgenmsg);

	return nla_find(nlmsg_attrdata(h, head), nlmsg_attrlen(h, head), TABLE);
}

/* Test whether two messages may be about one table: a handle can be any table's. */
static bool may_be_same(const struct nlmsghdr *a, const struct nlmsghdr *b)
{
	const struct nfgenmsg *f = nlmsg_data(a), *g = nlmsg_data(b);
	const struct nlattr *x = table_of(a), *y = table_of(b);

	if (!x || !y)
		return true;
	return f->nfgen_family == g->nfgen_family && nla_len(x) == nla_len(y) &&
	       !memcmp(nla_data(x), nla_data(y), nla_len(x));
}

static bool deletes_table(const struct nlmsghdr *h)
{
	u8 kind = NFNL_MSG_TYPE(h->nlmsg_type);

	return is_of_rules(h) && (kind == NFT_MSG_DELTABLE || kind == NFT_MSG_DESTROYTABLE) &&
	       table_of(h);
}

/* Test whether a batch does nothing before a deletion that needs the table to be there. */
static bool is_first(const void *batch, int len, const struct nlmsghdr *deletion)
{
	const struct nlmsghdr *h;

	for (h = batch; nlmsg_ok(h, len) && h != deletion; h = nlmsg_next(h, &len))
		if (is_of_rules(h) && may_be_same(h, deletion) &&
		    !(NFNL_MSG_TYPE(h->nlmsg_type) == NFT_MSG_NEWTABLE && table_of(h)))
			return false;
	return true;
}

/**
 * vnet_anew_find - find a table that a batch deletes with all that was done with it
 * @batch: the batch, which was carried out
 * @len: bytes of it
 * @after: the one that was found before; NULL: the first
 *
 * Context: any.
 * Return: the message that deletes it by its name, or NULL.
 */
struct nlmsghdr *vnet_anew_find(void *batch, int len, const struct nlmsghdr *after)
{
	struct nlmsghdr *h;
	int left = len;

	for (h = batch; nlmsg_ok(h, left); h = nlmsg_next(h, &left))
		if ((!after || h > after) && deletes_table(h) && is_first(batch, len, h))
			return h;
	return NULL;
}

/**
 * vnet_anew_touched - test what an earlier batch has to do with a table that is deleted
 * @deletion: message of vnet_anew_find()
 * @batch: the earlier batch
 * @len: bytes of it
 *
 * Context: any.
 * Return: VNET_TOUCHES_SAME: it is about the table alone.
 */
enum vnet_touch vnet_anew_touched(const struct nlmsghdr *deletion, const void *batch, int len)
{
	const struct nlmsghdr *h;
	bool same = false, others = false;

	for (h = batch; nlmsg_ok(h, len); h = nlmsg_next(h, &len)) {
		if (!is_of_rules(h))
			continue;
		if (!table_of(h))
			return VNET_TOUCHES_OTHER;
		if (may_be_same(h, deletion))
			same = true;
		else
			others = true;
	}
	if (!same)
		return VNET_TOUCHES_NONE;
	return others ? VNET_TOUCHES_OTHER : VNET_TOUCHES_SAME;
}

/**
 * vnet_anew_adds - count the messages of a batch that add a table, if it is not there
 * @batch: the batch
 * @len: bytes of it
 *
 * Context: any.
 * Return: how many.
 */
u64 vnet_anew_adds(const void *batch, int len)
{
	const struct nlmsghdr *h;
	u64 n = 0;

	for (h = batch; nlmsg_ok(h, len); h = nlmsg_next(h, &len))
		n += is_of_rules(h) && NFNL_MSG_TYPE(h->nlmsg_type) == NFT_MSG_NEWTABLE;
	return n;
}

/**
 * vnet_anew_make_safe - have a batch delete a table that may not be there
 * @batch: the batch
 * @len: bytes of it
 * @deletion: message of vnet_anew_find()
 * @existed: the table, as the batch came
 *
 * Files add the table first, so that its deletion finds one. That takes a handle if none is there.
 * If there was one, it took none.
 *
 * Context: any.
 */
void vnet_anew_make_safe(void *batch, int len, struct nlmsghdr *deletion, bool existed)
{
	struct nlmsghdr *h;

	for (h = existed ? batch : deletion; nlmsg_ok(h, len) && h <= deletion;
	     h = nlmsg_next(h, &len))
		if (is_of_rules(h) && may_be_same(h, deletion))
			h->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_DESTROYTABLE;
}

/**
 * vnet_anew_is_all - test for a batch that does nothing but to delete tables
 * @batch: the batch, after vnet_anew_make_safe() for all of them
 * @len: bytes of it
 *
 * Context: any.
 * Return: whether so.
 */
bool vnet_anew_is_all(const void *batch, int len)
{
	const struct nlmsghdr *h;

	for (h = batch; nlmsg_ok(h, len); h = nlmsg_next(h, &len))
		if (is_of_rules(h) && NFNL_MSG_TYPE(h->nlmsg_type) != NFT_MSG_DESTROYTABLE)
			return false;
	return true;
}
