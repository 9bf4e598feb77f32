// SPDX-License-Identifier: MIT
/*
 * The library's way to the kernel's side of the door. Weak: a unit test links its
 * own in place of it.
 */
#include "fwd_priv.h"
#include "syscall.h"

__attribute__((weak)) long fwd_kernel(long op, long a, long b)
{
	return fwd_syscall(SYS_prctl, VOS_DOOR_PRCTL, op, a, b, 0, 0);
}

__attribute__((weak)) void fwd_unmap(void *p, size_t size)
{
	fwd_syscall(SYS_munmap, (long)p, size, 0, 0, 0, 0);
}
