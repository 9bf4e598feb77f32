/* SPDX-License-Identifier: GPL-2.0-only */
/* The channel between the two ends of the null call: nullcall.c and backend.c. */
#ifndef RINGBENCH_NULLCALL_H
#define RINGBENCH_NULLCALL_H

#include <virtuos/ops.h>
#include <virtuos/ring.h>

#define ENTRIES VOS_MAX_RING_ENTRIES
#define ARENA_BYTES (1u << 20)

/* Shared memory of a channel, laid out as docs/protocol.md section 5 has it. */
struct channel {
	_Alignas(VOS_PAGE_SIZE) struct vos_channel_page hdr;
	_Alignas(VOS_PAGE_SIZE) struct vos_sqe sq[ENTRIES];
	_Alignas(VOS_PAGE_SIZE) struct vos_cqe cq[ENTRIES];
};

/* What the back end's thread is given. */
struct backend {
	struct channel *channel;
	unsigned int entries;	/* of each ring, at most ENTRIES */
	bool stop;		/* set by the front end, atomically */
	bool violated;		/* set by the back end before it ends */
};

void *backend_main(void *backend);

#endif
