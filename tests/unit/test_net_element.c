/* SPDX-License-Identifier: GPL-2.0-only */
/* Which batches are about a few elements of a set, and what earlier batches have to do with them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "../../linux-patches/new/virtuos/net/netlink_element.c"

#define ROOM	2048
#define OF(kind)	(NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_##kind)

struct batch {
	u32 room[ROOM / 4];
	int len;
	int message;		/* where the last one begins */
};

static void *at(struct batch *b, int offset)
{
	return (u8 *)b->room + offset;
}

static void put(struct batch *b, int type, const void *data, int len)
{
	struct nlattr *a = at(b, b->len);

	a->nla_type = type;
	a->nla_len = NLA_HDRLEN + len;
	memcpy(nla_data(a), data, len);
	b->len += NLA_ALIGN(a->nla_len);
}

static int nest(struct batch *b, int type)
{
	int where = b->len;

	put(b, type | NLA_F_NESTED, "", 0);
	return where;
}

static void close_nest(struct batch *b, int where)
{
	struct nlattr *a = at(b, where);

	a->nla_len = b->len - where;
}

static void message(struct batch *b, int type, int family)
{
	struct nlmsghdr *h = at(b, b->len);
	struct nfgenmsg *g = nlmsg_data(h);

	b->message = b->len;
	h->nlmsg_type = type;
	g->nfgen_family = family;
	b->len += NLMSG_LENGTH(sizeof(*g));
}

static void message_end(struct batch *b)
{
	struct nlmsghdr *h = at(b, b->message);

	h->nlmsg_len = b->len - b->message;
}

static void plain(struct batch *b, int type)
{
	message(b, type, 0);
	message_end(b);
}

/* @keys: a letter each; a digit behind it is its data */
static void elements(struct batch *b, int type, const char *set, const char *keys)
{
	int list, element;

	message(b, type, 2);
	put(b, NFTA_SET_ELEM_LIST_TABLE, "t", 2);
	put(b, NFTA_SET_ELEM_LIST_SET, set, strlen(set) + 1);
	if (keys) {
		list = nest(b, NFTA_SET_ELEM_LIST_ELEMENTS);
		for (; *keys; keys++) {
			element = nest(b, 1);
			put(b, NFTA_SET_ELEM_KEY, keys, 1);
			if (keys[1] >= '0' && keys[1] <= '9')
				put(b, NFTA_SET_ELEM_DATA, ++keys, 1);
			close_nest(b, element);
		}
		close_nest(b, list);
	}
	message_end(b);
}

static struct batch *begin(struct batch *b)
{
	memset(b, 0, sizeof(*b));
	plain(b, NFNL_MSG_BATCH_BEGIN);
	return b;
}

static struct batch *one(struct batch *b, int type, const char *set, const char *keys)
{
	elements(begin(b), type, set, keys);
	plain(b, NFNL_MSG_BATCH_END);
	return b;
}

static struct batch a, b;

static bool is_pure(const struct batch *batch)
{
	struct vnet_elements e;

	return vnet_elements_get(batch->room, batch->len, &e);
}

/* What @b has to do with @a. */
static enum vnet_touch touched(void)
{
	struct vnet_elements e;

	assert_true(vnet_elements_get(a.room, a.len, &e));
	return vnet_elements_touched(&e, b.room, b.len);
}

static void a_few_and_nothing_else(void **state)
{
	(void)state;
	assert_true(is_pure(one(&a, OF(NEWSETELEM), "s", "x")));
	assert_true(is_pure(one(&a, OF(DELSETELEM), "s", "xyzw")));
	assert_false(is_pure(one(&a, OF(NEWSETELEM), "s", "xyzwv")));
	assert_false(is_pure(one(&a, OF(DELSETELEM), "s", "")));
	assert_false(is_pure(one(&a, OF(DELSETELEM), "s", NULL)));	/* nft flush set */
	assert_false(is_pure(one(&a, OF(NEWRULE), "s", "x")));

	elements(begin(&a), OF(NEWSETELEM), "s", "x");			/* nft -c has no end */
	assert_false(is_pure(&a));
	elements(&a, OF(NEWSETELEM), "s", "y");
	plain(&a, NFNL_MSG_BATCH_END);
	assert_false(is_pure(&a));
	plain(begin(&a), NFNL_MSG_BATCH_END);
	assert_false(is_pure(&a));
	begin(&a);
	assert_false(is_pure(&a));
}

static void the_same_elements(void **state)
{
	(void)state;
	one(&a, OF(DELSETELEM), "s", "xy");
	one(&b, OF(NEWSETELEM), "s", "xy");
	assert_int_equal(touched(), VNET_TOUCHES_SAME);
	one(&b, OF(NEWSETELEM), "s", "x1y2");
	assert_int_equal(touched(), VNET_TOUCHES_SAME);
	one(&b, OF(DESTROYSETELEM), "s", "xy");
	assert_int_equal(touched(), VNET_TOUCHES_SAME);
	one(&b, OF(NEWSETELEM), "s", "xyz");
	assert_int_equal(touched(), VNET_TOUCHES_OTHER);
	one(&b, OF(NEWSETELEM), "s", "yx");
	assert_int_equal(touched(), VNET_TOUCHES_OTHER);
	one(&b, OF(NEWSETELEM), "s", "zw");
	assert_int_equal(touched(), VNET_TOUCHES_NONE);
	one(&b, OF(NEWSETELEM), "other", "xy");
	assert_int_equal(touched(), VNET_TOUCHES_NONE);
}

