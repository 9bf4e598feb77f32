// SPDX-License-Identifier: GPL-2.0
/*
 * The unit "virtuos" as perf sees it: which events it takes, and when they count.
 *
 * Invariant: while there is an event, the core tells of each charge. What cannot be counted is
 * refused when the event is opened, so that no event shows 0 for what is not known.
 */
#include <linux/mutex.h>
#include <linux/perf_event.h>
#include <virtuos/ops.h>
#include <asm/tsc.h>
#include "vperf.h"

#define CONFIG_BITS	0xffffffull	/* event, service, op */

static const struct vos_op ops[VOS_NR_OPCODES] = { VOS_OPCODES(VOS_OP_FACTS) };

static const enum vos_class class_of[VOS_DOOR_SERVICES] = {
	[VOS_DOOR_NET] = VOS_CLASS_NET,
	[VOS_DOOR_STORAGE] = VOS_CLASS_STORAGE,
};

static struct pmu unit;
static DEFINE_MUTEX(events_mutex);
static unsigned int nr_events;

static void charged(const struct vos_charge *charge)
{
	vperf_count_charge(charge);
	if (charge->task != current)
		vperf_late_charge(charge, &unit);
}

/* Each thread that a process makes may have events of its own, so only the first one is dear. */
static void events_get(void)
{
	mutex_lock(&events_mutex);
	if (!nr_events++)
		vos_charge_get(charged);
	mutex_unlock(&events_mutex);
}

/* An event of a processor that reads the counters of threads has to know which one runs. */
static bool needs_switches(const struct perf_event *event)
{
	return vperf_sources(event) & VPERF_BASE && !(event->attach_state & PERF_ATTACH_TASK);
}

static void event_destroy(struct perf_event *event)
{
	if (needs_switches(event))
		vperf_switch_put();
	mutex_lock(&events_mutex);
	if (!--nr_events)
		vos_charge_put();
	mutex_unlock(&events_mutex);
}

/* Return: 0; -EINVAL: no such service or operation. */
static int check_filters(const struct perf_event *event)
{
	unsigned int service = vperf_service(event), op = vperf_op(event);
	enum vos_class class;

	if (service > VOS_DOOR_SERVICES)
		return -EINVAL;
	if (!op)
		return 0;
	class = ops[op - 1].class;
	if (class == VOS_CLASS_NONE)
		return -EINVAL;
	if (service && class != VOS_CLASS_CORE && class != class_of[service - 1])
		return -EINVAL;
	return 0;
}

/*
 * Check that the event's number can be counted with its filters, and sampled if it is to.
 * Return: 0, -EOPNOTSUPP.
 */
static int check_sources(struct perf_event *event)
{
	unsigned int sources = vperf_sources(event);

	if (!sources)
		return -EOPNOTSUPP;
	if (vperf_op(event) && !(sources & VPERF_CHARGES))
		return -EOPNOTSUPP;
	if (vperf_service(event) && sources & VPERF_OWN)
		return -EOPNOTSUPP;
	/* An exceptionless call is counted when the thread leaves its processor, too late. */
	if (is_sampling_event(event) && !(sources & (VPERF_CHARGES | VPERF_OWN)))
		return -EOPNOTSUPP;
	return 0;
}

/*
 * A service does nothing in user mode or in a host, so an event without those would be one of
 * nothing. To leave the kernel or the hypervisor out leaves nothing out; unprivileged users have
 * to ask for it.
 */
static int check_attr(struct perf_event *event)
{
	const struct perf_event_attr *attr = &event->attr;

	if (attr->config & ~CONFIG_BITS || attr->config1 || attr->config2 || attr->config3)
		return -EINVAL;
	if (!vperf_number(event) || vperf_number(event) >= VPERF_NUMBERS)
		return -EINVAL;
	if (attr->exclude_user || attr->exclude_host)
		return -EINVAL;
	if (has_branch_stack(event) || attr->precise_ip)
		return -EOPNOTSUPP;
	return 0;
}

static int event_init(struct perf_event *event)
{
	int rc;

	if (event->attr.type != unit.type)
		return -ENOENT;
	rc = check_attr(event);
	if (!rc)
		rc = check_filters(event);
	if (rc)
		return rc;
	vperf_count_init(event);
	rc = check_sources(event);
	if (!rc && needs_switches(event))
		rc = vperf_switch_get();
	if (rc)
		return rc;
	events_get();
	event->destroy = event_destroy;
	return 0;
}

/* An event that was throttled is started again without having been stopped. */
static void event_start(struct perf_event *event, int flags)
{
	if (!vperf_is_stopped(event))
		return;
	vperf_count_begin(event);
	event->hw.state = 0;
}

static void event_stop(struct perf_event *event, int flags)
{
	if (vperf_is_stopped(event))
		return;
	vperf_count_update(event);
	event->hw.state = PERF_HES_STOPPED | PERF_HES_UPTODATE;
}

static int event_add(struct perf_event *event, int flags)
{
	event->hw.state = PERF_HES_STOPPED | PERF_HES_UPTODATE;
	vperf_count_add(event);
	if (flags & PERF_EF_START)
		event_start(event, flags);
	perf_event_update_userpage(event);
	return 0;
}

static void event_del(struct perf_event *event, int flags)
{
	event_stop(event, PERF_EF_UPDATE);
	vperf_count_del(event);
}

static void event_read(struct perf_event *event)
{
	if (!vperf_is_stopped(event))
		vperf_count_update(event);
}

/* perf brackets a switch of threads with these two. */
static void unit_disable(struct pmu *pmu)
{
	vperf_count_hold(true);
}

static void unit_enable(struct pmu *pmu)
{
	vperf_count_hold(false);
}

static struct pmu unit = {
	.module = THIS_MODULE,
	.attr_groups = vperf_attr_groups,
	.task_ctx_nr = perf_sw_context,
	.capabilities = PERF_PMU_CAP_NO_NMI,
	.event_init = event_init,
	.add = event_add,
	.del = event_del,
	.start = event_start,
	.stop = event_stop,
	.read = event_read,
	.pmu_disable = unit_disable,
	.pmu_enable = unit_enable,
};

/**
 * vperf_unit_init - register the unit "virtuos"
 *
 * Context: process.
 * Return: 0; -ENODEV: the frequency of the time stamp counter is not known; -errno of perf.
 */
int vperf_unit_init(void)
{
	if (tsc_khz < VPERF_SLOWEST_KHZ)
		return -ENODEV;
	return perf_pmu_register(&unit, "virtuos", -1);
}

/**
 * vperf_unit_exit - take vperf_unit_init() back
 *
 * Context: process.
 */
void vperf_unit_exit(void)
{
	perf_pmu_unregister(&unit);
}
