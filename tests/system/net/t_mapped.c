// SPDX-License-Identifier: MIT
/*
 * IPv4 by sockets of IPv6: names, control messages, and sockets that are for IPv6 only.
 */
#include "nettest.h"

static struct sockaddr_in6 mapped(int port)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

	CHECK_EQ(inet_pton(AF_INET6, "::ffff:127.0.0.1", &a.sin6_addr), 1);
	return a;
}

static bool is_mapped(const struct sockaddr_in6 *a, int port)
{
	struct sockaddr_in6 b = mapped(port);

	return a->sin6_family == AF_INET6 && a->sin6_port == b.sin6_port &&
	       IN6_ARE_ADDR_EQUAL(&a->sin6_addr, &b.sin6_addr);
}

static int bound_v6(int type)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6 };
	int fd = CHECK_OK(socket(AF_INET6, type, 0));

	CHECK_EQ(bind(fd, (struct sockaddr *)&any, sizeof(any)), 0);
	return fd;
}

TEST(mapped_datagrams)
{
	int six = bound_v6(SOCK_DGRAM), four = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
	struct endpoint e = loopback(AF_INET, port_of(six)), back;
	struct sockaddr_in6 from;
	struct sockaddr_in from4;
	socklen_t len = sizeof(from);
	char buf[8];

	CHECK_EQ(sendto(four, "to six", 6, 0, (struct sockaddr *)&e.addr, e.len), 6);
	CHECK_EQ(recvfrom(six, buf, 8, 0, (struct sockaddr *)&from, &len), 6);
	CHECK_EQ(len, sizeof(from));
	CHECK(is_mapped(&from, port_of(four)));
	/* The way back has two names. */
	CHECK_EQ(sendto(six, "a", 1, 0, (struct sockaddr *)&from, sizeof(from)), 1);
	back = loopback(AF_INET, port_of(four));
	CHECK_EQ(sendto(six, "b", 1, 0, (struct sockaddr *)&back.addr, back.len), 1);
	len = sizeof(from4);
	CHECK_EQ(recvfrom(four, buf, 8, 0, (struct sockaddr *)&from4, &len), 1);
	CHECK_EQ(recvfrom(four, buf, 8, 0, (struct sockaddr *)&from4, &len), 1);
	CHECK_EQ(ntohs(from4.sin_port), port_of(six));
	/* Connected, it has a name of IPv4 as well. */
	CHECK_EQ(connect(six, (struct sockaddr *)&from, sizeof(from)), 0);
	len = sizeof(from);
	CHECK_EQ(getsockname(six, (struct sockaddr *)&from, &len), 0);
	CHECK(is_mapped(&from, port_of(six)));
	CHECK_EQ(getpeername(six, (struct sockaddr *)&from, &len), 0);
	CHECK(is_mapped(&from, port_of(four)));
}

/* Control messages of both kinds come with a datagram of IPv4, and go with one. */
TEST(mapped_control)
{
	int six = bound_v6(SOCK_DGRAM), four = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
	struct endpoint e = loopback(AF_INET, port_of(six));
	char buf[8], control[256] = "";
	struct iovec iov = { buf, sizeof(buf) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			    .msg_controllen = sizeof(control) };
	struct in6_pktinfo *info;
	struct cmsghdr *c;
	int seen = 0;

	set_int(six, SOL_IPV6, IPV6_RECVPKTINFO, 1);
	set_int(six, SOL_IP, IP_RECVTTL, 1);
	set_int(six, SOL_IP, IP_RECVTOS, 1);
	set_int(four, SOL_IP, IP_TTL, 17);
	set_int(four, SOL_IP, IP_TOS, 0x48);
	CHECK_EQ(sendto(four, "x", 1, 0, (struct sockaddr *)&e.addr, e.len), 1);
	CHECK_EQ(recvmsg(six, &m, 0), 1);
	for (c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
		if (c->cmsg_level == SOL_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			info = (struct in6_pktinfo *)CMSG_DATA(c);
			CHECK(IN6_IS_ADDR_V4MAPPED(&info->ipi6_addr));
			seen |= 1;
		} else if (c->cmsg_level == SOL_IP && c->cmsg_type == IP_TTL) {
			CHECK_EQ(*(int *)CMSG_DATA(c), 17);
			seen |= 2;
		} else if (c->cmsg_level == SOL_IP && c->cmsg_type == IP_TOS) {
			CHECK_EQ(*CMSG_DATA(c), 0x48);
			seen |= 4;
		}
	}
	CHECK_EQ(seen, 7);
}

TEST(mapped_is_refused)
{
	int types[] = { SOCK_STREAM, SOCK_DGRAM }, fd;
	struct sockaddr_in6 a = mapped(9);
	size_t i;

	for (i = 0; i < 2; i++) {
		fd = CHECK_OK(socket(AF_INET6, types[i], 0));
		set_int(fd, SOL_IPV6, IPV6_V6ONLY, 1);
		CHECK_ERR(connect(fd, (struct sockaddr *)&a, sizeof(a)), ENETUNREACH);
		CHECK_ERR(bind(fd, (struct sockaddr *)&a, sizeof(a)), EINVAL);
	}
	CHECK_ERR(sendto(fd, "x", 1, 0, (struct sockaddr *)&a, sizeof(a)), ENETUNREACH);
}

/* The class of traffic goes with one datagram, beside the socket's own. */
TEST(mapped_class_of_one)
{
	char buf[8], out[CMSG_SPACE(sizeof(int))] = "", in[128];
	struct iovec iov = { buf, 1 };
	struct msghdr s = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = out,
			    .msg_controllen = sizeof(out) };
	struct msghdr r = { .msg_iov = &iov, .msg_iovlen = 1 };
	const int levels[] = { SOL_IP, SOL_IPV6 }, names[] = { IP_TOS, IPV6_TCLASS };
	const int asks[] = { IP_RECVTOS, IPV6_RECVTCLASS };
	struct cmsghdr *c = CMSG_FIRSTHDR(&s);
	int fd[2], i, value = 0x68;

	for (i = 0; i < 2; i++) {
		udp_pair(i ? AF_INET6 : AF_INET, fd);
		set_int(fd[1], levels[i], asks[i], 1);
		*c = (struct cmsghdr){ CMSG_LEN(sizeof(int)), levels[i], names[i] };
		memcpy(CMSG_DATA(c), &value, sizeof(value));
		CHECK_EQ(sendmsg(fd[0], &s, 0), 1);
		CHECK_EQ(send(fd[0], "x", 1, 0), 1);
		r.msg_control = in;
		r.msg_controllen = sizeof(in);
		CHECK_EQ(recvmsg(fd[1], &r, 0), 1);
		CHECK_EQ(*CMSG_DATA(CMSG_FIRSTHDR(&r)), value);
		r.msg_controllen = sizeof(in);
		CHECK_EQ(recvmsg(fd[1], &r, 0), 1);
		CHECK_EQ(*CMSG_DATA(CMSG_FIRSTHDR(&r)), 0);
	}
}