static void among_other_things(void **state)
{
	(void)state;
	one(&a, OF(DELSETELEM), "s", "x");
	one(&b, OF(NEWSETELEM), "s", "abcdefghijx");
	assert_int_equal(touched(), VNET_TOUCHES_OTHER);
	one(&b, OF(NEWSETELEM), "s", "abcdefghij");
	assert_int_equal(touched(), VNET_TOUCHES_NONE);
	one(&b, OF(DELSETELEM), "s", NULL);
	assert_int_equal(touched(), VNET_TOUCHES_OTHER);
	one(&b, OF(DELSETELEM), "other", NULL);
	assert_int_equal(touched(), VNET_TOUCHES_NONE);

	plain(begin(&b), OF(NEWRULE));
	plain(&b, OF(NEWSET));
	assert_int_equal(touched(), VNET_TOUCHES_NONE);
	elements(&b, OF(NEWSETELEM), "s", "x");
	assert_int_equal(touched(), VNET_TOUCHES_OTHER);
	plain(begin(&b), OF(DELSET));					/* it names none */
	assert_int_equal(touched(), VNET_TOUCHES_OTHER);
	plain(begin(&b), OF(DELSETELEM));				/* it names no set */
	assert_int_equal(touched(), VNET_TOUCHES_OTHER);
}

static void ends(const char *set)
{
	elements(begin(&b), OF(NEWSETELEM), "s", "x");
	elements(&b, OF(DELSET), set, NULL);
}

static void after_the_end_of_the_set(void **state)
{
	(void)state;
	one(&a, OF(DELSETELEM), "s", "x");
	ends("s");
	assert_int_equal(touched(), VNET_TOUCHES_END);
	ends("other");
	assert_int_equal(touched(), VNET_TOUCHES_OTHER);
	ends("s");
	elements(&b, OF(NEWSETELEM), "s", "yx");
	assert_int_equal(touched(), VNET_TOUCHES_OTHER);

	plain(begin(&b), OF(DELTABLE));					/* nft flush ruleset */
	assert_int_equal(touched(), VNET_TOUCHES_END);
	elements(&b, OF(NEWSETELEM), "s", "y");
	assert_int_equal(touched(), VNET_TOUCHES_END);
	elements(begin(&b), OF(DELTABLE), "", NULL);			/* the table */
	assert_int_equal(touched(), VNET_TOUCHES_END);
	message(begin(&b), OF(DELTABLE), 2);				/* any, by its handle */
	put(&b, NFTA_TABLE_HANDLE, "12345678", 8);
	message_end(&b);
	assert_int_equal(touched(), VNET_TOUCHES_OTHER);
	message(begin(&b), OF(DELTABLE), 10);				/* of another family */
	put(&b, NFTA_TABLE_NAME, "t", 2);
	message_end(&b);
	assert_int_equal(touched(), VNET_TOUCHES_NONE);
}

static void what_is_said_of_them(void **state)
{
	struct vnet_elements e, o;

	(void)state;
	one(&a, OF(NEWSETELEM), "s", "x1");
	one(&b, OF(NEWSETELEM), "s", "x1");
	assert_true(vnet_elements_get(a.room, a.len, &e) && vnet_elements_get(b.room, b.len, &o));
	assert_true(vnet_elements_equal(&e, &o));
	one(&b, OF(NEWSETELEM), "s", "x2");
	assert_true(vnet_elements_get(b.room, b.len, &o));
	assert_false(vnet_elements_equal(&e, &o));
	one(&b, OF(DELSETELEM), "s", "x1");
	assert_true(vnet_elements_get(b.room, b.len, &o));
	assert_false(vnet_elements_equal(&e, &o));
}

static void deleted_if_there(void **state)
{
	(void)state;
	one(&a, OF(DELSETELEM), "s", "x");
	vnet_elements_make_safe(a.room, a.len);
	one(&b, OF(DESTROYSETELEM), "s", "x");
	assert_memory_equal(a.room, b.room, b.len);
	one(&a, OF(NEWSETELEM), "s", "x");
	b = a;
	vnet_elements_make_safe(a.room, a.len);
	assert_memory_equal(a.room, b.room, b.len);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_few_and_nothing_else),
		cmocka_unit_test(the_same_elements),
		cmocka_unit_test(among_other_things),
		cmocka_unit_test(after_the_end_of_the_set),
		cmocka_unit_test(what_is_said_of_them),
		cmocka_unit_test(deleted_if_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
