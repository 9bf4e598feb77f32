// SPDX-License-Identifier: MIT
/* io_uring without a library: a ring that is made when it is first used. */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "uring.h"
#include "vosdiff.h"

#define CALL	1	/* user_data of a request, and of what cancels it */
#define CANCEL	2

static struct {
	struct io_uring_params p;
	char *words;
	struct io_uring_sqe *requests;
	int fd;
	bool made;
} ring;

static int result;
static bool descriptor;		/* what is asked for: its number is not shown */

static unsigned int *word(unsigned int offset)
{
	return (unsigned int *)(ring.words + offset);
}

static bool make(void)
{
	if (ring.made)
		return true;
	ring.fd = syscall(SYS_io_uring_setup, 8, &ring.p);
	if (ring.fd < 0)
		return false;
	ring.words = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, ring.fd, IORING_OFF_SQ_RING);
	ring.requests = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, ring.fd, IORING_OFF_SQES);
	ring.made = ring.words != MAP_FAILED && (void *)ring.requests != MAP_FAILED;
	return ring.made;
}

static void submit(const struct io_uring_sqe *request, uint64_t name)
{
	unsigned int tail = *word(ring.p.sq_off.tail), at = tail & (ring.p.sq_entries - 1);
	long r;

	ring.requests[at] = *request;
	ring.requests[at].user_data = name;
	word(ring.p.sq_off.array)[at] = at;
	__atomic_store_n(word(ring.p.sq_off.tail), tail + 1, __ATOMIC_RELEASE);
	r = syscall(SYS_io_uring_enter, ring.fd, 1, 0, 0, NULL, 0);
	if (r != 1)
		out(" not submitted %ld", r);
}

/* Wait for an answer. Return: it is there. */
static bool await(struct io_uring_cqe *answer, unsigned int ms)
{
	struct __kernel_timespec t = { .tv_nsec = ms * 1000000ll };
	struct io_uring_getevents_arg arg = { .ts = (uintptr_t)&t };
	unsigned int head = *word(ring.p.cq_off.head);
	struct io_uring_cqe *all = (struct io_uring_cqe *)word(ring.p.cq_off.cqes);

	if (__atomic_load_n(word(ring.p.cq_off.tail), __ATOMIC_ACQUIRE) == head)
		syscall(SYS_io_uring_enter, ring.fd, 0, 1, IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG, &arg,
			sizeof(arg));
	if (__atomic_load_n(word(ring.p.cq_off.tail), __ATOMIC_ACQUIRE) == head)
		return false;
	*answer = all[head & (ring.p.cq_entries - 1)];
	__atomic_store_n(word(ring.p.cq_off.head), head + 1, __ATOMIC_RELEASE);
	return true;
}

static void take(const struct io_uring_cqe *answer)
{
	if (answer->user_data != CALL)
		return;
	if (answer->flags & IORING_CQE_F_NOTIF) {
		out(" sent");
		return;
	}
	result = answer->res;
	if (result == -ECANCELED || result == -EINTR) {	/* as far as it had come */
		out(" cancelled");
		return;
	}
	errno = -result;
	out_result(result < 0 ? -1 : descriptor ? 0 : result);
	if (answer->flags & IORING_CQE_F_MORE)
		out(" more");
}

/* Make a request and print all answers; what has none within the time is cancelled. */
void uring_call(const struct io_uring_sqe *request, unsigned int wait_ms)
{
	struct io_uring_sqe cancel = { .opcode = IORING_OP_ASYNC_CANCEL, .fd = -1, .addr = CALL };
	struct io_uring_cqe answer;
	bool more = true;

	result = -ECANCELED;
	descriptor = request->opcode == IORING_OP_OPENAT || request->opcode == IORING_OP_ACCEPT;
	if (!make()) {
		out(" no ring");
		return;
	}
	watch_end();
	submit(request, CALL);
	while (more && await(&answer, wait_ms)) {
		take(&answer);
		more = answer.flags & IORING_CQE_F_MORE;
	}
	if (more) {
		out(" waits");
		submit(&cancel, CANCEL);
		while (await(&answer, 20))
			take(&answer);
	}
	watch_arm();
}

int uring_result(void)
{
	return result;
}
