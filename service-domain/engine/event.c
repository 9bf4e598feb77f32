// SPDX-License-Identifier: GPL-2.0
/*
 * Events from the front end. Their handler only wakes the dispatcher. When a turn is over, the
 * dispatcher ends each event that it has taken: it unmasks the channel. If the turn found no
 * call, it tells Linux that the event was spurious. Linux delays the end of repeated spurious
 * events, up to a second. So a front end that sends only events does not keep this domain busy.
 *
 * While events may be late, the dispatcher polls at every tick. So a process waits for a tick
 * at most if another process has made Linux throttle the channel.
 *
 * Invariant: the turn that begins after an event ends the event.
 */
#include <xen/events.h>
#include "engine_priv.h"

/* Linux delays no event's end for longer. */
#define LATE	(HZ + 1)

/**
 * veng_event_interrupt - note an event of a channel, and wake the dispatcher
 * @irq: the channel's
 * @data: the struct veng_chan
 *
 * Context: hard interrupt.
 * Return: IRQ_HANDLED.
 */
irqreturn_t veng_event_interrupt(int irq, void *data)
{
	struct veng_chan *chan = data;

	/* The first event may come before bind_channels() has the number. */
	WRITE_ONCE(chan->irq, irq);
	WRITE_ONCE(chan->event, true);
	/* That store before this one: veng_events_begin() reads in the other order. */
	smp_store_release(&chan->conn->events, true);
	veng_dispatcher_wake(chan->conn);
	return IRQ_HANDLED;
}

/**
 * veng_events_begin - take the events that have come before this turn
 * @conn: the connection
 *
 * Context: dispatcher.
 */
void veng_events_begin(struct veng_conn *conn)
{
	u32 i;

	veng_in_dispatcher(conn);
	if (likely(!READ_ONCE(conn->events)))
		return;
	WRITE_ONCE(conn->events, false);
	/* Pairs with the handler's order: what was submitted before the event is seen. */
	smp_mb();
	for (i = 0; i < conn->nr_channels; i++)
		conn->chan[i].event_taken = xchg(&conn->chan[i].event, false);
	conn->events_taken = true;
	if (conn->chan[0].event_taken)
		WRITE_ONCE(conn->rescan, true);
}

static void end(struct veng_chan *chan)
{
	if (!chan->took)
		chan->conn->poll_until = jiffies + LATE;
	xen_irq_lateeoi(chan->irq, chan->took ? 0 : XEN_EOI_FLAG_SPURIOUS);
	chan->took = false;
}

/**
 * veng_events_end - end the events that veng_events_begin() took
 * @conn: the connection
 *
 * Context: dispatcher.
 */
void veng_events_end(struct veng_conn *conn)
{
	u32 i;

	if (likely(!conn->events_taken))
		return;
	conn->events_taken = false;
	for (i = 0; i < conn->nr_channels; i++)
		if (conn->chan[i].event_taken)
			end(&conn->chan[i]);
}

/**
 * veng_events_wait - tell how long the dispatcher may sleep without polling
 * @conn: the connection
 *
 * Context: dispatcher.
 * Return: the time in jiffies.
 */
long veng_events_wait(const struct veng_conn *conn)
{
	return time_before(jiffies, conn->poll_until) ? 1 : MAX_SCHEDULE_TIMEOUT;
}
