// SPDX-License-Identifier: MIT
/*
 * What sockets had before the death, in ways that are hard to make again: options that were taken
 * back, interfaces and addresses that are not there any more.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <net/if.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "netdeath.h"

#define GROUP		0xefff0205u
#define DISSOLVED_PORT	7731

static int receiver(void)
{
	struct sockaddr_in a = local(0);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	CHECK(fd >= 0);
	CHECK(!bind(fd, (struct sockaddr *)&a, sizeof(a)));
	return fd;
}

/* Send a byte to a socket. Return: whether it came. */
static int comes(int fd, char byte)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct sockaddr_in a;
	socklen_t len = sizeof(a);
	int s = socket(AF_INET, SOCK_DGRAM, 0);
	char c = 0;

	CHECK(!getsockname(fd, (struct sockaddr *)&a, &len));
	CHECK(sendto(s, &byte, 1, 0, (struct sockaddr *)&a, len) == 1);
	close(s);
	return poll(&p, 1, 300) == 1 && recv(fd, &c, 1, 0) == 1 && c == byte;
}

/* Only datagrams that begin with @byte pass. The protocol's header comes first. */
static void pass_only(int fd, char byte)
{
	struct sock_filter insns[] = {
		{ BPF_LD | BPF_B | BPF_ABS, 0, 0, 8 },
		{ BPF_JMP | BPF_JEQ | BPF_K, 0, 1, byte },
		{ BPF_RET | BPF_K, 0, 0, 0xffff },
		{ BPF_RET | BPF_K, 0, 0, 0 },
	};
	struct sock_fprog prog = { 4, insns };

	CHECK(!setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)));
}

/* A filter that was taken off, and another one put on. */
void filter_changed(void)
{
	int fd = receiver(), none = 0;

	pass_only(fd, 'a');
	CHECK(!setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &none, sizeof(none)));
	pass_only(fd, 'b');
	is_ready();
	await_death();
	CHECK(!comes(fd, 'a'));
	CHECK(comes(fd, 'b'));
}

static void join(int fd, int name, int interface)
{
	struct ip_mreqn m = { .imr_multiaddr.s_addr = htonl(GROUP), .imr_ifindex = interface };

	CHECK(!setsockopt(fd, SOL_IP, name, &m, sizeof(m)));
}

/* As in Linux, a socket outlives the interfaces on which it has joined groups. */
void groups_of_the_gone(void)
{
	int fd = receiver(), gone, ttl = 7;
	socklen_t len = sizeof(ttl);

	CHECK(!system("ip link add dgone0 type dummy || ip tuntap add dgone0 mode tun"));
	CHECK(!system("ip link set dgone0 up"));
	gone = if_nametoindex("dgone0");
	CHECK(gone);
	join(fd, IP_ADD_MEMBERSHIP, 1);
	join(fd, IP_ADD_MEMBERSHIP, gone);
	join(fd, IP_MULTICAST_IF, gone);
	CHECK(!setsockopt(fd, SOL_IP, IP_MULTICAST_TTL, &ttl, sizeof(ttl)));
	CHECK(!system("ip link del dgone0"));
	is_ready();
	await_death();
	CHECK(comes(fd, 'x'));
	ttl = 0;
	CHECK(!getsockopt(fd, SOL_IP, IP_MULTICAST_TTL, &ttl, &len) && ttl == 7);
	join(fd, IP_DROP_MEMBERSHIP, 1);
}

static int send_to(int fd, int port)
{
	struct sockaddr_in a = local(port);

	return sendto(fd, "x", 1, 0, (struct sockaddr *)&a, sizeof(a));
}

