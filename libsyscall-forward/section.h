/* SPDX-License-Identifier: MIT */
/*
 * Calls in one piece. A system call lets no signal handler run in its midst. So a thread that
 * uses the door says so in its account slot, and the kernel holds signals back meanwhile. The
 * handler then runs behind the call: a handler that jumps leaves no lane, no lock and no half
 * of a record behind.
 *
 * Invariant: between fwd_enter() and fwd_leave() the thread makes no call that waits for a third
 * party, and none that is a cancellation point.
 */
#ifndef FWD_SECTION_H
#define FWD_SECTION_H

#include "fwd_priv.h"

/* Return: the thread's slot, for fwd_leave(). */
static inline struct vos_account_slot *fwd_enter(void)
{
	struct vos_account_slot *a;

	if (unlikely(!fwd_thread.asked))
		fwd_account_ask();
	a = fwd_thread.account;
	vos_store(&a->section, (__u64)(uintptr_t)&fwd_section);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	return a;
}

/* Return: true if a signal had been held back. */
static inline bool fwd_leave(struct vos_account_slot *a)
{
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	vos_store(&a->section, (__u64)0);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	if (likely(!vos_load(&a->denied)))
		return false;
	fwd_take_signals(a);
	return true;
}

#endif
