// SPDX-License-Identifier: GPL-2.0
/* What sysfs shows of the unit "virtuos": the fields of config, and the events by name. */
#include <linux/device.h>
#include <linux/perf_event.h>
#include <linux/sysfs.h>
#include "vperf.h"

PMU_FORMAT_ATTR(event, "config:0-7");
PMU_FORMAT_ATTR(service, "config:8-15");
PMU_FORMAT_ATTR(op, "config:16-23");

static struct attribute *format_attrs[] = {
	&format_attr_event.attr,
	&format_attr_service.attr,
	&format_attr_op.attr,
	NULL
};

static const struct attribute_group format_group = {
	.name = "format",
	.attrs = format_attrs,
};

#define TEXT(_name, _text)						\
	(&((struct perf_pmu_events_attr[]) { {				\
		.attr = {						\
			.attr = { .name = _name, .mode = 0444 },	\
			.show = perf_event_sysfs_show,			\
		},							\
		.event_str = _text,					\
	} })[0].attr.attr)

static struct attribute *event_attrs[] = {
	TEXT("calls", "event=0x01"),
	TEXT("service-ticks", "event=0x02"),
	TEXT("service-ns", "event=0x03"),
	TEXT("service-ns.unit", "msec"),
	TEXT("service-ns.scale", "1e-6"),
	TEXT("service-instructions", "event=0x04"),
	TEXT("service-wait-ns", "event=0x05"),
	TEXT("service-wait-ns.unit", "msec"),
	TEXT("service-wait-ns.scale", "1e-6"),
	TEXT("wait-ns", "event=0x06"),
	TEXT("wait-ns.unit", "msec"),
	TEXT("wait-ns.scale", "1e-6"),
	TEXT("spin-ns", "event=0x07"),
	TEXT("spin-ns.unit", "msec"),
	TEXT("spin-ns.scale", "1e-6"),
	TEXT("bytes", "event=0x08"),
	TEXT("bytes.unit", "bytes"),
	TEXT("bytes.scale", "1"),
	TEXT("copied", "event=0x09"),
	TEXT("copied.unit", "bytes"),
	TEXT("copied.scale", "1"),
	TEXT("sends", "event=0x0a"),
	TEXT("wakeups", "event=0x0b"),
	TEXT("trap-calls", "event=0x0c"),
	TEXT("door-calls", "event=0x0d"),
	TEXT("window-reads", "event=0x0e"),
	TEXT("outage-ns", "event=0x0f"),
	TEXT("outage-ns.unit", "msec"),
	TEXT("outage-ns.scale", "1e-6"),
	NULL
};

static const struct attribute_group event_group = {
	.name = "events",
	.attrs = event_attrs,
};

const struct attribute_group *vperf_attr_groups[] = { &format_group, &event_group, NULL };
