// SPDX-License-Identifier: MIT
/* Control messages of the net mode. */
#include <time.h>
#include <linux/errqueue.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <string.h>

#include "net.h"

static bool is_time(const struct cmsghdr *c)
{
	return c->cmsg_level == SOL_SOCKET &&
		(c->cmsg_type == SO_TIMESTAMP || c->cmsg_type == SO_TIMESTAMPNS || c->cmsg_type == SO_TIMESTAMPING);
}

static void out_error(const struct sock_extended_err *e)
{
	out(" error %u origin %u type %u code %u info %u data %u", e->ee_errno, e->ee_origin, e->ee_type,
	    e->ee_code, e->ee_info, e->ee_data);
}

void out_control(struct msghdr *m)
{
	struct cmsghdr *c;

	out(" control %zu", m->msg_controllen);
	for (c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		out(" (%d %d %zu", c->cmsg_level, c->cmsg_type, c->cmsg_len);
		if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) ||
		    (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR))
			out_error((void *)CMSG_DATA(c));
		else if (!is_time(c))
			out_bytes(CMSG_DATA(c), c->cmsg_len - CMSG_LEN(0));
		out(")");
	}
}

static struct cmsghdr *put(unsigned char *at, int level, int type, const void *data, size_t n)
{
	struct cmsghdr *c = (void *)at;

	*c = (struct cmsghdr){ .cmsg_len = CMSG_LEN(n), .cmsg_level = level, .cmsg_type = type };
	memcpy(CMSG_DATA(c), data, n);
	return c;
}

/* A control message, seldom a wrong one, into room; its length. */
socklen_t choose_control(struct msghdr *m, unsigned char *room)
{
	static const struct {
		int level, type;
		unsigned int size;
	} kinds[] = {
		{ IPPROTO_IP, IP_TTL, 4 }, { IPPROTO_IP, IP_TOS, 4 }, { IPPROTO_IP, IP_TOS, 1 },
		{ IPPROTO_IPV6, IPV6_HOPLIMIT, 4 }, { IPPROTO_IPV6, IPV6_TCLASS, 4 },
		{ IPPROTO_UDP, UDP_SEGMENT, 2 }, { SOL_SOCKET, SCM_RIGHTS, 4 }, { SOL_SOCKET, SO_MARK, 4 },
		{ SOL_SOCKET, SO_TIMESTAMPING, 4 }, { SOL_SOCKET, 99, 4 }, { IPPROTO_IP, 99, 4 },
		{ SOL_SOCKET, SO_PRIORITY, 4 }, { 4711, 1, 4 }, { IPPROTO_IP, IP_RETOPTS, 4 },
	};
	unsigned int k = below(COUNT_OF(kinds));
	uint32_t value = kinds[k].type == UDP_SEGMENT ? 1 + below(2000) : 1 + below(200);
	struct cmsghdr *c;

	memset(room, 0, 64);
	c = put(room, kinds[k].level, kinds[k].type, &value, kinds[k].size);
	m->msg_control = room;
	m->msg_controllen = CMSG_SPACE(kinds[k].size);
	out(" control (%d %d %u)", kinds[k].level, kinds[k].type, value);
	if (chance(5)) {
		c->cmsg_len = below(100);
		out(" length %zu", c->cmsg_len);
	}
	return m->msg_controllen;
}
