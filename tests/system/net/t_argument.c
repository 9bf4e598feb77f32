// SPDX-License-Identifier: MIT
/*
 * Arguments that are odd: lengths, numbers, addresses of memory.
 */
#include <linux/netlink.h>
#include <sys/stat.h>
#include "nettest.h"

/* A protocol is a number, of which no bits are dropped. */
TEST(argument_protocol)
{
	CHECK_ERR(socket(AF_INET, SOCK_STREAM, 65536 + IPPROTO_TCP), EINVAL);
	CHECK_ERR(socket(AF_INET6, SOCK_DGRAM, 65536 + IPPROTO_UDP), EINVAL);
	CHECK_ERR(socket(AF_INET, SOCK_DGRAM, 65536), EINVAL);
	CHECK_ERR(socket(AF_INET, SOCK_STREAM, -1), EINVAL);
	CHECK_ERR(socket(AF_INET, SOCK_STREAM, IPPROTO_UDP), EPROTONOSUPPORT);
	CHECK_ERR(socket(AF_INET, SOCK_DGRAM, IPPROTO_TCP), EPROTONOSUPPORT);
	CHECK_ERR(socket(AF_INET, SOCK_RAW, 0), EPROTONOSUPPORT);
	CHECK_ERR(socket(AF_INET, SOCK_RDM, 0), ESOCKTNOSUPPORT);
	CHECK_ERR(socket(AF_INET, 15, 0), EINVAL);
}

static const struct {
	int level;
	int name;
} options[] = {
	{ SOL_SOCKET, SO_TYPE },
	{ SOL_SOCKET, SO_ERROR },
	{ SOL_SOCKET, SO_SNDBUF },
	{ SOL_SOCKET, SO_DOMAIN },
	{ SOL_SOCKET, SO_PROTOCOL },
	{ SOL_SOCKET, SO_RCVTIMEO },
	{ SOL_SOCKET, SO_LINGER },
	{ SOL_SOCKET, SO_PEERCRED },
	{ SOL_SOCKET, SO_ZEROCOPY },
	{ SOL_TCP, TCP_NODELAY },
	{ SOL_TCP, TCP_INFO },
	{ SOL_IP, IP_TTL },
};

/* Get an option of an odd length. What is behind it stays as it is. */
static void get_odd(int fd, int level, int name, socklen_t len)
{
	unsigned char buf[512];
	socklen_t got = len, i;

	memset(buf, 0xa5, sizeof(buf));
	CHECK_EQ(getsockopt(fd, level, name, buf, &got), 0);
	CHECK(got <= len);
	for (i = len; i < sizeof(buf); i++)
		CHECK_EQ(buf[i], 0xa5);
}

TEST(argument_odd_lengths)
{
	char *nowhere = (char *)16;
	socklen_t len;
	size_t i;
	int fd[2];

	tcp_pair(AF_INET, fd);
	for (i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		get_odd(fd[0], options[i].level, options[i].name, 0);
		get_odd(fd[0], options[i].level, options[i].name, 1);
		get_odd(fd[0], options[i].level, options[i].name, 3);
		get_odd(fd[0], options[i].level, options[i].name, 5);
		get_odd(fd[0], options[i].level, options[i].name, 511);
		len = -1;
		CHECK_ERR(getsockopt(fd[0], options[i].level, options[i].name, &i, &len), EINVAL);
		len = 4;
		CHECK_ERR(getsockopt(fd[0], options[i].level, options[i].name, nowhere, &len), EFAULT);
	}
}

