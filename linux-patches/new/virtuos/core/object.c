// SPDX-License-Identifier: GPL-2.0
/*
 * The object table: poll masks that the back end writes, and the event bits by which it says
 * that a mask has changed.
 *
 * Invariant: what the peer writes here is a hint about readiness and no more. A wrong mask
 * makes a caller call or wait in vain, on that connection only. An event bit that is lost would
 * be a missed wake-up, hence the order below.
 */
#include <linux/export.h>
#include <linux/poll.h>
#include "core_priv.h"
#include "vos_trace.h"

/*
 * Find the object's entry on the link in use. RCU is held.
 * Return: the entry or NULL.
 */
static struct vos_obj_state __peer *entry(struct vos_session *s, u32 obj)
{
	struct vos_link *link = rcu_dereference(s->link);

	return link && obj < link->nr_objects ? &link->obj[obj] : NULL;
}

u32 vos_obj_poll(struct vos_session *s, u32 obj, u32 gen)
{
	struct vos_obj_state __peer *o;
	u32 poll = 0;

	rcu_read_lock();
	o = entry(s, obj);
	if (o && vos_load_acquire(&o->gen) == gen)
		poll = vos_load(&o->poll);
	rcu_read_unlock();
	return poll;
}
EXPORT_SYMBOL_GPL(vos_obj_poll);

static void set_armed(struct vos_session *s, u32 obj, u32 armed)
{
	struct vos_obj_state __peer *o;

	rcu_read_lock();
	o = entry(s, obj);
	if (o)
		vos_store(&o->armed, armed);
	/* Pairs with the back end's barrier between poll and armed. */
	vos_mb();
	rcu_read_unlock();
}

void vos_obj_arm(struct vos_session *s, u32 obj, bool room)
{
	set_armed(s, obj, VOS_ARMED | (room ? VOS_ARMED_ROOM : 0));
}
EXPORT_SYMBOL_GPL(vos_obj_arm);

void vos_obj_disarm(struct vos_session *s, u32 obj)
{
	set_armed(s, obj, 0);
}
EXPORT_SYMBOL_GPL(vos_obj_disarm);

/**
 * vos_object_pending - test for event bits that are not taken
 * @link: the link
 *
 * Context: any.
 * Return: true if there is one.
 */
bool vos_object_pending(const struct vos_link *link)
{
	const u64 __peer *sel = link->ctrl->event_sel;
	u32 i;

	for (i = 0; i < link->nr_sel; i++)
		if (vos_load(&sel[i]))
			return true;
	return false;
}

/* Take why an event was raised. The mask is read afterwards. */
static u32 take_cause(struct vos_link *link, u32 obj)
{
	return likely(link->tells_cause) ? vos_take(&link->obj[obj].cause) : VOS_CAUSE_STATE;
}

/**
 * vos_object_events - take all event bits and call the session user's event() for them
 * @link: the link
 *
 * Context: any.
 */
void vos_object_events(struct vos_link *link)
{
	const struct vos_session_ops *ops = link->session->ops;
	u32 words = link->nr_objects / 64, i;

	for (i = 0; i < link->nr_sel; i++) {
		unsigned long sel;

		if (!vos_load(&link->ctrl->event_sel[i]))
			continue;
		sel = vos_take(&link->ctrl->event_sel[i]);
		WRITE_ONCE(link->events, READ_ONCE(link->events) + 1);
		while (sel) {
			u32 w = i * 64 + __ffs(sel);
			unsigned long bits;

			sel &= sel - 1;
			if (w >= words)
				break;
			bits = vos_take(&link->event[w]);
			while (bits) {
				u32 obj = w * 64 + __ffs(bits);

				bits &= bits - 1;
				trace_object_event(ops->service, obj);
				if (ops->event)
					ops->event(link->session, obj, take_cause(link, obj));
			}
		}
	}
}
