// SPDX-License-Identifier: GPL-2.0
/*
 * Interrupts of a link's channels.
 *
 * A peer may send events without end. If a handler says that it found nothing to do
 * (XEN_EOI_FLAG_SPURIOUS), Linux delays the interrupt, more and more, up to a second.
 *
 * But an honest event may find nothing. A caller that polls (call.c, poll.c) may have taken its
 * answer, or it was for a process that has stopped waiting for its lane. So an interrupt is
 * unfounded only if nothing has been taken since the one before, on any path. Only a peer that
 * sends more than MAX_UNFOUNDED of these in a tick is throttled.
 *
 * The next tick counts anew. If a process has its lane's events sent for nothing, that costs
 * others a tick's delay at worst.
 *
 * A peer may also set bits of objects for which no caller waits. So MAX_IN_TICK limits the
 * events of all kinds. No honest peer reaches it.
 */
#include <linux/jiffies.h>
#include <xen/events.h>
#include <xen/xenbus.h>
#include "core_priv.h"

#define MAX_UNFOUNDED	32	/* in a tick */
#define MAX_IN_TICK	256	/* in all; by HZ = 250, 64,000 in a second */

/* Count what has been taken of all that an event of the channel may announce. */
static u32 progress(const struct vos_channel *chan)
{
	const struct vos_link *link = chan->link;
	u32 n = READ_ONCE(chan->cq.own);

	/* Only the first channel has the events of objects and lanes. */
	return chan->nr ? n : n + READ_ONCE(link->events) + READ_ONCE(link->door_waits);
}

/* Count an interrupt, and test for a storm. Context: the handler. */
static bool is_storm(struct vos_channel *chan, bool founded)
{
	struct vos_storm *s = &chan->storm;
	unsigned long tick = jiffies;
	u32 now = progress(chan);

	if (s->tick != tick) {
		s->tick = tick;
		s->unfounded = 0;
		s->all = 0;
	}
	if (++s->all > MAX_IN_TICK)
		return true;
	if (now != s->progress || founded) {
		s->progress = now;
		return false;
	}
	return ++s->unfounded > MAX_UNFOUNDED;
}

static irqreturn_t channel_interrupt(int irq, void *data)
{
	struct vos_channel *chan = data;
	bool founded = false, storm;

	chan->stats.interrupts++;
	vos_channel_reap(chan);
	if (!chan->nr)
		founded = vos_door->events(chan->link);
	storm = is_storm(chan, founded);
	chan->stats.throttled += storm;
	xen_irq_lateeoi(irq, storm ? XEN_EOI_FLAG_SPURIOUS : 0);
	return IRQ_HANDLED;
}

/**
 * vos_interrupt_bind - bind an event channel and write it to the channel's descriptor
 * @chan: the channel
 *
 * Context: process.
 * Return: 0 or -errno.
 */
int vos_interrupt_bind(struct vos_channel *chan)
{
	struct vos_link *link = chan->link;
	int rc = xenbus_alloc_evtchn(link->dev, &chan->evtchn);

	if (rc)
		return rc;
	rc = bind_evtchn_to_irqhandler_lateeoi(chan->evtchn, channel_interrupt, 0,
					       link->session->name, chan);
	if (rc < 0) {
		xenbus_free_evtchn(link->dev, chan->evtchn);
		return rc;
	}
	chan->irq = rc;
	vos_store(&link->ctrl->channel[chan->nr].evtchn, chan->evtchn);
	return 0;
}

/**
 * vos_interrupt_unbind - unbind a channel's event channel
 * @chan: the channel
 *
 * Idempotent. Afterwards the handler does not run any more.
 *
 * Context: process.
 */
void vos_interrupt_unbind(struct vos_channel *chan)
{
	if (chan->irq > 0)
		unbind_from_irqhandler(chan->irq, chan);
	chan->irq = 0;
}
