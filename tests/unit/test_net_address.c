/* SPDX-License-Identifier: GPL-2.0-only */
/* A request that has made an interface is completed by the address that the kernel has chosen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <linux/veth.h>
#include "../../linux-patches/new/virtuos/net/netlink_address.c"

static const u8 first[ETH_ALEN] = "\2\1\1\1\1\1", second[ETH_ALEN] = "\2\2\2\2\2\2";

static struct nlmsghdr *h;

static int end(void **state)
{
	(void)state;
	free(h);
	h = NULL;
	return 0;
}

static struct nlattr *put(int type, const void *data, int len)
{
	struct nlattr *a = (struct nlattr *)((u8 *)h + NLMSG_ALIGN(h->nlmsg_len));

	a->nla_type = type;
	a->nla_len = NLA_HDRLEN + len;
	if (len)
		memcpy(nla_data(a), data, len);
	h->nlmsg_len = NLMSG_ALIGN(h->nlmsg_len) + NLA_ALIGN(a->nla_len);
	return a;
}

static void close_nest(struct nlattr *a)
{
	a->nla_len = (u8 *)h + h->nlmsg_len - (u8 *)a;
}

static void begin(void)
{
	h = calloc(1, 512);
	assert_non_null(h);
	h->nlmsg_len = NLMSG_LENGTH(sizeof(struct ifinfomsg));
	put(IFLA_IFNAME, "v0", 3);
}

/* Only VNET_ADDRESS_ROOM bytes stay behind the request, so that writes beyond are found. */
static void trim(void)
{
	h = realloc(h, h->nlmsg_len + VNET_ADDRESS_ROOM);
	assert_non_null(h);
}

static void simple(const char *kind)
{
	struct nlattr *info;

	begin();
	info = put(IFLA_LINKINFO | NLA_F_NESTED, NULL, 0);
	put(IFLA_INFO_KIND, kind, strlen(kind));
	close_nest(info);
	trim();
}

/* @after: something stands behind the description of the other end */
static void veth(const u8 *own, const u8 *others, bool after)
{
	static const struct ifinfomsg empty;
	struct nlattr *info, *data, *peer;

	begin();
	if (own)
		put(IFLA_ADDRESS, own, ETH_ALEN);
	info = put(IFLA_LINKINFO, NULL, 0);
	put(IFLA_INFO_KIND, "veth", 5);
	data = put(IFLA_INFO_DATA, NULL, 0);
	peer = put(VETH_INFO_PEER, &empty, sizeof(empty));
	put(IFLA_IFNAME, "v1", 3);
	if (others)
		put(IFLA_ADDRESS, others, ETH_ALEN);
	close_nest(peer);
	close_nest(data);
	close_nest(info);
	if (after)
		put(IFLA_GROUP, "\0\0\0\0", 4);
	trim();
}

static struct nlattr *peer_of(void)
{
	return of_nest(of_nest(of_link(h, IFLA_LINKINFO), IFLA_INFO_DATA), VETH_INFO_PEER);
}

static const u8 *others(void)
{
	const int head = sizeof(struct ifinfomsg);
	struct nlattr *peer = peer_of();
	struct nlattr *a = nla_find(nla_data(peer) + head, nla_len(peer) - head, IFLA_ADDRESS);

	return a ? nla_data(a) : NULL;
}

static const u8 *own(void)
{
	struct nlattr *a = of_link(h, IFLA_ADDRESS);

	return a ? nla_data(a) : NULL;
}

/* All attributes, to the end: nothing is left that is none. */
static void is_sound(void)
{
	const struct nlattr *a;
	int left;

	nla_for_each_attr(a, nlmsg_attrdata(h, sizeof(struct ifinfomsg)),
			  nlmsg_attrlen(h, sizeof(struct ifinfomsg)), left)
		;
	assert_int_equal(left, 0);
}

static void of_one(void **state)
{
	u32 len;

	(void)state;
	simple("dummy");
	len = vnet_address_put(h, first);
	assert_int_equal(len, h->nlmsg_len);
	assert_memory_equal(own(), first, ETH_ALEN);
	is_sound();
	assert_int_equal(vnet_address_put(h, second), len);
	assert_memory_equal(own(), first, ETH_ALEN);
}

static void a_bridge_follows_its_ports(void **state)
{
	u32 len;

	(void)state;
	simple("bridge");
	len = h->nlmsg_len;
	assert_int_equal(vnet_address_put(h, first), len);
	assert_null(own());
}

static void of_both_ends(void **state)
{
	int after;
	u32 len;

	(void)state;
	for (after = 0; after < 2; after++) {
		end(NULL);
		veth(NULL, NULL, after);
		vnet_address_put(h, first);
		len = vnet_address_put_peer(h, peer_of(), second);
		assert_int_equal(len, h->nlmsg_len);
		assert_memory_equal(own(), first, ETH_ALEN);
		assert_memory_equal(others(), second, ETH_ALEN);
		is_sound();
		assert_int_equal(!!of_link(h, IFLA_GROUP), after);
	}
}

static void what_was_asked_for_stays(void **state)
{
	u32 len;

	(void)state;
	veth(second, first, false);
	len = h->nlmsg_len;
	assert_int_equal(vnet_address_put(h, first), len);
	assert_int_equal(vnet_address_put_peer(h, peer_of(), second), len);
	assert_memory_equal(own(), second, ETH_ALEN);
	assert_memory_equal(others(), first, ETH_ALEN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(of_one, end),
		cmocka_unit_test_teardown(a_bridge_follows_its_ports, end),
		cmocka_unit_test_teardown(of_both_ends, end),
		cmocka_unit_test_teardown(what_was_asked_for_stays, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
