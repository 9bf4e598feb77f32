// SPDX-License-Identifier: MIT
/*
 * Addresses: who may have one beside whom, and sockets that are their own peers.
 */
#include "nettest.h"

static int bound(int family, int type, int port, bool any, int option)
{
	struct endpoint e = loopback(family, port);
	int fd = CHECK_OK(socket(family, type, 0));

	if (any && family == AF_INET6)
		((struct sockaddr_in6 *)&e.addr)->sin6_addr = in6addr_any;
	else if (any)
		((struct sockaddr_in *)&e.addr)->sin_addr.s_addr = htonl(INADDR_ANY);
	if (option)
		set_int(fd, SOL_SOCKET, option, 1);
	if (!bind(fd, (struct sockaddr *)&e.addr, e.len))
		return fd;
	CHECK_EQ(errno, EADDRINUSE);
	close(fd);
	return -1;
}

TEST(address_taken)
{
	int first = bound(AF_INET, SOCK_STREAM, 0, false, 0), port = port_of(first), s;

	CHECK_EQ(bound(AF_INET, SOCK_STREAM, port, false, 0), -1);
	CHECK_EQ(bound(AF_INET, SOCK_STREAM, port, true, 0), -1);
	CHECK_EQ(bound(AF_INET, SOCK_STREAM, port, false, SO_REUSEADDR), -1);
	CHECK_EQ(bound(AF_INET, SOCK_STREAM, port, false, SO_REUSEPORT), -1);
	CHECK(bound(AF_INET, SOCK_DGRAM, port, false, 0) >= 0);
	close(first);
	first = bound(AF_INET, SOCK_STREAM, port, false, SO_REUSEADDR);
	CHECK(first >= 0);
	s = bound(AF_INET, SOCK_STREAM, port, true, SO_REUSEADDR);
	CHECK(s >= 0);
	CHECK_EQ(listen(first, 1), 0);
	CHECK_ERR(listen(s, 1), EADDRINUSE);
	CHECK_EQ(bound(AF_INET, SOCK_STREAM, port, false, SO_REUSEADDR), -1);
}

/* A socket of IPv6 has the port of IPv4 as well, unless it is for IPv6 only. */
TEST(address_of_both)
{
	int both = bound(AF_INET6, SOCK_STREAM, 0, true, 0), port = port_of(both), six;
	struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

	CHECK_EQ(bound(AF_INET, SOCK_STREAM, port, true, 0), -1);
	CHECK_EQ(bound(AF_INET, SOCK_STREAM, port, false, 0), -1);
	CHECK_ERR(setsockopt(both, SOL_IPV6, IPV6_V6ONLY, &(int){ 1 }, 4), EINVAL);
	close(both);
	six = CHECK_OK(socket(AF_INET6, SOCK_STREAM, 0));
	set_int(six, SOL_IPV6, IPV6_V6ONLY, 1);
	CHECK_EQ(bind(six, (struct sockaddr *)&a, sizeof(a)), 0);
	CHECK(bound(AF_INET, SOCK_STREAM, port, true, 0) >= 0);
	CHECK_EQ(inet_pton(AF_INET6, "::ffff:127.0.0.1", &a.sin6_addr), 1);
	a.sin6_port = 0;
	six = CHECK_OK(socket(AF_INET6, SOCK_STREAM, 0));
	set_int(six, SOL_IPV6, IPV6_V6ONLY, 1);
	CHECK_ERR(bind(six, (struct sockaddr *)&a, sizeof(a)), EINVAL);
}

TEST(address_foreign)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0xc6336401) };
	int fd = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));

	CHECK_ERR(bind(fd, (struct sockaddr *)&a, sizeof(a)), EADDRNOTAVAIL);
	set_int(fd, SOL_IP, IP_FREEBIND, 1);
	CHECK_EQ(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	CHECK_EQ(listen(fd, 1), 0);
	CHECK_ERR(bind(fd, (struct sockaddr *)&a, sizeof(a)), EINVAL);
	a.sin_family = AF_INET6;
	fd = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
	CHECK_ERR(bind(fd, (struct sockaddr *)&a, sizeof(a)), EAFNOSUPPORT);
	CHECK_ERR(bind(fd, (struct sockaddr *)&a, 8), EINVAL);
}

