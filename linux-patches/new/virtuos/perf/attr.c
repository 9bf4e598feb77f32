// SPDX-License-Identifier: GPL-2.0
/* What sysfs shows of the unit "virtuos": the fields of config, and the events by name. */
#include <linux/device.h>
#include <linux/perf_event.h>
#include <linux/sysfs.h>
#include "event_attr.h"
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

static struct attribute *event_attrs[] = {
	VPERF_EVENT("calls", "event=0x01"),
	VPERF_EVENT("service-ticks", "event=0x02"),
	VPERF_EVENT("service-ns", "event=0x03"),
	VPERF_EVENT("service-ns.unit", "msec"),
	VPERF_EVENT("service-ns.scale", "1e-6"),
	VPERF_EVENT("service-instructions", "event=0x04"),
	VPERF_EVENT("service-wait-ns", "event=0x05"),
	VPERF_EVENT("service-wait-ns.unit", "msec"),
	VPERF_EVENT("service-wait-ns.scale", "1e-6"),
	VPERF_EVENT("wait-ns", "event=0x06"),
	VPERF_EVENT("wait-ns.unit", "msec"),
	VPERF_EVENT("wait-ns.scale", "1e-6"),
	VPERF_EVENT("spin-ns", "event=0x07"),
	VPERF_EVENT("spin-ns.unit", "msec"),
	VPERF_EVENT("spin-ns.scale", "1e-6"),
	VPERF_EVENT("bytes", "event=0x08"),
	VPERF_EVENT("bytes.unit", "bytes"),
	VPERF_EVENT("bytes.scale", "1"),
	VPERF_EVENT("copied", "event=0x09"),
	VPERF_EVENT("copied.unit", "bytes"),
	VPERF_EVENT("copied.scale", "1"),
	VPERF_EVENT("sends", "event=0x0a"),
	VPERF_EVENT("wakeups", "event=0x0b"),
	VPERF_EVENT("trap-calls", "event=0x0c"),
	VPERF_EVENT("door-calls", "event=0x0d"),
	VPERF_EVENT("window-reads", "event=0x0e"),
	VPERF_EVENT("outage-ns", "event=0x0f"),
	VPERF_EVENT("outage-ns.unit", "msec"),
	VPERF_EVENT("outage-ns.scale", "1e-6"),
	NULL
};

static const struct attribute_group event_group = {
	.name = "events",
	.attrs = event_attrs,
};

const struct attribute_group *vperf_attr_groups[] = { &format_group, &event_group, NULL };
