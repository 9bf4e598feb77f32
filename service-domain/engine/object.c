// SPDX-License-Identifier: GPL-2.0
/*
 * The back end's half of the object table: poll masks and event bits.
 *
 * The back end writes the mask, then has a full barrier, then reads armed. The front end arms,
 * then has a full barrier, then reads the mask. So either the front end sees the new mask or
 * the back end sees that it waits.
 */
#include <linux/export.h>
#include <linux/moduleparam.h>
#include <linux/sched.h>
#include <xen/events.h>
#include "engine_priv.h"

unsigned int veng_event_delay_us = 1000;
module_param_named(event_delay_us, veng_event_delay_us, uint, 0644);
MODULE_PARM_DESC(event_delay_us,
		 "microseconds at most that a busy front end has to take events by itself before it is interrupted");

static void raise_event(struct veng_conn *conn, u32 obj, u32 cause)
{
	u32 word = obj / 64;

	/* Before the bit: a reader that takes the bit finds the cause, or has it already. */
	if (cause)
		vos_or(&conn->obj[obj].cause, cause);
	set_bit(obj % 64, (unsigned long *)vos_peer_ptr(&conn->event[word]));
	set_bit(word % 64, (unsigned long *)vos_peer_ptr(&conn->ctrl->event_sel[word / 64]));
	/*
	 * The dispatcher sends one event for a whole turn, and remembers a pending one.
	 * No other thread remembers, so it sends at once, even if the front end polls.
	 */
	if (current == conn->dispatcher)
		conn->raised = true;
	else
		notify_remote_via_irq(conn->chan[0].irq);
}

/* Return: true if the front end has taken all events. If it lies, it harms itself only. */
static bool taken(const struct veng_conn *conn)
{
	u32 words = conn->nr_objects / 64, i;

	for (i = 0; i < DIV_ROUND_UP(words, 64); i++)
		if (vos_load(&conn->ctrl->event_sel[i]))
			return false;
	return true;
}

/*
 * Adapt the delay that a busy front end gets. A front end that computes and never takes events
 * by itself gets next to none.
 */
static void adapt(struct veng_conn *conn, bool by_itself)
{
	u64 most = veng_ticks((u64)READ_ONCE(veng_event_delay_us) * NSEC_PER_USEC);

	if (by_itself)
		conn->delay *= 2;
	else
		conn->delay -= conn->delay / 4;
	conn->delay = clamp(conn->delay, most / 16, most);
}

static bool must_tell(struct veng_conn *conn, u64 now)
{
	switch (vos_ring_wakeup(&conn->chan[0].cq)) {
	case VOS_WAKE_NOT:
		return false;
	case VOS_WAKE_SOON:
		if (now - conn->pending_since < conn->delay)
			return false;
		adapt(conn, false);
		return true;
	default:
		return true;
	}
}

/**
 * veng_events_tell - send the event for raised event bits, unless it can wait
 * @conn: the connection
 * @now: time stamp
 *
 * A busy front end mostly takes event bits by itself. The dispatcher interrupts it only after a
 * delay, veng_event_delay_us at most. A front end that polls for an answer need not read event
 * bits. The event stays pending until it ceases to poll.
 *
 * Context: dispatcher, once a turn.
 */
void veng_events_tell(struct veng_conn *conn, u64 now)
{
	veng_in_dispatcher(conn);
	if (conn->raised && !conn->pending_since)
		conn->pending_since = now;
	conn->raised = false;
	if (!conn->pending_since)
		return;
	if (taken(conn)) {
		conn->pending_since = 0;
		adapt(conn, true);
	} else if (must_tell(conn, now)) {
		notify_remote_via_irq(conn->chan[0].irq);
		conn->pending_since = 0;
	}
}

/**
 * veng_events_flush - send a pending event before the dispatcher sleeps
 * @conn: the connection
 *
 * A front end that polls gets it too, for it may cease to poll.
 *
 * Context: dispatcher.
 */
void veng_events_flush(struct veng_conn *conn)
{
	veng_in_dispatcher(conn);
	if (!conn->pending_since)
		return;
	conn->pending_since = 0;
	if (!taken(conn))
		notify_remote_via_irq(conn->chan[0].irq);
}

void veng_obj_publish(struct veng_conn *conn, u32 obj, u32 gen, u32 poll, u32 cause)
{
	struct vos_obj_state __peer *o;

	if (obj >= conn->nr_objects)
		return;
	o = &conn->obj[obj];
	vos_store(&o->poll, poll);
	vos_store_release(&o->gen, gen);
	veng_handle_show(conn, obj, gen, poll);
	if (!cause)
		return;
	vos_mb();
	if (vos_load(&o->armed))
		raise_event(conn, obj, cause);
}
EXPORT_SYMBOL_GPL(veng_obj_publish);

bool veng_obj_tells_room(struct veng_conn *conn, u32 obj)
{
	return obj < conn->nr_objects && vos_load(&conn->obj[obj].armed) & VOS_ARMED_ROOM;
}
EXPORT_SYMBOL_GPL(veng_obj_tells_room);

void veng_obj_announce(struct veng_conn *conn, u32 obj)
{
	if (obj < conn->nr_objects)
		raise_event(conn, obj, 0);
}
EXPORT_SYMBOL_GPL(veng_obj_announce);

u32 veng_conn_nr_objects(struct veng_conn *conn)
{
	return conn->nr_objects;
}
EXPORT_SYMBOL_GPL(veng_conn_nr_objects);
