/* SPDX-License-Identifier: GPL-2.0 */
/* As much of the kernel's attributes of netlink as the tested files use. */
#ifndef UNIT_NET_NETLINK_H
#define UNIT_NET_NETLINK_H

#include <linux/netlink.h>
#include "kernel.h"

#ifndef U16_MAX
#define U16_MAX	0xffffu
#endif

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

static inline int nla_strcmp(const struct nlattr *a, const char *text)
{
	int len = strnlen(nla_data(a), nla_len(a));

	return len != (int)strlen(text) || memcmp(nla_data(a), text, len);
}

static inline int nlmsg_len(const struct nlmsghdr *h)
{
	return h->nlmsg_len - NLMSG_HDRLEN;
}

static inline void *nlmsg_data(const struct nlmsghdr *h)
{
	return (u8 *)h + NLMSG_HDRLEN;
}

static inline bool nlmsg_ok(const struct nlmsghdr *h, int left)
{
	return left >= (int)sizeof(*h) && h->nlmsg_len >= sizeof(*h) && (int)h->nlmsg_len <= left;
}

static inline struct nlmsghdr *nlmsg_next(const struct nlmsghdr *h, int *left)
{
	*left -= NLMSG_ALIGN(h->nlmsg_len);
	return (struct nlmsghdr *)((u8 *)h + NLMSG_ALIGN(h->nlmsg_len));
}

static inline struct nlattr *nlmsg_attrdata(const struct nlmsghdr *h, int head)
{
	return (struct nlattr *)((u8 *)nlmsg_data(h) + NLMSG_ALIGN(head));
}

static inline int nlmsg_attrlen(const struct nlmsghdr *h, int head)
{
	return nlmsg_len(h) - NLMSG_ALIGN(head);
}

#endif
