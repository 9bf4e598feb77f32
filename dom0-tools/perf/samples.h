/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * perf's records, from the kernel's rings to a tree of call chains. No I/O but that of space.h.
 *
 * The rings of several processors tell of the same processes, so the records are put in the order
 * of their times before they are used.
 */
#ifndef VIRTUOS_PERF_SAMPLES_H
#define VIRTUOS_PERF_SAMPLES_H

#include <linux/perf_event.h>
#include <stdbool.h>
#include <stdint.h>

#include "frames.h"
#include "opcode.h"
#include "space.h"

/* What an event's attributes must ask for: the records are read by it. */
#define VP_SAMPLE_TYPE	(PERF_SAMPLE_IDENTIFIER | PERF_SAMPLE_TID | PERF_SAMPLE_TIME |	\
			 PERF_SAMPLE_PERIOD | PERF_SAMPLE_CALLCHAIN | PERF_SAMPLE_RAW)

/**
 * struct vp_samples - records, and what they tell
 * @log: the records' bytes
 * @n: how many there are
 * @at: where in @log each begins
 * @full: there was no room for some
 * @spaces: processes
 * @root: the call chains
 * @services: the identifiers of the events that sample services' work
 * @nr_services: how many
 * @own: samples of the primary
 * @own_ns: what they stand for
 * @service: samples of each service
 * @service_ns: what they stand for
 * @lost: records that the kernel had no room for
 * @throttled: how often the kernel took fewer samples than were due
 */
struct vp_samples {
	struct vp_text log;
	size_t n;
	size_t *at;
	bool full;
	struct vp_spaces spaces;
	struct vp_frame root;
	uint64_t *services;
	unsigned int nr_services;
	uint64_t own;
	uint64_t own_ns;
	uint64_t service[VP_DOORS];
	uint64_t service_ns[VP_DOORS];
	uint64_t lost;
	uint64_t throttled;
};

/**
 * vp_samples_add - keep a record
 * @s: the records
 * @h: the record
 */
void vp_samples_add(struct vp_samples *s, const struct perf_event_header *h);

/**
 * vp_samples_service - note that an event samples services' work
 * @s: the records
 * @id: its identifier
 */
void vp_samples_service(struct vp_samples *s, uint64_t id);

/**
 * vp_samples_join - make the tree of call chains of all records
 * @s: the records
 */
void vp_samples_join(struct vp_samples *s);

/**
 * vp_samples_free - free all memory
 * @s: all zero afterwards
 */
void vp_samples_free(struct vp_samples *s);

#endif
