// SPDX-License-Identifier: MIT
/*
 * io_uring: whole lives of sockets, buffers that the kernel picks, and requests that end early.
 */
#include <sys/syscall.h>
#include "../frame/uring.h"
#include "nettest.h"

/* Newer than the host's header. */
#define OP_URING_CMD		46
#define OP_BIND			56
#define OP_LISTEN		57
#define CMD_SIOCINQ		0
#define CMD_SIOCOUTQ		1
#define CMD_GETSOCKOPT		2

static int one(struct ring *r, struct io_uring_sqe sqe)
{
	unsigned int flags;

	ring_submit(r, &sqe);
	return ring_wait(r, &flags);
}

static struct io_uring_sqe on(int fd, int opcode, const void *at, unsigned int len)
{
	return (struct io_uring_sqe){ .opcode = opcode, .fd = fd, .addr = (uintptr_t)at, .len = len };
}

TEST(uring_life_of_a_socket)
{
	struct io_uring_sqe sqe = { .opcode = IORING_OP_SOCKET, .fd = AF_INET, .off = SOCK_STREAM };
	struct endpoint e = loopback(AF_INET, 0);
	struct ring r;
	int l, c, a, rc;

	ring_open(&r);
	l = CHECK_OK(one(&r, sqe));
	sqe = on(l, OP_BIND, &e.addr, 0);
	sqe.off = e.len;
	rc = one(&r, sqe);
	if (rc == -EINVAL)
		test_skip("a kernel that cannot bind so");
	CHECK_EQ(rc, 0);
	CHECK_EQ(one(&r, on(l, OP_LISTEN, NULL, 5)), 0);
	e = loopback(AF_INET, port_of(l));
	sqe = (struct io_uring_sqe){ .opcode = IORING_OP_SOCKET, .fd = AF_INET, .off = SOCK_STREAM };
	c = CHECK_OK(one(&r, sqe));
	sqe = on(c, IORING_OP_CONNECT, &e.addr, 0);
	sqe.off = e.len;
	CHECK_EQ(one(&r, sqe), 0);
	a = CHECK_OK(one(&r, on(l, IORING_OP_ACCEPT, NULL, 0)));
	CHECK_EQ(one(&r, on(c, IORING_OP_SEND, "uring", 5)), 5);
	CHECK_EQ(poll_for(a, POLLIN, 5000), POLLIN);
	CHECK_EQ(one(&r, on(c, IORING_OP_SHUTDOWN, NULL, SHUT_WR)), 0);
	CHECK_EQ(recv(a, (char[8]){ 0 }, 8, 0), 5);
	CHECK_EQ(recv(a, (char[8]){ 0 }, 8, 0), 0);
	CHECK_EQ(one(&r, on(c, IORING_OP_CLOSE, NULL, 0)), 0);
	CHECK_ERR(send(c, "x", 1, 0), EBADF);
	sqe = (struct io_uring_sqe){ .opcode = IORING_OP_SOCKET, .fd = AF_INET, .off = 77 };
	CHECK_EQ(one(&r, sqe), -EINVAL);
}

TEST(uring_buffers_are_picked)
{
	static char bufs[4][16];
	struct io_uring_sqe sqe = on(4, IORING_OP_PROVIDE_BUFFERS, bufs, 16);
	unsigned int flags;
	struct ring r;
	int fd[2], i, id;

	ring_open(&r);
	udp_pair(AF_INET, fd);
	sqe.buf_group = 9;
	CHECK(one(&r, sqe) >= 0);
	sqe = on(fd[0], IORING_OP_RECV, NULL, 0);
	sqe.flags = IOSQE_BUFFER_SELECT;
	sqe.buf_group = 9;
	sqe.ioprio = IORING_RECV_MULTISHOT;
	ring_submit(&r, &sqe);
	for (i = 0; i < 4; i++) {
		CHECK_EQ(send(fd[1], "01234", 5 - i, 0), 5 - i);
		CHECK_EQ(ring_wait(&r, &flags), 5 - i);
		CHECK(flags & IORING_CQE_F_BUFFER);
		id = flags >> IORING_CQE_BUFFER_SHIFT;
		CHECK(id >= 0 && id < 4);
		CHECK(!memcmp(bufs[id], "01234", 5 - i));
	}
	CHECK_EQ(send(fd[1], "x", 1, 0), 1);
	CHECK_EQ(ring_wait(&r, &flags), -ENOBUFS);
	CHECK(!(flags & IORING_CQE_F_MORE));
	/* What found no buffer is still there. */
	CHECK_EQ(recv(fd[0], bufs[0], 16, MSG_DONTWAIT), 1);
}

TEST(uring_waiting_is_cancelled)
{
	struct io_uring_sqe sqe;
	unsigned int flags;
	struct ring r;
	int fd[2], got[2];
	char buf[8];

	ring_open(&r);
	tcp_pair(AF_INET, fd);
	sqe = on(fd[0], IORING_OP_RECV, buf, 8);
	sqe.user_data = 77;
	ring_submit(&r, &sqe);
	usleep(50000);
	CHECK(!ring_has_answer(&r));
	ring_submit(&r, &(struct io_uring_sqe){ .opcode = IORING_OP_ASYNC_CANCEL, .addr = 77 });
	got[0] = ring_wait(&r, &flags);
	got[1] = ring_wait(&r, &flags);
	CHECK(got[0] == -ECANCELED || got[1] == -ECANCELED);
	CHECK(!got[0] || !got[1]);
	/* No byte was taken by what was cancelled. */
	CHECK_EQ(send(fd[1], "after", 5, 0), 5);
	CHECK_EQ(one(&r, on(fd[0], IORING_OP_RECV, buf, 8)), 5);
	ring_submit(&r, &sqe);
	CHECK_EQ(shutdown(fd[0], SHUT_RD), 0);
	CHECK_EQ(ring_wait(&r, &flags), 0);
}

TEST(uring_asks_the_socket)
{
	struct io_uring_sqe sqe = on(0, OP_URING_CMD, NULL, 0);
	struct ring r;
	int fd[2], rc;

	ring_open(&r);
	tcp_pair(AF_INET, fd);
	CHECK_EQ(send(fd[1], "seven b", 7, 0), 7);
	CHECK_EQ(poll_for(fd[0], POLLIN, 5000), POLLIN);
	sqe.fd = fd[0];
	sqe.off = CMD_SIOCINQ;
	rc = one(&r, sqe);
	if (rc == -EOPNOTSUPP || rc == -EINVAL)
		test_skip("a kernel without such commands");
	CHECK_EQ(rc, 7);
	sqe.off = CMD_SIOCOUTQ;
	CHECK_EQ(one(&r, sqe), 0);
}

/* Notification of a send without copies comes after its result. */
TEST(uring_send_zc)
{
	unsigned int flags;
	struct ring r;
	int fd[2], rc;
	char buf[8];
	struct io_uring_sqe sqe;

	ring_open(&r);
	tcp_pair(AF_INET, fd);
	sqe = on(fd[0], IORING_OP_SEND_ZC, "zero", 4);
	ring_submit(&r, &sqe);
	rc = ring_wait(&r, &flags);
	CHECK_EQ(rc, 4);
	CHECK(flags & IORING_CQE_F_MORE);
	CHECK_EQ(recv(fd[1], buf, 8, 0), 4);
	CHECK_EQ(ring_wait(&r, &flags), 0);
	CHECK(flags & IORING_CQE_F_NOTIF);
	CHECK(!(flags & IORING_CQE_F_MORE));
}
