/* SPDX-License-Identifier: GPL-2.0-only */
/* perf's events that sample a process, or all, and the kernel's rings that their records come in. */
#ifndef VIRTUOS_PERF_SAMPLER_H
#define VIRTUOS_PERF_SAMPLER_H

#include <sys/types.h>

#include "samples.h"

#define VP_SAMPLER_CPUS	256u

/**
 * struct vp_sampler - the events of each processor, and their ring
 * @cpus: how many processors there are
 * @time: of each, the event that samples what runs
 * @work: of each, the event that samples services' work
 * @ring: of each, the ring of both
 * @to: where records go
 */
struct vp_sampler {
	unsigned int cpus;
	int time[VP_SAMPLER_CPUS];
	int work[VP_SAMPLER_CPUS];
	struct perf_event_mmap_page *ring[VP_SAMPLER_CPUS];
	struct vp_samples *to;
};

/**
 * vp_sampler_open - make the events
 * @s: filled
 * @pid: a process that is about to execute a command, which starts the events; -1: all, at once
 * @hz: samples in a second
 * @ns: time of a service for one sample
 * @to: records go there
 *
 * Return: 0 or -1 (said).
 */
int vp_sampler_open(struct vp_sampler *s, pid_t pid, unsigned int hz, unsigned int ns,
		    struct vp_samples *to);

/**
 * vp_sampler_take - take what has come
 * @s: the events
 */
void vp_sampler_take(struct vp_sampler *s);

/**
 * vp_sampler_stop - stop the events, and take what is left
 * @s: the events
 */
void vp_sampler_stop(struct vp_sampler *s);

/**
 * vp_sampler_close - close the events
 * @s: the events, or what vp_sampler_open() left when it failed
 */
void vp_sampler_close(struct vp_sampler *s);

#endif
