// SPDX-License-Identifier: MIT
/* Sockets of the net mode: making them, duplicating and closing them. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

#include "net.h"

struct slot slots[SLOTS];
unsigned char buffer[1 << 17];

/* A slot, rather one that is in use. */
unsigned int some_slot(void)
{
	unsigned int i = below(SLOTS), n;

	for (n = 0; n < 3 && slots[i].fd < 0; n++)
		i = below(SLOTS);
	return i;
}

/* One that is not in use, or no more; another one than the time before. */
unsigned int empty_slot(void)
{
	static unsigned int last;
	unsigned int i, at = below(SLOTS);

	for (i = 0; i < SLOTS && slots[(at + i) % SLOTS].fd >= 0; i++)
		;
	at = (at + i) % SLOTS;
	if (at == last)
		at = (at + 1) % SLOTS;
	if (slots[at].fd >= 0)
		drop_slot(at);
	return last = at;
}

/* One that fits, if one is found soon; now and then any. */
unsigned int slot_that(bool (*fits)(const struct slot *))
{
	unsigned int at = below(SLOTS), i;

	if (chance(5))
		return at;
	for (i = 0; i < SLOTS; i++)
		if (slots[(at + i) % SLOTS].fd >= 0 && fits(&slots[(at + i) % SLOTS]))
			return (at + i) % SLOTS;
	return at;
}

bool is_stream(const struct slot *s)
{
	return s->type == SOCK_STREAM;
}

bool is_dgram(const struct slot *s)
{
	return s->type == SOCK_DGRAM;
}

bool has_peer(const struct slot *s)
{
	return s->peer >= 0;
}

bool listens(const struct slot *s)
{
	int on = 0;
	socklen_t length = sizeof(on);

	getsockopt(s->fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &length);
	return on;
}

void put_slot(unsigned int i, int fd, int family, int type)
{
	slots[i] = (struct slot){ .fd = fd, .family = family, .type = type, .peer = -1 };
}

void drop_slot(unsigned int i)
{
	unsigned int n;

	close(slots[i].fd);
	pause_ms(CLOSE_MS);
	slots[i].fd = -1;
	for (n = 0; n < SLOTS; n++)
		if (slots[n].peer == (int)i)
			slots[n].peer = -1;
}

/* So many calls that the exceptionless door takes the descriptor, if there is one. */
void warm(int fd)
{
	char c;
	int n;

	for (n = 0; n < 4; n++)
		recv(fd, &c, 1, MSG_DONTWAIT | MSG_PEEK);
}

/* A stream's few bytes shall not wait for an acknowledgement, which comes when it likes. */
void send_at_once(int fd, int type)
{
	if (type == SOCK_STREAM)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
}

static socklen_t loopback(union address *a, int family)
{
	memset(a, 0, sizeof(*a));
	a->any.sa_family = family;
	if (family == AF_INET6) {
		a->v6.sin6_addr = in6addr_loopback;
		return sizeof(a->v6);
	}
	a->v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return sizeof(a->v4);
}

static int bound(int family, int type, union address *a, socklen_t *length)
{
	int fd = socket(family, type, 0);

	send_at_once(fd, type);
	*length = loopback(a, family);
	if (fd < 0 || bind(fd, &a->any, *length) || getsockname(fd, &a->any, length))
		out(" no socket");
	return fd;
}

/* Two ends of a connection, as if by socketpair(). */
void do_pair(void)
{
	int family = chance(60) ? AF_INET : AF_INET6, listener, one, two;
	int flags = (chance(40) ? SOCK_NONBLOCK : 0) | (chance(20) ? SOCK_CLOEXEC : 0);
	unsigned int i = empty_slot(), j;
	union address a;
	socklen_t length;
	bool warmed = chance(50);

	listener = bound(family, SOCK_STREAM, &a, &length);
	out_call(" %u", i);
	out_result(listen(listener, 1));
	one = socket(family, SOCK_STREAM, 0);
	send_at_once(one, SOCK_STREAM);
	out_result(connect(one, &a.any, length));
	if (flags & SOCK_NONBLOCK)
		out_result(fcntl(one, F_SETFL, O_NONBLOCK));
	two = accept4(listener, NULL, NULL, flags);
	close(listener);
	put_slot(i, one, family, SOCK_STREAM);
	j = empty_slot();
	put_slot(j, two, family, SOCK_STREAM);
	slots[i].peer = j;
	slots[j].peer = i;
	if (warmed) {
		warm(one);
		warm(two);
	}
	out(" %u%s%s", j, family == AF_INET6 ? " v6" : "", warmed ? " warm" : "");
}

