// SPDX-License-Identifier: MIT
/* Addresses of the net mode, and the calls that take or give them. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "net.h"

#define NOBODY	9	/* a port at which nothing listens */

enum kind { ANY_PORT, LOOPBACK_NEW, OTHERS, CLOSED, NOT_LOCAL, MAPPED, UNSPECIFIED, SHORT, WRONG };

static in_port_t port_of(const struct slot *s)
{
	union address a = { };
	socklen_t length = sizeof(a);

	if (getsockname(s->fd, &a.any, &length))
		return htons(NOBODY);
	return a.v4.sin_port;	/* both families have it in the same place */
}

static void set_ip(union address *a, enum kind kind)
{
	if (a->any.sa_family == AF_INET6) {
		if (kind == MAPPED)
			inet_pton(AF_INET6, "::ffff:127.0.0.1", &a->v6.sin6_addr);
		else if (kind == NOT_LOCAL)
			inet_pton(AF_INET6, "2001:db8::1", &a->v6.sin6_addr);
		else if (kind != ANY_PORT)
			a->v6.sin6_addr = in6addr_loopback;
		return;
	}
	if (kind == NOT_LOCAL)
		a->v4.sin_addr.s_addr = htonl(0xc0000201);
	else if (kind != ANY_PORT)
		a->v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
}

/* An address for a call on s; its length may be wrong. */
static socklen_t make_address(union address *a, const struct slot *s, enum kind kind)
{
	unsigned int other = some_slot();

	memset(a, 0, sizeof(*a));
	a->any.sa_family = s->family == AF_INET6 ? AF_INET6 : AF_INET;
	set_ip(a, kind);
	if (kind == OTHERS || kind == MAPPED)
		a->v4.sin_port = port_of(&slots[other]);
	else if (kind == CLOSED)
		a->v4.sin_port = htons(NOBODY);
	if (kind == UNSPECIFIED)
		a->any.sa_family = AF_UNSPEC;
	if (kind == WRONG)
		a->any.sa_family = a->any.sa_family == AF_INET ? AF_INET6 : AF_UNIX;
	if (kind == SHORT)
		return below(sizeof(a->v4) + 8);
	return s->family == AF_INET6 ? sizeof(a->v6) : sizeof(a->v4);
}

/* One to send or connect to. */
socklen_t choose_address(union address *a, const struct slot *s)
{
	static const enum kind kinds[] = { OTHERS, OTHERS, OTHERS, OTHERS, CLOSED, MAPPED,
					   UNSPECIFIED, SHORT, WRONG };

	return make_address(a, s, PICK(kinds));
}

static void out_port(in_port_t port, int type)
{
	unsigned int n = ntohs(port);

	if (n <= NOBODY)
		out(":%u", n);
	else
		out(":P%u", out_symbol('p', (uint64_t)n << 8 | (type & 0xf)));
}

void out_address(const union address *a, socklen_t length, int type)
{
	char text[INET6_ADDRSTRLEN] = "?";

	out(" [%u", length);
	if (length < sizeof(a->any.sa_family)) {
		out("]");
	} else if (a->any.sa_family == AF_INET && length >= sizeof(a->v4)) {
		out(" %s", inet_ntop(AF_INET, &a->v4.sin_addr, text, sizeof(text)));
		out_port(a->v4.sin_port, type);
		out("]");
	} else if (a->any.sa_family == AF_INET6 && length >= sizeof(a->v6)) {
		out(" %s", inet_ntop(AF_INET6, &a->v6.sin6_addr, text, sizeof(text)));
		out_port(a->v6.sin6_port, type);
		out(" %u %u]", a->v6.sin6_scope_id, a->v6.sin6_flowinfo);
	} else {
		out(" family %u]", a->any.sa_family);
	}
}

void do_bind(void)
{
	static const enum kind kinds[] = { ANY_PORT, LOOPBACK_NEW, LOOPBACK_NEW, LOOPBACK_NEW, OTHERS,
					   NOT_LOCAL, MAPPED, UNSPECIFIED, SHORT, WRONG };
	unsigned int i = some_slot();
	union address a;
	socklen_t length = make_address(&a, &slots[i], PICK(kinds));

	out(" %u", i);
	out_address(&a, length, slots[i].type);
	out(" =");
	out_result(bind(slots[i].fd, faults && chance(30) ? bad_address() : &a.any, length));
}

void do_listen(void)
{
	static const int backlogs[] = { 0, 1, 5, 5, -1, 1000 };
	unsigned int i = slot_that(is_stream);
	int n = PICK(backlogs);

	out_call(" %u %d", i, n);
	out_result(listen(slots[i].fd, n));
}

void do_connect(void)
{
	unsigned int i = some_slot();
	union address a;
	socklen_t length = choose_address(&a, &slots[i]);

	out(" %u", i);
	out_address(&a, length, slots[i].type);
	out(" =");
	out_result(connect(slots[i].fd, faults && chance(30) ? bad_address() : &a.any, length));
	slots[i].peer = -1;
}

void do_accept(void)
{
	unsigned int i = slot_that(listens), j;
	int flags = (chance(50) ? SOCK_NONBLOCK : 0) | (chance(5) ? 1 : 0);
	struct pollfd p = { .fd = slots[i].fd, .events = POLLIN };
	union address a;
	socklen_t length = chance(80) ? sizeof(a) : below(sizeof(a.v4) + 4);
	struct slot s = slots[i];
	int fd;

	poll(&p, 1, 0);
	out_call(" %u flags %d", i, flags);
	memset(&a, 0, sizeof(a));
	fd = accept4(s.fd, faults && chance(30) ? bad_address() : &a.any, &length, flags);
	out_result(fd < 0 ? -1 : 0);
	if (fd < 0)
		return;
	j = empty_slot();
	put_slot(j, fd, s.family, s.type);
	out(" %u", j);
	out_address(&a, length, s.type);
}

void do_names(void)
{
	unsigned int i = some_slot();
	bool peer = chance(50);
	socklen_t room = chance(80) ? sizeof(union address) : below(sizeof(struct sockaddr_in6) + 4);
	socklen_t length = room;
	union address a;
	int r;

	memset(&a, 0, sizeof(a));
	r = (peer ? getpeername : getsockname)(slots[i].fd, faults && chance(30) ? bad_address() : &a.any,
					       &length);
	out_call(" %u %s room %u", i, peer ? "peer" : "own", room);
	out_result(r);
	if (r)
		return;
	if (room >= length)
		out_address(&a, length, slots[i].type);
	else
		out(" [%u]", length);
}

void do_shutdown(void)
{
	unsigned int i = some_slot();
	int how = chance(95) ? (int)below(3) : 7;

	out_call(" %u %d", i, how);
	out_result(shutdown(slots[i].fd, how));
}
