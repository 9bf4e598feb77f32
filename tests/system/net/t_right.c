// SPDX-License-Identifier: MIT
/*
 * Which options and addresses need a right, and what who has none is told.
 */
#include "nettest.h"

static const struct {
	int level, name, value, err;
} guarded[] = {
	{ SOL_SOCKET, SO_PRIORITY, 7, EPERM },
	{ SOL_SOCKET, SO_MARK, 1, EPERM },
	{ SOL_SOCKET, SO_RCVBUFFORCE, 100000, EPERM },
	{ SOL_SOCKET, SO_SNDBUFFORCE, 100000, EPERM },
	{ SOL_SOCKET, SO_DEBUG, 1, EACCES },
	{ SOL_IP, IP_TRANSPARENT, 1, EPERM },
	{ SOL_TCP, TCP_REPAIR, 1, EPERM },
};

static int setting(int fd, size_t i)
{
	return setsockopt(fd, guarded[i].level, guarded[i].name, &guarded[i].value, sizeof(int));
}

/* A socket of root's is no right of who uses it. */
TEST(right_to_set)
{
	int own, of_root = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
	size_t i;

	become(NOBODY);
	own = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
	for (i = 0; i < sizeof(guarded) / sizeof(guarded[0]); i++) {
		CHECK_ERR(setting(own, i), guarded[i].err);
		CHECK_ERR(setting(of_root, i), guarded[i].err);
	}
	set_int(own, SOL_SOCKET, SO_PRIORITY, 6);
	set_int(own, SOL_SOCKET, SO_RCVBUF, 1 << 30);
	CHECK(get_int(own, SOL_SOCKET, SO_RCVBUF) < 1 << 30);
	CHECK_ERR(socket(AF_INET, SOCK_RAW, IPPROTO_UDP), EPERM);
}

/* Anybody may bind a socket to an interface once, and nobody without a right takes that back. */
TEST(right_to_a_device)
{
	int fd;

	become(NOBODY);
	fd = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
	CHECK_EQ(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3), 0);
	CHECK_ERR(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "", 0), EPERM);
	CHECK_ERR(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3), EPERM);
}

static int bind_low(void)
{
	struct endpoint e = loopback(AF_INET, 811);

	return bind(CHECK_OK(socket(AF_INET, SOCK_STREAM, 0)), (struct sockaddr *)&e.addr, e.len);
}

/* A right of another namespace of users is none here. */
TEST(right_to_a_low_port)
{
	CHECK_EQ(bind_low(), 0);
	enter_user_namespace(0);
	CHECK_ERR(bind_low(), EACCES);
}

/* SO_REUSEPORT shares a port with sockets of the same user alone. */
TEST(right_to_share_a_port)
{
	struct endpoint e = loopback(AF_INET, 0);
	int a = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0)), b, of_root;

	set_int(a, SOL_SOCKET, SO_REUSEPORT, 1);
	CHECK_EQ(bind(a, (struct sockaddr *)&e.addr, e.len), 0);
	e = loopback(AF_INET, port_of(a));
	of_root = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
	set_int(of_root, SOL_SOCKET, SO_REUSEPORT, 1);
	become(NOBODY);
	b = CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
	set_int(b, SOL_SOCKET, SO_REUSEPORT, 1);
	CHECK_ERR(bind(b, (struct sockaddr *)&e.addr, e.len), EADDRINUSE);
	/* It is the socket's user that counts. */
	CHECK_EQ(bind(of_root, (struct sockaddr *)&e.addr, e.len), 0);
}
