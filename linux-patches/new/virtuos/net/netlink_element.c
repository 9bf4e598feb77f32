// SPDX-License-Identifier: GPL-2.0
/*
 * Batches of nf_tables that do no more than to add a few elements to a set or a map, or to delete
 * them. Programs that bar addresses send them all day. What is kept of them must not grow.
 *
 * An element is named by its key, for which other batches are searched.
 *
 * The functions touch no memory but their own, so that tests/unit includes this file as it is.
 */
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/string.h>
#include <net/netlink.h>
#include "element.h"

/* Most elements of such a batch. An interval has two. */
#define FEW	4

static u8 kind_of(const struct nlmsghdr *h)
{
	return NFNL_MSG_TYPE(h->nlmsg_type);
}

static bool is_kind(const struct nlmsghdr *h, u8 one, u8 other)
{
	u8 kind = kind_of(h);

	return NFNL_SUBSYS_ID(h->nlmsg_type) == NFNL_SUBSYS_NFTABLES &&
	       (kind == one || kind == other) && nlmsg_len(h) >= (int)sizeof(struct nfgenmsg);
}

static bool is_about_elements(const struct nlmsghdr *h)
{
	return is_kind(h, NFT_MSG_NEWSETELEM, NFT_MSG_DELSETELEM) ||
	       is_kind(h, NFT_MSG_DESTROYSETELEM, NFT_MSG_DESTROYSETELEM);
}

/* Get the elements that a message is about. One about a set or a table has such names too. */
static struct vnet_elements elements_of(const struct nlmsghdr *h)
{
	const int head = sizeof(struct nfgenmsg);
	const struct nlattr *first = nlmsg_attrdata(h, head);
	int len = nlmsg_attrlen(h, head);

	return (struct vnet_elements) {
		.adds = kind_of(h) == NFT_MSG_NEWSETELEM,
		.family = ((const struct nfgenmsg *)nlmsg_data(h))->nfgen_family,
		.table = nla_find(first, len, NFTA_SET_ELEM_LIST_TABLE),
		.set = nla_find(first, len, NFTA_SET_ELEM_LIST_SET),
		.list = nla_find(first, len, NFTA_SET_ELEM_LIST_ELEMENTS),
	};
}

static bool is_few(const struct nlattr *list)
{
	const struct nlattr *a;
	int left, n = 0;

	nla_for_each_nested(a, list, left)
		n++;
	return n && n <= FEW;
}

/**
 * vnet_elements_get - get the elements of a batch that is about a few of them only
 * @batch: the batch, which was carried out
 * @len: bytes of it
 * @e: filled in. It points into the batch
 *
 * Context: any.
 * Return: whether it is such a batch.
 */
bool vnet_elements_get(const void *batch, int len, struct vnet_elements *e)
{
	const struct nlmsghdr *h = batch;

	if (!nlmsg_ok(h, len))
		return false;
	h = nlmsg_next(h, &len);
	if (!nlmsg_ok(h, len) || !is_about_elements(h))
		return false;
	*e = elements_of(h);
	h = nlmsg_next(h, &len);
	return e->table && e->set && e->list && is_few(e->list) &&
	       nlmsg_ok(h, len) && h->nlmsg_type == NFNL_MSG_BATCH_END;
}

static bool same_bytes(const struct nlattr *a, const struct nlattr *b)
{
	if (!a || !b)
		return a == b;
	return nla_len(a) == nla_len(b) && !memcmp(nla_data(a), nla_data(b), nla_len(a));
}

static const struct nlattr *of_element(const struct nlattr *element, int type)
{
	return nla_find(nla_data(element), nla_len(element), type);
}

