// SPDX-License-Identifier: GPL-2.0
/*
 * Samples. An event's period is used up by charges. The sample is taken at once, in the thread
 * that is charged, before its call returns. So it shows where the program made the call that
 * used the period up: it has no skid.
 *
 * hw.period_left is what is left of the period. perf sets it to 0 for a new one.
 */
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/ptrace.h>
#include <linux/sched/task_stack.h>
#include "vperf.h"

/* What PERF_SAMPLE_RAW shows. It is ABI. */
struct raw {
	u8 service;			/* 1: network, 2: storage */
	u8 opcode;
	u16 reserved;
	u32 obj;
	u32 ticks;
};

/* Return: how many periods @n has used up. */
static u64 use_period(struct hw_perf_event *hwc, u64 n)
{
	s64 left = local64_read(&hwc->period_left);
	u64 period = hwc->sample_period, periods = 0;

	if (left <= 0)
		left = period;
	left -= min_t(u64, n, S64_MAX / 2);
	if (left <= 0) {
		periods = 1 + div64_u64(-left, period);
		left += periods * period;
		hwc->last_period = period;
	}
	local64_set(&hwc->period_left, left);
	return periods;
}

/* Return: 0. Otherwise no more samples are to be taken now. */
static int take(struct perf_event *event, const struct vos_charge *charge, u64 period,
		struct pt_regs *regs)
{
	struct raw fields = {
		.service = charge->service + 1,
		.opcode = charge->opcode,
		.obj = charge->obj,
		.ticks = min_t(u64, charge->ticks, U32_MAX),
	};
	struct perf_raw_record raw = { .frag = { .size = sizeof(fields), .data = &fields } };
	struct perf_sample_data data;

	perf_sample_data_init(&data, 0, period);
	if (event->attr.sample_type & PERF_SAMPLE_WEIGHT_TYPE) {
		data.weight.full = charge->ticks;
		data.sample_flags |= PERF_SAMPLE_WEIGHT_TYPE;
	}
	perf_sample_save_raw_data(&data, event, &raw);
	return perf_event_overflow(event, &data, regs);
}

/* A kernel thread has no registers of user mode. */
static struct pt_regs *registers(struct pt_regs *kernel)
{
	struct pt_regs *regs = task_pt_regs(current);

	if (user_mode(regs))
		return regs;
	memset(kernel, 0, sizeof(*kernel));
	perf_fetch_caller_regs(kernel);
	return kernel;
}

/**
 * vperf_sample - use up an event's period, and take the samples that fall due
 * @event: the event
 * @charge: the charge, the caller's
 * @n: how much it has added to the event's count
 *
 * If a charge uses up several periods, there is one sample that says so. If the sample does not
 * show its period, there are as many samples. perf limits their rate.
 *
 * Context: interrupts are off.
 */
void vperf_sample(struct perf_event *event, const struct vos_charge *charge, u64 n)
{
	struct hw_perf_event *hwc = &event->hw;
	u64 periods = use_period(hwc, n);
	u64 period = hwc->last_period;
	struct pt_regs kernel, *regs;

	if (!periods || hwc->interrupts == VPERF_THROTTLED)
		return;
	if (event->attr.sample_type & PERF_SAMPLE_PERIOD) {
		period *= periods;
		periods = 1;
	}
	regs = registers(&kernel);
	while (periods-- && !take(event, charge, period, regs))
		;
}
