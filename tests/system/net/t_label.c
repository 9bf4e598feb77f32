// SPDX-License-Identifier: MIT
/*
 * Labels of IPv6 flows. Setting one is the only option that gives something back.
 */
#include "nettest.h"

#define FLOWLABEL_MGR	32
#define FLOWINFO_SEND	33
#define FLOWINFO	11

enum { GET, PUT, RENEW };
enum { CREATE = 1, ANY = 255 };

/* As linux/in6.h has it, which does not go together with netinet/in.h. */
struct request {
	struct in6_addr to;
	uint32_t label;
	uint8_t action, share;
	uint16_t flags, expires, linger;
	uint32_t pad;
};

static struct request request(int action, uint32_t label)
{
	return (struct request){ .to = IN6ADDR_LOOPBACK_INIT, .label = label, .action = action,
				 .share = ANY, .flags = action == GET ? CREATE : 0,
				 .expires = 10, .linger = 6 };
}

static int manage(int fd, struct request *r)
{
	return setsockopt(fd, SOL_IPV6, FLOWLABEL_MGR, r, sizeof(*r));
}

static int received(int fd, uint32_t label)
{
	char buf[8], control[64] = "";
	struct iovec iov = { buf, sizeof(buf) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			    .msg_controllen = sizeof(control) };
	struct cmsghdr *c;
	uint32_t info;

	CHECK_EQ(recvmsg(fd, &m, 0), 1);
	c = CMSG_FIRSTHDR(&m);
	CHECK(c && c->cmsg_level == SOL_IPV6 && c->cmsg_type == FLOWINFO);
	memcpy(&info, CMSG_DATA(c), sizeof(info));
	return info == label;
}

TEST(label_is_chosen)
{
	struct request a = request(GET, 0), b = request(GET, 0), r;
	struct sockaddr_in6 to;
	socklen_t len = sizeof(to);
	int fd[2];

	udp_pair(AF_INET6, fd);
	CHECK_EQ(manage(fd[0], &a), 0);
	CHECK_EQ(manage(fd[0], &b), 0);
	CHECK(a.label && !(ntohl(a.label) & ~0xfffffu));
	CHECK(b.label && b.label != a.label);
	CHECK_EQ(a.flags, CREATE);
	set_int(fd[1], SOL_IPV6, FLOWINFO, 1);
	set_int(fd[0], SOL_IPV6, FLOWINFO_SEND, 1);
	CHECK_EQ(getpeername(fd[0], (struct sockaddr *)&to, &len), 0);
	to.sin6_flowinfo = a.label;
	CHECK_EQ(sendto(fd[0], "x", 1, 0, (struct sockaddr *)&to, sizeof(to)), 1);
	CHECK(received(fd[1], a.label));
	r = request(RENEW, a.label);
	CHECK_EQ(manage(fd[0], &r), 0);
	r = request(PUT, a.label);
	CHECK_EQ(manage(fd[0], &r), 0);
	CHECK_ERR(manage(fd[0], &r), ESRCH);
	CHECK_ERR(setsockopt(fd[0], SOL_IPV6, FLOWLABEL_MGR, &r, 16), EINVAL);
}

/* Without leave to make one there is none. */
TEST(label_is_not_made)
{
	struct request r = request(GET, 0);
	int fd[2];

	udp_pair(AF_INET6, fd);
	r.flags = 0;
	CHECK_ERR(manage(fd[0], &r), ENOENT);
	CHECK_EQ(r.label, 0);
}
