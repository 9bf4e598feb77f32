// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "frame.h"
#include "uring.h"

static unsigned int *word(const struct ring *r, unsigned int offset)
{
	return (unsigned int *)((char *)r->rings + offset);
}

void ring_open(struct ring *r)
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

void ring_put(struct ring *r, const struct io_uring_sqe *sqe)
{
	unsigned int tail = *word(r, r->p.sq_off.tail), at = tail & (r->p.sq_entries - 1);

	r->sqes[at] = *sqe;
	word(r, r->p.sq_off.array)[at] = at;
	__atomic_store_n(word(r, r->p.sq_off.tail), tail + 1, __ATOMIC_RELEASE);
}

void ring_enter(struct ring *r, unsigned int n)
{
	CHECK_EQ(syscall(SYS_io_uring_enter, r->fd, n, 0, 0, NULL, 0), n);
}

void ring_submit(struct ring *r, const struct io_uring_sqe *sqe)
{
	ring_put(r, sqe);
	ring_enter(r, 1);
}

bool ring_has_answer(const struct ring *r)
{
	return __atomic_load_n(word(r, r->p.cq_off.tail), __ATOMIC_ACQUIRE) !=
	       *word(r, r->p.cq_off.head);
}

int ring_wait(struct ring *r, unsigned int *flags)
{
	unsigned int head = *word(r, r->p.cq_off.head);
	struct io_uring_cqe *cqe = (struct io_uring_cqe *)word(r, r->p.cq_off.cqes);
	int res;

	while (!ring_has_answer(r))
		CHECK(syscall(SYS_io_uring_enter, r->fd, 0, 1, IORING_ENTER_GETEVENTS, NULL, 0) >= 0);
	cqe += head & (r->p.cq_entries - 1);
	res = cqe->res;
	*flags = cqe->flags;
	__atomic_store_n(word(r, r->p.cq_off.head), head + 1, __ATOMIC_RELEASE);
	return res;
}
