// SPDX-License-Identifier: MIT
/* The end of a call during which the kernel held signals back. */
#include "copy.h"
#include "section.h"
#include "syscall.h"

#define SIGSET_BYTES	8
#define SIG_BLOCK_NR	0	/* the kernel's numbers */
#define SIG_SETMASK_NR	2

const struct vos_door_section fwd_section = {
	.start = (uintptr_t)fwd_copy_begin,
	.end = (uintptr_t)fwd_copy_end,
	.landing = (uintptr_t)fwd_copy_landing,
};

/**
 * fwd_take_signals - have the signals delivered that were held back
 * @a: the thread's slot; it is in no section
 *
 * The kernel searches for signals when the mask changes. A filter (seccomp) that allows any system
 * call allows this one, for libc itself makes it.
 *
 * If a handler jumps, this does not return.
 */
__attribute__((noinline)) void fwd_take_signals(struct vos_account_slot *a)
{
	__u64 all = ~0ull, old = 0;

	vos_store(&a->denied, (__u64)0);
	if (fwd_syscall(SYS_rt_sigprocmask, SIG_BLOCK_NR, (long)&all, (long)&old, SIGSET_BYTES,
			0, 0))
		return;
	fwd_syscall(SYS_rt_sigprocmask, SIG_SETMASK_NR, (long)&old, 0, SIGSET_BYTES, 0, 0);
}
