// SPDX-License-Identifier: MIT
/*
 * Network namespaces: a new one has a loopback of its own that is down, and neither sockets nor
 * interfaces of others. Its owner may set it up, and gets no right over another.
 */
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sched.h>
#include <sys/stat.h>
#include "nettest.h"

#define HIGH_MTU	9000

static void need_root(void)
{
	if (geteuid())
		test_skip("needs root");
}

static int flags_of(int fd, const char *name, short *flags)
{
	struct ifreq ifr = {};
	int rc;

	strcpy(ifr.ifr_name, name);
	rc = ioctl(fd, SIOCGIFFLAGS, &ifr);
	*flags = ifr.ifr_flags;
	return rc;
}

static int set_up(int fd, const char *name)
{
	struct ifreq ifr = {};

	strcpy(ifr.ifr_name, name);
	ifr.ifr_flags = IFF_UP | IFF_RUNNING;
	return ioctl(fd, SIOCSIFFLAGS, &ifr);
}

static int set_mtu(int fd, const char *name, int mtu)
{
	struct ifreq ifr = {};

	strcpy(ifr.ifr_name, name);
	ifr.ifr_mtu = mtu;
	return ioctl(fd, SIOCSIFMTU, &ifr);
}

static int udp(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	CHECK(fd >= 0);
	return fd;
}

/* Enter a new namespace, with its loopback up. */
static void enter(int more)
{
	int fd;

	CHECK_EQ(unshare(CLONE_NEWNET | more), 0);
	fd = udp();
	CHECK_EQ(set_up(fd, "lo"), 0);
	close(fd);
}

static int interfaces(void)
{
	struct ifreq ifr[64];
	struct ifconf conf = { .ifc_len = sizeof(ifr), .ifc_req = ifr };
	int fd = udp();

	CHECK_EQ(ioctl(fd, SIOCGIFCONF, &conf), 0);
	close(fd);
	return conf.ifc_len / sizeof(ifr[0]);
}

TEST(netns_is_empty)
{
	struct endpoint at = loopback(AF_INET, 7);
	short flags;
	int fd;

	need_root();
	CHECK_EQ(unshare(CLONE_NEWNET), 0);
	fd = udp();
	CHECK_EQ(flags_of(fd, "lo", &flags), 0);
	CHECK_EQ(flags & IFF_UP, 0);
	CHECK_ERR(flags_of(fd, "eth0", &flags), ENODEV);
	CHECK_EQ(interfaces(), 0);
	CHECK_ERR(connect(fd, (void *)&at.addr, at.len), ENETUNREACH);
	CHECK_EQ(set_up(fd, "lo"), 0);
	CHECK_EQ(flags_of(fd, "lo", &flags), 0);
	CHECK_EQ(flags & IFF_UP, IFF_UP);
	CHECK_EQ(interfaces(), 1);
}

TEST(netns_loopback)
{
	char buf[8];
	int fd[2];

	need_root();
	enter(0);
	tcp_pair(AF_INET, fd);
	CHECK_EQ(write(fd[0], "stream", 6), 6);
	CHECK_EQ(read(fd[1], buf, sizeof(buf)), 6);
	close(fd[0]);
	close(fd[1]);
	udp_pair(AF_INET, fd);
	CHECK_EQ(write(fd[0], "dgram", 5), 5);
	CHECK_EQ(read(fd[1], buf, sizeof(buf)), 5);
	tcp_pair(AF_INET6, fd);
	CHECK_EQ(write(fd[0], "six", 3), 3);
	CHECK_EQ(read(fd[1], buf, sizeof(buf)), 3);
}

/* Two sockets have the same address, and neither is reached from the other's namespace. */
TEST(netns_apart)
{
	struct endpoint outer, inner;
	int out = listener(AF_INET, &outer), in, fd;

	need_root();
	enter(0);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	CHECK_ERR(connect(fd, (void *)&outer.addr, outer.len), ECONNREFUSED);
	close(fd);
	in = socket(AF_INET, SOCK_STREAM, 0);
	inner = outer;
	CHECK_EQ(bind(in, (void *)&inner.addr, inner.len), 0);
	CHECK_EQ(listen(in, 1), 0);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	CHECK_EQ(connect(fd, (void *)&inner.addr, inner.len), 0);
	CHECK_EQ(poll_for(in, POLLIN, 1000), POLLIN);
	CHECK_EQ(poll_for(out, POLLIN, 0), 0);
}

/* Test whether the table of this task's namespace has a listener at @port. */
static bool is_listed(int port)
{
	unsigned int local, state;
	char line[512];
	FILE *f = fopen("/proc/thread-self/net/tcp", "r");
	bool found = false;

	CHECK(f);
	while (fgets(line, sizeof(line), f))
		found |= sscanf(line, "%*u: %*[0-9A-F]:%x %*[0-9A-F]:%*x %x", &local, &state) == 2 &&
			local == (unsigned int)port && state == 10;
	fclose(f);
	return found;
}

TEST(netns_tables)
{
	struct endpoint outer, inner;
	int out = listener(AF_INET, &outer);

	need_root();
	CHECK(is_listed(port_of(out)));
	enter(0);
	CHECK(!is_listed(port_of(out)));
	CHECK(is_listed(port_of(listener(AF_INET, &inner))));
}

/* An unprivileged user owns a namespace: its own is to be set up, another is not. */
TEST(netns_rights)
{
	struct sockaddr_in low = { .sin_family = AF_INET, .sin_port = htons(80) };
	int one = 1, outer, fd;

	need_root();
	outer = udp();
	enter_user_namespace(NOBODY);
	/* It has every capability, but not over the namespace that it is still in. */
	CHECK_ERR(socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_IP)), EPERM);
	CHECK_ERR(set_mtu(udp(), "lo", HIGH_MTU), EPERM);
	enter(0);
	fd = udp();
	CHECK_EQ(set_mtu(fd, "lo", HIGH_MTU), 0);
	CHECK_EQ(bind(fd, (void *)&low, sizeof(low)), 0);
	CHECK_EQ(setsockopt(fd, SOL_SOCKET, SO_MARK, &one, sizeof(one)), 0);
	CHECK(socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_IP)) >= 0);
	/* Linux asks for this right in the initial user namespace. */
	CHECK_ERR(setsockopt(fd, SOL_SOCKET, SO_DEBUG, &one, sizeof(one)), EACCES);
	/* A socket of the other namespace gives no right over that. */
	CHECK_ERR(set_mtu(outer, "lo", HIGH_MTU), EPERM);
	CHECK_ERR(bind(outer, (void *)&low, sizeof(low)), EACCES);
	CHECK_ERR(setsockopt(outer, SOL_SOCKET, SO_MARK, &one, sizeof(one)), EPERM);
}

/* A user namespace has no right over a network namespace that the same user owns otherwise. */
TEST(netns_strangers)
{
	int fd;

	need_root();
	enter_user_namespace(NOBODY);
	enter(0);
	fd = udp();
	CHECK_EQ(unshare(CLONE_NEWUSER), 0);
	CHECK_ERR(set_mtu(fd, "lo", HIGH_MTU), EPERM);
	CHECK_ERR(socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_IP)), EPERM);
	/* One that it makes now is its own again. */
	enter(0);
	CHECK_EQ(set_mtu(udp(), "lo", HIGH_MTU), 0);
	CHECK_ERR(set_mtu(fd, "lo", HIGH_MTU), EPERM);
}
