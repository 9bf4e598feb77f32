/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The primary's tracepoints, by an instance of tracefs of our own. So no other program's trace is
 * disturbed.
 */
#ifndef VIRTUOS_PERF_TRACEFS_H
#define VIRTUOS_PERF_TRACEFS_H

#include "ringpage.h"
#include "timeline.h"

#define VP_TRACE_CPUS	256u

/**
 * struct vp_tracefs - an instance
 * @dir: its directory; "": there is none
 * @cpus: how many processors are read
 * @fd: of each, what it records
 * @format: of each kind of event
 * @to: where events go
 */
struct vp_tracefs {
	char dir[64];
	unsigned int cpus;
	int fd[VP_TRACE_CPUS];
	struct vp_format format[VP_WHATS];
	struct vp_timeline *to;
};

/**
 * vp_tracefs_open - make an instance that records
 * @t: filled
 * @to: events go there
 *
 * Return: 0 or -1 (said).
 */
int vp_tracefs_open(struct vp_tracefs *t, struct vp_timeline *to);

/**
 * vp_tracefs_take - take what was recorded, for a bounded time
 * @t: the instance
 *
 * Return: how many pages there were.
 */
unsigned int vp_tracefs_take(struct vp_tracefs *t);

/**
 * vp_tracefs_stop - record no more, and take what is left, and the names of threads
 * @t: the instance
 */
void vp_tracefs_stop(struct vp_tracefs *t);

/**
 * vp_tracefs_close - remove an instance
 * @t: the instance, or one that vp_tracefs_open() failed to make
 */
void vp_tracefs_close(struct vp_tracefs *t);

#endif
