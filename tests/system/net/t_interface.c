// SPDX-License-Identifier: MIT
/*
 * ioctl() of interfaces on sockets of other families: as on one of AF_INET.
 */
#include <net/if.h>
#include <sched.h>
#include <sys/un.h>
#include <linux/sockios.h>
#include "nettest.h"

static const int others[] = { AF_UNIX, AF_NETLINK, AF_PACKET };

static int number_of(int fd, const char *name)
{
	struct ifreq r = {};

	strcpy(r.ifr_name, name);
	return ioctl(fd, SIOCGIFINDEX, &r) ? -1 : r.ifr_ifindex;
}

TEST(interface_by_any_socket)
{
	struct if_nameindex *all = if_nameindex(), *one;
	char name[IF_NAMESIZE];
	size_t i;

	CHECK(all && all->if_index);
	for (one = all; one->if_index; one++) {
		CHECK_EQ(if_nametoindex(one->if_name), one->if_index);
		CHECK(!strcmp(if_indextoname(one->if_index, name), one->if_name));
		for (i = 0; i < sizeof(others) / sizeof(*others); i++) {
			int fd = socket(others[i], SOCK_DGRAM, 0);

			if (fd < 0 && errno == EPERM)
				continue;
			CHECK_EQ(number_of(CHECK_OK(fd), one->if_name), one->if_index);
			close(fd);
		}
	}
	if_freenameindex(all);
	CHECK_EQ(if_nametoindex("none0"), 0);
	CHECK_EQ(errno, ENODEV);
}

/* All of SIOCGIFCONF, and what only a family itself answers. */
TEST(interface_by_local_socket)
{
	char here[2048], there[2048];
	struct ifconf a = { .ifc_len = sizeof(here), .ifc_buf = here };
	struct ifconf b = { .ifc_len = sizeof(there), .ifc_buf = there };
	int fd = CHECK_OK(socket(AF_UNIX, SOCK_STREAM, 0)), inet = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
	struct ifreq r = {};
	int n = 1;

	CHECK_EQ(ioctl(fd, SIOCGIFCONF, &a), 0);
	CHECK_EQ(ioctl(inet, SIOCGIFCONF, &b), 0);
	CHECK_EQ(a.ifc_len, b.ifc_len);
	CHECK(!memcmp(here, there, a.ifc_len));
	strcpy(r.ifr_name, "lo");
	CHECK_ERR(ioctl(fd, SIOCGIFADDR, &r), ENOTTY);
	CHECK_EQ(ioctl(fd, SIOCGIFFLAGS, &r), 0);
	CHECK(r.ifr_flags & IFF_LOOPBACK);
	CHECK_ERR(ioctl(fd, SIOCGIFFLAGS, NULL), EFAULT);
	CHECK_EQ(ioctl(fd, SIOCINQ, &n), 0);
	CHECK_EQ(n, 0);
	CHECK_ERR(ioctl(fd, 0x8999, &n), ENOTTY);
}

/* A user may not change anything, and another namespace has no eth0. */
TEST(interface_of_others)
{
	struct ifreq r = {};
	int fd;

	if (geteuid())
		test_skip("needs root");
	CHECK_EQ(unshare(CLONE_NEWNET), 0);
	fd = CHECK_OK(socket(AF_UNIX, SOCK_DGRAM, 0));
	CHECK_EQ(number_of(fd, "lo"), 1);
	CHECK_EQ(number_of(fd, "eth0"), -1);
	CHECK_EQ(errno, ENODEV);
	strcpy(r.ifr_name, "lo");
	r.ifr_flags = IFF_UP;
	CHECK_EQ(ioctl(fd, SIOCSIFFLAGS, &r), 0);
	CHECK_EQ(seteuid(65534), 0);
	r.ifr_flags = 0;
	CHECK_ERR(ioctl(fd, SIOCSIFFLAGS, &r), EPERM);
	CHECK_EQ(ioctl(fd, SIOCGIFFLAGS, &r), 0);
	CHECK(r.ifr_flags & IFF_UP);
}
