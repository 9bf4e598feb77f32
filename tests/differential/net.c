// SPDX-License-Identifier: MIT
/* The net mode: sockets of the IP families over the loopback device. */
#include "net.h"

static const struct op ops[] = {
	{ "pair", 10, do_pair },
	{ "dgrams", 6, do_dgrams },
	{ "socket", 5, do_socket },
	{ "close", 4, do_close },
	{ "reset", 2, do_reset },
	{ "dup", 3, do_dup },
	{ "bind", 4, do_bind },
	{ "listen", 3, do_listen },
	{ "connect", 6, do_connect },
	{ "accept", 4, do_accept },
	{ "names", 4, do_names },
	{ "shutdown", 4, do_shutdown },
	{ "send", 14, do_send },
	{ "recv", 14, do_recv },
	{ "write", 4, do_write },
	{ "read", 4, do_read },
	{ "sendmsg", 7, do_sendmsg },
	{ "recvmsg", 7, do_recvmsg },
	{ "sendmmsg", 2, do_sendmmsg },
	{ "recvmmsg", 2, do_recvmmsg },
	{ "transfer", 2, do_transfer },
	{ "sendfile", 2, do_sendfile },
	{ "splice", 3, do_splice },
	{ "urgent", 3, do_urgent },
	{ "getsockopt", 8, do_getsockopt },
	{ "setsockopt", 10, do_setsockopt },
	{ "ioctl", 5, do_ioctl },
	{ "fcntl", 4, do_fcntl },
	{ "signals", 2, do_signals },
	{ "poll", 8, do_poll },
	{ "select", 3, do_select },
	{ "epoll_ctl", 7, do_epoll_ctl },
	{ "epoll_wait", 7, do_epoll_wait },
	{ "block", 6, do_block },
	{ "child", 3, do_child },
	{ "uring", 8, do_uring },
	{ "odd", 6, do_odd },
	{ "pass", 3, do_pass },
};

static void begin(void)
{
	unsigned int i;

	for (i = 0; i < SLOTS; i++)
		slots[i].fd = -1;
}

static void end(void)
{
	unsigned int i;

	for (i = 0; i < SLOTS; i++)
		if (slots[i].fd >= 0)
			drop_slot(i);
}

const struct mode net_mode = {
	.name = "net", .steps = 50, .openers = 3, .ops = ops, .count = COUNT_OF(ops), .begin = begin, .end = end,
};
