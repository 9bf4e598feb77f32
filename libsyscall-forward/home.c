// SPDX-License-Identifier: MIT
/*
 * Files that are not written any more. What programs write through the door, they read
 * at the storage domain, and go on doing so. It would be better read in place, for which
 * the kernel has to bring it home, to the primary's page cache.
 *
 * A look every so many reads. Whether others write it is not known here: if it is not in
 * place thereafter, the next try is twice as far away.
 */
#include "file.h"

#define MAX_DOUBLING	10

/* By descriptor. A guess that any thread may spoil, and that a child may inherit. */
static struct tries {
	__u16 passed;		/* looks since the last try */
	__u8 doublings;
} tries[VOS_DOOR_FDS];

/**
 * fwd_file_look - is it time to have the file come home? Then it does
 * @l: lane of the channel, in our hands
 */
__attribute__((noinline)) void fwd_file_look(struct fwd_lane *l, __u64 word, int fd)
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
	fwd_kernel(VOS_DOOR_HOME, fd, 0);
}

/** fwd_file_is_home - the file of @fd is used in place */
void fwd_file_is_home(int fd)
{
	vos_store(&tries[fd].doublings, (__u8)0);
}
