// SPDX-License-Identifier: GPL-2.0
/*
 * Lies, by name. A test writes one into the domain's xenstore directory, as "virtuos-lie";
 * it is told until another is written. A lie either begins something when it is ordered
 * (lies[]), or is asked for where the engine would do otherwise (lie.h); a new one needs a
 * line of lies[], and one of the two.
 */
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/mutex.h>
#include <linux/workqueue.h>
#include <xen/events.h>
#include <xen/xenbus.h>
#include "internal.h"

#define KEY		"virtuos-lie"
#define STORM_TIME	(3 * HZ)

enum lie { TRUTH, EAT_CLOSE, KEEP_PAGES, RECONNECT, STORM };

static enum lie told;
static struct vos_conn *liar;		/* the connection made last, or NULL */
static DEFINE_MUTEX(liar_mutex);

/* Events that tell of nothing, as fast as they can be sent. */
static void storm(struct vos_conn *conn)
{
	unsigned long end = jiffies + STORM_TIME, n = 0;

	while (time_before(jiffies, end)) {
		notify_remote_via_irq(conn->chan[0].irq);
		n++;
		cond_resched();
	}
	pr_info("virtuos-lie: %lu events\n", n);
}

/* Close, wait to be given a link again on the same device, and so on (xenbus.c). */
static void reconnect(struct vos_conn *conn)
{
	xenbus_switch_state(conn->dev, XenbusStateClosing);
}

static const struct {
	const char *name;
	void (*begin)(struct vos_conn *conn);
} lies[] = {
	[TRUTH]		= { "" },
	[EAT_CLOSE]	= { "eat-close" },
	[KEEP_PAGES]	= { "keep-pages" },
	[RECONNECT]	= { "reconnect", reconnect },
	[STORM]		= { "storm", storm },
};

static void begin_work(struct work_struct *unused)
{
	enum lie lie = READ_ONCE(told);

	mutex_lock(&liar_mutex);
	if (liar && lies[lie].begin)
		lies[lie].begin(liar);
	mutex_unlock(&liar_mutex);
}

static DECLARE_WORK(work, begin_work);

static void ordered(struct xenbus_watch *unused, const char *path, const char *token)
{
	char name[32] = "";
	int i;

	if (xenbus_scanf(XBT_NIL, KEY, "", "%31s", name) < 0)
		return;
	for (i = 0; i < ARRAY_SIZE(lies); i++) {
		if (strcmp(lies[i].name, name))
			continue;
		pr_info("virtuos-lie: %s\n", name);
		WRITE_ONCE(told, i);
		schedule_work(&work);
	}
}

static struct xenbus_watch watch = { .node = KEY, .callback = ordered };

int vos_lie_init(void)
{
	return register_xenbus_watch(&watch);
}

void vos_lie_exit(void)
{
	unregister_xenbus_watch(&watch);
	cancel_work_sync(&work);
}

/* @conn serves from now on. */
void vos_lie_conn(struct vos_conn *conn)
{
	mutex_lock(&liar_mutex);
	liar = conn;
	mutex_unlock(&liar_mutex);
	/* And ends at once. */
	if (READ_ONCE(told) == RECONNECT)
		schedule_work(&work);
}

void vos_lie_conn_gone(struct vos_conn *conn)
{
	mutex_lock(&liar_mutex);
	if (liar == conn)
		liar = NULL;
	mutex_unlock(&liar_mutex);
}

/* Take the call, and never answer it? */
bool vos_lie_eats(const struct vos_scall *call)
{
	return READ_ONCE(told) == EAT_CLOSE && call->sqe.opcode == VOS_OP_UCHAN_CLOSE;
}

/* Say that pages are unmapped, and keep them? */
bool vos_lie_keeps_pages(void)
{
	return READ_ONCE(told) == KEEP_PAGES;
}

/* Keep what belongs to a connection that has ended, and wait for the next on its device? */
bool vos_lie_reconnects(void)
{
	return READ_ONCE(told) == RECONNECT;
}
