// SPDX-License-Identifier: GPL-2.0
/*
 * What a service may charge on a channel. It says itself what its calls cost, and may lie. In a
 * second its processors have so many ticks and no more: what it charges above them is refused.
 *
 * The front end does not know how many processors the service has. MAX_CPUS is what its kernel
 * is built for. What the service has not charged for a time it may not charge at once later:
 * no more than MAX_SECONDS of all processors is left.
 */
#include <asm/tsc.h>
#include "core_priv.h"

#define MAX_CPUS	32u
#define MAX_SECONDS	10u

/* What has become due since the last time. Clocks of two processors may differ by a little. */
static u64 due(struct vos_channel *chan)
{
	const u64 most = (u64)MAX_CPUS * MAX_SECONDS * MSEC_PER_SEC * tsc_khz;
	u64 now = rdtsc_ordered(), due;
	s64 passed = now - chan->admitted_at;

	if (passed <= 0 || chan->stats.left >= most)
		return 0;
	chan->admitted_at = now;
	due = min_t(u64, passed, most / MAX_CPUS) * MAX_CPUS;
	return min(due, most - chan->stats.left);
}

/**
 * vos_cost_init - begin to count what a channel may be charged with
 * @chan: the channel
 *
 * Context: process.
 */
void vos_cost_init(struct vos_channel *chan)
{
	chan->admitted_at = rdtsc_ordered();
}

/**
 * vos_cost_admit_more - admit what the service may have used since the last time
 * @chan: the channel
 * @ticks: it wants to charge more than is left
 *
 * Context: the channel's lock is held.
 * Return: how much of @ticks it may charge; the caller subtracts that from what is left.
 */
u32 vos_cost_admit_more(struct vos_channel *chan, u32 ticks)
{
	struct vos_chan_stats *stats = &chan->stats;
	u64 more = due(chan);
	u32 most;

	lockdep_assert_held(&chan->lock);
	WRITE_ONCE(stats->admitted, stats->admitted + more);
	stats->left += more;
	most = min_t(u64, ticks, stats->left);
	WRITE_ONCE(stats->refused, stats->refused + ticks - most);
	return most;
}
