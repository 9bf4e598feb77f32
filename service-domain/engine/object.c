// SPDX-License-Identifier: GPL-2.0
/*
 * The back end's half of the object table: poll masks and event bits.
 *
 * Order: mask, full barrier, armed. The front end arms, full barrier, reads the
 * mask. So either it sees the new mask or we see that it waits.
 */
#include <linux/export.h>
#include <linux/moduleparam.h>
#include <linux/sched.h>
#include <linux/ktime.h>
#include <xen/events.h>
#include "engine_priv.h"

unsigned int veng_event_delay_us = 1000;
module_param_named(event_delay_us, veng_event_delay_us, uint, 0644);
MODULE_PARM_DESC(event_delay_us,
		 "microseconds at most that a busy front end has to take events by itself before it is interrupted");

static void raise_event(struct veng_conn *conn, u32 obj)
{
	u32 word = obj / 64;

	set_bit(obj % 64, (unsigned long *)vos_peer_ptr(&conn->event[word]));
	set_bit(word % 64, (unsigned long *)vos_peer_ptr(&conn->ctrl->event_sel[word / 64]));
	/*
	 * The dispatcher tells once of all that it has done in one turn, and remembers what
	 * it has not told; nobody would for others, also if the front end polls just now.
	 */
	if (current == conn->dispatcher)
		conn->raised = true;
	else
		notify_remote_via_irq(conn->chan[0].irq);
}

/* Has the front end taken all events? It is its word, and harms it alone. */
static bool taken(const struct veng_conn *conn)
{
	u32 words = conn->nr_objects / 64, i;

	for (i = 0; i < DIV_ROUND_UP(words, 64); i++)
		if (vos_load(&conn->ctrl->event_sel[i]))
			return false;
	return true;
}

/*
 * How long a busy front end is given depends on what it made of it so far: next to
 * nothing if it computes and never looks.
 */
static void adapt(struct veng_conn *conn, bool by_itself)
{
	u64 most = (u64)READ_ONCE(veng_event_delay_us) * NSEC_PER_USEC;

	if (by_itself)
		conn->delay_ns *= 2;
	else
		conn->delay_ns -= conn->delay_ns / 4;
	conn->delay_ns = clamp(conn->delay_ns, most / 16, most);
}

static bool must_tell(struct veng_conn *conn, u64 now)
{
	switch (vos_ring_wakeup(&conn->chan[0].cq)) {
	case VOS_WAKE_NOT:
		return false;
	case VOS_WAKE_SOON:
		if (now - conn->owed_since < conn->delay_ns)
			return false;
		adapt(conn, false);
		return true;
	default:
		return true;
	}
}

/*
 * veng_events_tell - send the event that events of objects deserve, by and by
 *
 * A front end that is busy takes them by itself, most often; it is interrupted only
 * when it has not done so for a while, veng_event_delay_us at most. One that polls for
 * an answer need not look, so it is owed the event until it ceases to. Dispatcher, once a turn.
 */
void veng_events_tell(struct veng_conn *conn, u64 now)
{
	veng_in_dispatcher(conn);
	if (conn->raised && !conn->owed_since)
		conn->owed_since = now;
	conn->raised = false;
	if (!conn->owed_since)
		return;
	if (taken(conn)) {
		conn->owed_since = 0;
		adapt(conn, true);
	} else if (must_tell(conn, now)) {
		notify_remote_via_irq(conn->chan[0].irq);
		conn->owed_since = 0;
	}
}

/*
 * The dispatcher is about to sleep: what it owes it tells now, also to a front end that
 * polls, for it may cease to.
 */
void veng_events_settle(struct veng_conn *conn)
{
	veng_in_dispatcher(conn);
	if (!conn->owed_since)
		return;
	conn->owed_since = 0;
	if (!taken(conn))
		notify_remote_via_irq(conn->chan[0].irq);
}

void veng_obj_publish(struct veng_conn *conn, u32 obj, u32 gen, u32 poll, bool wake)
{
	struct vos_obj_state __peer *o;

	if (obj >= conn->nr_objects)
		return;
	o = &conn->obj[obj];
	vos_store(&o->poll, poll);
	vos_store_release(&o->gen, gen);
	veng_handle_show(conn, obj, gen, poll);
	if (!wake)
		return;
	vos_mb();
	if (vos_load(&o->armed))
		raise_event(conn, obj);
}
EXPORT_SYMBOL_GPL(veng_obj_publish);

u32 veng_conn_nr_objects(struct veng_conn *conn)
{
	return conn->nr_objects;
}
EXPORT_SYMBOL_GPL(veng_conn_nr_objects);
