// SPDX-License-Identifier: MIT
/*
 * Options whose length is not the value's: filters that are got, and buffers that are too long.
 */
#include <linux/filter.h>
#include "nettest.h"

TEST(option_filter_is_got)
{
	struct sock_filter all[] = { { BPF_LD | BPF_W | BPF_LEN, 0, 0, 0 }, { BPF_RET | BPF_A, 0, 0, 0 } };
	struct sock_filter got[3] = { { 0 } };
	struct sock_fprog prog = { 2, all };
	socklen_t nr = 0;
	int fd[2];

	udp_pair(AF_INET, fd);
	CHECK_EQ(getsockopt(fd[0], SOL_SOCKET, SO_GET_FILTER, NULL, &nr), 0);
	CHECK_EQ(nr, 0);
	CHECK_EQ(setsockopt(fd[0], SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)), 0);
	CHECK_EQ(getsockopt(fd[0], SOL_SOCKET, SO_GET_FILTER, NULL, &nr), 0);
	CHECK_EQ(nr, 2);
	nr = 3;
	CHECK_EQ(getsockopt(fd[0], SOL_SOCKET, SO_GET_FILTER, got, &nr), 0);
	CHECK_EQ(nr, 2);
	CHECK_EQ(memcmp(got, all, sizeof(all)), 0);
	nr = 1;
	CHECK_ERR(getsockopt(fd[0], SOL_SOCKET, SO_GET_FILTER, got, &nr), EINVAL);
}

TEST(option_filter_is_none)
{
	struct sock_filter nothing = { 0xffff, 0, 0, 0 };
	struct sock_fprog prog = { 1, NULL };
	int fd[2];

	udp_pair(AF_INET, fd);
	CHECK_ERR(setsockopt(fd[0], SOL_SOCKET, SO_DETACH_FILTER, fd, sizeof(int)), ENOENT);
	CHECK_ERR(setsockopt(fd[0], SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)), EINVAL);
	prog.filter = (void *)16;
	CHECK_ERR(setsockopt(fd[0], SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)), EFAULT);
	prog.filter = &nothing;
	CHECK_ERR(setsockopt(fd[0], SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)), EINVAL);
	CHECK_ERR(setsockopt(fd[0], SOL_SOCKET, SO_ATTACH_FILTER, &prog, 8), EINVAL);
	set_int(fd[0], SOL_SOCKET, SO_LOCK_FILTER, 1);
	CHECK_ERR(setsockopt(fd[0], SOL_SOCKET, SO_LOCK_FILTER, &(int){ 0 }, 4), EPERM);
	CHECK_ERR(setsockopt(fd[0], SOL_SOCKET, SO_DETACH_FILTER, fd, sizeof(int)), EPERM);
}

TEST(option_in_a_long_buffer)
{
	static int value[20000] = { 1 };
	int fd[2];

	tcp_pair(AF_INET, fd);
	CHECK_EQ(setsockopt(fd[0], IPPROTO_TCP, TCP_NODELAY, value, sizeof(value)), 0);
	CHECK_EQ(get_int(fd[0], IPPROTO_TCP, TCP_NODELAY), 1);
}