TEST(argument_set_odd)
{
	int fd = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0)), one = 1;
	struct timeval tv = { .tv_usec = 1000000 };
	char byte = 1;

	CHECK_ERR(setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, 3), EINVAL);
	CHECK_ERR(setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, -1), EINVAL);
	CHECK_ERR(setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, (void *)16, 4), EFAULT);
	CHECK_ERR(setsockopt(fd, SOL_SOCKET, SO_LINGER, &one, 4), EINVAL);
	CHECK_ERR(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)), EDOM);
	CHECK_ERR(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, 8), EINVAL);
	CHECK_ERR(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, 3), EINVAL);
	CHECK_ERR(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, NULL, 8), EFAULT);
	CHECK_ERR(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, (void *)8, sizeof(tv)), EFAULT);
	CHECK_ERR(setsockopt(fd, SOL_SOCKET, SO_TYPE, &one, 4), ENOPROTOOPT);
	CHECK_ERR(setsockopt(fd, SOL_SOCKET, SO_ERROR, &one, 4), ENOPROTOOPT);
	CHECK_ERR(setsockopt(fd, SOL_SOCKET, 999, &one, 4), ENOPROTOOPT);
	CHECK_ERR(setsockopt(fd, 999, 1, &one, 4), ENOPROTOOPT);
	CHECK_ERR(setsockopt(fd, SOL_TCP, TCP_NODELAY, &one, 1), EINVAL);
	/* IPv4 takes a byte. */
	CHECK_EQ(setsockopt(fd, SOL_IP, IP_TTL, &byte, 1), 0);
	CHECK_EQ(get_int(fd, SOL_IP, IP_TTL), 1);
	CHECK_EQ(setsockopt(fd, SOL_TCP, TCP_CONGESTION, "reno", 4), 0);
	CHECK_ERR(setsockopt(fd, SOL_TCP, TCP_CONGESTION, "", 0), EINVAL);
	CHECK_ERR(setsockopt(fd, SOL_TCP, TCP_CONGESTION, "no such", 7), ENOENT);
	CHECK_EQ(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "", 0), 0);
	CHECK_ERR(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "none0", 5), ENODEV);
}

/* A negative time is none at all. */
TEST(argument_times)
{
	struct timeval tv = { .tv_sec = -1 };
	socklen_t len = sizeof(tv);
	double begun = now();
	int fd[2];

	tcp_pair(AF_INET, fd);
	CHECK_EQ(setsockopt(fd[0], SOL_SOCKET, SO_RCVTIMEO, &tv, len), 0);
	CHECK_ERR(recv(fd[0], &tv, 1, 0), EAGAIN);
	CHECK(now() - begun < 1);
	tv = (struct timeval){ .tv_sec = 1, .tv_usec = 500000 };
	CHECK_EQ(setsockopt(fd[0], SOL_SOCKET, SO_RCVTIMEO, &tv, len), 0);
	memset(&tv, 0, sizeof(tv));
	CHECK_EQ(getsockopt(fd[0], SOL_SOCKET, SO_RCVTIMEO, &tv, &len), 0);
	CHECK_EQ(tv.tv_sec, 1);
	CHECK_EQ(tv.tv_usec, 500000);
}

TEST(argument_nothing_to_receive)
{
	struct iovec none = { 0 };
	struct msghdr m = { .msg_iov = &none, .msg_iovlen = 1 };
	char buf[8];
	int fd[2];

	tcp_pair(AF_INET, fd);
	CHECK_EQ(read(fd[0], buf, 0), 0);
	CHECK_ERR(recv(fd[0], buf, 0, MSG_DONTWAIT), EAGAIN);
	CHECK_EQ(write(fd[1], "abc", 3), 3);
	CHECK_EQ(poll_for(fd[0], POLLIN, 5000), POLLIN);
	CHECK_EQ(recv(fd[0], buf, 0, 0), 0);
	CHECK_EQ(recv(fd[0], NULL, 8, MSG_TRUNC | MSG_PEEK), 3);
	CHECK_EQ(recv(fd[0], buf, 8, 0), 3);

	udp_pair(AF_INET, fd);
	CHECK_EQ(send(fd[1], NULL, 0, 0), 0);
	CHECK_EQ(send(fd[1], "abcdef", 6, 0), 6);
	CHECK_EQ(poll_for(fd[0], POLLIN, 5000), POLLIN);
	CHECK_EQ(recv(fd[0], buf, 8, 0), 0);
	CHECK_EQ(recv(fd[0], NULL, 0, MSG_PEEK | MSG_TRUNC), 6);
	CHECK_EQ(recvmsg(fd[0], &m, 0), 0);
	CHECK_EQ(m.msg_flags, MSG_TRUNC);
	CHECK_ERR(recv(fd[0], buf, 8, MSG_DONTWAIT), EAGAIN);
}

