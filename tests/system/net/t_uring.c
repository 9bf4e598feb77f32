// SPDX-License-Identifier: MIT
/*
 * io_uring on sockets: it asks some things of a socket past the socket's calls.
 */
#include <sys/mman.h>
#include <sys/syscall.h>
#include "../frame/uring.h"
#include "nettest.h"

static int connect_by(struct ring *r, int fd, struct endpoint *e)
{
	struct io_uring_sqe sqe = { .opcode = IORING_OP_CONNECT, .fd = fd };
	unsigned int flags;

	sqe.addr = (uintptr_t)&e->addr;
	sqe.off = e->len;
	ring_submit(r, &sqe);
	return ring_wait(r, &flags);
}

TEST(uring_connect_refused)
{
	struct endpoint e;
	struct ring r;
	int l = listener(AF_INET, &e), fd = socket(AF_INET, SOCK_STREAM, 0);

	ring_open(&r);
	close(l);
	CHECK_EQ(connect_by(&r, fd, &e), -ECONNREFUSED);
	/* Who asked first has the error; the socket can be used again. */
	CHECK_EQ(get_int(fd, SOL_SOCKET, SO_ERROR), 0);
	l = listener(AF_INET, &e);
	CHECK_EQ(connect_by(&r, fd, &e), 0);
	CHECK_EQ(connect_by(&r, fd, &e), -EISCONN);
}

TEST(uring_poll_does_not_take_the_error)
{
	struct io_uring_sqe sqe = { .opcode = IORING_OP_POLL_ADD, .poll32_events = POLLIN | POLLOUT };
	struct endpoint e;
	struct ring r;
	unsigned int flags;
	int l = listener(AF_INET, &e), fd = socket(AF_INET, SOCK_STREAM, 0);

	ring_open(&r);
	close(l);
	set_nonblock(fd, true);
	if (!connect(fd, (struct sockaddr *)&e.addr, e.len) || errno == ECONNREFUSED)
		return;		/* at once: nothing is left to poll for */
	CHECK_EQ(errno, EINPROGRESS);
	sqe.fd = fd;
	ring_submit(&r, &sqe);
	CHECK(ring_wait(&r, &flags) & (POLLERR | POLLHUP));
	CHECK_EQ(get_int(fd, SOL_SOCKET, SO_ERROR), ECONNREFUSED);
}

TEST(uring_accept_more_than_one)
{
	struct io_uring_sqe sqe = { .opcode = IORING_OP_ACCEPT, .ioprio = IORING_ACCEPT_MULTISHOT };
	unsigned int flags;
	struct endpoint e;
	struct ring r;
	int i, c, a;

	ring_open(&r);
	sqe.fd = listener(AF_INET, &e);
	ring_submit(&r, &sqe);
	for (i = 0; i < 3; i++) {
		c = socket(AF_INET, SOCK_STREAM, 0);
		CHECK_EQ(connect(c, (struct sockaddr *)&e.addr, e.len), 0);
		a = ring_wait(&r, &flags);
		CHECK(a >= 0);
		CHECK(flags & IORING_CQE_F_MORE);
		CHECK_EQ(send(a, "x", 1, 0), 1);
		CHECK_EQ(recv(c, &(char){ 0 }, 1, 0), 1);
	}
}

TEST(uring_recv_says_what_is_left)
{
	struct io_uring_sqe sqe = { .opcode = IORING_OP_RECV, .len = 4 };
	unsigned int flags;
	struct ring r;
	char buf[8];
	int fd[2];

	ring_open(&r);
	tcp_pair(AF_INET, fd);
	CHECK_EQ(send(fd[1], "abcdef", 6, 0), 6);
	CHECK_EQ(poll_for(fd[0], POLLIN, 5000), POLLIN);
	sqe.fd = fd[0];
	sqe.addr = (uintptr_t)buf;
	ring_submit(&r, &sqe);
	CHECK_EQ(ring_wait(&r, &flags), 4);
	CHECK(flags & IORING_CQE_F_SOCK_NONEMPTY);
	sqe.len = 8;
	ring_submit(&r, &sqe);
	CHECK_EQ(ring_wait(&r, &flags), 2);
	CHECK(!(flags & IORING_CQE_F_SOCK_NONEMPTY));
	CHECK(!memcmp(buf, "ef", 2));
}

/* The ring's pages become others' when the process has ended, and page tables among them. */
static int have_ring_of_buffers(void)
{
	struct io_uring_buf_reg reg = { .ring_entries = 8, .bgid = 3 };
	char *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct ring r;

	ring_open(&r);
	reg.ring_addr = (uintptr_t)at;
	return syscall(SYS_io_uring_register, r.fd, IORING_REGISTER_PBUF_RING, &reg, 1) ? 2 : 0;
}

/* A table for each of 50 places, in a process of its own. */
static int use_tables(void)
{
	int i;

	for (i = 0; i < 50; i++) {
		char *at = mmap((void *)((16ul + i) << 32), 4096, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

		if (at != MAP_FAILED)
			*at = 1;
	}
	return 0;
}

TEST(uring_ring_of_buffers_is_given_back)
{
	int i, status;
	pid_t pid;

	for (i = 0; i < 60; i++) {
		pid = CHECK_OK(fork());
		if (!pid)
			_exit(i % 3 ? use_tables() : have_ring_of_buffers());
		CHECK_EQ(waitpid(pid, &status, 0), pid);
		CHECK_EQ(status, 0);
	}
}
