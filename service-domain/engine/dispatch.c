// SPDX-License-Identifier: GPL-2.0
/*
 * The dispatcher: one thread per connection. It takes submissions from all channels and
 * publishes dirty objects. After the last work it polls for a time, veng_poll_us at most. That
 * time adapts to how soon work comes after the dispatcher has gone to sleep.
 *
 * Invariant: the dispatcher blocks on nothing but having nothing to do. A turn polls every ring
 * once and takes at most CALLS_A_TURN calls from each (run.c). So no ring waits for another
 * that is always full. turn.c measures how long a turn takes.
 */
#include <linux/export.h>
#include <linux/moduleparam.h>
#include <linux/sched/stat.h>
#include <linux/sched/task.h>
#include <virtuos/backoff.h>
#include "engine_priv.h"

#define POLLED_FOR_NS	(100 * NSEC_PER_MSEC)	/* lanes.c: without a call */

unsigned int veng_poll_us = 1000;
module_param_named(poll_us, veng_poll_us, uint, 0644);
MODULE_PARM_DESC(poll_us,
		 "microseconds that a dispatcher polls after its last work, at most; it adapts to how long pays");

bool veng_obj_dirty(struct veng_conn *conn, struct veng_dirty *d)
{
	if (test_and_set_bit(0, &d->queued))
		return false;
	if (llist_add(&d->node, &conn->dirty))
		veng_dispatcher_wake(conn);
	return true;
}
EXPORT_SYMBOL_GPL(veng_obj_dirty);

static bool run_dirty(struct veng_conn *conn)
{
	struct llist_node *list = llist_reverse_order(llist_del_all(&conn->dirty));
	struct veng_dirty *d, *next;

	if (!list)
		return false;
	llist_for_each_entry_safe(d, next, list, node) {
		clear_bit(0, &d->queued);
		/* A wake-up from here on queues it anew. */
		smp_mb__after_atomic();
		d->fn(d);
	}
	return true;
}

void veng_dispatcher_sync(struct veng_conn *conn)
{
	/* No other thread runs the queue. */
	veng_in_dispatcher(conn);
	run_dirty(conn);
}
EXPORT_SYMBOL_GPL(veng_dispatcher_sync);

static bool run_channel(struct veng_chan *chan)
{
	bool busy = veng_chan_run(chan) > 0;

	chan->took |= busy;
	return busy;
}

static bool run_once(struct veng_conn *conn, u64 now)
{
	bool busy;
	u32 i;

	veng_events_begin(conn);
	busy = run_dirty(conn);
	/* That was for no call. */
	if (busy)
		veng_clock_lap(&conn->clock);
	for (i = 0; i < conn->nr_channels; i++)
		busy |= run_channel(&conn->chan[i]);
	if (veng_uchans_run(conn, now)) {
		/* Processes wake the dispatcher by channel 0's event. */
		conn->chan[0].took = true;
		busy = true;
	}
	veng_events_tell(conn, now);
	veng_events_end(conn);
	return busy;
}

static bool has_work(struct veng_conn *conn)
{
	u32 i;

	if (!llist_empty(&conn->dirty) || READ_ONCE(conn->events))
		return true;
	for (i = 0; i < conn->nr_channels; i++)
		if (!READ_ONCE(conn->broken) && vos_ring_ready(&conn->chan[i].sq))
			return true;
	return false;
}

/* Return: in ticks. */
static u64 longest_poll(void)
{
	return veng_ticks((u64)READ_ONCE(veng_poll_us) * NSEC_PER_USEC);
}

static void sleep_until_event(struct veng_conn *conn)
{
	long wait = veng_events_wait(conn);
	u64 since = rdtsc();
	u32 i;

	set_current_state(TASK_IDLE);
	for (i = 0; i < conn->nr_channels; i++)
		vos_ring_prepare_sleep(&conn->chan[i].sq);
	veng_events_flush(conn);
	if (veng_uchans_sleep(conn) && !has_work(conn) && !kthread_should_stop() &&
	    !schedule_timeout(wait))
		WRITE_ONCE(conn->rescan, true);
	__set_current_state(TASK_RUNNING);
	veng_uchans_wake(conn);
	for (i = 0; i < conn->nr_channels; i++)
		vos_ring_awake(&conn->chan[i].sq);
	if (!atomic_read(&conn->inflight))
		conn->poll_for = vos_backoff_adapt(conn->poll_for, rdtsc() - since,
						   longest_poll());
}

/*
 * On one processor polling would keep the workers off it. Workers wake the dispatcher before
 * they answer, see veng_scall_complete(). A worker that waits for the disk does not need the
 * processor.
 */
static bool may_poll(struct veng_conn *conn, u64 idle)
{
	if (num_online_cpus() == 1 && atomic_read(&conn->inflight) && !single_task_running())
		return false;
	return idle < conn->poll_for;
}

/* A turn begins when the last one has ended. Return: true if there was work. */
static bool run_turn(struct veng_conn *conn)
{
	struct veng_clock *clock = &conn->clock;
	bool busy;
	u64 ticks;

	veng_turn_begin(&conn->turn, clock->last);
	busy = run_once(conn, clock->last);
	ticks = veng_clock_lap(clock);
	if (!busy)
		WRITE_ONCE(conn->polled, conn->polled + ticks);
	veng_turn_end(conn, clock->last);
	return busy;
}

static void dispatcher_init(struct veng_conn *conn)
{
	conn->poll_for = longest_poll() / 4;
	conn->polled_for = veng_ticks(POLLED_FOR_NS);
	veng_clock_start(&conn->clock);
}

static int dispatcher(void *data)
{
	struct veng_conn *conn = data;
	struct veng_clock *clock = &conn->clock;
	u64 idle_since;

	dispatcher_init(conn);
	idle_since = clock->last;
	while (!kthread_should_stop()) {
		if (run_turn(conn)) {
			idle_since = clock->last;
		} else if (may_poll(conn, clock->last - idle_since)) {
			cpu_relax();
		} else {
			sleep_until_event(conn);
			veng_clock_start(clock);
			idle_since = clock->last;
		}
		if (need_resched()) {
			cond_resched();
			veng_clock_start(clock);
		}
	}
	return 0;
}

/**
 * veng_dispatcher_start - create the dispatcher's thread
 * @conn: the connection
 *
 * The thread exists until veng_dispatcher_stop().
 *
 * Context: process.
 * Return: 0 or -errno.
 */
int veng_dispatcher_start(struct veng_conn *conn)
{
	struct task_struct *t = kthread_create(dispatcher, conn, "virtuos/%u", conn->domid);

	if (IS_ERR(t))
		return PTR_ERR(t);
	conn->dispatcher = get_task_struct(t);
	return 0;
}

/**
 * veng_dispatcher_stop - end the dispatcher's thread
 * @conn: the connection
 *
 * Idempotent. Late wake-ups may come until the connection is freed, so the task's memory stays
 * till then.
 *
 * Context: process.
 */
void veng_dispatcher_stop(struct veng_conn *conn)
{
	if (conn->dispatcher)
		kthread_stop(conn->dispatcher);
	WRITE_ONCE(conn->stopped, true);
}
