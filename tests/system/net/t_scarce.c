// SPDX-License-Identifier: MIT
/*
 * In a namespace whose loopback takes short packets only.
 */
#include <net/if.h>
#include <sched.h>
#include "nettest.h"

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
