// SPDX-License-Identifier: MIT
/*
 * Groups: sources, lists of them, and who hears what.
 */
#include "nettest.h"

#define GROUP	0xefff0203u
#define OTHER	0xefff0204u

static int receiver(int port, uint32_t to)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port),
				 .sin_addr.s_addr = htonl(to) };
	int fd = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));

	set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	CHECK_EQ(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

static void join(int fd, uint32_t group)
{
	struct ip_mreqn m = { .imr_multiaddr.s_addr = htonl(group), .imr_ifindex = 1 };

	CHECK_EQ(setsockopt(fd, SOL_IP, IP_ADD_MEMBERSHIP, &m, sizeof(m)), 0);
}

/* From 127.0.0.@source. */
static void send_to(int port, uint32_t group, int source)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000000u + source) };
	struct ip_mreqn m = { .imr_ifindex = 1 };
	int fd = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
	char c = source;

	CHECK_EQ(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	CHECK_EQ(setsockopt(fd, SOL_IP, IP_MULTICAST_IF, &m, sizeof(m)), 0);
	a.sin_port = htons(port);
	a.sin_addr.s_addr = htonl(group);
	CHECK_EQ(sendto(fd, &c, 1, 0, (struct sockaddr *)&a, sizeof(a)), 1);
	close(fd);
}

static int heard(int fd)
{
	char c = 0;

	return poll_for(fd, POLLIN, 200) && recv(fd, &c, 1, 0) == 1 ? c : 0;
}

static struct ip_mreq_source source_of(uint32_t group, int source)
{
	return (struct ip_mreq_source){ .imr_multiaddr.s_addr = htonl(group),
					.imr_interface.s_addr = htonl(INADDR_LOOPBACK),
					.imr_sourceaddr.s_addr = htonl(0x7f000000u + source) };
}

TEST(group_source_blocked)
{
	struct ip_mreq_source m = source_of(GROUP, 2);
	int fd = receiver(0, INADDR_ANY), port = port_of(fd);

	CHECK_ERR(setsockopt(fd, SOL_IP, IP_BLOCK_SOURCE, &m, sizeof(m)), EINVAL);
	join(fd, GROUP);
	CHECK_EQ(setsockopt(fd, SOL_IP, IP_BLOCK_SOURCE, &m, sizeof(m)), 0);
	send_to(port, GROUP, 2);
	send_to(port, GROUP, 3);
	CHECK_EQ(heard(fd), 3);
	CHECK_ERR(setsockopt(fd, SOL_IP, IP_BLOCK_SOURCE, &m, sizeof(m)), EADDRNOTAVAIL);
	CHECK_EQ(setsockopt(fd, SOL_IP, IP_UNBLOCK_SOURCE, &m, sizeof(m)), 0);
	send_to(port, GROUP, 2);
	CHECK_EQ(heard(fd), 2);
}

TEST(group_of_one_source)
{
	struct ip_mreq_source m = source_of(GROUP, 2);
	int fd = receiver(0, INADDR_ANY), port = port_of(fd);

	CHECK_EQ(setsockopt(fd, SOL_IP, IP_ADD_SOURCE_MEMBERSHIP, &m, sizeof(m)), 0);
	send_to(port, GROUP, 3);
	send_to(port, GROUP, 2);
	CHECK_EQ(heard(fd), 2);
	CHECK_EQ(heard(fd), 0);
	CHECK_EQ(setsockopt(fd, SOL_IP, IP_DROP_SOURCE_MEMBERSHIP, &m, sizeof(m)), 0);
	send_to(port, GROUP, 2);
	CHECK_EQ(heard(fd), 0);
}

