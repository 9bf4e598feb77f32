// SPDX-License-Identifier: MIT
/*
 * Sockets that are connected to a peer to which the next incarnation of the domain has no route.
 * They go on as they were, and reach their peer when there is a route again.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "netdeath.h"

#define PEER_PORT	7733

/* A net of lo: its addresses are this host's when they are added. */
struct net {
	int family;
	const char *ip, *own, *peer, *all;
	int bits;
};

static const struct net v4 = { AF_INET, "ip", "10.99.77.1", "10.99.77.9", "10.99.77.0/24", 32 };
static const struct net v6 = { AF_INET6, "ip -6", "fd99:77::1", "fd99:77::9", "fd99:77::/64", 128 };

static void run(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void run(const char *format, ...)
{
	char line[256];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	CHECK(!system(line));
}

static void address(const struct net *n, const char *what, const char *which)
{
	run("%s addr %s %s/%d dev lo", n->ip, what, which, n->bits);
}

struct name {
	struct sockaddr_storage a;
	socklen_t len;
};

static struct name named(const struct net *n, const char *which, int port)
{
	struct name e = { .len = sizeof(struct sockaddr_in) };
	struct sockaddr_in6 *a6 = (void *)&e.a;
	struct sockaddr_in *a = (void *)&e.a;

	/* The port stands at the same place in both. */
	a->sin_family = n->family;
	a->sin_port = htons(port);
	if (n->family == AF_INET6)
		e.len = sizeof(*a6);
	CHECK(inet_pton(n->family, which, n->family == AF_INET6 ? (void *)&a6->sin6_addr :
								   (void *)&a->sin_addr) == 1);
	return e;
}

static int same(const struct name *x, const struct name *y)
{
	return x->len == y->len && !memcmp(&x->a, &y->a, x->len);
}

static int port_at(const struct name *e)
{
	return ntohs(((const struct sockaddr_in *)&e->a)->sin_port);
}

static struct name own_name(int fd)
{
	struct name e = { .len = sizeof(e.a) };

	CHECK(!getsockname(fd, (struct sockaddr *)&e.a, &e.len));
	return e;
}

/* @fd is connected: it hears its peer, and nobody else. */
static void hears_peer_alone(const struct net *n, int fd, const struct name *own)
{
	struct name peer = named(n, n->peer, PEER_PORT), from = { .len = sizeof(from.a) };
	int p = socket(n->family, SOCK_DGRAM, 0), other = socket(n->family, SOCK_DGRAM, 0);
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	char c;

	CHECK(!bind(p, (struct sockaddr *)&peer.a, peer.len));
	CHECK(send(fd, "x", 1, 0) == 1);
	CHECK(recvfrom(p, &c, 1, 0, (struct sockaddr *)&from.a, &from.len) == 1);
	CHECK(same(&from, own));
	CHECK(sendto(other, "o", 1, 0, (const struct sockaddr *)&own->a, own->len) == 1);
	CHECK(!poll(&wait, 1, 300));
	CHECK(sendto(p, "p", 1, 0, (const struct sockaddr *)&own->a, own->len) == 1);
	CHECK(poll(&wait, 1, 3000) == 1 && recv(fd, &c, 1, 0) == 1 && c == 'p');
}

static void route_gone(const struct net *n)
{
	struct name peer = named(n, n->peer, PEER_PORT), got, own, now_own;
	int fd = socket(n->family, SOCK_DGRAM, 0);

	address(n, "add", n->own);
	run("%s route add %s dev lo src %s", n->ip, n->all, n->own);
	CHECK(!connect(fd, (struct sockaddr *)&peer.a, peer.len));
	own = own_name(fd);
	got = named(n, n->own, port_at(&own));
	CHECK(same(&own, &got));
	run("%s route del %s dev lo", n->ip, n->all);
	run("%s route add unreachable %s", n->ip, n->all);
	address(n, "del", n->own);
	is_ready();
	await_death();
	now_own = own_name(fd);
	CHECK(same(&now_own, &own));
	got.len = sizeof(got.a);
	CHECK(!getpeername(fd, (struct sockaddr *)&got.a, &got.len) && same(&got, &peer));
	CHECK(send(fd, "x", 1, 0) < 0 && errno != ENOTCONN && errno != EDESTADDRREQ);
	run("%s route del unreachable %s", n->ip, n->all);
	address(n, "add", n->own);
	address(n, "add", n->peer);
	hears_peer_alone(n, fd, &own);
	address(n, "del", n->own);
	address(n, "del", n->peer);
}

void route_of_the_gone(void) { route_gone(&v4); }
void route_of_the_gone_v6(void) { route_gone(&v6); }
