// SPDX-License-Identifier: MIT
/* What a socket's descriptor is to calls that are made for files; what comes before a fault. */
#include <signal.h>
#include <sys/mman.h>
#include <sys/xattr.h>
#include "nettest.h"

static void check_name(int family, int type, int protocol, const char *name)
{
	char got[64] = "";
	int fd = socket(family, type, protocol);

	CHECK(fd >= 0);
	CHECK_EQ(fgetxattr(fd, "system.sockprotoname", got, sizeof(got)), strlen(name) + 1);
	CHECK(!strcmp(got, name));
	close(fd);
}

/* lsof reads it. */
TEST(file_protocol_name)
{
	check_name(AF_INET, SOCK_STREAM, 0, "TCP");
	check_name(AF_INET6, SOCK_STREAM, 0, "TCPv6");
	check_name(AF_INET, SOCK_DGRAM, 0, "UDP");
	check_name(AF_INET6, SOCK_DGRAM, 0, "UDPv6");
	check_name(AF_INET, SOCK_RAW, IPPROTO_ICMP, "RAW");
}

TEST(file_protocol_name_of_a_child)
{
	char got[64] = "";
	int fd[2];

	tcp_pair(AF_INET6, fd);
	CHECK_EQ(fgetxattr(fd[1], "system.sockprotoname", got, sizeof(got)), 6);
	CHECK(!strcmp(got, "TCPv6") || !strcmp(got, "TCP"));
}

/* Linux tells of shutdown() and of an error before it reads the program's memory. */
TEST(file_shutdown_before_a_fault)
{
	void *hole = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd[2];

	signal(SIGPIPE, SIG_IGN);
	tcp_pair(AF_INET, fd);
	CHECK_ERR(send(fd[0], hole, 100, 0), EFAULT);
	CHECK_EQ(send(fd[0], "x", 1, 0), 1);
	CHECK_EQ(shutdown(fd[0], SHUT_WR), 0);
	CHECK_ERR(send(fd[0], hole, 100, 0), EPIPE);
}
