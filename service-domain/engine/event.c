// SPDX-License-Identifier: GPL-2.0
/*
 * Events from the front end. Their handler only wakes the dispatcher, which ends them
 * (unmasks the channel) when it has looked for calls, and tells Linux if there was none: the
 * end of events that come in vain time after time is delayed, up to a second, so a front
 * end that sends nothing but events does not keep this domain busy.
 *
 * While events may be late, the dispatcher looks at every tick by itself. So whoever shares
 * the channel with somebody who has it throttled waits for a tick at most.
 *
 * Invariant: an event that has come is ended, by the turn that begins after it.
 */
#include <xen/events.h>
#include "engine_priv.h"

/* Linux delays no event's end for longer. */
#define LATE	(HZ + 1)

irqreturn_t veng_event_interrupt(int irq, void *data)
{
	struct veng_chan *chan = data;

	/* The first may come before who binds it knows the number. */
	WRITE_ONCE(chan->irq, irq);
	WRITE_ONCE(chan->event, true);
	/* That before this: the dispatcher looks in the other order. */
	smp_store_release(&chan->conn->events, true);
	veng_dispatcher_wake(chan->conn);
	return IRQ_HANDLED;
}

/* A turn begins: it looks for what was announced until now. Dispatcher. */
void veng_events_begin(struct veng_conn *conn)
{
	u32 i;

	veng_in_dispatcher(conn);
	if (likely(!READ_ONCE(conn->events)))
		return;
	WRITE_ONCE(conn->events, false);
	/* Pairs with the handler's order; what was submitted before the event is seen. */
	smp_mb();
	for (i = 0; i < conn->nr_channels; i++)
		conn->chan[i].ending = xchg(&conn->chan[i].event, false);
	conn->ending = true;
	if (conn->chan[0].ending)
		WRITE_ONCE(conn->rescan, true);
}

static void end(struct veng_chan *chan)
{
	if (!chan->took)
		chan->conn->look_until = jiffies + LATE;
	xen_irq_lateeoi(chan->irq, chan->took ? 0 : XEN_EOI_FLAG_SPURIOUS);
	chan->took = false;
}

/* The turn is over. Dispatcher. */
void veng_events_end(struct veng_conn *conn)
{
	u32 i;

	if (likely(!conn->ending))
		return;
	conn->ending = false;
	for (i = 0; i < conn->nr_channels; i++)
		if (conn->chan[i].ending)
			end(&conn->chan[i]);
}

/* How long may the dispatcher sleep without looking? In jiffies. */
long veng_events_wait(const struct veng_conn *conn)
{
	return time_before(jiffies, conn->look_until) ? 1 : MAX_SCHEDULE_TIMEOUT;
}
