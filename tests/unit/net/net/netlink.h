/* SPDX-License-Identifier: GPL-2.0 */
/* As much of the kernel's attributes of netlink as the tested files use. */
#ifndef UNIT_NET_NETLINK_H
#define UNIT_NET_NETLINK_H

#include <linux/netlink.h>
#include "kernel.h"

static inline int nla_type(const struct nlattr *a)
{
	return a->nla_type & NLA_TYPE_MASK;
}

static inline int nla_len(const struct nlattr *a)
{
	return a->nla_len - NLA_HDRLEN;
}

static inline void *nla_data(const struct nlattr *a)
{
	return (u8 *)a + NLA_HDRLEN;
}

static inline u32 nla_get_u32(const struct nlattr *a)
{
	u32 value;

	memcpy(&value, nla_data(a), sizeof(value));
	return value;
}

static inline bool nla_ok(const struct nlattr *a, int left)
{
	return left >= (int)sizeof(*a) && a->nla_len >= sizeof(*a) && a->nla_len <= left;
}

static inline struct nlattr *nla_next(const struct nlattr *a, int *left)
{
	*left -= NLA_ALIGN(a->nla_len);
	return (struct nlattr *)((u8 *)a + NLA_ALIGN(a->nla_len));
}

#define nla_for_each_attr(a, head, len, left) \
	for (a = head, left = len; nla_ok(a, left); a = nla_next(a, &(left)))
#define nla_for_each_nested(a, nest, left) \
	nla_for_each_attr(a, nla_data(nest), nla_len(nest), left)

static inline struct nlattr *nla_find(const struct nlattr *head, int len, int type)
{
	const struct nlattr *a;
	int left;

	nla_for_each_attr(a, head, len, left)
		if (nla_type(a) == type)
			return (struct nlattr *)a;
	return NULL;
}

#endif
