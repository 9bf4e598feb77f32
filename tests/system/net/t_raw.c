// SPDX-License-Identifier: MIT
/*
 * Raw sockets, and those of ping.
 */
#include <linux/icmp.h>
#include "nettest.h"

static struct icmphdr echo(int id)
{
	struct icmphdr h = { .type = ICMP_ECHO, .un.echo.id = htons(id), .un.echo.sequence = htons(1) };
	uint32_t all = (ICMP_ECHO << 8) + id + 1;

	h.checksum = htons(~((all & 0xffff) + (all >> 16)));
	return h;
}

TEST(raw_ping)
{
	struct endpoint e = loopback(AF_INET, 0);
	struct icmphdr h = echo(0x1234), *got;
	int fd = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
	struct icmp_filter f = { ~(1u << ICMP_ECHOREPLY) };
	socklen_t len = sizeof(f);
	unsigned char buf[128];
	long n;

	if (fd < 0 && errno == EPERM)
		test_skip("no right to raw sockets");
	CHECK(fd >= 0);
	CHECK_EQ(setsockopt(fd, SOL_RAW, ICMP_FILTER, &f, sizeof(f)), 0);
	f.data = 0;
	CHECK_EQ(getsockopt(fd, SOL_RAW, ICMP_FILTER, &f, &len), 0);
	CHECK_EQ(f.data, ~(1u << ICMP_ECHOREPLY));
	CHECK_EQ(sendto(fd, &h, sizeof(h), 0, (struct sockaddr *)&e.addr, e.len), sizeof(h));
	do {
		CHECK_EQ(poll_for(fd, POLLIN, 5000), POLLIN);
		n = recv(fd, buf, sizeof(buf), 0);
		CHECK_EQ(n, 28);
		CHECK_EQ(buf[0], 0x45);
		got = (struct icmphdr *)(buf + 20);
		CHECK_EQ(got->type, ICMP_ECHOREPLY);
	} while (got->un.echo.id != htons(0x1234));
	CHECK_ERR(recv(fd, buf, sizeof(buf), MSG_OOB), EOPNOTSUPP);
	CHECK_ERR(listen(fd, 1), EOPNOTSUPP);
	CHECK_EQ(get_int(fd, SOL_SOCKET, SO_PROTOCOL), IPPROTO_ICMP);
	/* UDP's option is none of its. */
	CHECK_ERR(setsockopt(fd, IPPROTO_UDP, 1, &n, 4), ENOPROTOOPT);
}

/* A program that writes the header itself. */
TEST(raw_own_header)
{
	unsigned char ip[29] = { 0x45, 0, 0, 29, 0, 1, 0, 0, 64, 17, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1 };
	int fd = socket(AF_INET, SOCK_RAW, IPPROTO_RAW), r = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
	struct endpoint e = loopback(AF_INET, 0);
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	char buf[8];

	if (fd < 0 && errno == EPERM)
		test_skip("no right to raw sockets");
	CHECK(fd >= 0);
	CHECK_EQ(get_int(fd, SOL_IP, IP_HDRINCL), 1);
	CHECK_EQ(bind(r, (struct sockaddr *)&e.addr, e.len), 0);
	ip[20] = 0x12;
	ip[21] = 0x34;
	ip[22] = port_of(r) >> 8;
	ip[23] = port_of(r);
	ip[25] = 9;
	ip[28] = '!';
	CHECK_EQ(sendto(fd, ip, sizeof(ip), 0, (struct sockaddr *)&e.addr, e.len), sizeof(ip));
	CHECK_EQ(poll_for(r, POLLIN, 5000), POLLIN);
	CHECK_EQ(recvfrom(r, buf, 8, 0, (struct sockaddr *)&from, &len), 1);
	CHECK_EQ(buf[0], '!');
	CHECK_EQ(ntohs(from.sin_port), 0x1234);
	CHECK_ERR(sendto(fd, ip, 4, 0, (struct sockaddr *)&e.addr, e.len), EINVAL);
}

static void ping_as_nobody(void *unused)
{
	struct endpoint e = loopback(AF_INET, 0);
	struct icmphdr h = { .type = ICMP_ECHO, .un.echo.sequence = htons(3) }, got;
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	int fd;

	(void)unused;
	become(NOBODY);
	CHECK_ERR(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP), EPERM);
	fd = CHECK_OK(socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP));
	CHECK_EQ(sendto(fd, &h, sizeof(h), 0, (struct sockaddr *)&e.addr, e.len), sizeof(h));
	CHECK_EQ(poll_for(fd, POLLIN, 5000), POLLIN);
	CHECK_EQ(recvfrom(fd, &got, sizeof(got), 0, (struct sockaddr *)&from, &len), sizeof(got));
	CHECK_EQ(got.type, ICMP_ECHOREPLY);
	CHECK_EQ(ntohs(got.un.echo.sequence), 3);
	/* Its number stands where ports have theirs. */
	CHECK_EQ(ntohs(got.un.echo.id), port_of(fd));
	h.type = ICMP_ECHOREPLY;
	CHECK_ERR(sendto(fd, &h, sizeof(h), 0, (struct sockaddr *)&e.addr, e.len), EINVAL);
}

/* Groups that may ping are those of a setting; a supplementary group counts. */
TEST(raw_ping_of_a_group)
{
	int fd = open("/proc/sys/net/ipv4/ping_group_range", O_RDWR);
	char was[64] = "";
	long n;

	if (fd < 0 || getuid())
		test_skip("no right to the setting");
	n = CHECK_OK(read(fd, was, sizeof(was) - 1));
	CHECK_EQ(pwrite(fd, "65534 65534", 11, 0), 11);
	reap(child(ping_as_nobody, NULL));
	CHECK_EQ(pwrite(fd, was, n, 0), n);
}

/* An unprivileged low port, and what a protocol that is not there says. */
TEST(raw_protocols)
{
	int fd = CHECK_OK(socket(AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE));

	CHECK_EQ(get_int(fd, SOL_SOCKET, SO_PROTOCOL), IPPROTO_UDPLITE);
	set_int(fd, IPPROTO_UDPLITE, 10 /* UDPLITE_SEND_CSCOV */, 20);
	CHECK_EQ(get_int(fd, IPPROTO_UDPLITE, 10), 20);
	CHECK_ERR(socket(AF_INET, SOCK_STREAM, IPPROTO_ICMP), EPROTONOSUPPORT);
	CHECK_ERR(socket(AF_INET6, SOCK_SEQPACKET, 0), ESOCKTNOSUPPORT);
	CHECK_ERR(socket(AF_INET, SOCK_STREAM, 250), EPROTONOSUPPORT);
	CHECK_ERR(socketpair(AF_INET, SOCK_STREAM, 0, (int[2]){ 0 }), EOPNOTSUPP);
	CHECK_ERR(socket(AF_MAX, SOCK_STREAM, 0), EAFNOSUPPORT);
}
