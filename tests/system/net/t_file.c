// SPDX-License-Identifier: MIT
/* What a socket's descriptor is to calls that are made for files; what comes before a fault. */
#include <signal.h>
#include <sys/mman.h>
#include <sys/xattr.h>
#include <sys/sendfile.h>
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

/* Data that comes after shutdown(SHUT_RD) can still be read. */
TEST(file_data_after_shutdown)
{
	char buf[8];
	int fd[2];

	tcp_pair(AF_INET, fd);
	CHECK_EQ(shutdown(fd[0], SHUT_RD), 0);
	CHECK_EQ(recv(fd[0], buf, 8, 0), 0);
	CHECK_EQ(write(fd[1], "abc", 3), 3);
	usleep(50000);
	CHECK_EQ(recv(fd[0], buf, 8, 0), 3);
	CHECK_EQ(recv(fd[0], buf, 8, 0), 0);
	CHECK_EQ(write(fd[0], "abc", 3), 3);
	CHECK_EQ(recv(fd[1], buf, 8, 0), 3);
}

/* sendfile() into a socket that takes no more: the position is behind what has gone. */
TEST(file_sendfile_in_parts)
{
	int file = CHECK_OK(open("/proc/self/exe", O_RDONLY)), fd[2];
	static unsigned char there[1 << 16], got[1 << 16];
	off_t size = lseek(file, 0, SEEK_END), off = 0, seen = 0;
	ssize_t n;

	tcp_pair(AF_INET, fd);
	set_int(fd[0], SOL_SOCKET, SO_SNDBUF, 16384);
	set_nonblock(fd[0], true);
	while (seen < size) {
		off_t before = off;

		n = sendfile(fd[0], file, &off, size - off);
		if (n < 0)
			CHECK_EQ(errno, EAGAIN);
		CHECK_EQ(off - before, n < 0 ? 0 : n);
		while (seen < off) {
			n = read(fd[1], got, sizeof(got));
			CHECK(n > 0);
			CHECK_EQ(pread(file, there, n, seen), n);
			CHECK(!memcmp(there, got, n));
			seen += n;
		}
	}
	CHECK_EQ(seen, size);
}
