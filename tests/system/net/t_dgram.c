// SPDX-License-Identifier: MIT
/*
 * Datagrams: boundaries, addresses, control messages, errors.
 */
#include "nettest.h"
#include <linux/errqueue.h>
#include <sys/mman.h>

static void exchange(int family)
{
	struct endpoint from = { .len = sizeof(from.addr) };
	char buf[32];
	int fd[2];

	udp_pair(family, fd);
	CHECK_EQ(send(fd[0], "one", 3, 0), 3);
	CHECK_EQ(send(fd[0], "", 0, 0), 0);
	CHECK_EQ(send(fd[0], "three", 5, 0), 5);
	CHECK_EQ(recvfrom(fd[1], buf, sizeof(buf), 0, (struct sockaddr *)&from.addr, &from.len), 3);
	CHECK_EQ(ntohs(((struct sockaddr_in *)&from.addr)->sin_port), port_of(fd[0]));
	CHECK_EQ(recv(fd[1], buf, sizeof(buf), 0), 0);
	CHECK_EQ(recv(fd[1], buf, 2, 0), 2);
	CHECK_ERR(recv(fd[1], buf, 2, MSG_DONTWAIT), EAGAIN);
}

TEST(dgram_v4) { exchange(AF_INET); }
TEST(dgram_v6) { exchange(AF_INET6); }

TEST(dgram_unconnected)
{
	struct endpoint any = loopback(AF_INET, 0), to, from = { .len = sizeof(from.addr) };
	int a = socket(AF_INET, SOCK_DGRAM, 0), b = socket(AF_INET, SOCK_DGRAM, 0);
	char buf[8];

	CHECK_EQ(bind(a, (struct sockaddr *)&any.addr, any.len), 0);
	to = loopback(AF_INET, port_of(a));
	CHECK_ERR(send(b, "x", 1, 0), EDESTADDRREQ);
	CHECK_EQ(sendto(b, "ping", 4, 0, (struct sockaddr *)&to.addr, to.len), 4);
	CHECK_EQ(recvfrom(a, buf, 8, 0, (struct sockaddr *)&from.addr, &from.len), 4);
	CHECK_EQ(sendto(a, "pong", 4, 0, (struct sockaddr *)&from.addr, from.len), 4);
	CHECK_EQ(recv(b, buf, 8, 0), 4);
	CHECK(!memcmp(buf, "pong", 4));
}

TEST(dgram_trunc)
{
	char buf[200] = "";
	struct iovec v = { buf, 10 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };
	int fd[2];

	udp_pair(AF_INET, fd);
	CHECK_EQ(send(fd[0], buf, 100, 0), 100);
	CHECK_EQ(recv(fd[1], buf, 10, MSG_TRUNC | MSG_PEEK), 100);
	CHECK_EQ(recvmsg(fd[1], &m, 0), 10);
	CHECK(m.msg_flags & MSG_TRUNC);
	CHECK_EQ(send(fd[0], buf, 7, 0), 7);
	CHECK_EQ(recvmsg(fd[1], &m, 0), 7);
	CHECK(!(m.msg_flags & MSG_TRUNC));
}

TEST(dgram_large)
{
	static unsigned char out[65507], in[70000];
	uint32_t state = 3;
	int fd[2];

	udp_pair(AF_INET, fd);
	set_int(fd[1], SOL_SOCKET, SO_RCVBUF, 400000);
	fill(out, sizeof(out), &state);
	CHECK_EQ(send(fd[0], out, sizeof(out), 0), sizeof(out));
	CHECK_EQ(recv(fd[1], in, sizeof(in), 0), sizeof(out));
	CHECK(!memcmp(in, out, sizeof(out)));
	CHECK_ERR(send(fd[0], in, 65508, 0), EMSGSIZE);
}

TEST(dgram_refused)
{
	struct endpoint to = loopback(AF_INET, 1);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	char c;

	CHECK_EQ(connect(fd, (struct sockaddr *)&to.addr, to.len), 0);
	CHECK_EQ(send(fd, "x", 1, 0), 1);
	CHECK(poll_for(fd, POLLIN, 2000) & POLLERR);
	CHECK_ERR(recv(fd, &c, 1, MSG_DONTWAIT), ECONNREFUSED);
	CHECK_ERR(recv(fd, &c, 1, MSG_DONTWAIT), EAGAIN);
	/* An AF_UNSPEC address undoes the connection. */
	to.addr.ss_family = AF_UNSPEC;
	CHECK_EQ(connect(fd, (struct sockaddr *)&to.addr, to.len), 0);
	CHECK_ERR(send(fd, "x", 1, 0), EDESTADDRREQ);
}

TEST(dgram_pktinfo)
{
	union {
		struct cmsghdr h;
		char room[256];
	} ctl;
	char buf[8];
	struct iovec v = { buf, sizeof(buf) };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = &ctl,
			    .msg_controllen = sizeof(ctl) };
	struct cmsghdr *c;
	int fd[2], seen = 0;

	udp_pair(AF_INET, fd);
	set_int(fd[1], SOL_IP, IP_PKTINFO, 1);
	set_int(fd[1], SOL_IP, IP_RECVTTL, 1);
	set_int(fd[1], SOL_SOCKET, SO_TIMESTAMP, 1);
	CHECK_EQ(send(fd[0], "x", 1, 0), 1);
	CHECK_EQ(recvmsg(fd[1], &m, 0), 1);
	for (c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
		if (c->cmsg_level == SOL_IP && c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo info;

			memcpy(&info, CMSG_DATA(c), sizeof(info));
			CHECK_EQ(ntohl(info.ipi_addr.s_addr), INADDR_LOOPBACK);
			seen |= 1;
		}
		if (c->cmsg_level == SOL_IP && c->cmsg_type == IP_TTL)
			seen |= 2;
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_TIMESTAMP)
			seen |= 4;
	}
	CHECK_EQ(seen, 7);
	/* Too little room is told. */
	m.msg_controllen = 20;
	CHECK_EQ(send(fd[0], "x", 1, 0), 1);
	CHECK_EQ(recvmsg(fd[1], &m, 0), 1);
	CHECK(m.msg_flags & MSG_CTRUNC);
}

