/* SPDX-License-Identifier: GPL-2.0-only */
/* Which changes of the network by ioctl() make others void. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "../../linux-patches/new/virtuos/net/ioctl_keep.c"

#define NR	16

static struct vnet_kept *made[NR];
static unsigned int nr_made;

static int end(void **state)
{
	(void)state;
	while (nr_made)
		free(made[--nr_made]);
	return 0;
}

/* A change of exactly its size, so that reads beyond it are found. */
static struct vnet_kept *change(unsigned int cmd, int family, const void *arg, size_t len,
				const char *dev)
{
	size_t more = dev ? IFNAMSIZ : 0;
	struct vnet_kept *k = calloc(1, sizeof(*k) + len + more);

	assert_non_null(k);
	assert_true(nr_made < NR);
	made[nr_made++] = k;
	k->cmd = cmd;
	k->family = family;
	k->index = 3;
	k->len = len;
	k->ptr_len = more;
	memcpy(k->bytes, arg, len);
	if (dev)
		strncpy((char *)k->bytes + len, dev, IFNAMSIZ);
	return k;
}

static struct sockaddr inet(u32 addr)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = addr };
	struct sockaddr sa;

	/* Programs leave garbage there. */
	memset((u8 *)&in + 8, nr_made, 8);
	memcpy(&sa, &in, sizeof(sa));
	return sa;
}

static struct vnet_kept *address(unsigned int cmd, const char *name, u32 addr)
{
	struct ifreq ifr = { .ifr_addr = inet(addr) };

	strncpy(ifr.ifr_name, name, IFNAMSIZ - 1);
	return change(cmd, PF_INET, &ifr, sizeof(ifr), NULL);
}

static struct vnet_kept *flags(const char *name, short value)
{
	struct ifreq ifr = { .ifr_flags = value };

	strncpy(ifr.ifr_name, name, IFNAMSIZ - 1);
	return change(SIOCSIFFLAGS, PF_INET, &ifr, sizeof(ifr), NULL);
}

static struct vnet_kept *mtu(const char *name, int value)
{
	struct ifreq ifr = { .ifr_mtu = value };

	strncpy(ifr.ifr_name, name, IFNAMSIZ - 1);
	return change(SIOCSIFMTU, PF_INET, &ifr, sizeof(ifr), NULL);
}

static struct vnet_kept *route(unsigned int cmd, u32 dst, u32 gateway, int metric, const char *dev)
{
	struct rtentry r = {
		.rt_dst = inet(dst),
		.rt_genmask = inet(0xffffff),
		.rt_gateway = inet(gateway),
		.rt_flags = RTF_UP | (gateway ? RTF_GATEWAY : 0),
		.rt_metric = metric,
	};

	return change(cmd, PF_INET, &r, sizeof(r), dev);
}

static void what_is_kept(void **state)
{
	(void)state;
	assert_true(vnet_ioctl_is_kept(PF_INET, SIOCSIFADDR));
	assert_true(vnet_ioctl_is_kept(PF_INET6, SIOCDIFADDR));
	assert_true(vnet_ioctl_is_kept(PF_PACKET, SIOCSIFNAME));
	assert_true(vnet_ioctl_is_kept(PF_INET6, SIOCSIFFLAGS));
	assert_false(vnet_ioctl_is_kept(PF_INET, SIOCGIFADDR));
	assert_false(vnet_ioctl_is_kept(PF_INET, SIOCETHTOOL));
	assert_false(vnet_ioctl_is_kept(PF_INET, SIOCGARP));
}

static void a_setting_is_made_once(void **state)
{
	struct vnet_kept *a = mtu("eth0", 1400), *same = mtu("eth0", 1400), *b = mtu("eth0", 1300);

	(void)state;
	assert_true(vnet_kept_touches(a, same) && vnet_kept_is_same(same, a));
	assert_false(vnet_kept_is_same(b, a));
	assert_true(vnet_kept_voids(b, a));
	assert_false(vnet_kept_replaces(b, a));
	assert_false(vnet_kept_voids(mtu("eth1", 1300), a));
	b->index = 4;
	assert_false(vnet_kept_voids(b, a) || vnet_kept_touches(b, a));
}

