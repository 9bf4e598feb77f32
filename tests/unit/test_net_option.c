/* SPDX-License-Identifier: GPL-2.0-only */
/* Which options of a socket make others void, or take them away. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "../../linux-patches/new/virtuos/net/option_keep.c"

#define NR	16

static struct vnet_opt *made[NR];
static unsigned int nr_made;

static int end(void **state)
{
	(void)state;
	while (nr_made)
		free(made[--nr_made]);
	return 0;
}

/* An option of exactly its size, so that reads beyond it are found. */
static struct vnet_opt *option(int level, int name, const void *data, u32 len)
{
	struct vnet_opt *opt = calloc(1, sizeof(*opt) + len);

	assert_non_null(opt);
	assert_true(nr_made < NR);
	made[nr_made++] = opt;
	opt->level = level;
	opt->name = name;
	opt->len = len;
	memcpy(opt->data, data, len);
	return opt;
}

static struct vnet_opt *number(int level, int name, int value)
{
	return option(level, name, &value, sizeof(value));
}

static struct vnet_opt *group(int name, u32 address)
{
	struct ip_mreqn m = { .imr_multiaddr.s_addr = address, .imr_ifindex = 3 };

	return option(SOL_IP, name, &m, sizeof(m));
}

static void test_last_value(void **state)
{
	struct vnet_opt *first = number(SOL_SOCKET, SO_RCVBUF, 1);
	struct vnet_opt *last = number(SOL_SOCKET, SO_RCVBUF, 2);

	(void)state;
	assert_true(vnet_opt_voids(last, first));
	assert_false(vnet_opt_undoes(last, first));
	assert_false(vnet_opt_voids(last, number(SOL_SOCKET, SO_SNDBUF, 2)));
	assert_false(vnet_opt_voids(last, number(SOL_TCP, SO_RCVBUF, 2)));
	assert_true(vnet_opt_is_kept(last));
	assert_false(vnet_opt_may_fail(last));
}

static void test_groups(void **state)
{
	struct vnet_opt *a = group(IP_ADD_MEMBERSHIP, 1), *b = group(IP_ADD_MEMBERSHIP, 2);
	struct vnet_opt *leave = group(IP_DROP_MEMBERSHIP, 1);
	struct vnet_opt *in_short = option(SOL_IP, IP_DROP_MEMBERSHIP, a->data, 8);

	(void)state;
	assert_false(vnet_opt_voids(b, a));
	assert_true(vnet_opt_voids(a, group(IP_ADD_MEMBERSHIP, 1)));
	assert_true(vnet_opt_undoes(leave, a));
	assert_false(vnet_opt_undoes(leave, b));
	assert_false(vnet_opt_undoes(a, leave));
	assert_false(vnet_opt_undoes(in_short, a));
	assert_false(vnet_opt_undoes(group(IP_DROP_SOURCE_MEMBERSHIP, 1), a));
	assert_true(vnet_opt_may_fail(a) && vnet_opt_may_fail(leave));
	assert_true(vnet_opt_may_fail(number(SOL_IPV6, IPV6_MULTICAST_IF, 1)));
	assert_false(vnet_opt_may_fail(number(SOL_SOCKET, SO_BINDTODEVICE, 1)));
}

static void test_last(void **state)
{
	struct vnet_opt *program = number(SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, 1);
	struct vnet_opt *family = number(SOL_IPV6, IPV6_ADDRFORM, 2);

	(void)state;
	assert_true(vnet_opt_is_last(program) && vnet_opt_may_fail(program));
	assert_true(vnet_opt_is_last(family) && vnet_opt_may_fail(family));
	assert_false(vnet_opt_is_last(number(SOL_SOCKET, SO_ATTACH_FILTER, 1)));
	assert_false(vnet_opt_is_last(number(SOL_IPV6, IPV6_UNICAST_HOPS, 1)));
}

static struct vnet_opt *label(u32 number, u8 action)
{
	struct in6_flowlabel_req req = { .flr_label = number, .flr_action = action };

	return option(SOL_IPV6, IPV6_FLOWLABEL_MGR, &req, sizeof(req));
}

static void test_labels(void **state)
{
	struct vnet_opt *one = label(1, IPV6_FL_A_GET), *renew = label(1, IPV6_FL_A_RENEW);
	struct vnet_opt *put = label(1, IPV6_FL_A_PUT);

	(void)state;
	assert_true(vnet_opt_is_kept(one) && vnet_opt_may_fail(one));
	assert_false(vnet_opt_is_kept(renew) || vnet_opt_is_kept(put));
	assert_false(vnet_opt_voids(label(2, IPV6_FL_A_GET), one));
	assert_false(vnet_opt_voids(renew, one));
	assert_true(vnet_opt_voids(put, one));
	assert_false(vnet_opt_voids(label(2, IPV6_FL_A_PUT), one));
}

