/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The unit "virtuos": performance events of what service domains do for threads. unit.c is the
 * unit, attr.c what sysfs shows of it.
 *
 * The core tells of each call that it charges to a thread. count.c adds the charge to the events
 * that are active on the processor. If the charge is for another thread, late.c adds it to the
 * events of that one.
 *
 * The kernel is not told of exceptionless calls, nor when a thread's own counters change (struct
 * virtuos_account). count.c adds by how much they have grown since the event began. For an event
 * of a processor, switch.c tells when the next thread's are to be read.
 *
 * Direction of calls: main.c -> unit.c -> late.c, switch.c -> count.c -> sample.c; attr.c has data
 * only.
 * xen.c is a unit by itself and uses nothing of VirtuOS.
 */
#ifndef VPERF_H
#define VPERF_H

#include <linux/perf_event.h>
#include "vos_account.h"

/* Bits 0 to 7 of an event's config. They are ABI: numbers are not used again. */
enum vperf_number {
	VPERF_CALLS = 1,
	VPERF_SERVICE_TICKS = 2,
	VPERF_SERVICE_NS = 3,
	VPERF_SERVICE_INSTRUCTIONS = 4,
	VPERF_SERVICE_WAIT_NS = 5,
	VPERF_WAIT_NS = 6,
	VPERF_SPIN_NS = 7,
	VPERF_BYTES = 8,
	VPERF_COPIED = 9,
	VPERF_SENDS = 10,
	VPERF_WAKEUPS = 11,
	VPERF_TRAP_CALLS = 12,
	VPERF_DOOR_CALLS = 13,
	VPERF_WINDOW_READS = 14,
	VPERF_OUTAGE_NS = 15,
	VPERF_NUMBERS
};

/* No processor's time stamp counter is slower; see vperf_ticks_to_ns(). */
#define VPERF_SLOWEST_KHZ	16000u

/* Where an event's counts come from. */
#define VPERF_CHARGES	BIT(0)	/* calls that are charged */
#define VPERF_DOOR	BIT(1)	/* the thread's exceptionless calls */
#define VPERF_OWN	BIT(2)	/* a field of the thread's account */
#define VPERF_TICKS	BIT(3)	/* given in ticks, shown in nanoseconds */
#define VPERF_BASE	BIT(4)	/* this event counts by differences from a base */

/* The mark of a throttled event in hw.interrupts, as kernel/events/core.c has it. */
#define VPERF_THROTTLED	(~0ULL)

static inline unsigned int vperf_number(const struct perf_event *event)
{
	return event->attr.config & 0xff;
}

/* 0: of any service. */
static inline unsigned int vperf_service(const struct perf_event *event)
{
	return event->attr.config >> 8 & 0xff;
}

/* 0: any operation. */
static inline unsigned int vperf_op(const struct perf_event *event)
{
	return event->attr.config >> 16 & 0xff;
}

static inline bool vperf_is_stopped(const struct perf_event *event)
{
	return event->hw.state & PERF_HES_STOPPED;
}

/* VPERF_CHARGES and so on, set by vperf_count_init(): a switch of threads reads them often. */
static inline unsigned int vperf_sources(const struct perf_event *event)
{
	return event->hw.flags;
}

/*
 * The unit keeps these in fields of struct hw_perf_event that are a driver's own. The base is
 * the source's value when the event was last brought up to date.
 */
static inline local64_t *vperf_base(struct perf_event *event)
{
	return &event->hw.prev_count;
}

static inline u64 *vperf_ticks(struct perf_event *event)
{
	return &event->hw.last_tag;
}

/* What has been counted of a field of the thread's account since the last charge. */
static inline u64 *vperf_unsampled(struct perf_event *event)
{
	return &event->hw.last_tag;	/* such an event has no ticks */
}

/* unit.c */
int vperf_unit_init(void);
void vperf_unit_exit(void);

/* attr.c */
extern const struct attribute_group *vperf_attr_groups[];

/* count.c */
void vperf_count_init(struct perf_event *event);
bool vperf_matches(const struct perf_event *event, const struct vos_charge *charge);
u64 vperf_charge_value(const struct perf_event *event, const struct vos_charge *charge);
u64 vperf_ticks_to_ns(u64 ticks);
void vperf_count_charge(const struct vos_charge *charge);
void vperf_count_add(struct perf_event *event);
void vperf_count_del(struct perf_event *event);
void vperf_count_begin(struct perf_event *event);
void vperf_count_update(struct perf_event *event);
void vperf_count_hold(bool hold);
void vperf_count_switch(struct task_struct *next);

/* switch.c */
int vperf_switch_get(void);
void vperf_switch_put(void);

/* late.c */
void vperf_late_charge(const struct vos_charge *charge, const struct pmu *unit);

/* sample.c */
void vperf_sample(struct perf_event *event, const struct vos_charge *charge, u64 n);

/* xen.c */
int vperf_xen_init(void);
void vperf_xen_exit(void);

#endif
