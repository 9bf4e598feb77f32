// SPDX-License-Identifier: MIT
/*
 * Rarer kinds of sockets and ways to use them: groups, several sockets of one port, datagrams
 * in pieces, sockets that change their family.
 */
#include <linux/filter.h>
#include <linux/sockios.h>
#include <sys/stat.h>
#include "nettest.h"

TEST(kind_group)
{
	struct ip_mreqn in = { .imr_address.s_addr = htonl(INADDR_LOOPBACK) };
	struct endpoint e = loopback(AF_INET, 0), to;
	int s = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
	int r = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
	char buf[8];

	((struct sockaddr_in *)&e.addr)->sin_addr.s_addr = htonl(INADDR_ANY);
	CHECK_EQ(bind(r, (struct sockaddr *)&e.addr, e.len), 0);
	in.imr_multiaddr.s_addr = htonl(0xefff0107);
	CHECK_EQ(setsockopt(r, SOL_IP, IP_ADD_MEMBERSHIP, &in, sizeof(in)), 0);
	CHECK_ERR(setsockopt(r, SOL_IP, IP_ADD_MEMBERSHIP, &in, sizeof(in)), EADDRINUSE);
	CHECK_EQ(setsockopt(s, SOL_IP, IP_MULTICAST_IF, &in, sizeof(in)), 0);
	to = loopback(AF_INET, port_of(r));
	((struct sockaddr_in *)&to.addr)->sin_addr = in.imr_multiaddr;
	CHECK_EQ(sendto(s, "all", 3, 0, (struct sockaddr *)&to.addr, to.len), 3);
	CHECK_EQ(poll_for(r, POLLIN, 5000), POLLIN);
	CHECK_EQ(recv(r, buf, 8, 0), 3);
	CHECK_EQ(setsockopt(r, SOL_IP, IP_DROP_MEMBERSHIP, &in, sizeof(in)), 0);
	CHECK_ERR(setsockopt(r, SOL_IP, IP_DROP_MEMBERSHIP, &in, sizeof(in)), EADDRNOTAVAIL);
}

/* A program of the group chooses among sockets of one port by the first byte. */
TEST(kind_several_of_one_port)
{
	struct sock_filter insns[] = { { BPF_LD | BPF_B | BPF_ABS, 0, 0, 0 },
				       { BPF_RET | BPF_A, 0, 0, 0 } };
	struct sock_fprog prog = { 2, insns };
	struct endpoint e = loopback(AF_INET, 0);
	int fd[3], c, i;
	char buf[8];

	for (i = 0; i < 3; i++) {
		fd[i] = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
		set_int(fd[i], SOL_SOCKET, SO_REUSEPORT, 1);
		CHECK_EQ(bind(fd[i], (struct sockaddr *)&e.addr, e.len), 0);
		e = loopback(AF_INET, port_of(fd[0]));
	}
	CHECK_EQ(setsockopt(fd[0], SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &prog, sizeof(prog)), 0);
	c = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
	for (i = 2; i >= 0; i--) {
		buf[0] = i;
		CHECK_EQ(sendto(c, buf, 1, 0, (struct sockaddr *)&e.addr, e.len), 1);
		CHECK_EQ(poll_for(fd[i], POLLIN, 5000), POLLIN);
		CHECK_EQ(recv(fd[i], buf, 8, 0), 1);
		CHECK_EQ(buf[0], i);
	}
}

TEST(kind_datagram_in_pieces)
{
	char buf[16];
	int fd[2];

	udp_pair(AF_INET, fd);
	CHECK_EQ(send(fd[0], "abc", 3, MSG_MORE), 3);
	CHECK_EQ(send(fd[0], "def", 3, MSG_MORE), 3);
	CHECK_EQ(poll_for(fd[1], POLLIN, 50), 0);
	CHECK_EQ(send(fd[0], "g", 1, 0), 1);
	CHECK_EQ(recv(fd[1], buf, sizeof(buf), 0), 7);
	CHECK(!memcmp(buf, "abcdefg", 7));
}

/* A datagram socket that has a peer no longer. */
TEST(kind_datagram_dissolved)
{
	struct sockaddr none = { .sa_family = AF_UNSPEC };
	struct endpoint e = loopback(AF_INET, 9);
	int fd = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
	struct sockaddr_in a;
	socklen_t len = sizeof(a);

	CHECK_EQ(connect(fd, (struct sockaddr *)&e.addr, e.len), 0);
	CHECK(port_of(fd));
	CHECK_EQ(connect(fd, &none, sizeof(none)), 0);
	CHECK_ERR(getpeername(fd, (struct sockaddr *)&a, &len), ENOTCONN);
	CHECK_EQ(port_of(fd), 0);
	CHECK_ERR(send(fd, "a", 1, 0), EDESTADDRREQ);
}

