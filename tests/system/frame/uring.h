/* SPDX-License-Identifier: MIT */
/* io_uring with a few requests at a time, without liburing. */
#ifndef FRAME_URING_H
#define FRAME_URING_H

#include <linux/io_uring.h>
#include <stdbool.h>

struct ring {
	int fd;
	void *rings;
	struct io_uring_sqe *sqes;
	struct io_uring_params p;
};

void ring_open(struct ring *r);		/* skips the test if the kernel has none */
void ring_put(struct ring *r, const struct io_uring_sqe *sqe);
void ring_enter(struct ring *r, unsigned int n);	/* submit what was put: all @n of them */
void ring_submit(struct ring *r, const struct io_uring_sqe *sqe);	/* one */
bool ring_has_answer(const struct ring *r);
int ring_wait(struct ring *r, unsigned int *flags);	/* the next result, and its flags */

#endif