static bool same_key(const struct nlattr *a, const struct nlattr *b)
{
	static const int names[] = {
		NFTA_SET_ELEM_KEY, NFTA_SET_ELEM_KEY_END, NFTA_SET_ELEM_FLAGS,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (!same_bytes(of_element(a, names[i]), of_element(b, names[i])))
			return false;
	return true;
}

/* Test whether two lists name the same elements in the same order. */
static bool same_keys(const struct nlattr *a, const struct nlattr *b)
{
	const struct nlattr *x = nla_data(a), *y = nla_data(b);
	int left = nla_len(a), other = nla_len(b);

	for (; nla_ok(x, left) && nla_ok(y, other);
	     x = nla_next(x, &left), y = nla_next(y, &other))
		if (!same_key(x, y))
			return false;
	return !nla_ok(x, left) && !nla_ok(y, other);
}

/*
 * Test whether a list, of any length, has one of a few elements. What else is said of a key does
 * not count: another program may say it in other words.
 */
static bool has_one(const struct nlattr *list, const struct nlattr *few)
{
	const struct nlattr *x, *y;
	int left, other;

	nla_for_each_nested(x, list, left)
		nla_for_each_nested(y, few, other)
			if (same_bytes(of_element(x, NFTA_SET_ELEM_KEY),
				       of_element(y, NFTA_SET_ELEM_KEY)))
				return true;
	return false;
}

static bool same_set(const struct vnet_elements *a, const struct vnet_elements *b)
{
	return a->family == b->family && same_bytes(a->table, b->table) &&
	       same_bytes(a->set, b->set);
}

/* What a message that deletes tables has to do with elements. One without a name deletes all. */
static enum vnet_touch table_end(const struct vnet_elements *e, const struct nlmsghdr *h)
{
	struct vnet_elements other = elements_of(h);

	if (!other.table && nlmsg_len(h) > (int)sizeof(struct nfgenmsg))
		return VNET_TOUCHES_OTHER;
	if (other.family != e->family && (other.table || other.family != NFPROTO_UNSPEC))
		return VNET_TOUCHES_NONE;
	return !other.table || same_bytes(e->table, other.table) ? VNET_TOUCHES_END :
								   VNET_TOUCHES_NONE;
}

static enum vnet_touch message_touches(const struct vnet_elements *e, const struct nlmsghdr *h)
{
	bool ends = is_kind(h, NFT_MSG_DELSET, NFT_MSG_DESTROYSET);
	struct vnet_elements other;

	if (is_kind(h, NFT_MSG_DELTABLE, NFT_MSG_DESTROYTABLE))
		return table_end(e, h);
	if (!ends && !is_about_elements(h))
		return VNET_TOUCHES_NONE;
	other = elements_of(h);
	if (!other.table || !other.set)
		return VNET_TOUCHES_OTHER;
	if (!same_set(e, &other))
		return VNET_TOUCHES_NONE;
	if (ends)
		return VNET_TOUCHES_END;
	return !other.list || has_one(other.list, e->list) ? VNET_TOUCHES_OTHER :
							     VNET_TOUCHES_NONE;
}

/**
 * vnet_elements_touched - test what an earlier batch has to do with a few elements
 * @e: the elements
 * @batch: the earlier batch
 * @len: bytes of it
 *
 * Context: any.
 * Return: what.
 */
enum vnet_touch vnet_elements_touched(const struct vnet_elements *e, const void *batch, int len)
{
	enum vnet_touch touch = VNET_TOUCHES_NONE, last;
	const struct nlmsghdr *h;
	struct vnet_elements other;
	int left = len;

	if (vnet_elements_get(batch, len, &other) && same_set(e, &other) &&
	    same_keys(e->list, other.list))
		return VNET_TOUCHES_SAME;
	for (h = batch; nlmsg_ok(h, left); h = nlmsg_next(h, &left)) {
		last = message_touches(e, h);
		if (last != VNET_TOUCHES_NONE)
			touch = last;
	}
	return touch;
}

/**
 * vnet_elements_equal - test whether two batches have said the same of the same elements
 * @a: elements of one
 * @b: of the other, VNET_TOUCHES_SAME
 *
 * Context: any.
 * Return: whether so, with time-outs, comments and what a map leads to.
 */
bool vnet_elements_equal(const struct vnet_elements *a, const struct vnet_elements *b)
{
	return a->adds == b->adds && same_bytes(a->list, b->list);
}

/**
 * vnet_elements_make_safe - have a batch of vnet_elements_get() delete what may not be there
 * @batch: the batch
 * @len: bytes of it
 *
 * Context: any.
 */
void vnet_elements_make_safe(void *batch, int len)
{
	struct nlmsghdr *h = nlmsg_next(batch, &len);

	if (kind_of(h) == NFT_MSG_DELSETELEM)
		h->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_DESTROYSETELEM;
}