/* Linux gives the data even if the control buffer cannot be written. */
TEST(dgram_control_at_a_bad_address)
{
	char buf[8];
	struct iovec v = { buf, sizeof(buf) };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_controllen = 256 };
	int fd[2];

	m.msg_control = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(m.msg_control != MAP_FAILED);
	udp_pair(AF_INET, fd);
	set_int(fd[1], SOL_IP, IP_RECVTTL, 1);
	set_int(fd[1], SOL_SOCKET, SO_TIMESTAMP, 1);
	CHECK_EQ(send(fd[0], "well", 4, 0), 4);
	CHECK_EQ(recvmsg(fd[1], &m, 0), 4);
	CHECK(!memcmp(buf, "well", 4));
}

TEST(dgram_send_ttl)
{
	union {
		struct cmsghdr h;
		char room[CMSG_SPACE(sizeof(int))];
	} out;
	char buf[64], in[64];
	struct iovec v = { "x", 1 }, w = { buf, sizeof(buf) };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = &out,
			    .msg_controllen = sizeof(out) };
	struct msghdr r = { .msg_iov = &w, .msg_iovlen = 1, .msg_control = in,
			    .msg_controllen = sizeof(in) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	int fd[2], ttl = 33;

	udp_pair(AF_INET, fd);
	set_int(fd[1], SOL_IP, IP_RECVTTL, 1);
	c->cmsg_level = SOL_IP;
	c->cmsg_type = IP_TTL;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &ttl, sizeof(ttl));
	CHECK_EQ(sendmsg(fd[0], &m, 0), 1);
	CHECK_EQ(recvmsg(fd[1], &r, 0), 1);
	c = CMSG_FIRSTHDR(&r);
	CHECK(c && c->cmsg_type == IP_TTL);
	memcpy(&ttl, CMSG_DATA(c), sizeof(ttl));
	CHECK_EQ(ttl, 33);
}

TEST(dgram_errqueue)
{
	struct endpoint to = loopback(AF_INET, 1);
	char buf[64], ctl[512];
	struct iovec v = { buf, sizeof(buf) };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = ctl,
			    .msg_controllen = sizeof(ctl) };
	struct sock_extended_err err;
	struct cmsghdr *c;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	set_int(fd, SOL_IP, IP_RECVERR, 1);
	CHECK_ERR(recvmsg(fd, &m, MSG_ERRQUEUE), EAGAIN);
	CHECK_EQ(sendto(fd, "gone", 4, 0, (struct sockaddr *)&to.addr, to.len), 4);
	CHECK(poll_for(fd, 0, 2000) & POLLERR);
	CHECK_EQ(recvmsg(fd, &m, MSG_ERRQUEUE), 4);
	CHECK(m.msg_flags & MSG_ERRQUEUE);
	c = CMSG_FIRSTHDR(&m);
	CHECK(c && c->cmsg_level == SOL_IP && c->cmsg_type == IP_RECVERR);
	memcpy(&err, CMSG_DATA(c), sizeof(err));
	CHECK_EQ(err.ee_errno, ECONNREFUSED);
}

TEST(dgram_mmsg)
{
	char buf[4][16];
	struct iovec v[4];
	struct mmsghdr m[4];
	int fd[2], i;

	udp_pair(AF_INET, fd);
	memset(m, 0, sizeof(m));
	for (i = 0; i < 4; i++) {
		snprintf(buf[i], sizeof(buf[i]), "message %d", i);
		v[i] = (struct iovec){ buf[i], 9 };
		m[i].msg_hdr.msg_iov = &v[i];
		m[i].msg_hdr.msg_iovlen = 1;
	}
	CHECK_EQ(sendmmsg(fd[0], m, 4, 0), 4);
	memset(buf, 0, sizeof(buf));
	CHECK_EQ(recvmmsg(fd[1], m, 4, MSG_WAITFORONE, NULL), 4);
	CHECK_EQ(m[3].msg_len, 9);
	CHECK(!memcmp(buf[3], "message 3", 9));
}

/* A flag of TCP's means nothing here: the socket stays connected. */
static void with_fastopen(int family)
{
	char buf[8];
	int fd[2];

	udp_pair(family, fd);
	CHECK_EQ(send(fd[0], "one", 3, MSG_FASTOPEN), 3);
	CHECK_EQ(send(fd[0], "four", 4, 0), 4);
	CHECK_EQ(recv(fd[1], buf, sizeof(buf), 0), 3);
	CHECK_EQ(recv(fd[1], buf, sizeof(buf), 0), 4);
	CHECK_EQ(send(fd[1], "back", 4, 0), 4);
	CHECK_EQ(recv(fd[0], buf, sizeof(buf), 0), 4);
	close(fd[0]);
	close(fd[1]);
}

TEST(datagram_with_fastopen)
{
	with_fastopen(AF_INET);
	with_fastopen(AF_INET6);
}
