/* SPDX-License-Identifier: MIT */
/*
 * How long a kernel polls for work before it sleeps: the primary's idle processors and the
 * dispatcher of a service domain.
 */
#ifndef VIRTUOS_BACKOFF_H
#define VIRTUOS_BACKOFF_H

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

#endif
