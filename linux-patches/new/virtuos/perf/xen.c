// SPDX-License-Identifier: GPL-2.0
/*
 * The unit "xen": what Xen did with the virtual processor while a thread ran on it, or at all.
 * It is of use to any guest of Xen, and uses nothing of VirtuOS.
 *
 * Xen writes the time in each state to the processor's runstate area, but only when the state
 * changes. A processor that reads its own area is running. So the time of the other states is
 * up to date, and the time that it ran is what has passed without them.
 */
#include <linux/device.h>
#include <linux/hardirq.h>
#include <linux/perf_event.h>
#include <linux/sched/clock.h>
#include <linux/sysfs.h>
#include <xen/interface/xen.h>
#include <xen/interface/vcpu.h>
#include <xen/xen.h>
#include <xen/xen-ops.h>
#include "event_attr.h"
#include "vperf.h"

/* Bits 0 to 7 of config. They are ABI. */
enum xen_number {
	XEN_STEAL_NS = 1,
	XEN_RUNNABLE_NS = 2,
	XEN_BLOCKED_NS = 3,
	XEN_RUNNING_NS = 4,
	XEN_UPCALLS = 5,
	XEN_HYPERCALLS = 6,
	XEN_MULTICALLS = 7,
	XEN_NUMBERS
};

static struct pmu unit;

/*
 * Read this processor's area, and the time. If the processor was taken away meanwhile, the two
 * do not belong together: read again.
 */
static u64 read_states(struct vcpu_runstate_info *states)
{
	const struct vcpu_runstate_info *area = this_cpu_ptr(&xen_runstate);
	u64 entry, now;

	do {
		entry = READ_ONCE(area->state_entry_time);
		rmb();	/* Xen writes the times before it writes the entry's again */
		memcpy(states, area, sizeof(*states));
		now = local_clock();
		rmb();	/* as above */
	} while (entry & XEN_RUNSTATE_UPDATE || entry != READ_ONCE(area->state_entry_time));
	return now;
}

static u64 value(unsigned int number)
{
	struct vcpu_runstate_info states;
	u64 now, runnable, blocked, offline;

	switch (number) {
	case XEN_UPCALLS:
		return this_cpu_read(irq_stat.irq_hv_callback_count);
	case XEN_HYPERCALLS:
		return this_cpu_read(xen_hypercalls_made);
	case XEN_MULTICALLS:
		return this_cpu_read(xen_multicalls_made);
	}
	now = read_states(&states);
	runnable = states.time[RUNSTATE_runnable];
	blocked = states.time[RUNSTATE_blocked];
	offline = states.time[RUNSTATE_offline];
	switch (number) {
	case XEN_STEAL_NS:
		return runnable + offline;
	case XEN_RUNNABLE_NS:
		return runnable;
	case XEN_BLOCKED_NS:
		return blocked;
	default:
		return now - runnable - blocked - offline;
	}
}

/* The kernel's count of upcalls has 32 bits. Xen's times may begin anew after a migration. */
static void event_read(struct perf_event *event)
{
	unsigned int number = event->attr.config;
	u64 now = value(number);
	u64 passed = now - local64_xchg(&event->hw.prev_count, now);

	if (number == XEN_UPCALLS)
		passed = (u32)passed;
	if ((s64)passed > 0)
		local64_add(passed, &event->count);
}

static void event_start(struct perf_event *event, int flags)
{
	local64_set(&event->hw.prev_count, value(event->attr.config));
}

static void event_stop(struct perf_event *event, int flags)
{
	event_read(event);
}

static int event_add(struct perf_event *event, int flags)
{
	if (flags & PERF_EF_START)
		event_start(event, flags);
	perf_event_update_userpage(event);
	return 0;
}

static void event_del(struct perf_event *event, int flags)
{
	event_stop(event, PERF_EF_UPDATE);
}

static void hypercalls_end(struct perf_event *event)
{
	xen_hypercalls_count(false);
}

static int event_init(struct perf_event *event)
{
	const struct perf_event_attr *attr = &event->attr;

	if (attr->type != unit.type)
		return -ENOENT;
	if (!attr->config || attr->config >= XEN_NUMBERS || attr->config1 || attr->config2 ||
	    attr->config3)
		return -EINVAL;
	if (has_branch_stack(event))
		return -EOPNOTSUPP;
	if (attr->config == XEN_HYPERCALLS || attr->config == XEN_MULTICALLS) {
		xen_hypercalls_count(true);
		event->destroy = hypercalls_end;
	}
	return 0;
}

PMU_FORMAT_ATTR(event, "config:0-7");

static struct attribute *format_attrs[] = { &format_attr_event.attr, NULL };

static const struct attribute_group format_group = {
	.name = "format",
	.attrs = format_attrs,
};

static struct attribute *event_attrs[] = {
	VPERF_EVENT("steal-ns", "event=0x01"),
	VPERF_EVENT("steal-ns.unit", "msec"),
	VPERF_EVENT("steal-ns.scale", "1e-6"),
	VPERF_EVENT("runnable-ns", "event=0x02"),
	VPERF_EVENT("runnable-ns.unit", "msec"),
	VPERF_EVENT("runnable-ns.scale", "1e-6"),
	VPERF_EVENT("blocked-ns", "event=0x03"),
	VPERF_EVENT("blocked-ns.unit", "msec"),
	VPERF_EVENT("blocked-ns.scale", "1e-6"),
	VPERF_EVENT("running-ns", "event=0x04"),
	VPERF_EVENT("running-ns.unit", "msec"),
	VPERF_EVENT("running-ns.scale", "1e-6"),
	VPERF_EVENT("upcalls", "event=0x05"),
	VPERF_EVENT("hypercalls", "event=0x06"),
	VPERF_EVENT("multicalls", "event=0x07"),
	NULL
};

static const struct attribute_group event_group = {
	.name = "events",
	.attrs = event_attrs,
};

static const struct attribute_group *attr_groups[] = { &format_group, &event_group, NULL };

/* Xen does not tell user mode from kernel mode here. */
static struct pmu unit = {
	.module = THIS_MODULE,
	.attr_groups = attr_groups,
	.task_ctx_nr = perf_sw_context,
	.capabilities = PERF_PMU_CAP_NO_NMI | PERF_PMU_CAP_NO_INTERRUPT | PERF_PMU_CAP_NO_EXCLUDE,
	.event_init = event_init,
	.add = event_add,
	.del = event_del,
	.start = event_start,
	.stop = event_stop,
	.read = event_read,
};

/**
 * vperf_xen_init - register the unit "xen"
 *
 * Context: process.
 * Return: 0; -ENODEV: this is no guest of Xen; -errno of perf.
 */
int vperf_xen_init(void)
{
	if (!xen_domain())
		return -ENODEV;
	return perf_pmu_register(&unit, "xen", -1);
}

/**
 * vperf_xen_exit - take vperf_xen_init() back
 *
 * Context: process.
 */
void vperf_xen_exit(void)
{
	perf_pmu_unregister(&unit);
}
