// SPDX-License-Identifier: MIT
/*
 * TCP_REPAIR: a connection's queues are read and written from outside, as checkpoints do it.
 */
#include "nettest.h"

enum { NO_QUEUE, RECV_QUEUE, SEND_QUEUE };

TEST(repair_shows_what_was_sent)
{
	static char big[65536];
	char buf[64];
	int fd[2], n;

	tcp_pair(AF_INET, fd);
	CHECK_ERR(setsockopt(fd[0], SOL_TCP, TCP_REPAIR_QUEUE, &(int){ SEND_QUEUE }, 4), EPERM);
	/* The peer takes no more, so that something waits. */
	set_int(fd[1], SOL_SOCKET, SO_RCVBUF, 4096);
	set_nonblock(fd[0], true);
	for (n = 0; n < 3; usleep(20000), n++)
		while (send(fd[0], big, sizeof(big), 0) > 0)
			n = 0;
	set_int(fd[0], SOL_TCP, TCP_REPAIR, 1);
	CHECK_EQ(get_int(fd[0], SOL_TCP, TCP_REPAIR), 1);
	CHECK_EQ(get_int(fd[0], SOL_TCP, TCP_REPAIR_QUEUE), NO_QUEUE);
	CHECK_ERR(recv(fd[0], buf, sizeof(buf), 0), EPERM);
	CHECK_ERR(recv(fd[0], buf, sizeof(buf), MSG_PEEK), EINVAL);
	set_int(fd[0], SOL_TCP, TCP_REPAIR_QUEUE, RECV_QUEUE);
	CHECK_ERR(recv(fd[0], buf, sizeof(buf), MSG_PEEK), EAGAIN);
	set_int(fd[0], SOL_TCP, TCP_REPAIR, 0);
	CHECK_ERR(recv(fd[0], buf, sizeof(buf), 0), EAGAIN);
}

/* What is written to the queue of a closed socket is there when it is connected, and not sent. */
TEST(repair_makes_a_connection)
{
	struct endpoint e = loopback(AF_INET, 0), to = loopback(AF_INET, 9);
	int fd = CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
	static char big[150000], all[6 + sizeof(big)];
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);
	char buf[64];

	big[sizeof(big) - 1] = 'e';
	set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	set_int(fd, SOL_TCP, TCP_REPAIR, 1);
	set_int(fd, SOL_TCP, TCP_REPAIR_QUEUE, SEND_QUEUE);
	set_int(fd, SOL_TCP, TCP_QUEUE_SEQ, 1000);
	CHECK_EQ(get_int(fd, SOL_TCP, TCP_QUEUE_SEQ), 1000);
	CHECK_EQ(bind(fd, (struct sockaddr *)&e.addr, e.len), 0);
	CHECK_EQ(connect(fd, (struct sockaddr *)&to.addr, to.len), 0);
	CHECK_EQ(getsockopt(fd, SOL_TCP, TCP_INFO, &info, &len), 0);
	CHECK_EQ(info.tcpi_state, TCP_ESTABLISHED);
	CHECK_EQ(send(fd, "queued", 6, 0), 6);
	CHECK_EQ(recv(fd, buf, sizeof(buf), MSG_PEEK | MSG_DONTWAIT), 6);
	CHECK(!memcmp(buf, "queued", 6));
	set_int(fd, SOL_SOCKET, SO_SNDBUF, 400000);
	CHECK_EQ(send(fd, big, sizeof(big), 0), sizeof(big));
	/* With too little room Linux gives the whole length. Nothing is behind the room. */
	CHECK(recv(fd, buf, 4, MSG_PEEK | MSG_DONTWAIT) >= 4);
	CHECK_EQ(recv(fd, all, sizeof(all), MSG_PEEK | MSG_DONTWAIT), sizeof(all));
	CHECK(!memcmp(all, "queued", 6) && all[5 + sizeof(big)] == 'e');
	set_int(fd, SOL_TCP, TCP_REPAIR_QUEUE, RECV_QUEUE);
	CHECK_EQ(send(fd, "got", 3, 0), 3);
	CHECK_EQ(recv(fd, buf, sizeof(buf), MSG_PEEK | MSG_DONTWAIT), 3);
	CHECK(!memcmp(buf, "got", 3));
	/* It goes without a word. */
	CHECK_EQ(close(fd), 0);
}
