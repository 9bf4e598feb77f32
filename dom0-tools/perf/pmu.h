/* SPDX-License-Identifier: GPL-2.0-only */
/* Events by their names in sysfs, for perf_event_open(2). */
#ifndef VIRTUOS_PERF_PMU_H
#define VIRTUOS_PERF_PMU_H

#include <stdbool.h>
#include <stdint.h>

#define VP_PMU_DIR	"/sys/bus/event_source/devices"
#define VP_EVENT_NAME	96u
#define VP_UNIT		16u

/**
 * struct vp_event - an event
 * @name: as perf writes it: PMU/TERMS/
 * @type: for struct perf_event_attr
 * @config: config, config1, config2
 * @scale: what a count is multiplied with for @unit
 * @unit: "": a count
 */
struct vp_event {
	char name[VP_EVENT_NAME];
	uint32_t type;
	uint64_t config[3];
	double scale;
	char unit[VP_UNIT];
};

/**
 * vp_pmu_exists - check that the kernel has a PMU
 * @dir: VP_PMU_DIR, but for tests
 * @pmu: its name
 */
bool vp_pmu_exists(const char *dir, const char *pmu);

/**
 * vp_pmu_event - find an event
 * @dir: as for vp_pmu_exists()
 * @word: task-clock; the name of an event of the PMU "virtuos"; or PMU/TERMS/. A term is the
 *	name of an event, or KEY=VALUE by the PMU's format
 * @e: filled
 *
 * Return: 0, or -1: there is no such event.
 */
int vp_pmu_event(const char *dir, const char *word, struct vp_event *e);

#endif