/* A port is chosen late, from a range of the socket's own. */
TEST(address_chosen_late)
{
	struct endpoint e = loopback(AF_INET, 0), to;
	int l = listener(AF_INET, &to), fd = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));

	set_int(fd, SOL_IP, IP_BIND_ADDRESS_NO_PORT, 1);
	if (setsockopt(fd, SOL_IP, 51 /* IP_LOCAL_PORT_RANGE */, &(uint32_t){ 45010u << 16 | 45001 }, 4))
		CHECK_EQ(errno, ENOPROTOOPT);
	CHECK_EQ(bind(fd, (struct sockaddr *)&e.addr, e.len), 0);
	CHECK_EQ(port_of(fd), 0);
	CHECK_EQ(connect(fd, (struct sockaddr *)&to.addr, to.len), 0);
	CHECK(port_of(fd));
	CHECK_OK(accept(l, NULL, NULL));
}

/* One socket is both ends. */
TEST(address_own_peer)
{
	int fd = bound(AF_INET, SOCK_STREAM, 0, false, SO_REUSEADDR);
	struct endpoint e = loopback(AF_INET, port_of(fd));
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT | POLLRDHUP };
	char buf[8];

	CHECK_EQ(connect(fd, (struct sockaddr *)&e.addr, e.len), 0);
	CHECK_EQ(poll(&p, 1, 0), 1);
	CHECK_EQ(p.revents, POLLOUT);
	CHECK_EQ(write(fd, "self", 4), 4);
	CHECK_EQ(read(fd, buf, 8), 4);
	CHECK_EQ(shutdown(fd, SHUT_WR), 0);
	CHECK_EQ(read(fd, buf, 8), 0);
	CHECK_EQ(poll(&p, 1, 5000), 1);
	CHECK_EQ(p.revents & POLLRDHUP, POLLRDHUP);
	CHECK_ERR(send(fd, "x", 1, MSG_NOSIGNAL), EPIPE);
}

/* Two that connect to each other at once. */
TEST(address_both_connect)
{
	int a = bound(AF_INET, SOCK_STREAM, 0, false, SO_REUSEADDR);
	int b = bound(AF_INET, SOCK_STREAM, 0, false, SO_REUSEADDR);
	struct endpoint of_a = loopback(AF_INET, port_of(a)), of_b = loopback(AF_INET, port_of(b));

	CHECK_ERR(connect(a, (struct sockaddr *)&of_b.addr, of_b.len), ECONNREFUSED);
	CHECK_EQ(get_int(a, SOL_SOCKET, SO_ERROR), 0);
	CHECK_EQ(port_of(a), ntohs(((struct sockaddr_in *)&of_a.addr)->sin_port));
	/* It may try again, bound as it is. */
	CHECK_EQ(listen(b, 1), 0);
	CHECK_EQ(connect(a, (struct sockaddr *)&of_b.addr, of_b.len), 0);
	CHECK_ERR(connect(a, (struct sockaddr *)&of_b.addr, of_b.len), EISCONN);
	CHECK_ERR(connect(b, (struct sockaddr *)&of_a.addr, of_a.len), EISCONN);
}

TEST(address_device)
{
	int fd = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
	struct endpoint e = loopback(AF_INET, 9);
	char name[16] = "";
	socklen_t len = sizeof(name);

	CHECK_EQ(getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &len), 0);
	CHECK_EQ(len, 0);
	CHECK_EQ(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3), 0);
	len = sizeof(name);
	CHECK_EQ(getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &len), 0);
	CHECK_EQ(len, 3);
	CHECK(!strcmp(name, "lo"));
	len = 2;
	CHECK_ERR(getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &len), EINVAL);
	CHECK_EQ(get_int(fd, SOL_SOCKET, 62 /* SO_BINDTOIFINDEX */), 1);
	CHECK_EQ(sendto(fd, "a", 1, 0, (struct sockaddr *)&e.addr, e.len), 1);
}

/* What a socket tells of its namespace is what others of the same one tell. */
TEST(address_cookie_of_the_namespace)
{
	int a = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0)), b = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0));
	uint64_t x = 0, y = 0, own = 0, other = 0;
	socklen_t len = sizeof(x);

	CHECK_EQ(getsockopt(a, SOL_SOCKET, 71 /* SO_NETNS_COOKIE */, &x, &len), 0);
	CHECK_EQ(len, sizeof(x));
	CHECK_EQ(getsockopt(b, SOL_SOCKET, 71, &y, &len), 0);
	CHECK_EQ(x, y);
	len = 4;
	CHECK_ERR(getsockopt(a, SOL_SOCKET, 71, &x, &len), EINVAL);
	len = sizeof(own);
	CHECK_EQ(getsockopt(a, SOL_SOCKET, SO_COOKIE, &own, &len), 0);
	CHECK_EQ(getsockopt(b, SOL_SOCKET, SO_COOKIE, &other, &len), 0);
	CHECK(own && other);
}
