// SPDX-License-Identifier: GPL-2.0
/* If this domain serves one primary only, its clock follows the primary's. */
#include <linux/timekeeping.h>
#include <asm/tsc.h>
#include "engine_priv.h"

/* If the clocks differ by less, this one is right. */
#define TOLERANCE_NS (50 * NSEC_PER_USEC)
/* A call that takes longer was sent by a front end that gives no time stamp. */
#define AGE_MAX_NS NSEC_PER_SEC
#define READINGS 4

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
