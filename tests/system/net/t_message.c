// SPDX-License-Identifier: MIT
/*
 * What comes and goes beside the data: control messages and their order, the error queue, segments
 * of one buffer, calls of several messages.
 */
#include "nettest.h"
#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <netinet/udp.h>

struct inbox {
	struct msghdr m;
	struct iovec iov;
	struct sockaddr_storage from;
	char data[64];
	char control[512];
};

static long receive(struct inbox *in, int fd, int flags)
{
	memset(in, 0, sizeof(*in));
	in->iov = (struct iovec){ in->data, sizeof(in->data) };
	in->m = (struct msghdr){ .msg_name = &in->from, .msg_namelen = sizeof(in->from),
				 .msg_iov = &in->iov, .msg_iovlen = 1,
				 .msg_control = in->control, .msg_controllen = sizeof(in->control) };
	return recvmsg(fd, &in->m, flags);
}

/* The next message must be this one. */
static void *next_is(struct inbox *in, struct cmsghdr **c, int level, int type, size_t len)
{
	*c = *c ? CMSG_NXTHDR(&in->m, *c) : CMSG_FIRSTHDR(&in->m);
	CHECK(*c);
	CHECK_EQ((*c)->cmsg_level, level);
	CHECK_EQ((*c)->cmsg_type, type);
	CHECK_EQ((*c)->cmsg_len, CMSG_LEN(len));
	return CMSG_DATA(*c);
}

TEST(message_order_v4)
{
	struct cmsghdr *c = NULL;
	struct in_pktinfo *info;
	struct sockaddr_in *to;
	struct inbox in;
	int fd[2];

	udp_pair(AF_INET, fd);
	set_int(fd[0], SOL_SOCKET, SO_TIMESTAMPNS, 1);
	set_int(fd[0], SOL_IP, IP_PKTINFO, 1);
	set_int(fd[0], SOL_IP, IP_RECVTTL, 1);
	set_int(fd[0], SOL_IP, IP_RECVTOS, 1);
	set_int(fd[0], SOL_IP, IP_RECVORIGDSTADDR, 1);
	set_int(fd[1], SOL_IP, IP_TTL, 7);
	set_int(fd[1], SOL_IP, IP_TOS, 0x28);
	CHECK_EQ(send(fd[1], "abc", 3, 0), 3);
	CHECK_EQ(receive(&in, fd[0], 0), 3);
	CHECK_EQ(in.m.msg_flags, 0);
	CHECK_EQ(in.m.msg_namelen, sizeof(*to));
	next_is(&in, &c, SOL_SOCKET, SO_TIMESTAMPNS, sizeof(struct timespec));
	info = next_is(&in, &c, SOL_IP, IP_PKTINFO, sizeof(*info));
	CHECK_EQ(info->ipi_addr.s_addr, htonl(INADDR_LOOPBACK));
	CHECK_EQ(*(int *)next_is(&in, &c, SOL_IP, IP_TTL, 4), 7);
	CHECK_EQ(*(unsigned char *)next_is(&in, &c, SOL_IP, IP_TOS, 1), 0x28);
	to = next_is(&in, &c, SOL_IP, IP_ORIGDSTADDR, sizeof(*to));
	CHECK_EQ(ntohs(to->sin_port), port_of(fd[0]));
	CHECK(!CMSG_NXTHDR(&in.m, c));
}

TEST(message_order_v6)
{
	struct cmsghdr *c = NULL;
	struct in6_pktinfo *info;
	struct inbox in;
	int fd[2];

	udp_pair(AF_INET6, fd);
	set_int(fd[0], SOL_IPV6, IPV6_RECVPKTINFO, 1);
	set_int(fd[0], SOL_IPV6, IPV6_RECVHOPLIMIT, 1);
	set_int(fd[0], SOL_IPV6, IPV6_RECVTCLASS, 1);
	set_int(fd[1], SOL_IPV6, IPV6_UNICAST_HOPS, 9);
	set_int(fd[1], SOL_IPV6, IPV6_TCLASS, 0x20);
	CHECK_EQ(send(fd[1], "abc", 3, 0), 3);
	CHECK_EQ(receive(&in, fd[0], 0), 3);
	info = next_is(&in, &c, SOL_IPV6, IPV6_PKTINFO, sizeof(*info));
	CHECK(IN6_IS_ADDR_LOOPBACK(&info->ipi6_addr));
	CHECK_EQ(*(int *)next_is(&in, &c, SOL_IPV6, IPV6_HOPLIMIT, 4), 9);
	CHECK_EQ(*(int *)next_is(&in, &c, SOL_IPV6, IPV6_TCLASS, 4), 0x20);
	CHECK(!CMSG_NXTHDR(&in.m, c));
}

