// SPDX-License-Identifier: MIT
/* Options, ioctls and descriptor flags in the net mode. */
#include <fcntl.h>
#include <linux/in6.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "net.h"

enum what { PLAIN, MASKED, NO_SET };

#ifndef IP_LOCAL_PORT_RANGE
#define IP_LOCAL_PORT_RANGE 51
#endif

static const struct option {
	int level, name;
	const char *text;
	enum what what;
} options[] = {
#define SOL(name, what)	{ SOL_SOCKET, name, #name, what }
#define IP4(name, what)	{ IPPROTO_IP, name, #name, what }
#define IP6(name, what)	{ IPPROTO_IPV6, name, #name, what }
#define TCP(name, what)	{ IPPROTO_TCP, name, #name, what }
#define UDP(name, what)	{ IPPROTO_UDP, name, #name, what }
	SOL(SO_TYPE, PLAIN), SOL(SO_PROTOCOL, PLAIN), SOL(SO_DOMAIN, PLAIN), SOL(SO_ERROR, PLAIN),
	SOL(SO_ERROR, PLAIN), SOL(SO_ERROR, PLAIN), SOL(SO_ACCEPTCONN, PLAIN), SOL(SO_REUSEADDR, PLAIN),
	SOL(SO_REUSEADDR, PLAIN), SOL(SO_REUSEPORT, PLAIN), SOL(SO_KEEPALIVE, PLAIN), SOL(SO_BROADCAST, PLAIN),
	SOL(SO_OOBINLINE, PLAIN), SOL(SO_LINGER, PLAIN), SOL(SO_RCVLOWAT, PLAIN), SOL(SO_SNDLOWAT, PLAIN),
	SOL(SO_RCVTIMEO, PLAIN), SOL(SO_SNDTIMEO, PLAIN), SOL(SO_RCVBUF, MASKED), SOL(SO_SNDBUF, MASKED),
	SOL(SO_PRIORITY, PLAIN), SOL(SO_MARK, PLAIN), SOL(SO_NO_CHECK, PLAIN), SOL(SO_TIMESTAMP, PLAIN),
	SOL(SO_TIMESTAMPNS, PLAIN), SOL(SO_DONTROUTE, PLAIN), SOL(SO_BINDTODEVICE, PLAIN), SOL(SO_PASSCRED, PLAIN),
	SOL(SO_PEEK_OFF, PLAIN), SOL(SO_BUSY_POLL, PLAIN), SOL(SO_ZEROCOPY, NO_SET), SOL(SO_RXQ_OVFL, PLAIN),
	SOL(SO_TIMESTAMPING, PLAIN), SOL(SO_MAX_PACING_RATE, NO_SET), SOL(SO_INCOMING_CPU, MASKED),
	SOL(SO_SELECT_ERR_QUEUE, PLAIN), SOL(SO_LOCK_FILTER, NO_SET), SOL(SO_PEERCRED, MASKED), SOL(4711, PLAIN),
	IP4(IP_TOS, PLAIN), IP4(IP_TTL, PLAIN), IP4(IP_MTU_DISCOVER, PLAIN), IP4(IP_MTU, PLAIN),
	IP4(IP_RECVERR, PLAIN), IP4(IP_RECVERR, PLAIN), IP4(IP_PKTINFO, PLAIN), IP4(IP_RECVTTL, PLAIN),
	IP4(IP_RECVTOS, PLAIN), IP4(IP_FREEBIND, PLAIN), IP4(IP_TRANSPARENT, PLAIN), IP4(IP_MULTICAST_TTL, PLAIN),
	IP4(IP_MULTICAST_LOOP, PLAIN), IP4(IP_MULTICAST_IF, PLAIN), IP4(IP_BIND_ADDRESS_NO_PORT, PLAIN),
	IP4(IP_LOCAL_PORT_RANGE, NO_SET), IP4(IP_OPTIONS, PLAIN), IP4(IP_HDRINCL, PLAIN), IP4(IP_UNICAST_IF, PLAIN),
	IP4(IP_MINTTL, NO_SET), IP4(IP_RECVORIGDSTADDR, PLAIN), IP4(IP_PASSSEC, PLAIN), IP4(4711, PLAIN),
	IP6(IPV6_V6ONLY, PLAIN), IP6(IPV6_UNICAST_HOPS, PLAIN), IP6(IPV6_TCLASS, PLAIN), IP6(IPV6_RECVPKTINFO, PLAIN),
	IP6(IPV6_RECVHOPLIMIT, PLAIN), IP6(IPV6_RECVTCLASS, PLAIN), IP6(IPV6_MTU, NO_SET),
	IP6(IPV6_MTU_DISCOVER, PLAIN), IP6(IPV6_RECVERR, PLAIN), IP6(IPV6_MULTICAST_HOPS, PLAIN),
	IP6(IPV6_MULTICAST_LOOP, PLAIN), IP6(IPV6_ADDRFORM, PLAIN), IP6(IPV6_DONTFRAG, PLAIN),
	IP6(IPV6_AUTOFLOWLABEL, PLAIN), IP6(IPV6_FREEBIND, PLAIN), IP6(IPV6_2292PKTOPTIONS, NO_SET),
	TCP(TCP_NODELAY, PLAIN), TCP(TCP_NODELAY, PLAIN), TCP(TCP_CORK, PLAIN), TCP(TCP_CORK, PLAIN),
	TCP(TCP_MAXSEG, NO_SET), TCP(TCP_KEEPIDLE, PLAIN), TCP(TCP_KEEPINTVL, PLAIN), TCP(TCP_KEEPCNT, PLAIN),
	TCP(TCP_SYNCNT, PLAIN), TCP(TCP_LINGER2, PLAIN), TCP(TCP_DEFER_ACCEPT, NO_SET),
	TCP(TCP_WINDOW_CLAMP, NO_SET), TCP(TCP_QUICKACK, MASKED), TCP(TCP_CONGESTION, PLAIN),
	TCP(TCP_USER_TIMEOUT, PLAIN), TCP(TCP_FASTOPEN, NO_SET), TCP(TCP_FASTOPEN_CONNECT, PLAIN),
	TCP(TCP_NOTSENT_LOWAT, NO_SET), TCP(TCP_INFO, MASKED), TCP(TCP_INQ, PLAIN), TCP(TCP_ULP, NO_SET),
	TCP(TCP_SAVE_SYN, PLAIN), TCP(4711, PLAIN),
	UDP(UDP_CORK, PLAIN), UDP(UDP_SEGMENT, PLAIN), UDP(UDP_GRO, PLAIN), UDP(UDP_ENCAP, NO_SET),
	UDP(UDP_NO_CHECK6_TX, PLAIN), UDP(4711, PLAIN),
	{ 4711, 1, "level 4711", PLAIN },
};