/* Control messages that find little room, or none. */
TEST(argument_room_for_control)
{
	char data[8], control[64];
	struct iovec iov = { data, sizeof(data) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *c = (struct cmsghdr *)control;
	int fd[2];

	udp_pair(AF_INET, fd);
	set_int(fd[0], SOL_IP, IP_PKTINFO, 1);
	CHECK_EQ(send(fd[1], "a", 1, 0), 1);
	CHECK_EQ(send(fd[1], "b", 1, 0), 1);
	CHECK_EQ(send(fd[1], "c", 1, 0), 1);
	CHECK_EQ(recvmsg(fd[0], &m, 0), 1);
	CHECK_EQ(m.msg_flags, MSG_CTRUNC);
	m.msg_control = control;
	m.msg_controllen = sizeof(*c) - 1;
	CHECK_EQ(recvmsg(fd[0], &m, 0), 1);
	CHECK_EQ(m.msg_flags, MSG_CTRUNC);
	CHECK_EQ(m.msg_controllen, 0);
	m.msg_controllen = CMSG_LEN(5);
	CHECK_EQ(recvmsg(fd[0], &m, 0), 1);
	CHECK_EQ(m.msg_flags, MSG_CTRUNC);
	CHECK_EQ(c->cmsg_len, CMSG_LEN(5));
	CHECK_EQ(c->cmsg_type, IP_PKTINFO);
}

/* As a file a socket refuses what it cannot do. */
TEST(argument_not_for_sockets)
{
	char path[32], buf[4];
	struct stat st;
	int fd[2];

	tcp_pair(AF_INET, fd);
	CHECK_ERR(lseek(fd[0], 0, SEEK_CUR), ESPIPE);
	CHECK_ERR(pread(fd[0], buf, 1, 0), ESPIPE);
	CHECK_ERR(pwrite(fd[0], buf, 1, 0), ESPIPE);
	CHECK_ERR(fsync(fd[0]), EINVAL);
	CHECK_ERR(ftruncate(fd[0], 0), EINVAL);
	CHECK_ERR(fallocate(fd[0], 0, 0, 1), ENODEV);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd[0]);
	CHECK_ERR(open(path, O_RDWR), ENXIO);
	CHECK_EQ(stat(path, &st), 0);
	CHECK(S_ISSOCK(st.st_mode));
	CHECK_ERR(ioctl(fd[0], TIOCGWINSZ, buf), ENOTTY);
	CHECK_ERR(fcntl(fd[0], F_SETFL, O_DIRECT), EINVAL);
}

/* Which groups a socket is in takes more room than a program has: it is told how much. */
TEST(memberships_need_room)
{
	int fd = CHECK_OK(socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE)), group = 5;
	socklen_t len, whole = 0;
	uint32_t bits[64] = { 0 };

	CHECK_EQ(setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)), 0);
	CHECK_EQ(getsockopt(fd, SOL_NETLINK, NETLINK_LIST_MEMBERSHIPS, NULL, &whole), 0);
	CHECK(whole >= 4 && whole <= sizeof(bits) && whole % 4 == 0);
	for (len = 1; len <= 4; len += 3) {
		socklen_t got = len;

		bits[0] = 0;
		CHECK_EQ(getsockopt(fd, SOL_NETLINK, NETLINK_LIST_MEMBERSHIPS, bits, &got), 0);
		CHECK_EQ(got, whole);
		CHECK_EQ(bits[0], len == 4 ? 1 << (group - 1) : 0);
	}
}
