// SPDX-License-Identifier: MIT
/*
 * io_uring on sockets: it asks some things of a socket past the socket's calls. One request at a
 * time, without liburing.
 */
#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include "nettest.h"

struct ring {
	int fd;
	void *rings;
	struct io_uring_sqe *sqes;
	struct io_uring_params p;
};

static unsigned int *word(const struct ring *r, unsigned int offset)
{
	return (unsigned int *)((char *)r->rings + offset);
}

static void ring_open(struct ring *r)
{
	memset(r, 0, sizeof(*r));
	r->fd = syscall(SYS_io_uring_setup, 8, &r->p);
	if (r->fd < 0 && (errno == ENOSYS || errno == EPERM))
		test_skip("no io_uring here");
	CHECK(r->fd >= 0);
	CHECK(r->p.features & IORING_FEAT_SINGLE_MMAP);
	r->rings = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd, IORING_OFF_SQ_RING);
	CHECK(r->rings != MAP_FAILED);
	r->sqes = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd, IORING_OFF_SQES);
	CHECK(r->sqes != MAP_FAILED);
}

static void submit(struct ring *r, const struct io_uring_sqe *sqe)
{
	unsigned int tail = *word(r, r->p.sq_off.tail), at = tail & (r->p.sq_entries - 1);

	r->sqes[at] = *sqe;
	word(r, r->p.sq_off.array)[at] = at;
	__atomic_store_n(word(r, r->p.sq_off.tail), tail + 1, __ATOMIC_RELEASE);
	CHECK_EQ(syscall(SYS_io_uring_enter, r->fd, 1, 0, 0, NULL, 0), 1);
}

/* Wait for the answer. Return: its result; *@flags: its flags. */
static int complete(struct ring *r, unsigned int *flags)
{
	unsigned int head = *word(r, r->p.cq_off.head);
	struct io_uring_cqe *cqe = (struct io_uring_cqe *)word(r, r->p.cq_off.cqes);
	int res;

	while (__atomic_load_n(word(r, r->p.cq_off.tail), __ATOMIC_ACQUIRE) == head)
		CHECK(syscall(SYS_io_uring_enter, r->fd, 0, 1, IORING_ENTER_GETEVENTS, NULL, 0) >= 0);
	cqe += head & (r->p.cq_entries - 1);
	res = cqe->res;
	*flags = cqe->flags;
	__atomic_store_n(word(r, r->p.cq_off.head), head + 1, __ATOMIC_RELEASE);
	return res;
}

static int connect_by(struct ring *r, int fd, struct endpoint *e)
{
	struct io_uring_sqe sqe = { .opcode = IORING_OP_CONNECT, .fd = fd };
	unsigned int flags;

	sqe.addr = (uintptr_t)&e->addr;
	sqe.off = e->len;
	submit(r, &sqe);
	return complete(r, &flags);
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
	submit(&r, &sqe);
	CHECK(complete(&r, &flags) & (POLLERR | POLLHUP));
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
	submit(&r, &sqe);
	for (i = 0; i < 3; i++) {
		c = socket(AF_INET, SOCK_STREAM, 0);
		CHECK_EQ(connect(c, (struct sockaddr *)&e.addr, e.len), 0);
		a = complete(&r, &flags);
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
	submit(&r, &sqe);
	CHECK_EQ(complete(&r, &flags), 4);
	CHECK(flags & IORING_CQE_F_SOCK_NONEMPTY);
	sqe.len = 8;
	submit(&r, &sqe);
	CHECK_EQ(complete(&r, &flags), 2);
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
