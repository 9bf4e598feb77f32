/* SPDX-License-Identifier: GPL-2.0-only */
/* Snapshots of this machine, which is a primary, as text. */
#ifndef VIRTUOS_PERF_GATHER_H
#define VIRTUOS_PERF_GATHER_H

#include "text.h"

/**
 * struct vp_places - where a kernel shows what is gathered
 * @sys: /sys/kernel/virtuos, but for tests
 * @proc: /proc, but for tests
 */
struct vp_places {
	const char *sys;
	const char *proc;
};

extern const struct vp_places vp_places_real;

/**
 * vp_gather - take a snapshot
 * @p: where from
 * @t: the text is added there; see snapshot.h
 *
 * Return: 0, or -1: this is no primary.
 */
int vp_gather(const struct vp_places *p, struct vp_text *t);

/**
 * vp_gather_stream - take snapshots at equal intervals
 * @p: where from
 * @seconds: between two
 * @count: how many; 0: without end
 * @fd: they are written there
 *
 * Return: 0, or -1: this is no primary, or no process reads them.
 */
int vp_gather_stream(const struct vp_places *p, double seconds, unsigned int count, int fd);

#endif
