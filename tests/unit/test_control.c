// SPDX-License-Identifier: MIT
/* Which control messages of a network domain reach programs: net/control.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <sys/socket.h>
#include <asm/socket.h>
#include <linux/errqueue.h>
#include <linux/if_packet.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/ipv6.h>
#include <linux/net_tstamp.h>
#include <linux/netlink.h>
#include <linux/tcp.h>
#include <linux/time_types.h>
#include <linux/udp.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define SOL_IP 0
#define SOL_TCP 6
#define SOL_UDP 17
#define SOL_IPV6 41
/* Linux has them, its headers for programs do not. */
#define SCM_CREDENTIALS 0x02
#define SCM_SECURITY 0x03
#define SCM_PIDFD 0x04

#include "../../linux-patches/new/virtuos/net/control.c"

/* What would have the program's kernel say what it does not know. */
static void credentials_and_descriptors(void **state)
{
	static const int types[] = { SCM_RIGHTS, SCM_CREDENTIALS, SCM_SECURITY, SCM_PIDFD };
	size_t i, len;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(types); i++)
		for (len = 0; len <= 64; len++) {
			assert_false(vnet_control_allowed(SOL_SOCKET, types[i], len, false));
			assert_false(vnet_control_allowed(SOL_SOCKET, types[i], len, true));
		}
	assert_false(vnet_control_allowed(SOL_IP, SCM_SECURITY, 16, false));
}

static void unknown_levels_and_types(void **state)
{
	(void)state;
	assert_false(vnet_control_allowed(-1, 0, 0, true));
	assert_false(vnet_control_allowed(1 << 30, IP_TTL, 4, false));
	assert_false(vnet_control_allowed(SOL_IP, -1, 4, false));
	/* Known, but at another level. */
	assert_false(vnet_control_allowed(SOL_IPV6, IP_TTL, 4, false));
	assert_false(vnet_control_allowed(282 /* SOL_TLS */, 1, 1, false));
}

static void lengths(void **state)
{
	(void)state;
	assert_true(vnet_control_allowed(SOL_IP, IP_TTL, 4, false));
	assert_false(vnet_control_allowed(SOL_IP, IP_TTL, 5, false));
	assert_false(vnet_control_allowed(SOL_IP, IP_TTL, 3, false));
	assert_false(vnet_control_allowed(SOL_IP, IP_TTL, SIZE_MAX, true));
	/* A program's buffer may be too short. */
	assert_true(vnet_control_allowed(SOL_IP, IP_TTL, 3, true));
	assert_false(vnet_control_allowed(SOL_IP, IP_TTL, 5, true));
	assert_true(vnet_control_allowed(SOL_IP, IP_RECVOPTS, 0, false));
	assert_true(vnet_control_allowed(SOL_IP, IP_RECVOPTS, 40, false));
	assert_false(vnet_control_allowed(SOL_IP, IP_RECVOPTS, 41, false));
}

/* What programs ask for most, with the lengths that Linux gives it. */
static void known_messages(void **state)
{
	(void)state;
	assert_true(vnet_control_allowed(SOL_IP, IP_PKTINFO, 12, false));
	assert_true(vnet_control_allowed(SOL_IP, IP_TOS, 1, false));
	assert_true(vnet_control_allowed(SOL_IP, IP_RECVERR, 32, false));
	assert_true(vnet_control_allowed(SOL_IP, IP_ORIGDSTADDR, 16, false));
	assert_true(vnet_control_allowed(SOL_IPV6, IPV6_PKTINFO, 20, false));
	assert_true(vnet_control_allowed(SOL_IPV6, IPV6_RECVERR, 44, false));
	assert_true(vnet_control_allowed(SOL_IPV6, IPV6_PATHMTU, 32, false));
	assert_true(vnet_control_allowed(SOL_PACKET, PACKET_AUXDATA, 20, false));
	assert_false(vnet_control_allowed(SOL_PACKET, PACKET_AUXDATA, 24, false));
	assert_true(vnet_control_allowed(SOL_SOCKET, SO_TIMESTAMP_OLD, 16, false));
	assert_true(vnet_control_allowed(SOL_SOCKET, SO_TIMESTAMPNS_NEW, 16, false));
	assert_true(vnet_control_allowed(SOL_SOCKET, SO_TIMESTAMPING_OLD, 48, false));
	assert_true(vnet_control_allowed(SOL_SOCKET, SO_RXQ_OVFL, 4, false));
	assert_true(vnet_control_allowed(SOL_TCP, TCP_CM_INQ, 4, false));
	assert_true(vnet_control_allowed(SOL_UDP, UDP_GRO, 4, false));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(credentials_and_descriptors),
		cmocka_unit_test(unknown_levels_and_types),
		cmocka_unit_test(lengths),
		cmocka_unit_test(known_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
