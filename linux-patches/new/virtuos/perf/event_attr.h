/* SPDX-License-Identifier: GPL-2.0 */
/* How a unit of this module shows its events in sysfs, by name. */
#ifndef VPERF_EVENT_ATTR_H
#define VPERF_EVENT_ATTR_H

#include <linux/perf_event.h>
#include <linux/sysfs.h>

/* An attribute of the folder "events": the file @_name says @_text. */
#define VPERF_EVENT(_name, _text)					\
	(&((struct perf_pmu_events_attr[]) { {				\
		.attr = {						\
			.attr = { .name = _name, .mode = 0444 },	\
			.show = perf_event_sysfs_show,			\
		},							\
		.event_str = _text,					\
	} })[0].attr.attr)

#endif
