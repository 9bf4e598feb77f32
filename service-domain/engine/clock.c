// SPDX-License-Identifier: GPL-2.0
/* If this domain serves one primary only, its clock follows the primary's. */
#include <linux/timekeeping.h>
#include "engine_priv.h"

/* What a call may take to come here. If the clocks differ by less, this one is right. */
#define TOLERANCE_NS (10 * NSEC_PER_MSEC)

/* Context: control thread. */
static s64 set_clock(struct veng_scall *call)
{
	struct timespec64 now, to = { call->sqe.arg[0], call->sqe.arg[1] };
	s64 ahead;

	veng_in_ctl(call->conn);
	if (!veng_conn_alone())
		return -EBUSY;
	if (call->sqe.arg[1] >= NSEC_PER_SEC || !timespec64_valid_settod(&to))
		return -EINVAL;
	ktime_get_real_ts64(&now);
	ahead = timespec64_to_ns(&to) - timespec64_to_ns(&now);
	if (abs(ahead) < TOLERANCE_NS)
		return 0;
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
