// SPDX-License-Identifier: GPL-2.0
/*
 * Interrupts of a link's channels.
 *
 * A peer may send events without end. Linux delays interrupts whose handler says that it
 * found nothing to do (XEN_EOI_FLAG_SPURIOUS), more and more, up to a second. But an honest
 * event may find nothing: what it tells of has been taken by who polls (call.c, look.c), or
 * was for a process that has stopped waiting for its lane. So an interrupt is unfounded only
 * if nothing has been taken since the one before, by anybody, and only who sends more than
 * MAX_UNFOUNDED of these in a tick is throttled. The next tick is a new one: a process that
 * has its lane's events sent for nothing costs others a tick's delay at worst.
 *
 * What is taken may be invented, too: bits of objects that nobody waits for. So there is a
 * number that nobody honest sends, whatever he tells of.
 */
#include <linux/jiffies.h>
#include <xen/events.h>
#include <xen/xenbus.h>
#include "core_priv.h"

#define MAX_UNFOUNDED	32	/* in a tick */
#define MAX_IN_TICK	256	/* in all; by HZ = 250, 64,000 in a second */

/* Grows with all that an event of the channel may have told of, once that is taken. */
static u32 progress(const struct vos_channel *chan)
{
	const struct vos_link *link = chan->link;
	u32 n = READ_ONCE(chan->cq.own);

	/* Events of objects and lanes come by the first channel alone. */
	return chan->nr ? n : n + READ_ONCE(link->events) + READ_ONCE(link->door_waits);
}

/* Handler only. */
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

/*
 * vos_interrupt_bind - an event channel for @chan, which its descriptor names from now on
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

/*
 * vos_interrupt_unbind - no more of them; the handler does not run any more. Idempotent
 */
void vos_interrupt_unbind(struct vos_channel *chan)
{
	if (chan->irq > 0)
		unbind_from_irqhandler(chan->irq, chan);
	chan->irq = 0;
}
