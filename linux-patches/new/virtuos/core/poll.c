// SPDX-License-Identifier: GPL-2.0
/*
 * Polling of the rings without an interrupt (linux/virtuos_rings.h): before epoll_wait()
 * reports, and for a time before a processor goes idle. That time adapts to how soon the
 * processor was woken, idle_poll_us at most.
 *
 * Invariant: while its processor is idle, and only then, a channel's need_wakeup is
 * VOS_WAKE_NOW and the peer sends events without delay. After a processor has set that, it
 * polls once more before it sleeps. See docs/protocol.md, "When an event is sent".
 */
#include <linux/ktime.h>
#include <linux/moduleparam.h>
#include <linux/rculist.h>
#include <linux/virtuos_rings.h>
#include <virtuos/backoff.h>
#include "core_priv.h"

unsigned int vos_idle_poll_us = 200;
module_param_named(idle_poll_us, vos_idle_poll_us, uint, 0644);
MODULE_PARM_DESC(idle_poll_us,
		 "microseconds at most that an idle processor polls the rings before it sleeps");

#define MAX_POLLED	4	/* links; an idle processor takes events of others later */

struct idler {
	u64 poll_ns;
	u64 since;			/* when it fell asleep; 0: awake */
};

static DEFINE_PER_CPU(struct idler, idler);
static LIST_HEAD(links);		/* read under RCU */
static DEFINE_SPINLOCK(links_lock);

/* This processor's channels, valid under RCU. */
struct channels {
	struct vos_channel *chan[MAX_POLLED];
	unsigned int n;
};

/**
 * vos_poll_begin - add a link to those whose rings are polled
 * @link: the link; it is in use
 *
 * Context: process.
 */
void vos_poll_begin(struct vos_link *link)
{
	spin_lock_irq(&links_lock);
	list_add_tail_rcu(&link->poll_node, &links);
	link->is_polled = true;
	spin_unlock_irq(&links_lock);
}

/**
 * vos_poll_end - remove a link from those whose rings are polled
 * @link: the link
 *
 * Idempotent, also without vos_poll_begin(). A processor that polls already may do so until the
 * end of an RCU grace period.
 *
 * Context: process.
 */
void vos_poll_end(struct vos_link *link)
{
	spin_lock_irq(&links_lock);
	if (link->is_polled)
		list_del_rcu(&link->poll_node);
	link->is_polled = false;
	spin_unlock_irq(&links_lock);
}

static void poll_rings(void)
{
	struct vos_link *link;
	unsigned long flags;

	rcu_read_lock();
	list_for_each_entry_rcu(link, &links, poll_node) {
		if (!vos_object_pending(link))
			continue;
		local_irq_save(flags);
		vos_object_events(link);
		local_irq_restore(flags);
	}
	rcu_read_unlock();
}

static void collect(struct channels *c)
{
	struct vos_link *link;

	c->n = 0;
	list_for_each_entry_rcu(link, &links, poll_node)
		if (c->n < MAX_POLLED)
			c->chan[c->n++] = vos_link_channel(link);
}

static void reap_all(const struct channels *c)
{
	unsigned int i;

	for (i = 0; i < c->n; i++)
		if (vos_channel_pending(c->chan[i]))
			vos_channel_reap(c->chan[i]);
}

static void poll_for(const struct channels *c, u64 ns)
{
	struct vos_poll poll = {};

	do {
		reap_all(c);
		if (need_resched())
			return;
		cpu_relax();
	} while (!vos_poll_over(&poll, ns));
}

static u64 most_ns(void)
{
	return (u64)READ_ONCE(vos_idle_poll_us) * NSEC_PER_USEC;
}

static void idle_enter(void)
{
	struct idler *ic = this_cpu_ptr(&idler);
	struct channels c;
	unsigned int i;

	rcu_read_lock();
	collect(&c);
	if (ic->poll_ns && c.n) {
		for (i = 0; i < c.n; i++)
			vos_channel_poll_begin(c.chan[i]);
		poll_for(&c, ic->poll_ns);
		for (i = 0; i < c.n; i++)
			vos_channel_poll_end(c.chan[i], &c.chan[i]->stats.idled);
	}
	if (!need_resched()) {
		for (i = 0; i < c.n; i++)
			vos_channel_set_idle(c.chan[i], true);
		ic->since = ktime_get_ns();
	}
	/*
	 * For what came before the peer could see that this processor does not poll, it sent no
	 * event.
	 */
	reap_all(&c);
	rcu_read_unlock();
}

static void idle_exit(void)
{
	struct idler *ic = this_cpu_ptr(&idler);
	struct channels c;
	unsigned int i;

	if (!ic->since)
		return;
	rcu_read_lock();
	collect(&c);
	for (i = 0; i < c.n; i++)
		vos_channel_set_idle(c.chan[i], false);
	rcu_read_unlock();
	ic->poll_ns = vos_backoff_adapt(ic->poll_ns, ktime_get_ns() - ic->since, most_ns());
	ic->since = 0;
}

static const struct virtuos_ring_hooks hooks = {
	.poll = poll_rings,
	.idle_enter = idle_enter,
	.idle_exit = idle_exit,
};

/**
 * vos_poll_init - let the kernel poll the rings from now on; the module stays
 *
 * Return: 0 or -EBUSY.
 */
int vos_poll_init(void)
{
	return virtuos_set_ring_hooks(&hooks);
}
