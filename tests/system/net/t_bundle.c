// SPDX-License-Identifier: MIT
/*
 * io_uring: how much is left to be received, as bundles of buffers and flags of answers show it.
 */
#include <sys/mman.h>
#include <sys/syscall.h>
#include "../frame/uring.h"
#include "nettest.h"

/* Newer than the host's header. */
#define RECVSEND_BUNDLE	(1u << 4)
#define SIZE		16
#define BUFFERS		8
#define GROUP		3

static char bufs[BUFFERS][SIZE];

/* Give the kernel all buffers, in order. */
static void give_buffers(struct ring *r)
{
	struct io_uring_buf_ring *br = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
					    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct io_uring_buf_reg reg = {
		.ring_addr = (uintptr_t)br, .ring_entries = BUFFERS, .bgid = GROUP,
	};
	int i;

	CHECK(br != MAP_FAILED);
	if (syscall(SYS_io_uring_register, r->fd, IORING_REGISTER_PBUF_RING, &reg, 1))
		test_skip("no rings of buffers");
	for (i = 0; i < BUFFERS; i++) {
		br->bufs[i].addr = (uintptr_t)bufs[i];
		br->bufs[i].len = SIZE;
		br->bufs[i].bid = i;
	}
	__atomic_store_n(&br->tail, BUFFERS, __ATOMIC_RELEASE);
}

static int recv_into(struct ring *r, int fd, int how, unsigned int *flags)
{
	struct io_uring_sqe sqe = {
		.opcode = IORING_OP_RECV, .fd = fd, .flags = IOSQE_BUFFER_SELECT,
		.buf_group = GROUP, .ioprio = how,
	};

	ring_submit(r, &sqe);
	return ring_wait(r, flags);
}

TEST(bundle_of_what_is_there)
{
	unsigned int flags;
	char data[3 * SIZE];
	struct ring r;
	int fd[2], n;

	ring_open(&r);
	give_buffers(&r);
	tcp_pair(AF_INET, fd);
	memset(data, 'x', sizeof(data));
	CHECK_EQ(send(fd[1], data, sizeof(data), 0), sizeof(data));
	CHECK_EQ(poll_for(fd[0], POLLIN, 2000), POLLIN);
	n = recv_into(&r, fd[0], RECVSEND_BUNDLE, &flags);
	if (n == -EINVAL)
		test_skip("a kernel without bundles");
	CHECK_EQ(n, sizeof(data));
	CHECK_EQ(flags, IORING_CQE_F_BUFFER);
	CHECK(!memcmp(bufs, data, sizeof(data)));
	/* Two buffers, and a part of the third. */
	CHECK_EQ(send(fd[1], data, 2 * SIZE + 5, 0), 2 * SIZE + 5);
	CHECK_EQ(poll_for(fd[0], POLLIN, 2000), POLLIN);
	CHECK_EQ(recv_into(&r, fd[0], RECVSEND_BUNDLE, &flags), 2 * SIZE + 5);
	CHECK_EQ(flags, IORING_CQE_F_BUFFER | 3 << IORING_CQE_BUFFER_SHIFT);
}

TEST(bundle_flag_of_more)
{
	char data[SIZE + 1] = "";
	unsigned int flags;
	struct ring r;
	int fd[2];

	ring_open(&r);
	give_buffers(&r);
	tcp_pair(AF_INET, fd);
	CHECK_EQ(send(fd[1], data, sizeof(data), 0), sizeof(data));
	CHECK_EQ(poll_for(fd[0], POLLIN, 2000), POLLIN);
	CHECK_EQ(recv_into(&r, fd[0], 0, &flags), SIZE);
	CHECK(flags & IORING_CQE_F_SOCK_NONEMPTY);
	CHECK_EQ(recv_into(&r, fd[0], 0, &flags), 1);
	CHECK(!(flags & IORING_CQE_F_SOCK_NONEMPTY));
	/* There is an end to be read, but not of this side's own making. */
	CHECK_EQ(send(fd[1], data, 1, 0), 1);
	CHECK_EQ(shutdown(fd[1], SHUT_WR), 0);
	usleep(50000);
	CHECK_EQ(recv_into(&r, fd[0], 0, &flags), 1);
	CHECK(flags & IORING_CQE_F_SOCK_NONEMPTY);
	CHECK_EQ(shutdown(fd[1], SHUT_RD), 0);
	CHECK_EQ(recv_into(&r, fd[1], 0, &flags), 0);
	CHECK(!(flags & IORING_CQE_F_SOCK_NONEMPTY));
}
