/* SPDX-License-Identifier: GPL-2.0-only */
/* Which configuration of a WireGuard interface makes an earlier one void. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "../../linux-patches/new/virtuos/net/wireguard.c"

#define ROOM	512
#define KEY	0x100u		/* the interface has a private key */
#define PORT	0x200u		/* ... and a port */
#define ALL	0x400u		/* peers replace all that there were */

struct config {
	u32 room[ROOM / 4];
	struct vnet_wg w;
};

static struct nlattr *put(struct config *c, int type, const void *data, int len)
{
	struct nlattr *a = (struct nlattr *)((u8 *)c->room + c->w.len);

	a->nla_type = type;
	a->nla_len = NLA_HDRLEN + len;
	if (len)
		memcpy(nla_data(a), data, len);
	c->w.len += NLA_ALIGN(a->nla_len);
	c->w.head = (void *)c->room;
	return a;
}

static void close_nest(struct config *c, struct nlattr *nest)
{
	nest->nla_len = (u8 *)c->room + c->w.len - (u8 *)nest;
}

/* @own: KEY | PORT | ALL. The caller adds peers. */
static struct nlattr *begin(struct config *c, u32 own)
{
	u32 flags = WGDEVICE_F_REPLACE_PEERS;
	u16 port = 7;

	*c = (struct config){};
	put(c, WGDEVICE_A_IFNAME, "wg0", 4);
	if (own & KEY)
		put(c, WGDEVICE_A_PRIVATE_KEY, "0123456789abcdef0123456789abcdef", 32);
	if (own & PORT)
		put(c, WGDEVICE_A_LISTEN_PORT, &port, sizeof(port));
	if (own & ALL)
		put(c, WGDEVICE_A_FLAGS, &flags, sizeof(flags));
	return put(c, WGDEVICE_A_PEERS | NLA_F_NESTED, NULL, 0);
}

static void peer(struct config *c, const char *key, u32 flags, bool endpoint, bool ips)
{
	struct nlattr *p = put(c, NLA_F_NESTED, NULL, 0);

	put(c, WGPEER_A_PUBLIC_KEY, key, 4);
	put(c, WGPEER_A_FLAGS, &flags, sizeof(flags));
	if (endpoint)
		put(c, WGPEER_A_ENDPOINT, "endpoint", 8);
	if (ips)
		put(c, WGPEER_A_ALLOWEDIPS | NLA_F_NESTED, NULL, 0);
	close_nest(c, p);
}

static struct config one(u32 own, const char *key, u32 flags, bool endpoint, bool ips)
{
	struct config c;
	struct nlattr *peers = begin(&c, own);

	if (key)
		peer(&c, key, flags, endpoint, ips);
	close_nest(&c, peers);
	return c;
}

static bool covers(struct config newer, struct config older)
{
	newer.w.head = (void *)newer.room;
	older.w.head = (void *)older.room;
	return vnet_wg_covers(&newer.w, &older.w);
}

static void all_at_once(void **state)
{
	struct config all = one(KEY | PORT | ALL, "aaaa", 0, true, true);

	(void)state;
	assert_true(covers(all, all));
	assert_true(covers(all, one(KEY, "bbbb", 0, true, true)));
	assert_false(covers(one(PORT | ALL, "aaaa", 0, true, true), all));
	assert_false(covers(one(KEY | PORT, "aaaa", WGPEER_F_REPLACE_ALLOWEDIPS, true, true), all));
}

static void one_by_one(void **state)
{
	struct config a = one(0, "aaaa", 0, true, true), end = one(0, "aaaa", 0, true, false);

	(void)state;
	assert_true(covers(end, end));
	assert_false(covers(end, a));
	assert_false(covers(a, a));		/* addresses are added to those that are there */
	assert_true(covers(one(0, "aaaa", WGPEER_F_REPLACE_ALLOWEDIPS, true, true), a));
	assert_false(covers(one(0, "aaaa", WGPEER_F_REPLACE_ALLOWEDIPS, false, true), a));
	assert_false(covers(one(0, "bbbb", 0, true, false), end));
	assert_false(covers(one(0, "aaaa", WGPEER_F_UPDATE_ONLY, true, false), end));
	assert_false(covers(end, one(PORT, "aaaa", 0, true, false)));
}

static void what_is_removed(void **state)
{
	struct config a = one(0, "aaaa", 0, true, true);
	struct config gone = one(0, "aaaa", WGPEER_F_REMOVE_ME, false, false);

	(void)state;
	assert_true(covers(gone, a) && covers(gone, gone));
	assert_false(covers(a, gone));
	assert_false(covers(gone, one(0, "bbbb", 0, true, true)));
	gone.w.head = (void *)gone.room;
	a.w.head = (void *)a.room;
	assert_true(vnet_wg_only_removes(&gone.w) && !vnet_wg_only_removes(&a.w));
	assert_true(vnet_wg_shares_peer(&gone.w, &a.w));
	a = one(PORT, "bbbb", WGPEER_F_REMOVE_ME, false, false);
	a.w.head = (void *)a.room;
	assert_false(vnet_wg_only_removes(&a.w) || vnet_wg_shares_peer(&gone.w, &a.w));
}

static void what_needs_a_peer(void **state)
{
	struct config u = one(0, "aaaa", WGPEER_F_UPDATE_ONLY, true, false);
	struct config none = one(KEY, NULL, 0, false, false);

	(void)state;
	u.w.head = (void *)u.room;
	none.w.head = (void *)none.room;
	assert_true(vnet_wg_updates(&u.w) && !vnet_wg_updates(&none.w));
	assert_true(covers(one(KEY, NULL, 0, false, false), none));
}

/* A program says how long attributes are. */
static void lengths_that_lie(void **state)
{
	struct config c = one(KEY | ALL, "aaaa", 0, true, true);
	int len;

	(void)state;
	for (len = 0; len < c.w.len; len++) {
		u8 *copy = malloc(len + 1);
		struct vnet_wg w = { .head = (void *)copy, .len = len };

		memcpy(copy, c.room, len);
		vnet_wg_covers(&w, &w);
		vnet_wg_only_removes(&w);
		vnet_wg_shares_peer(&w, &w);
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_at_once),
		cmocka_unit_test(one_by_one),
		cmocka_unit_test(what_is_removed),
		cmocka_unit_test(what_needs_a_peer),
		cmocka_unit_test(lengths_that_lie),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
