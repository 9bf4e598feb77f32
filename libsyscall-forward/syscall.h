/* SPDX-License-Identifier: MIT */
/* System calls without libc: they do not set errno and are no cancellation points. */
#ifndef FWD_SYSCALL_H
#define FWD_SYSCALL_H

#include <sys/syscall.h>

static inline long fwd_syscall(long nr, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long rc;

	__asm__ volatile("syscall" : "=a"(rc)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return rc;
}

#endif
