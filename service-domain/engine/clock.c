// SPDX-License-Identifier: GPL-2.0
/* If this domain serves one primary only, its clock follows the primary's. */
#include <linux/math64.h>
#include <linux/seqlock.h>
#include <linux/timekeeping.h>
#include <asm/tsc.h>
#include "engine_priv.h"

/* If the clocks differ by less, this one is right. */
#define TOLERANCE_NS (50 * NSEC_PER_USEC)
/* A call that takes longer was sent by a front end that gives no time stamp. */
#define AGE_MAX_NS NSEC_PER_SEC
#define READINGS 4
/* Readings that are so far apart, in ns, give a rate; so much older ones say nothing any more. */
#define RATE_MIN_NS (500 * NSEC_PER_MSEC)
#define READING_MAX_NS (300 * NSEC_PER_SEC)
/* Rates that differ by less than this part agree. A clock that was set shows another rate. */
#define RATE_PART 1024

/* The primary's clock, as it has told it last. Its rate: @ns in @ticks; 0: not known yet. */
static struct {
	s64 told;
	u64 stamp;
	u64 ns;
	u64 ticks;
	bool doubted;
} front;
static DEFINE_SEQLOCK(front_lock);

/* What is too long for a reading is not told by the rate. The division faults on overflow. */
static u64 by_rate(u64 ticks)
{
	u64 ns = veng_ns(ticks);

	if (!front.ticks || !ns || ns > 2 * READING_MAX_NS)
		return ns;
	return mul_u64_u64_div_u64(ticks, front.ns, front.ticks);
}

/* Take the rate between the last reading and this one, if it is no step of the clock. */
static void take_rate(s64 told, u64 stamp)
{
	u64 ticks = stamp - front.stamp, expected, ns = told - front.told;

	if (!front.stamp || stamp < front.stamp || told < front.told)
		return;
	expected = by_rate(ticks);
	if (expected < RATE_MIN_NS || expected > READING_MAX_NS)
		return;
	if (front.ticks && !front.doubted && abs_diff(ns, expected) > expected / RATE_PART) {
		front.doubted = true;
		return;
	}
	/* The counter's own rate is the measure. So no front end moves the rate far by steps. */
	if (abs_diff(ns, veng_ns(ticks)) > veng_ns(ticks) / 16)
		return;
	front.doubted = false;
	front.ns = ns;
	front.ticks = ticks;
}

static void note_reading(s64 told, u64 stamp)
{
	if (!stamp)
		return;
	write_seqlock(&front_lock);
	take_rate(told, stamp);
	front.told = told;
	front.stamp = stamp;
	write_sequnlock(&front_lock);
}

bool veng_front_time(s64 *ns)
{
	unsigned int seq;
	u64 passed, stamp;

	if (!veng_conn_alone())
		return false;
	do {
		seq = read_seqbegin(&front_lock);
		stamp = front.stamp;
		passed = by_rate(rdtsc_ordered() - stamp);
		*ns = front.told + passed;
	} while (read_seqretry(&front_lock, seq));
	return stamp && passed < READING_MAX_NS;
}
EXPORT_SYMBOL_GPL(veng_front_time);

/* Return: how long before @stamp the front end has read its clock, in ns. */
static u64 age(const struct veng_scall *call, u64 stamp)
{
	u64 ns = veng_ns(stamp - call->sqe.arg[2]);

	return ns < AGE_MAX_NS ? ns : 0;
}

/*
 * Compare the clocks. Xen may run another domain between two instructions. So the reading counts
 * that took the shortest time.
 * Return: how far this clock is ahead of the front end's, in ns.
 */
static s64 ahead_of(s64 told, const struct veng_scall *call)
{
	u64 shortest = U64_MAX;
	s64 ahead = 0;
	int i;

	for (i = 0; i < READINGS; i++) {
		u64 begin = rdtsc_ordered(), took;
		s64 now = ktime_get_real_ns();

		took = rdtsc_ordered() - begin;
		if (took >= shortest)
			continue;
		shortest = took;
		ahead = now - told - age(call, begin);
	}
	return ahead;
}

/* Context: control thread. */
static s64 set_clock(struct veng_scall *call)
{
	struct timespec64 to = { call->sqe.arg[0], call->sqe.arg[1] };
	s64 ahead;

	veng_in_ctl(call->conn);
	if (!veng_conn_alone())
		return -EBUSY;
	if (call->sqe.arg[1] >= NSEC_PER_SEC || !timespec64_valid_settod(&to))
		return -EINVAL;
	note_reading(timespec64_to_ns(&to), call->sqe.arg[2]);
	ahead = ahead_of(timespec64_to_ns(&to), call);
	call->cqe.out[0] = abs(ahead);
	if (abs(ahead) < TOLERANCE_NS)
		return 0;
	to = ns_to_timespec64(ktime_get_real_ns() - ahead);
	return do_settimeofday64(&to);
}

/**
 * veng_clock_set - carry out VOS_OP_CLOCK_SET
 * @call: the call
 *
 * Setting the clock waits for other processors, so the control thread does it.
 *
 * Context: dispatcher.
 * Return: VENG_PENDING.
 */
s64 veng_clock_set(struct veng_scall *call)
{
	veng_scall_queue_ctl(call, set_clock);
	return VENG_PENDING;
}
