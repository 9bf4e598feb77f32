// SPDX-License-Identifier: MIT
/*
 * Served files that no process writes any more. A file that programs have written through the
 * door is served: they go on reading it at the storage domain. Such a file is better read in
 * place. For that the kernel has to recall it into the primary's page cache.
 *
 * The library checks once in so many reads. It does not know whether other processes write the
 * file. If the file is not in place after a try, the next try is twice as far away.
 */
#include "file.h"

#define MAX_DOUBLING	10

/* By descriptor. It is a guess that any thread may spoil and a child may inherit. */
static struct tries {
	__u16 passed;		/* checks since the last try */
	__u8 doublings;
} tries[VOS_DOOR_FDS];

/**
 * fwd_file_try_recall - ask the kernel to recall a file if it has not been written for a time
 * @l: a lane of the channel, which the caller holds
 * @word: of the file
 * @fd: the descriptor
 */
__attribute__((noinline)) void fwd_file_try_recall(struct fwd_lane *l, __u64 word, int fd)
{
	__u8 *written = &l->chan->written[VOS_WORD_SLOT(word) % VOS_UCHAN_SLOTS];
	struct tries *t = &tries[fd];
	__u16 passed = vos_load(&t->passed) + 1;
	__u8 n = vos_load(&t->doublings);

	if (vos_load(written)) {
		vos_store(written, (__u8)0);
		return;
	}
	if (passed < 1u << n) {
		vos_store(&t->passed, passed);
		return;
	}
	vos_store(&t->passed, (__u16)0);
	if (n < MAX_DOUBLING)
		vos_store(&t->doublings, (__u8)(n + 1));
	fwd_kernel(VOS_DOOR_RECALL, fd, 0);
}

/**
 * fwd_file_is_held - note that a file is used in place
 * @fd: the descriptor
 */
void fwd_file_is_held(int fd)
{
	vos_store(&tries[fd].doublings, (__u8)0);
}