/* Two datagram sockets that are connected to each other. */
void do_dgrams(void)
{
	int family = chance(60) ? AF_INET : AF_INET6, one, two;
	int type = SOCK_DGRAM | (chance(50) ? SOCK_NONBLOCK : 0);
	unsigned int i = empty_slot(), j;
	union address a, b;
	socklen_t length;
	bool warmed = chance(50), both = chance(60);

	one = bound(family, type, &a, &length);
	put_slot(i, one, family, SOCK_DGRAM);
	j = empty_slot();
	two = bound(family, type, &b, &length);
	put_slot(j, two, family, SOCK_DGRAM);
	out_call(" %u %u", i, j);
	out_result(connect(one, &b.any, length));
	if (both)
		out_result(connect(two, &a.any, length));
	slots[i].peer = j;
	slots[j].peer = i;
	if (warmed) {
		warm(one);
		warm(two);
	}
	out("%s%s", family == AF_INET6 ? " v6" : "", warmed ? " warm" : "");
}

void do_socket(void)
{
	static const int families[] = { AF_INET, AF_INET, AF_INET, AF_INET6, AF_INET6 };
	static const int types[] = { SOCK_STREAM, SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET, 77 };
	int family = PICK(families), type = types[below(chance(90) ? 3 : 5)];
	int flags = (chance(50) ? SOCK_NONBLOCK : 0) | (chance(10) ? SOCK_CLOEXEC : 0);
	int protocol = chance(90) ? 0 : chance(50) ? IPPROTO_TCP : (int)below(300);
	unsigned int i = empty_slot();

	put_slot(i, socket(family, type | flags, protocol), family, type);
	send_at_once(slots[i].fd, type);
	out_call(" %u %s type %d%s protocol %d", i, family == AF_INET ? "v4" : "v6", type,
		 flags & SOCK_NONBLOCK ? " nonblock" : "", protocol);
	out_result(slots[i].fd < 0 ? -1 : 0);
}

void do_close(void)
{
	unsigned int i = some_slot(), n;
	int fd = slots[i].fd;

	out_call(" %u", i);
	out_result(close(fd));
	pause_ms(CLOSE_MS);
	slots[i].fd = -1;
	for (n = 0; n < SLOTS; n++)
		if (slots[n].peer == (int)i)
			slots[n].peer = -1;
}

/* A connection's end that is closed by a reset. */
void do_reset(void)
{
	struct linger l = { .l_onoff = 1 };
	unsigned int i = slot_that(is_stream);

	out_call(" %u", i);
	out_result(setsockopt(slots[i].fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l)));
	drop_slot(i);
}

void do_dup(void)
{
	unsigned int i = some_slot(), j = chance(50) ? some_slot() : empty_slot();
	int fd;

	out_call(" %u %u", i, j);
	if (slots[j].fd >= 0) {
		fd = dup2(slots[i].fd, slots[j].fd);
		pause_ms(CLOSE_MS);
		out_result(fd < 0 ? -1 : 0);
		if (fd >= 0) {
			slots[j] = slots[i];
			slots[j].fd = fd;
		}
		return;
	}
	fd = dup(slots[i].fd);
	out_result(fd < 0 ? -1 : 0);
	slots[j] = slots[i];
	slots[j].fd = fd;
}

/* Another descriptor of the same socket, by a way other than dup(). */
void do_pass(void)
{
	unsigned int i = some_slot(), j;
	struct slot old = slots[i];
	bool closed;
	int fd;

	out(" %u", i);
	fd = pass_descriptor(old.fd, &closed);
	out(" =");
	out_result(fd < 0 ? -1 : 0);
	if (closed)
		slots[i].fd = -1;
	if (fd < 0)
		return;
	j = closed ? i : empty_slot();
	slots[j] = old;
	slots[j].fd = fd;
	out(" %u", j);
}