/* An address takes its mask with it. A label is an address of its own. */
static void an_address_and_its_mask(void **state)
{
	struct vnet_kept *a = address(SIOCSIFADDR, "eth0", 1), *mask = address(SIOCSIFNETMASK, "eth0", 0xff);
	struct vnet_kept *b = address(SIOCSIFADDR, "eth0", 2), *label = address(SIOCSIFADDR, "eth0:1", 2);
	struct vnet_kept *again = address(SIOCSIFADDR, "eth0", 1);

	(void)state;
	assert_true(vnet_kept_is_same(again, a));
	assert_true(vnet_kept_voids(b, a) && vnet_kept_voids(b, mask));
	assert_true(vnet_kept_touches(a, mask));
	assert_false(vnet_kept_touches(mask, a) || vnet_kept_voids(mask, a));
	assert_false(vnet_kept_voids(label, a) || vnet_kept_voids(label, mask));
	assert_true(vnet_kept_undoes(flags("eth0:1", 0), label));
	assert_false(vnet_kept_undoes(flags("eth0:1", IFF_UP), label));
	assert_false(vnet_kept_undoes(flags("eth0", 0), a));
}

/* What is added while an interface is up goes when it goes down. */
static void up_and_down(void **state)
{
	struct vnet_kept *up = flags("eth0", IFF_UP), *down = flags("eth0", 0);
	struct vnet_kept *also = flags("eth0", IFF_UP | IFF_PROMISC);

	(void)state;
	assert_true(vnet_kept_replaces(also, up));
	assert_false(vnet_kept_is_same(also, up));
	assert_false(vnet_kept_replaces(up, down) || vnet_kept_replaces(down, up));
	assert_true(vnet_kept_voids(down, up));
	assert_false(vnet_kept_voids(up, down));
}

static void routes_come_and_go(void **state)
{
	struct vnet_kept *a = route(SIOCADDRT, 10, 0, 0, "eth0"), *via = route(SIOCADDRT, 10, 5, 2, NULL);

	(void)state;
	assert_true(vnet_kept_undoes(route(SIOCDELRT, 10, 0, 0, NULL), a));
	assert_true(vnet_kept_undoes(route(SIOCDELRT, 10, 0, 0, NULL), via));
	assert_true(vnet_kept_undoes(route(SIOCDELRT, 10, 5, 0, NULL), via));
	assert_false(vnet_kept_undoes(route(SIOCDELRT, 10, 6, 0, NULL), via));
	assert_false(vnet_kept_undoes(route(SIOCDELRT, 10, 5, 3, NULL), via));
	assert_false(vnet_kept_undoes(route(SIOCDELRT, 10, 5, 0, NULL), a));
	assert_false(vnet_kept_undoes(route(SIOCDELRT, 11, 0, 0, NULL), a));
	assert_false(vnet_kept_undoes(route(SIOCDELRT, 10, 0, 0, "eth1"), a));
	assert_true(vnet_kept_voids(route(SIOCADDRT, 10, 0, 0, "eth0"), a));
	assert_false(vnet_kept_voids(route(SIOCADDRT, 10, 5, 0, NULL), via));
}

static void ipv6(void **state)
{
	struct in6_ifreq ifr = { .ifr6_prefixlen = 64, .ifr6_ifindex = 7 };
	struct vnet_kept *a = change(SIOCSIFADDR, PF_INET6, &ifr, sizeof(ifr), NULL);
	struct vnet_kept *del = change(SIOCDIFADDR, PF_INET6, &ifr, sizeof(ifr), NULL);
	char name[IFNAMSIZ];

	(void)state;
	assert_int_equal(vnet_kept_interface(a, name), 7);
	assert_true(vnet_kept_undoes(del, a));
	assert_int_equal(vnet_kept_sets(a), 0);
	assert_false(vnet_kept_voids(address(SIOCSIFADDR, "eth0", 1), a));
	assert_false(vnet_kept_undoes(change(SIOCDIFADDR, PF_INET6, &ifr, 8, NULL), a));
}

static void names_are_those_afterwards(void **state)
{
	struct ifreq ifr = { .ifr_name = "old", .ifr_newname = "new" };
	char name[IFNAMSIZ];

	(void)state;
	assert_int_equal(vnet_kept_interface(change(SIOCSIFNAME, PF_INET, &ifr, sizeof(ifr), NULL), name), 0);
	assert_string_equal(name, "new");
	vnet_kept_interface(route(SIOCADDRT, 1, 0, 0, "eth9"), name);
	assert_string_equal(name, "eth9");
	vnet_kept_interface(route(SIOCADDRT, 1, 0, 0, NULL), name);
	assert_string_equal(name, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(what_is_kept, end),
		cmocka_unit_test_teardown(a_setting_is_made_once, end),
		cmocka_unit_test_teardown(an_address_and_its_mask, end),
		cmocka_unit_test_teardown(up_and_down, end),
		cmocka_unit_test_teardown(routes_come_and_go, end),
		cmocka_unit_test_teardown(ipv6, end),
		cmocka_unit_test_teardown(names_are_those_afterwards, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
