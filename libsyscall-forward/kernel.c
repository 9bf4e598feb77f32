// SPDX-License-Identifier: MIT
/*
 * The library's way to the kernel's side of the door. Weak: a unit test links its
 * own in place of it.
 */
#include "fwd_priv.h"
#include "syscall.h"

__attribute__((weak)) long vos_kernel(long op, long a, long b)
{
	return vos_syscall(SYS_prctl, VOS_DOOR_PRCTL, op, a, b, 0, 0);
}

__attribute__((weak)) void vos_unmap(void *p, size_t size)
{
	vos_syscall(SYS_munmap, (long)p, size, 0, 0, 0, 0);
}