/* A socket of an interface that has gone is alive, and reaches nobody. */
void device_of_the_gone(void)
{
	int fd = receiver(), priority = 5;
	socklen_t len = sizeof(priority);
	char name[IFNAMSIZ];

	CHECK(!system("ip link add dgone1 type dummy || ip tuntap add dgone1 mode tun"));
	CHECK(!setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "dgone1", 7));
	CHECK(!setsockopt(fd, SOL_SOCKET, SO_PRIORITY, &priority, sizeof(priority)));
	CHECK(!system("ip link del dgone1"));
	is_ready();
	await_death();
	priority = 0;
	CHECK(!getsockopt(fd, SOL_SOCKET, SO_PRIORITY, &priority, &len) && priority == 5);
	len = sizeof(name);
	CHECK(getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &len) < 0 && errno == ENODEV);
	CHECK(send_to(fd, 9) < 0 && errno == ENODEV);
	CHECK(!comes(fd, 'x'));
	CHECK(!setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "", 0));
	CHECK(comes(fd, 'y'));
}

/* More often than there is room for all that was done. What is set then is kept. */
void group_left_often(void)
{
	int fd = receiver(), ttl = 9, i;
	socklen_t len = sizeof(ttl);

	for (i = 0; i < 300; i++) {
		join(fd, IP_ADD_MEMBERSHIP, 1);
		join(fd, IP_DROP_MEMBERSHIP, 1);
	}
	CHECK(!setsockopt(fd, SOL_IP, IP_TTL, &ttl, sizeof(ttl)));
	is_ready();
	await_death();
	ttl = 0;
	CHECK(!getsockopt(fd, SOL_IP, IP_TTL, &ttl, &len) && ttl == 9);
	join(fd, IP_ADD_MEMBERSHIP, 1);
	CHECK(comes(fd, 'x'));
}

/* An address that goes and comes back finds its listener. */
void address_of_the_gone(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x0a635801) };
	int l = socket(AF_INET, SOCK_STREAM, 0), c = socket(AF_INET, SOCK_STREAM, 0), off = -1;
	socklen_t len = sizeof(a);

	CHECK(!system("ip addr add 10.99.88.1/32 dev lo"));
	CHECK(!bind(l, (struct sockaddr *)&a, len));
	CHECK(!listen(l, 1));
	CHECK(!getsockname(l, (struct sockaddr *)&a, &len));
	CHECK(!system("ip addr del 10.99.88.1/32 dev lo"));
	is_ready();
	await_death();
	len = sizeof(off);
	CHECK(!getsockopt(l, SOL_IP, IP_FREEBIND, &off, &len) && !off);
	CHECK(!system("ip addr add 10.99.88.1/32 dev lo"));
	CHECK(!connect(c, (struct sockaddr *)&a, sizeof(a)));
	CHECK(accept(l, NULL, NULL) >= 0);
	CHECK(!system("ip addr del 10.99.88.1/32 dev lo"));
}

/* What is no listener any more is none afterwards, and can become one. */
void listener_dissolved(void)
{
	struct sockaddr none = { .sa_family = AF_UNSPEC };
	struct sockaddr_in a = local(DISSOLVED_PORT);
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	CHECK(!setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)));
	CHECK(!bind(fd, (struct sockaddr *)&a, sizeof(a)));
	CHECK(!listen(fd, 1));
	CHECK(!connect(fd, &none, sizeof(none)));
	is_ready();
	await_death();
	CHECK(connected_to(DISSOLVED_PORT) < 0 && errno == ECONNREFUSED);
	CHECK(accept(fd, NULL, NULL) < 0 && errno == EINVAL);
	CHECK(!listen(fd, 1));
	CHECK(connected_to(DISSOLVED_PORT) >= 0);
	CHECK(accept(fd, NULL, NULL) >= 0);
}

/* The first byte of a datagram says which socket of the group gets it. */
static void attach_choice(int fd)
{
	struct sock_filter insns[] = {
		{ BPF_LD | BPF_B | BPF_ABS, 0, 0, 0 },
		{ BPF_ALU | BPF_SUB | BPF_K, 0, 0, 'a' },
		{ BPF_RET | BPF_A, 0, 0, 0 },
	};
	struct sock_fprog prog = { 3, insns };

	CHECK(!setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &prog, sizeof(prog)));
}

