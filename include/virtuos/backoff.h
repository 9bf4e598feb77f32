/* SPDX-License-Identifier: MIT */
/*
 * How long a kernel polls before it sleeps: for answers, the primary's callers; for work, its
 * idle processors and the dispatcher of a service domain.
 */
#ifndef VIRTUOS_BACKOFF_H
#define VIRTUOS_BACKOFF_H

#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/types.h>

/**
 * vos_backoff_adapt - change a polling time by its success
 * @ns: the time so far
 * @slept: how long the sleep lasted that followed it, in ns
 * @most: the longest time allowed, in ns
 *
 * Work that came soon after the poller had gone to sleep would have been met by a longer
 * poll. Work that came much later would not.
 *
 * Return: the new time: from a sixteenth of @most to @most.
 */
static inline u64 vos_backoff_adapt(u64 ns, u64 slept, u64 most)
{
	if (slept < most)
		ns *= 2;
	else if (slept > 16 * most)
		ns /= 2;
	return clamp(ns, most / 16, most);
}

/* Passes of a poll between two reads of the clock, each of which costs more than they. */
#define VOS_CLOCK_EVERY	64

/* A poll under way; all zero at first. */
struct vos_poll {
	u64 until;
	u32 passes;
};

/**
 * vos_poll_over - count a pass of a poll
 * @poll: the poll
 * @ns: how long it may take, from its first reading of the clock on
 *
 * Return: true if its time is over.
 */
static __always_inline bool vos_poll_over(struct vos_poll *poll, u64 ns)
{
	if (++poll->passes % VOS_CLOCK_EVERY)
		return false;
	if (poll->until)
		return ktime_get_ns() >= poll->until;
	poll->until = ktime_get_ns() + ns;
	return false;
}

#endif