/* What counts is there as often as it was added. */
static void test_counted(void **state)
{
	struct vnet_opt *one = number(SOL_PACKET, PACKET_ADD_MEMBERSHIP, 1);

	(void)state;
	assert_false(vnet_opt_voids(number(SOL_PACKET, PACKET_ADD_MEMBERSHIP, 1), one));
	assert_true(vnet_opt_undoes(number(SOL_PACKET, PACKET_DROP_MEMBERSHIP, 1), one));
	assert_false(vnet_opt_may_fail(one));
}

static struct vnet_opt *sources(u32 address, u32 nr, u32 len)
{
	struct ip_msfilter f = { .imsf_multiaddr = address, .imsf_numsrc = nr };

	return option(SOL_IP, IP_MSFILTER, &f, len);
}

static void test_sources(void **state)
{
	struct vnet_opt *a = sources(1, 1, sizeof(struct ip_msfilter));

	(void)state;
	assert_true(vnet_opt_voids(sources(1, 0, 16), a));
	assert_false(vnet_opt_voids(sources(2, 1, 16), a));
	assert_false(vnet_opt_voids(sources(1, 1, 7), a));
	assert_true(vnet_opt_longest(SOL_IPV6, MCAST_MSFILTER) > 64 * sizeof(struct sockaddr_storage));
	assert_int_equal(vnet_opt_longest(SOL_SOCKET, IP_MSFILTER), 512);
}

static struct vnet_opt *key(int name, u32 address, u8 prefix, u16 len)
{
	struct tcp_md5sig k = { .tcpm_prefixlen = prefix, .tcpm_keylen = len, .tcpm_key = "secret",
				.tcpm_flags = prefix ? TCP_MD5SIG_FLAG_PREFIX : 0 };
	struct sockaddr_in *a = (void *)&k.tcpm_addr;

	a->sin_family = AF_INET;
	a->sin_addr.s_addr = address;
	a->sin_port = (u16)len;		/* means nothing */
	return option(SOL_TCP, name, &k, sizeof(k));
}

static void test_keys(void **state)
{
	struct vnet_opt *first = key(TCP_MD5SIG, 1, 0, 6);

	(void)state;
	assert_true(vnet_opt_is_kept(first));
	assert_true(vnet_opt_voids(key(TCP_MD5SIG, 1, 0, 5), first));
	assert_true(vnet_opt_voids(key(TCP_MD5SIG_EXT, 1, 0, 5), first));
	assert_true(vnet_opt_voids(key(TCP_MD5SIG_EXT, 1, 32, 5), first));
	assert_false(vnet_opt_voids(key(TCP_MD5SIG, 2, 0, 6), first));
	assert_false(vnet_opt_voids(key(TCP_MD5SIG_EXT, 1, 24, 6), first));
	assert_true(vnet_opt_voids(key(TCP_MD5SIG_EXT, 1, 24, 6), key(TCP_MD5SIG_EXT, 1, 24, 6)));
	assert_true(vnet_opt_voids(key(TCP_MD5SIG, 1, 0, 0), first));
	assert_false(vnet_opt_is_kept(key(TCP_MD5SIG, 1, 0, 0)));
	assert_false(vnet_opt_may_fail(first));
}

static void test_filters(void **state)
{
	struct vnet_opt *attach = number(SOL_SOCKET, SO_ATTACH_FILTER, 1);
	struct vnet_opt *detach = number(SOL_SOCKET, SO_DETACH_FILTER, 0);

	(void)state;
	assert_true(vnet_opt_voids(detach, attach));
	assert_false(vnet_opt_is_kept(detach));
	assert_true(vnet_opt_is_kept(attach));
	assert_true(vnet_opt_voids(number(SOL_SOCKET, SO_ATTACH_FILTER, 2), attach));
	assert_false(vnet_opt_voids(number(SOL_SOCKET, SO_DETACH_REUSEPORT_BPF, 0), attach));
	assert_true(vnet_opt_longest(SOL_SOCKET, SO_ATTACH_FILTER) == 32768);
	attach->len = 32768;
	assert_int_equal(vnet_opt_weight(attach), 65);
	assert_int_equal(vnet_opt_weight(detach), 1);
}

static void test_netlink(void **state)
{
	struct vnet_opt *join = number(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, 5);

	(void)state;
	assert_true(vnet_opt_voids(number(SOL_NETLINK, NETLINK_DROP_MEMBERSHIP, 5), join));
	assert_false(vnet_opt_voids(number(SOL_NETLINK, NETLINK_DROP_MEMBERSHIP, 6), join));
	assert_int_equal(vnet_opt_group(join), 5);
	assert_int_equal(vnet_opt_group(number(SOL_NETLINK, NETLINK_PKTINFO, 5)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_last_value, end),
		cmocka_unit_test_teardown(test_groups, end),
		cmocka_unit_test_teardown(test_last, end),
		cmocka_unit_test_teardown(test_labels, end),
		cmocka_unit_test_teardown(test_counted, end),
		cmocka_unit_test_teardown(test_sources, end),
		cmocka_unit_test_teardown(test_keys, end),
		cmocka_unit_test_teardown(test_filters, end),
		cmocka_unit_test_teardown(test_netlink, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
