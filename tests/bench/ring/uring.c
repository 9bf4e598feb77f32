// SPDX-License-Identifier: GPL-2.0-only
/*
 * The yardstick: IORING_OP_NOP through io_uring with a kernel thread that polls the
 * submission queue, pinned as our back end is. No system call on the way.
 *
 * The ring is made and taken down in every slice: its thread spins on the second
 * processor and would stand in the way of the other cases.
 */
#include <errno.h>
#include <liburing.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"

#define ENTRIES 1024
#define THREAD_IDLE_MS 1000	/* longer than a slice: it never sleeps meanwhile */
#define POLLS_PER_CLOCK_READ 64

static int set_up(struct io_uring *ring)
{
	struct io_uring_params p = {
		.flags = IORING_SETUP_SQPOLL | IORING_SETUP_SQ_AFF |
			 IORING_SETUP_SINGLE_ISSUER,
		.sq_thread_cpu = (unsigned int)bench_cpu[1],
		.sq_thread_idle = THREAD_IDLE_MS,
	};

	return io_uring_queue_init_params(ENTRIES, ring, &p);
}

/*
 * The kernel ends its thread at leisure, and until then it spins where the next case's
 * peer is to run. It is one of this process's threads; when it is gone there is but one.
 */
static void tear_down(struct io_uring *ring)
{
	struct stat st;
	int i;

	io_uring_queue_exit(ring);
	for (i = 0; i < 20000; i++) {
		if (stat("/proc/self/task", &st) || st.st_nlink <= 3)
			return;
		usleep(100);
	}
	die("io_uring's thread does not end", ETIMEDOUT);
}

const char *uring_refusal(void)
{
	static char why[128];
	struct io_uring ring;
	int rc = set_up(&ring);

	if (!rc) {
		tear_down(&ring);
		return NULL;
	}
	snprintf(why, sizeof(why), "io_uring_setup with SQPOLL on this kernel: %s",
		 strerror(-rc));
	return why;
}

/* Put @n NOPs in and show them to the thread at once. */
static int submit(struct io_uring *ring, unsigned int n)
{
	int rc;

	if (!n)
		return 0;
	while (n--) {
		struct io_uring_sqe *sqe = io_uring_get_sqe(ring);

		if (!sqe)
			return -ENOSPC;
		io_uring_prep_nop(sqe);
	}
	rc = io_uring_submit(ring);
	return rc < 0 ? rc : 0;
}

/* Take what is there. Return: how many, or -errno of a NOP that failed. */
static int reap(struct io_uring *ring)
{
	struct io_uring_cqe *cqe;
	unsigned int head;
	int n = 0;

	io_uring_for_each_cqe(ring, head, cqe) {
		if (cqe->res < 0)
			return cqe->res;
		n++;
	}
	if (n)
		io_uring_cq_advance(ring, (unsigned int)n);
	return n;
}

/* At least @want answers. Return: how many came, or -errno. */
static int await(struct io_uring *ring, unsigned int want)
{
	unsigned int got = 0;

	while (got < want) {
		int n = reap(ring);

		if (n < 0)
			return n;
		if (!n)
			wait_step();
		got += (unsigned int)n;
	}
	return (int)got;
}

static int measure(struct io_uring *ring, unsigned int depth, uint64_t ns,
		   struct slice *out)
{
	unsigned int turn, under_way = 0;
	struct watch watch;
	uint64_t done = 0;
	int rc;

	watch_start(&watch, ns);
	do {
		for (turn = 0; turn < POLLS_PER_CLOCK_READ; turn++) {
			rc = submit(ring, depth - under_way);
			if (rc)
				return rc;
			rc = await(ring, 1);
			if (rc < 0)
				return rc;
			done += (unsigned int)rc;
			under_way = depth - (unsigned int)rc;
		}
	} while (!watch_over(&watch, done, out));
	rc = await(ring, under_way);
	return rc < 0 ? rc : 0;
}

int uring_run(const struct bench_case *c, uint64_t ns, struct slice *out)
{
	struct io_uring ring;
	int rc = set_up(&ring);

	if (rc)
		return rc;
	rc = measure(&ring, c->depth, ns, out);
	tear_down(&ring);
	return rc;
}