/* The list of a group's sources is set and got as a whole. */
TEST(group_list_of_sources)
{
	int fd = receiver(0, INADDR_ANY), port = port_of(fd);
	char buf[IP_MSFILTER_SIZE(4)] = { 0 };
	struct ip_msfilter *f = (void *)buf;
	socklen_t len = sizeof(buf);

	join(fd, GROUP);
	f->imsf_multiaddr.s_addr = htonl(GROUP);
	f->imsf_interface.s_addr = htonl(INADDR_LOOPBACK);
	f->imsf_fmode = MCAST_INCLUDE;
	f->imsf_numsrc = 2;
	f->imsf_slist[0].s_addr = htonl(0x7f000002);
	(&f->imsf_slist[0])[1].s_addr = htonl(0x7f000004);
	CHECK_EQ(setsockopt(fd, SOL_IP, IP_MSFILTER, buf, IP_MSFILTER_SIZE(2)), 0);
	send_to(port, GROUP, 3);
	send_to(port, GROUP, 4);
	CHECK_EQ(heard(fd), 4);
	f->imsf_numsrc = 4;
	CHECK_EQ(getsockopt(fd, SOL_IP, IP_MSFILTER, buf, &len), 0);
	CHECK_EQ(f->imsf_numsrc, 2);
	CHECK_EQ(f->imsf_fmode, MCAST_INCLUDE);
	CHECK_EQ(len, IP_MSFILTER_SIZE(2));
	f->imsf_numsrc = 3;
	CHECK_ERR(setsockopt(fd, SOL_IP, IP_MSFILTER, buf, IP_MSFILTER_SIZE(2)), EINVAL);
}

/* A socket that has joined nothing hears what others have joined, unless it refuses. */
TEST(group_of_others)
{
	int member = receiver(0, INADDR_ANY), port = port_of(member);
	int other = receiver(port, INADDR_ANY);

	join(member, GROUP);
	send_to(port, GROUP, 5);
	CHECK_EQ(heard(member), 5);
	CHECK_EQ(heard(other), 5);
	CHECK_EQ(get_int(other, SOL_IP, IP_MULTICAST_ALL), 1);
	set_int(other, SOL_IP, IP_MULTICAST_ALL, 0);
	send_to(port, GROUP, 6);
	CHECK_EQ(heard(member), 6);
	CHECK_EQ(heard(other), 0);
	send_to(port, OTHER, 7);
	CHECK_EQ(heard(member), 0);
}

TEST(group_by_any_family)
{
	struct group_req g = { .gr_interface = 1 };
	struct sockaddr_in *a = (void *)&g.gr_group;
	int fd = receiver(0, INADDR_ANY), port = port_of(fd), i;
	struct ipv6_mreq m6 = { .ipv6mr_interface = 1 };
	int s = CHECK_OK(socket(AF_INET6, SOCK_DGRAM, 0));

	*a = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(GROUP) };
	/* More often than a list of all that was done would have room for. */
	for (i = 0; i < 100; i++) {
		CHECK_EQ(setsockopt(fd, SOL_IP, MCAST_JOIN_GROUP, &g, sizeof(g)), 0);
		CHECK_EQ(setsockopt(fd, SOL_IP, MCAST_LEAVE_GROUP, &g, sizeof(g)), 0);
	}
	CHECK_EQ(setsockopt(fd, SOL_IP, MCAST_JOIN_GROUP, &g, sizeof(g)), 0);
	send_to(port, GROUP, 8);
	CHECK_EQ(heard(fd), 8);
	CHECK_EQ(inet_pton(AF_INET6, "ff02::4711", &m6.ipv6mr_multiaddr), 1);
	CHECK_EQ(setsockopt(s, SOL_IPV6, IPV6_JOIN_GROUP, &m6, sizeof(m6)), 0);
	CHECK_ERR(setsockopt(s, SOL_IPV6, IPV6_JOIN_GROUP, &m6, sizeof(m6)), EADDRINUSE);
	CHECK_EQ(setsockopt(s, SOL_IPV6, IPV6_LEAVE_GROUP, &m6, sizeof(m6)), 0);
	CHECK_ERR(setsockopt(s, SOL_IPV6, IPV6_LEAVE_GROUP, &m6, sizeof(m6)), EADDRNOTAVAIL);
}