/* The address from which to send comes as a message. */
TEST(message_source_is_chosen)
{
	struct in_pktinfo info = { .ipi_spec_dst.s_addr = htonl(0x7f000005) };
	struct endpoint e = loopback(AF_INET, 0);
	char control[CMSG_SPACE(sizeof(info))] = { 0 };
	struct iovec iov = { "x", 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			    .msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	int r = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0)), s = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
	struct inbox in;

	CHECK_EQ(bind(r, (struct sockaddr *)&e.addr, e.len), 0);
	e = loopback(AF_INET, port_of(r));
	m.msg_name = &e.addr;
	m.msg_namelen = e.len;
	*c = (struct cmsghdr){ CMSG_LEN(sizeof(info)), SOL_IP, IP_PKTINFO };
	memcpy(CMSG_DATA(c), &info, sizeof(info));
	CHECK_EQ(sendmsg(s, &m, 0), 1);
	CHECK_EQ(receive(&in, r, 0), 1);
	CHECK_EQ(((struct sockaddr_in *)&in.from)->sin_addr.s_addr, htonl(0x7f000005));
	c->cmsg_len = 3;
	CHECK_ERR(sendmsg(s, &m, 0), EINVAL);
	c->cmsg_len = CMSG_LEN(sizeof(info));
	c->cmsg_type = 999;
	CHECK_ERR(sendmsg(s, &m, 0), EINVAL);
}

static void refused_by(int family, int level, int option)
{
	int s = CHECK_OK(socket(family, SOCK_DGRAM, 0)), r = CHECK_OK(socket(family, SOCK_DGRAM, 0));
	struct endpoint e = loopback(family, 0);
	struct sock_extended_err *ee;
	struct cmsghdr *c = NULL;
	struct inbox in;
	int port;

	CHECK_EQ(bind(r, (struct sockaddr *)&e.addr, e.len), 0);
	port = port_of(r);
	e = loopback(family, port);
	close(r);
	set_int(s, level, option, 1);
	CHECK_EQ(sendto(s, "lost", 4, 0, (struct sockaddr *)&e.addr, e.len), 4);
	CHECK_EQ(poll_for(s, POLLIN, 5000) & POLLERR, POLLERR);
	CHECK_EQ(receive(&in, s, MSG_ERRQUEUE), 4);
	CHECK_EQ(in.m.msg_flags, MSG_ERRQUEUE);
	CHECK(!memcmp(in.data, "lost", 4));
	CHECK_EQ(ntohs(((struct sockaddr_in *)&in.from)->sin_port), port);
	ee = next_is(&in, &c, level, option, sizeof(*ee) + e.len);
	CHECK_EQ(ee->ee_errno, ECONNREFUSED);
	CHECK_EQ(SO_EE_OFFENDER(ee)->sa_family, family);
	/* The queue is empty; its error went with it. */
	CHECK_ERR(receive(&in, s, MSG_ERRQUEUE), EAGAIN);
	CHECK_EQ(get_int(s, SOL_SOCKET, SO_ERROR), 0);
	CHECK_EQ(poll_for(s, POLLIN, 0), 0);
}

TEST(message_of_an_error) { refused_by(AF_INET, SOL_IP, IP_RECVERR); }

TEST(message_of_an_error_v6) { refused_by(AF_INET6, SOL_IPV6, IPV6_RECVERR); }

TEST(message_segments)
{
	char control[CMSG_SPACE(4)] = { 0 }, buf[2500];
	struct iovec iov = { buf, sizeof(buf) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			    .msg_controllen = CMSG_SPACE(2) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	uint16_t size = 1000;
	int fd[2];

	udp_pair(AF_INET, fd);
	memset(buf, 'x', sizeof(buf));
	*c = (struct cmsghdr){ CMSG_LEN(2), SOL_UDP, UDP_SEGMENT };
	memcpy(CMSG_DATA(c), &size, 2);
	CHECK_EQ(sendmsg(fd[0], &m, 0), 2500);
	CHECK_EQ(recv(fd[1], buf, sizeof(buf), 0), 1000);
	CHECK_EQ(recv(fd[1], buf, sizeof(buf), 0), 1000);
	CHECK_EQ(recv(fd[1], buf, sizeof(buf), 0), 500);
	set_int(fd[1], SOL_UDP, UDP_GRO, 1);
	set_int(fd[0], SOL_UDP, UDP_SEGMENT, 1200);
	CHECK_EQ(send(fd[0], buf, 2400, 0), 2400);
	m.msg_controllen = sizeof(control);
	CHECK_EQ(recvmsg(fd[1], &m, 0), 2400);
	CHECK_EQ(c->cmsg_type, UDP_GRO);
	CHECK_EQ(*(int *)CMSG_DATA(c), 1200);
	CHECK_ERR(setsockopt(fd[0], SOL_UDP, UDP_SEGMENT, &(int){ 70000 }, 4), EINVAL);
}

/* What could not be sent ends the call. It is told only if nothing was sent before. */
TEST(message_many_sent_in_part)
{
	struct endpoint e = loopback(AF_INET, 0);
	int r = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0)), s = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
	struct iovec iov[3] = { { "a", 1 }, { "bc", 2 }, { "d", 1 } };
	struct mmsghdr m[3] = { 0 };
	char buf[8];
	int i;

	CHECK_EQ(bind(r, (struct sockaddr *)&e.addr, e.len), 0);
	e = loopback(AF_INET, port_of(r));
	for (i = 0; i < 3; i++) {
		m[i].msg_hdr.msg_iov = &iov[i];
		m[i].msg_hdr.msg_iovlen = 1;
		m[i].msg_hdr.msg_name = &e.addr;
		m[i].msg_hdr.msg_namelen = e.len;
	}
	m[1].msg_hdr.msg_namelen = 3;
	CHECK_EQ(sendmmsg(s, m, 3, 0), 1);
	CHECK_EQ(m[0].msg_len, 1);
	CHECK_ERR(sendmmsg(s, m + 1, 2, 0), EINVAL);
	CHECK_EQ(recv(r, buf, 8, 0), 1);
	CHECK_ERR(recv(r, buf, 8, MSG_DONTWAIT), EAGAIN);
	m[1].msg_hdr.msg_namelen = e.len;
	iov[1].iov_base = (void *)16;
	CHECK_EQ(sendmmsg(s, m, 3, 0), 1);
	CHECK_EQ(recv(r, buf, 8, 0), 1);
	CHECK_EQ(sendmmsg(s, m, 0, 0), 0);
}

