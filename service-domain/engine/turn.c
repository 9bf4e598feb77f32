// SPDX-License-Identifier: GPL-2.0
/*
 * How long the dispatcher's turns take. A turn polls every ring once, so a call waits at most
 * for the longest turn before it is taken.
 *
 * If nothing blocks in it, a turn is bounded by what it may carry out (veng_chan_run()). A turn
 * that takes longer than LIMIT_NS shows that something blocked. The log then names the call in
 * which most ticks of the clock passed. Time that the hypervisor took is not counted, for it is
 * no fault of this domain.
 */
#include <linux/kernel_stat.h>
#include <linux/printk.h>
#include <xen/xenbus.h>
#include "engine_priv.h"

#define LIMIT_NS	(5 * NSEC_PER_MSEC)
#define NO_CALL		VOS_NR_OPCODES

/* Stolen time at the last tick. When a processor runs again, a tick comes at once. */
static u64 stolen(void)
{
	return this_cpu_read(kernel_cpustat.cpustat[CPUTIME_STEAL]);
}

static const char *name_of(u16 op)
{
	return op == NO_CALL ? "no call" : vos_opcode_name(op);
}

/**
 * veng_turn_begin - begin to measure a turn
 * @t: the dispatcher's
 * @now: time stamp
 *
 * Context: dispatcher.
 */
void veng_turn_begin(struct veng_turn *t, u64 now)
{
	t->since = now;
	t->steal = stolen();
	t->tick = jiffies;
	t->ticks = 0;
	t->op = NO_CALL;
}

/**
 * veng_turn_tick - count ticks of the clock for a call
 * @t: the dispatcher's
 * @opcode: the call's
 *
 * The clock has ticked during the call, or between the last tick that was seen and the call.
 *
 * Context: dispatcher.
 */
void veng_turn_tick(struct veng_turn *t, u8 opcode)
{
	unsigned long now = jiffies;

	if (now - t->tick > t->ticks) {
		t->ticks = now - t->tick;
		t->op = opcode;
	}
	t->tick = now;
}

/* Return: in ns. */
static u64 own_time(const struct veng_turn *t, u64 now)
{
	u64 took = veng_ns(now - t->since), steal = stolen() - t->steal;

	/*
	 * If the turn ends on another processor than it began on, the stolen time is
	 * not known.
	 */
	if ((s64)steal < 0)
		steal = 0;
	return took > steal ? took - steal : 0;
}

/**
 * veng_turn_end - measure the turn that veng_turn_begin() began
 * @conn: the connection
 * @now: time stamp
 *
 * Context: dispatcher.
 */
void veng_turn_end(struct veng_conn *conn, u64 now)
{
	struct veng_turn *t = &conn->turn;
	u64 ns;

	if (likely(now - t->since <= t->notable))
		return;
	ns = own_time(t, now);
	if (ns > t->longest) {
		WRITE_ONCE(t->longest_op, t->op);
		WRITE_ONCE(t->longest, ns);
		t->notable = veng_ticks(min(ns, LIMIT_NS));
	}
	if (ns <= LIMIT_NS)
		return;
	WRITE_ONCE(t->nr_long, t->nr_long + 1);
	pr_warn_ratelimited("virtuos: domain %u: a turn of the dispatcher took %llu us (%s)\n",
			    conn->domid, ns / NSEC_PER_USEC, name_of(t->op));
}

/**
 * veng_turn_show - write the longest turn to xenstore
 * @work: veng_conn.show_work
 *
 * This domain has no shell, but an administrator can read its nodes.
 *
 * Context: work queue.
 */
void veng_turn_show(struct work_struct *work)
{
	struct veng_conn *conn = container_of(work, struct veng_conn, show_work);
	const struct veng_turn *t = &conn->turn;
	u64 ns = READ_ONCE(t->longest);

	WRITE_ONCE(conn->shown, ns);
	xenbus_printf(XBT_NIL, conn->dev->nodename, "longest-turn", "%llu us (%s)",
		      ns / NSEC_PER_USEC, name_of(READ_ONCE(t->longest_op)));
	xenbus_printf(XBT_NIL, conn->dev->nodename, "long-turns", "%u", READ_ONCE(t->nr_long));
}
