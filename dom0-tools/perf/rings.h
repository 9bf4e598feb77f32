/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What services record of calls: /sys/kernel/debug/virtuos/<service>/trace. The primary's kernel
 * fetches it.
 */
#ifndef VIRTUOS_PERF_RINGS_H
#define VIRTUOS_PERF_RINGS_H

#include "timeline.h"

/**
 * struct vp_rings - the services' files
 * @fd: of each service; -1: there is no such service
 * @over: the link of the service has died, and the next one is not recorded yet
 * @to: where records go
 */
struct vp_rings {
	int fd[VOS_DOOR_SERVICES];
	bool over[VOS_DOOR_SERVICES];
	struct vp_timeline *to;
};

/**
 * vp_rings_open - have the services record
 * @r: filled
 * @to: records go there
 *
 * A service that is down is recorded when it comes.
 *
 * Return: 0 or -1 (said).
 */
int vp_rings_open(struct vp_rings *r, struct vp_timeline *to);

/**
 * vp_rings_take - take what was recorded, for a bounded time
 * @r: the files
 */
void vp_rings_take(struct vp_rings *r);

/**
 * vp_rings_stop - have the services record no more, and take what is left
 * @r: the files
 */
void vp_rings_stop(struct vp_rings *r);

/**
 * vp_rings_close - have the services forget what they recorded
 * @r: the files, or what vp_rings_open() left when it failed
 */
void vp_rings_close(struct vp_rings *r);

#endif