/* A group at one port: its program decides who gets what, by the order in which they came. */
void group_of_one_port(void)
{
	struct sockaddr_in a = local(0);
	socklen_t len = sizeof(a);
	int fd[3], i, one = 1;

	for (i = 2; i >= 0; i--) {
		fd[i] = socket(AF_INET, SOCK_DGRAM, 0);
		CHECK(!setsockopt(fd[i], SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)));
	}
	for (i = 0; i < 3; i++) {
		CHECK(!bind(fd[i], (struct sockaddr *)&a, sizeof(a)));
		CHECK(!getsockname(fd[i], (struct sockaddr *)&a, &len));
	}
	attach_choice(fd[1]);
	is_ready();
	await_death();
	for (i = 0; i < 3; i++)
		CHECK(comes(fd[i], 'a' + i));
}

/* Of those that share a port, the last one gets a datagram. All may share it before one listens. */
void last_of_one_port(void)
{
	struct sockaddr_in a = local(0);
	int one = 1, s[2], u[2], i;
	socklen_t len = sizeof(a);

	for (i = 1; i >= 0; i--) {
		s[i] = socket(AF_INET, SOCK_STREAM, 0);
		u[i] = socket(AF_INET, SOCK_DGRAM, 0);
		CHECK(!setsockopt(s[i], SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)));
		CHECK(!setsockopt(u[i], SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)));
	}
	for (i = 0; i < 2; i++) {
		CHECK(!bind(u[i], (struct sockaddr *)&a, sizeof(a)));
		CHECK(!getsockname(u[i], (struct sockaddr *)&a, &len));
	}
	CHECK(!bind(s[1], (struct sockaddr *)&a, sizeof(a)));
	CHECK(!bind(s[0], (struct sockaddr *)&a, sizeof(a)));
	CHECK(!listen(s[1], 1));
	is_ready();
	await_death();
	CHECK(comes(u[1], 'x'));
	CHECK(listen(s[0], 1) < 0 && errno == EADDRINUSE);
	CHECK(connected_to(ntohs(a.sin_port)) >= 0);
	CHECK(accept(s[1], NULL, NULL) >= 0);
}

/* What was shut down stays so: who receives hears the end at once. */
void shut_down(void)
{
	int to = receiver(), fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in a;
	socklen_t len = sizeof(a);
	char c;

	CHECK(!getsockname(to, (struct sockaddr *)&a, &len));
	CHECK(!connect(fd, (struct sockaddr *)&a, len));
	CHECK(!shutdown(fd, SHUT_RD));
	CHECK(shutdown(to, SHUT_WR) < 0 && errno == ENOTCONN);
	is_ready();
	await_death();
	CHECK(recv(fd, &c, 1, 0) == 0);
	CHECK(send(fd, "x", 1, 0) == 1);
	CHECK(recv(to, &c, 1, 0) == 1);
	CHECK(send_to(to, 9) < 0 && errno == EPIPE);
}

/* A socket of IPv6 that has become one of IPv4 is one afterwards. */
void family_of_the_changed(void)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_port = htons(9) };
	int fd = socket(AF_INET6, SOCK_DGRAM, 0), family = AF_INET;
	socklen_t len = sizeof(family);

	CHECK(inet_pton(AF_INET6, "::ffff:127.0.0.1", &a.sin6_addr) == 1);
	CHECK(!connect(fd, (struct sockaddr *)&a, sizeof(a)));
	CHECK(!setsockopt(fd, SOL_IPV6, IPV6_ADDRFORM, &family, sizeof(family)));
	is_ready();
	await_death();
	family = 0;
	CHECK(!getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &len) && family == AF_INET);
	len = sizeof(a);
	CHECK(!getpeername(fd, (struct sockaddr *)&a, &len) && a.sin6_family == AF_INET);
	CHECK(len == sizeof(struct sockaddr_in));
}