/* Of UDP, a receiver of urgent data waits for any. */
TEST(message_urgent_of_udp)
{
	double begun = now();
	char buf[4];
	int fd[2];

	udp_pair(AF_INET, fd);
	CHECK_ERR(send(fd[0], "a", 1, MSG_OOB), EOPNOTSUPP);
	if (!fork()) {
		usleep(200000);
		_exit(send(fd[1], "b", 1, 0) != 1);
	}
	CHECK_EQ(recv(fd[0], buf, 4, MSG_OOB), 1);
	CHECK(now() - begun > 0.15);
	CHECK_ERR(recv(fd[0], buf, 4, MSG_OOB | MSG_DONTWAIT), EAGAIN);
}

/* An address of no bytes is none that UDP takes. */
TEST(message_address_of_no_bytes)
{
	struct endpoint e = loopback(AF_INET, 9);
	int fd[2];

	udp_pair(AF_INET, fd);
	CHECK_ERR(sendto(fd[0], "a", 1, 0, (struct sockaddr *)&e.addr, 0), EINVAL);
	udp_pair(AF_INET6, fd);
	CHECK_ERR(sendto(fd[0], "a", 1, 0, (struct sockaddr *)&e.addr, 0), EINVAL);
	CHECK_EQ(sendto(fd[0], "a", 1, 0, NULL, 0), 1);
	tcp_pair(AF_INET, fd);
	CHECK_EQ(sendto(fd[0], "a", 1, 0, (struct sockaddr *)&e.addr, 0), 1);
}

/* When a datagram left is told by the error queue, which select() shows if it is asked to. */
TEST(message_stamp_of_sending)
{
	struct scm_timestamping *ts;
	struct cmsghdr *c = NULL;
	struct inbox in;
	int fd[2];

	udp_pair(AF_INET, fd);
	set_int(fd[0], SOL_SOCKET, SO_TIMESTAMPING, SOF_TIMESTAMPING_TX_SOFTWARE |
		SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_OPT_TSONLY | SOF_TIMESTAMPING_OPT_ID);
	set_int(fd[0], SOL_SOCKET, SO_SELECT_ERR_QUEUE, 1);
	CHECK_EQ(send(fd[0], "a", 1, 0), 1);
	CHECK_EQ(poll_for(fd[0], POLLPRI, 5000), POLLPRI | POLLERR);
	CHECK_EQ(receive(&in, fd[0], MSG_ERRQUEUE), 0);
	ts = next_is(&in, &c, SOL_SOCKET, SO_TIMESTAMPING, sizeof(*ts));
	CHECK(labs(ts->ts[0].tv_sec - time(NULL)) < 5);
	next_is(&in, &c, SOL_IP, IP_RECVERR, sizeof(struct sock_extended_err) + 16);
	CHECK_ERR(receive(&in, fd[0], MSG_ERRQUEUE), EAGAIN);
}

/* An option that changes the mask has done so when it has been set. */
TEST(message_error_queue_is_shown_at_once)
{
	struct endpoint e = loopback(AF_INET, 0);
	int fd = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0)), i;

	CHECK_EQ(bind(fd, (struct sockaddr *)&e.addr, e.len), 0);
	e = loopback(AF_INET, port_of(fd));
	close(fd);
	fd = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
	set_int(fd, SOL_IP, IP_RECVERR, 1);
	CHECK_EQ(connect(fd, (struct sockaddr *)&e.addr, e.len), 0);
	CHECK_EQ(send(fd, "nobody", 6, 0), 6);
	CHECK_EQ(poll_for(fd, 0, 5000), POLLERR);
	for (i = 0; i < 50; i++) {
		set_int(fd, SOL_SOCKET, SO_SELECT_ERR_QUEUE, 1);
		CHECK_EQ(poll_for(fd, POLLPRI, 0), POLLPRI | POLLERR);
		set_int(fd, SOL_SOCKET, SO_SELECT_ERR_QUEUE, 0);
		CHECK_EQ(poll_for(fd, POLLPRI, 0), POLLERR);
	}
}