/* A connection by IPv6 to an address of IPv4 becomes one of IPv4. */
TEST(kind_family_changes)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6 };
	struct endpoint e;
	int l = listener(AF_INET, &e), fd = CHECK_OK(socket(AF_INET6, SOCK_STREAM, 0));
	struct sockaddr_in got;
	socklen_t len = sizeof(got);

	a.sin6_port = htons(port_of(l));
	CHECK_EQ(inet_pton(AF_INET6, "::ffff:127.0.0.1", &a.sin6_addr), 1);
	CHECK_EQ(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	CHECK_EQ(get_int(fd, SOL_SOCKET, SO_DOMAIN), AF_INET6);
	set_int(fd, SOL_IPV6, IPV6_ADDRFORM, AF_INET);
	CHECK_EQ(get_int(fd, SOL_SOCKET, SO_DOMAIN), AF_INET);
	CHECK_EQ(getpeername(fd, (struct sockaddr *)&got, &len), 0);
	CHECK_EQ(got.sin_family, AF_INET);
	CHECK_EQ(len, sizeof(got));
}

TEST(kind_namespace_of_a_socket)
{
	int s = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0)), ns = ioctl(s, SIOCGSKNS);
	struct stat a, b;

	if (ns < 0 && errno == EPERM)
		test_skip("no right to ask");
	CHECK(ns >= 0);
	CHECK_EQ(fstat(ns, &a), 0);
	CHECK_EQ(stat("/proc/self/ns/net", &b), 0);
	CHECK_EQ(a.st_ino, b.st_ino);
}

/* Nobody is to accept before the client has sent. */
TEST(kind_accept_with_data)
{
	struct endpoint e;
	int l = listener(AF_INET, &e), c = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0)), a;
	char buf[4];

	set_int(l, SOL_TCP, TCP_DEFER_ACCEPT, 10);
	CHECK_EQ(connect(c, (struct sockaddr *)&e.addr, e.len), 0);
	CHECK_EQ(poll_for(l, POLLIN, 100), 0);
	CHECK_EQ(write(c, "now", 3), 3);
	CHECK_EQ(poll_for(l, POLLIN, 5000), POLLIN);
	a = CHECK_OK(accept(l, NULL, NULL));
	CHECK_EQ(recv(a, buf, 4, MSG_DONTWAIT), 3);
}

/* The time of the last datagram. */
TEST(kind_time_of_a_datagram)
{
	struct timespec ts = { 0 };
	struct timeval tv = { 0 };
	int fd[2];
	char c;

	udp_pair(AF_INET, fd);
	CHECK_ERR(ioctl(fd[0], SIOCGSTAMP, &tv), ENOENT);
	CHECK_EQ(write(fd[1], "a", 1), 1);
	CHECK_EQ(read(fd[0], &c, 1), 1);
	CHECK_EQ(ioctl(fd[0], SIOCGSTAMP, &tv), 0);
	CHECK(labs(tv.tv_sec - time(NULL)) < 5);
	CHECK_EQ(ioctl(fd[0], SIOCGSTAMPNS, &ts), 0);
	CHECK(labs(ts.tv_sec - time(NULL)) < 5);
}

/* Who waits for one takes what else is there, and waits for no more. */
TEST(kind_many_in_one_call)
{
	struct mmsghdr m[4] = { 0 };
	struct timespec limit = { .tv_nsec = 200000000 };
	struct iovec iov[4];
	char buf[4][4];
	double begun;
	int fd[2], i;

	udp_pair(AF_INET, fd);
	for (i = 0; i < 4; i++) {
		iov[i] = (struct iovec){ buf[i], 4 };
		m[i].msg_hdr.msg_iov = &iov[i];
		m[i].msg_hdr.msg_iovlen = 1;
	}
	CHECK_EQ(write(fd[1], "a", 1), 1);
	CHECK_EQ(write(fd[1], "bc", 2), 2);
	begun = now();
	CHECK_EQ(recvmmsg(fd[0], m, 4, MSG_WAITFORONE, &limit), 2);
	CHECK(now() - begun < 0.15);
	CHECK_EQ(m[0].msg_len, 1);
	CHECK_EQ(m[1].msg_len, 2);
	CHECK_ERR(recvmmsg(fd[0], m, 4, MSG_DONTWAIT, NULL), EAGAIN);
	limit.tv_nsec = 2000000000;
	CHECK_ERR(recvmmsg(fd[0], m, 4, 0, &limit), EINVAL);
}