static const struct option *choose(const struct slot *s)
{
	const struct option *o = &PICK(options);

	while ((o->level == IPPROTO_TCP && s->type != SOCK_STREAM && !chance(5)) ||
	       (o->level == IPPROTO_UDP && s->type != SOCK_DGRAM && !chance(5)) ||
	       (o->level == IPPROTO_IPV6 && s->family != AF_INET6 && !chance(5)))
		o = &PICK(options);
	return o;
}

static socklen_t some_length(void)
{
	static const socklen_t odd[] = { 0, 1, 2, 3, 5, 8, 16, 64, 300 };

	return chance(75) ? sizeof(int) : PICK(odd);
}

static bool shows_tcp_state(const struct option *o, socklen_t length)
{
	return o->level == IPPROTO_TCP && o->name == TCP_INFO && length >= 1;
}

void do_getsockopt(void)
{
	unsigned int i = some_slot();
	const struct option *o = choose(&slots[i]);
	socklen_t length = some_length();
	unsigned char value[512];
	int r;

	memset(value, 0xa5, sizeof(value));
	out_call(" %u %s %u", i, o->text, length);
	r = getsockopt(slots[i].fd, o->level, o->name, faults && chance(30) ? bad_address() : value, &length);
	out_result(r);
	if (r)
		return;
	out(" [%u]", length);
	if (shows_tcp_state(o, length))
		out(" state %u", value[0]);
	else if (o->what != MASKED && length == sizeof(int))
		out(" %d", *(int *)value);
	else if (o->what != MASKED)
		out_bytes(value, length);
}

/* A time-out must not be longer than a step may take, nor end by itself too close to it. */
static void set_value(unsigned char *value, const struct option *o, socklen_t *length)
{
	static const int numbers[] = { 0, 0, 1, 1, 1, 1, 2, 5, 100, 255, 256, 65536, -1 };
	int n = PICK(numbers);

	memset(value, 0, 512);
	memcpy(value, &n, sizeof(n));
	if (o->level == SOL_SOCKET && (o->name == SO_RCVTIMEO || o->name == SO_SNDTIMEO)) {
		int64_t t[2] = { n > 2 ? 100 : 0, n > 2 ? 0 : 30000 };

		memcpy(value, t, sizeof(t));
		*length = sizeof(t);
	} else if (o->level == SOL_SOCKET && o->name == SO_LINGER) {
		int l[2] = { n & 1, 0 };

		memcpy(value, l, sizeof(l));
		*length = chance(80) ? sizeof(l) : *length;
	} else if (o->name == TCP_CONGESTION && o->level == IPPROTO_TCP) {
		strcpy((char *)value, chance(50) ? "cubic" : "reno");
		*length = 5;
	} else if (o->name == SO_BINDTODEVICE && o->level == SOL_SOCKET) {
		strcpy((char *)value, chance(50) ? "lo" : chance(50) ? "" : "nosuch");
		*length = 3;
	}
}

