/* SPDX-License-Identifier: MIT */
/*
 * Copies from and to a program's memory. A program may name memory that it does not have, and a
 * system call answers EFAULT then. So the library touches what a program names in one function,
 * whose instructions the kernel knows (struct vos_door_section). If one of them faults, the
 * kernel raises no signal: the function goes on at its landing, and says what it has not copied.
 *
 * Invariant: between fwd_enter() and fwd_leave() no other instruction touches memory that the
 * program has named.
 */
#ifndef FWD_COPY_H
#define FWD_COPY_H

#include "fwd_priv.h"

extern __u8 fwd_copy_wide __attribute__((visibility("hidden")));	/* registers of 32 bytes */

void fwd_copy_init(void);

/* copy.c, in assembly: its first instruction, where it lands, and what follows it. */
extern const char fwd_copy_begin[] __attribute__((visibility("hidden")));
extern const char fwd_copy_landing[] __attribute__((visibility("hidden")));
extern const char fwd_copy_end[] __attribute__((visibility("hidden")));

/**
 * fwd_copy_unchecked - copy memory, as far as both sides can be touched
 * @to: where to
 * @from: where from
 * @n: bytes
 *
 * It leaves more registers alone than a function of C would. The compiler does not know that
 * this is a call, so the library has no red zone.
 *
 * Return: bytes at the end that are not copied; 0: all are.
 */
static inline size_t fwd_copy_unchecked(void *to, const void *from, size_t n)
{
	size_t left;

	__asm__ volatile("call fwd_copy_begin"
			 : "+D"(to), "+S"(from), "+d"(n), "=a"(left)
			 : : "rcx", "r8", "xmm0", "xmm1", "xmm2", "xmm3", "cc", "memory");
	return left;
}

#ifdef FWD_COPY_CHECKED
/**
 * fwd_copy_check - tell a sanitizer what assembly is about to touch; tests have it
 * @to: as of fwd_copy_unchecked()
 * @from: likewise
 * @n: likewise
 */
void fwd_copy_check(void *to, const void *from, size_t n);
#else
static inline void fwd_copy_check(void *to, const void *from, size_t n)
{
	(void)to;
	(void)from;
	(void)n;
}
#endif

/* Return: true if all of it is copied. */
static inline bool fwd_copy(void *to, const void *from, size_t n)
{
	fwd_copy_check(to, from, n);
	return likely(!fwd_copy_unchecked(to, from, n));
}

#endif
