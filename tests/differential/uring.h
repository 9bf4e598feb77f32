/* SPDX-License-Identifier: MIT */
/* One request of io_uring at a time. */
#ifndef URING_H
#define URING_H

#include <linux/io_uring.h>

void uring_call(const struct io_uring_sqe *request, unsigned int wait_ms);
int uring_result(void);

#endif