/* What such an option was set to is shown; then the socket sends at once again. */
static void undo_delay(int fd, int name)
{
	int value = 0;
	socklen_t length = sizeof(value);

	if (getsockopt(fd, IPPROTO_TCP, name, &value, &length))
		return;
	out(" %d", value);
	value = name == TCP_NODELAY;
	setsockopt(fd, IPPROTO_TCP, name, &value, sizeof(value));
}

void do_setsockopt(void)
{
	unsigned int i = some_slot();
	const struct option *o = choose(&slots[i]);
	socklen_t length = some_length();
	unsigned char value[512];

	set_value(value, o, &length);
	out(" %u %s %u %d", i, o->text, length, *(int *)value);
	if (o->what == NO_SET) {
		out(" left out");
		return;
	}
	out(" =");
	out_result(setsockopt(slots[i].fd, o->level, o->name, faults && chance(30) ? bad_address() : value, length));
	if (o->level == IPPROTO_TCP && (o->name == TCP_NODELAY || o->name == TCP_CORK))
		undo_delay(slots[i].fd, o->name);
}

void do_ioctl(void)
{
	static const struct {
		unsigned long number;
		const char *text;
		bool masked;
	} kinds[] = {
		{ FIONREAD, "FIONREAD", false }, { FIONREAD, "FIONREAD", false }, { SIOCOUTQ, "SIOCOUTQ", false },
		{ SIOCOUTQNSD, "SIOCOUTQNSD", false }, { SIOCATMARK, "SIOCATMARK", false },
		{ FIONBIO, "FIONBIO", false }, { FIOASYNC, "FIOASYNC", false }, { FIOGETOWN, "FIOGETOWN", true },
		{ SIOCGPGRP, "SIOCGPGRP", true }, { SIOCGSTAMP, "SIOCGSTAMP", true }, { FIOCLEX, "FIOCLEX", false },
		{ TIOCGWINSZ, "TIOCGWINSZ", false }, { 0x5421f00d, "none", false },
	};
	unsigned int i = some_slot(), k = below(COUNT_OF(kinds));
	int64_t value[4] = { below(2) };
	int r;

	out_call(" %u %s %ld", i, kinds[k].text, (long)value[0]);
	r = ioctl(slots[i].fd, kinds[k].number, faults && chance(30) ? bad_address() : value);
	out_result(r);
	if (!r && !kinds[k].masked)
		out(" %d", (int)value[0]);
}

static void out_owner(int fd)
{
	struct f_owner_ex owner = { };

	out_result(fcntl(fd, F_GETOWN_EX, &owner));
	out(" type %d %s", owner.type, owner.pid == getpid() ? "own" : owner.pid ? "other" : "none");
}

void do_fcntl(void)
{
	unsigned int i = some_slot();
	int flags = (chance(60) ? O_NONBLOCK : 0) | (chance(30) ? O_ASYNC : 0) | (chance(5) ? O_APPEND : 0);

	switch (below(6)) {
	case 0:
	case 1:
		out_call(" %u SETFL %#x", i, flags);
		out_result(fcntl(slots[i].fd, F_SETFL, flags));
		break;
	case 2:
		out_call(" %u GETFL", i);
		flags = fcntl(slots[i].fd, F_GETFL);
		out_result(flags < 0 ? -1 : 0);
		out(" %#x", flags);
		break;
	case 3:
		out_call(" %u SETOWN", i);
		out_result(fcntl(slots[i].fd, F_SETOWN, getpid()));
		break;
	case 4:
		out_call(" %u GETOWN", i);
		out_owner(slots[i].fd);
		break;
	default:
		out_call(" %u SETSIG", i);
		out_result(fcntl(slots[i].fd, F_SETSIG, chance(50) ? SIGUSR1 : 0));
	}
}

/* All that came, given the time to come. */
void do_signals(void)
{
	pause_ms(15);
	out(" =");
	out_signals();
}
