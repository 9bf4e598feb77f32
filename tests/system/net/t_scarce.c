// SPDX-License-Identifier: MIT
/*
 * In a namespace that has few ports, and a loopback that takes short packets only.
 */
#include <net/if.h>
#include <sched.h>
#include "nettest.h"

#define FIRST_PORT	40000
#define NR_PORTS	4
#define MTU		1500

/* Enter a new namespace. */
static void enter(void)
{
	struct ifreq ifr = { .ifr_name = "lo" };
	int fd;

	if (geteuid())
		test_skip("needs root");
	CHECK_EQ(unshare(CLONE_NEWNET), 0);
	fd = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
	ifr.ifr_mtu = MTU;
	CHECK_EQ(ioctl(fd, SIOCSIFMTU, &ifr), 0);
	ifr.ifr_flags = IFF_UP | IFF_RUNNING;
	CHECK_EQ(ioctl(fd, SIOCSIFFLAGS, &ifr), 0);
	close(fd);
}

/* The settings of a new namespace appear some milliseconds after its first socket. */
static void limit_ports(void)
{
	double end = now() + 10;
	char range[32];
	int fd, n;

	while ((fd = open("/proc/sys/net/ipv4/ip_local_port_range", O_WRONLY)) < 0) {
		CHECK(now() < end);
		usleep(20000);
	}
	n = snprintf(range, sizeof(range), "%d %d", FIRST_PORT, FIRST_PORT + NR_PORTS - 1);
	CHECK_EQ(write(fd, range, n), n);
	close(fd);
}

/* Linux does not wait for a port, not even for a caller that would wait for room. */
static void none_is_left(int family)
{
	struct endpoint any = loopback(family, 0), to = loopback(family, 9);
	int i, fd;

	for (i = 0; i < NR_PORTS; i++) {
		fd = CHECK_OK(socket(family, SOCK_DGRAM, 0));
		CHECK_EQ(bind(fd, (struct sockaddr *)&any.addr, any.len), 0);
	}
	fd = CHECK_OK(socket(family, SOCK_DGRAM, 0));
	CHECK_ERR(bind(fd, (struct sockaddr *)&any.addr, any.len), EADDRINUSE);
	CHECK_ERR(connect(fd, (struct sockaddr *)&to.addr, to.len), EAGAIN);
	CHECK_ERR(sendto(fd, "a", 1, 0, (struct sockaddr *)&to.addr, to.len), EAGAIN);
	CHECK_ERR(sendto(fd, "a", 1, MSG_DONTWAIT, (struct sockaddr *)&to.addr, to.len), EAGAIN);
}

TEST(scarce_ports)
{
	enter();
	limit_ports();
	none_is_left(AF_INET);
}

TEST(scarce_ports_v6)
{
	enter();
	limit_ports();
	none_is_left(AF_INET6);
}

TEST(scarce_ports_of_streams)
{
	struct endpoint any = loopback(AF_INET, 0), e;
	int l, i, fd;

	enter();
	l = listener(AF_INET, &e);
	limit_ports();
	for (i = 0; i < NR_PORTS; i++) {
		fd = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
		CHECK_EQ(connect(fd, (struct sockaddr *)&e.addr, e.len), 0);
		CHECK(port_of(fd) >= FIRST_PORT && port_of(fd) < FIRST_PORT + NR_PORTS);
	}
	fd = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
	CHECK_ERR(connect(fd, (struct sockaddr *)&e.addr, e.len), EADDRNOTAVAIL);
	fd = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
	CHECK_ERR(bind(fd, (struct sockaddr *)&any.addr, any.len), EADDRINUSE);
	CHECK_ERR(listen(fd, 1), EADDRINUSE);
	close(l);
}

/* A receive tells how long a packet may be after one that was too long, though no data is there. */
TEST(scarce_room_is_told)
{
	static char data[2 * MTU], control[256];
	struct msghdr m = { .msg_control = control, .msg_controllen = sizeof(control) };
	struct cmsghdr *c;
	int fd[2];

	enter();
	udp_pair(AF_INET6, fd);
	set_int(fd[0], SOL_IPV6, IPV6_DONTFRAG, 1);
	set_int(fd[0], SOL_IPV6, IPV6_RECVPATHMTU, 1);
	CHECK_ERR(recv(fd[0], data, 1, MSG_DONTWAIT), EAGAIN);
	CHECK_ERR(send(fd[0], data, sizeof(data), 0), EMSGSIZE);
	CHECK_EQ(recvmsg(fd[0], &m, 0), 0);
	c = CMSG_FIRSTHDR(&m);
	CHECK(c);
	CHECK_EQ(c->cmsg_level, SOL_IPV6);
	CHECK_EQ(c->cmsg_type, IPV6_PATHMTU);
	CHECK_ERR(recv(fd[0], data, 1, MSG_DONTWAIT), EAGAIN);
	CHECK_EQ(get_int(fd[0], SOL_IPV6, IPV6_MTU), MTU);
	CHECK_EQ(send(fd[1], "here", 4, 0), 4);
	CHECK_EQ(recv(fd[0], data, sizeof(data), 0), 4);
}
