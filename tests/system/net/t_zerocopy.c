// SPDX-License-Identifier: MIT
/*
 * MSG_ZEROCOPY: the notifications on the error queue.
 */
#include "nettest.h"
#include <linux/errqueue.h>

/* Get a notification. Return: the error of recvmsg(), or 0. */
static int notification(int fd, struct sock_extended_err *err)
{
	char control[128];
	struct msghdr msg = { .msg_control = control, .msg_controllen = sizeof(control) };
	struct cmsghdr *c;

	if (recvmsg(fd, &msg, MSG_ERRQUEUE) < 0)
		return errno;
	CHECK(msg.msg_flags & MSG_ERRQUEUE);
	c = CMSG_FIRSTHDR(&msg);
	CHECK(c && c->cmsg_level == SOL_IP && c->cmsg_type == IP_RECVERR);
	memcpy(err, CMSG_DATA(c), sizeof(*err));
	return 0;
}

static void check_calls(int fd, int peer)
{
	static char data[2000];
	struct sock_extended_err err;
	int i, from = 0;

	CHECK_EQ(send(fd, data, sizeof(data), MSG_ZEROCOPY), sizeof(data));
	CHECK_EQ(notification(fd, &err), EAGAIN);
	set_int(fd, SOL_SOCKET, SO_ZEROCOPY, 1);
	CHECK_EQ(get_int(fd, SOL_SOCKET, SO_ZEROCOPY), 1);
	CHECK_EQ(poll_for(fd, POLLIN, 0), 0);
	for (i = 0; i < 3; i++)
		CHECK_EQ(send(fd, data, sizeof(data), MSG_ZEROCOPY), sizeof(data));
	CHECK_EQ(send(fd, data, sizeof(data), 0), sizeof(data));
	for (i = 0; i < 5; i++)
		CHECK_EQ(recv(peer, data, sizeof(data), MSG_WAITALL), sizeof(data));
	while (from < 3) {
		CHECK_EQ(poll_for(fd, POLLIN, 2000), POLLERR);
		CHECK_EQ(notification(fd, &err), 0);
		CHECK_EQ(err.ee_errno, 0);
		CHECK_EQ(err.ee_origin, SO_EE_ORIGIN_ZEROCOPY);
		CHECK_EQ(err.ee_info, from);
		from = err.ee_data + 1;
	}
	CHECK_EQ(from, 3);
	CHECK_EQ(notification(fd, &err), EAGAIN);
	CHECK_EQ(poll_for(fd, POLLIN, 0), 0);
}

TEST(zerocopy_of_a_stream)
{
	int fd[2];

	tcp_pair(AF_INET, fd);
	check_calls(fd[0], fd[1]);
}

TEST(zerocopy_of_datagrams)
{
	int fd[2];

	udp_pair(AF_INET, fd);
	check_calls(fd[0], fd[1]);
}

TEST(zerocopy_of_others_is_refused)
{
	int fd = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP), on = 1;

	CHECK(fd >= 0);
	CHECK_ERR(setsockopt(fd, SOL_SOCKET, SO_ZEROCOPY, &on, sizeof(on)), EOPNOTSUPP);
}
