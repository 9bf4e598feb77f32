/* SPDX-License-Identifier: GPL-2.0-only */
/* Which tables a batch deletes, and which earlier batches go with them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "../../linux-patches/new/virtuos/net/netlink_anew.c"

#define ROOM	1024
#define OF(kind)	(NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_##kind)

struct batch {
	u32 room[ROOM / 4];
	int len;
};

static struct batch a, b;

/* @table: NULL: by handle */
static struct nlmsghdr *add(struct batch *batch, int type, int family, const char *table)
{
	struct nlmsghdr *h = (struct nlmsghdr *)((u8 *)batch->room + batch->len);
	struct nfgenmsg *g = nlmsg_data(h);
	struct nlattr *n = (struct nlattr *)(g + 1);

	h->nlmsg_type = type;
	g->nfgen_family = family;
	n->nla_type = table ? NFTA_TABLE_NAME : NFTA_TABLE_HANDLE;
	n->nla_len = NLA_HDRLEN + (table ? strlen(table) + 1 : 8);
	if (table)
		memcpy(nla_data(n), table, strlen(table) + 1);
	h->nlmsg_len = NLMSG_LENGTH(sizeof(*g)) + NLA_ALIGN(n->nla_len);
	batch->len += h->nlmsg_len;
	return h;
}

static void edge(struct batch *batch, int type)
{
	struct nlmsghdr *h = (struct nlmsghdr *)((u8 *)batch->room + batch->len);

	h->nlmsg_type = type;
	h->nlmsg_len = NLMSG_LENGTH(sizeof(struct nfgenmsg));
	batch->len += h->nlmsg_len;
}

static struct batch *begin(struct batch *batch)
{
	memset(batch, 0, sizeof(*batch));
	edge(batch, NFNL_MSG_BATCH_BEGIN);
	return batch;
}

static struct nlmsghdr *found(const struct nlmsghdr *after)
{
	return vnet_anew_find(a.room, a.len, after);
}

static int begin_both(void **state)
{
	(void)state;
	begin(&a);
	begin(&b);
	return 0;
}

static void a_file_that_makes_its_table_anew(void **state)
{
	struct nlmsghdr *first, *del, *last;

	(void)state;
	first = add(&a, OF(NEWTABLE), 2, "t");
	del = add(&a, OF(DELTABLE), 2, "t");
	last = add(&a, OF(NEWTABLE), 2, "t");
	add(&a, OF(NEWRULE), 2, "t");
	edge(&a, NFNL_MSG_BATCH_END);
	assert_ptr_equal(found(NULL), del);
	assert_null(found(del));
	assert_int_equal(vnet_anew_adds(a.room, a.len), 2);
	vnet_anew_make_safe(a.room, a.len, del, false);
	assert_int_equal(first->nlmsg_type, OF(NEWTABLE));
	assert_int_equal(del->nlmsg_type, OF(DESTROYTABLE));
	vnet_anew_make_safe(a.room, a.len, del, true);
	assert_int_equal(first->nlmsg_type, OF(DESTROYTABLE));
	assert_int_equal(del->nlmsg_type, OF(DESTROYTABLE));
	assert_int_equal(last->nlmsg_type, OF(NEWTABLE));
	assert_false(vnet_anew_is_all(a.room, a.len));
}

static void what_needs_the_table_comes_first(void **state)
{
	struct nlmsghdr *other;

	(void)state;
	add(&a, OF(DELCHAIN), 2, "t");
	add(&a, OF(DELTABLE), 2, "t");
	assert_null(found(NULL));
	other = add(&a, OF(DELTABLE), 10, "t");				/* of another family */
	assert_ptr_equal(found(NULL), other);

	begin(&a);
	add(&a, OF(DELTABLE), 2, NULL);
	assert_null(found(NULL));
	add(&a, OF(DELTABLE), 2, "t");					/* it may have been that one */
	assert_null(found(NULL));
}

static void earlier_batches(void **state)
{
	struct nlmsghdr *del = add(&a, OF(DELTABLE), 2, "t");

	(void)state;
	assert_int_equal(vnet_anew_touched(del, b.room, b.len), VNET_TOUCHES_NONE);
	add(&b, OF(NEWTABLE), 2, "t");
	add(&b, OF(NEWSETELEM), 2, "t");
	edge(&b, NFNL_MSG_BATCH_END);
	assert_int_equal(vnet_anew_touched(del, b.room, b.len), VNET_TOUCHES_SAME);
	add(&b, OF(NEWTABLE), 2, "u");
	assert_int_equal(vnet_anew_touched(del, b.room, b.len), VNET_TOUCHES_OTHER);

	add(begin(&b), OF(NEWTABLE), 2, "u");
	add(&b, OF(NEWTABLE), 10, "t");
	assert_int_equal(vnet_anew_touched(del, b.room, b.len), VNET_TOUCHES_NONE);
	add(&b, OF(DELTABLE), 2, NULL);
	assert_int_equal(vnet_anew_touched(del, b.room, b.len), VNET_TOUCHES_OTHER);
}

static void nothing_but_deletions(void **state)
{
	struct nlmsghdr *del;

	(void)state;
	del = add(&a, OF(DELTABLE), 2, "t");
	edge(&a, NFNL_MSG_BATCH_END);
	assert_false(vnet_anew_is_all(a.room, a.len));
	vnet_anew_make_safe(a.room, a.len, del, false);
	assert_true(vnet_anew_is_all(a.room, a.len));
	add(&a, OF(NEWRULE), 2, "u");
	assert_false(vnet_anew_is_all(a.room, a.len));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_file_that_makes_its_table_anew, begin_both),
		cmocka_unit_test_setup(what_needs_the_table_comes_first, begin_both),
		cmocka_unit_test_setup(earlier_batches, begin_both),
		cmocka_unit_test_setup(nothing_but_deletions, begin_both),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
