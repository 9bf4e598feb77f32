// SPDX-License-Identifier: GPL-2.0
/* Batches of nf_tables: what `nft` sends to change rules, all of it or nothing. */
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <net/netlink.h>
#include "netlink.h"

/* An attribute that no kernel knows, and each passes over. */
#define UNKNOWN_ATTR	0x3fff

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
 * vnet_batch_flushes - test for a batch that first deletes all tables (`nft flush ruleset`)
 * @data: the batch
 * @len: bytes of it
 *
 * Context: any.
 * Return: whether earlier batches are void.
 */
bool vnet_batch_flushes(const void *data, size_t len)
{
	int left = len;
	const struct nlmsghdr *h = nlmsg_next(data, &left);
	const struct nfgenmsg *g = nlmsg_data(h);

	return nlmsg_ok(h, left) &&
	       h->nlmsg_type == (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_DELTABLE) &&
	       nlmsg_len(h) == sizeof(*g) && g->nfgen_family == NFPROTO_UNSPEC;
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
