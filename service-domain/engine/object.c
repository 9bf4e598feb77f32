// SPDX-License-Identifier: GPL-2.0
/*
 * The back end's half of the object table: poll masks and event bits.
 *
 * Order: mask, full barrier, armed. The front end arms, full barrier, reads the
 * mask. So either it sees the new mask or we see that it waits.
 */
#include <linux/export.h>
#include <linux/sched.h>
#include "internal.h"

static void raise_event(struct vos_conn *conn, u32 obj)
{
	u32 word = obj / 64;
	struct vos_chan *chan = &conn->chan[0];

	set_bit(obj % 64, (unsigned long *)&conn->event[word]);
	set_bit(word % 64, (unsigned long *)&conn->ctrl->event_sel[word / 64]);
	WRITE_ONCE(chan->answered, true);
	/* The dispatcher notifies once for all that it has done in one turn. */
	if (current != conn->dispatcher)
		vos_chan_flush(chan);
}

void vos_obj_publish(struct vos_conn *conn, u32 obj, u32 gen, u32 poll, bool wake)
{
	struct vos_obj_state *o;

	if (obj >= conn->nr_objects)
		return;
	o = &conn->obj[obj];
	vos_store(&o->poll, poll);
	vos_store_release(&o->gen, gen);
	vos_handle_show(conn, obj, gen, poll);
	if (!wake)
		return;
	vos_mb();
	if (vos_load(&o->armed))
		raise_event(conn, obj);
}
EXPORT_SYMBOL_GPL(vos_obj_publish);

u32 vos_conn_nr_objects(struct vos_conn *conn)
{
	return conn->nr_objects;
}
EXPORT_SYMBOL_GPL(vos_conn_nr_objects);
