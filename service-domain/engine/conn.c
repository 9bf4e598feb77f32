// SPDX-License-Identifier: GPL-2.0
/*
 * A connection with one primary. bring_up() makes it by its control page; a worker tears it
 * down in the reverse order.
 *
 * Invariant: the engine copies the control page once and believes only the copy.
 */
#include <linux/export.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <xen/events.h>
#include <xen/xenbus.h>
#include "engine_priv.h"

#define HEARTBEAT (HZ / 4)

static struct workqueue_struct *end_wq;

void *veng_conn_priv(struct veng_conn *conn)
{
	return conn->priv;
}
EXPORT_SYMBOL_GPL(veng_conn_priv);

static void heartbeat(struct work_struct *work)
{
	struct veng_conn *conn = container_of(to_delayed_work(work), struct veng_conn, heartbeat);

	veng_cost_show(conn);
	vos_store(&conn->ctrl->heartbeat, vos_load(&conn->ctrl->heartbeat) + 1);
	/* xenstore may be slow to answer, so a work item of its own writes there. */
	if (READ_ONCE(conn->turn.longest) != READ_ONCE(conn->shown))
		schedule_work(&conn->show_work);
	schedule_delayed_work(&conn->heartbeat, HEARTBEAT);
}

static void broken_work(struct work_struct *work)
{
	struct veng_conn *conn = container_of(work, struct veng_conn, broken_work);

	xenbus_switch_state(conn->dev, XenbusStateClosing);
}

static bool ctrl_ok(const struct vos_ctrl *c)
{
	return c->magic == VOS_MAGIC && c->version == VOS_PROTOCOL_VERSION &&
	       c->nr_channels && c->nr_channels <= VOS_MAX_CHANNELS &&
	       c->nr_objects <= VOS_MAX_OBJECTS && c->nr_objects % 64 == 0 &&
	       c->nr_dir && c->nr_dir <= VOS_MAX_DIR_PAGES &&
	       c->area_pages && c->area_pages <= c->nr_dir * VOS_REFS_PER_DIR;
}

/* Copy the grant references out of the directory pages. */
static grant_ref_t *read_directory(const struct vos_ctrl *c, domid_t domid)
{
	grant_ref_t *refs = kvcalloc(c->area_pages, sizeof(*refs), GFP_KERNEL);
	struct veng_map dir;
	int rc;

	if (!refs)
		return ERR_PTR(-ENOMEM);
	rc = veng_map_refs(&dir, domid, c->dir_ref, c->nr_dir);
	if (rc) {
		kvfree(refs);
		return ERR_PTR(rc);
	}
	vos_peer_read(refs, veng_map_page(&dir, 0), c->area_pages * sizeof(*refs));
	veng_unmap(&dir);
	return refs;
}

static int map_area(struct veng_conn *conn, const struct vos_ctrl *c)
{
	u32 obj_pages = DIV_ROUND_UP(c->nr_objects * sizeof(struct vos_obj_state), PAGE_SIZE);
	grant_ref_t *refs = read_directory(c, conn->domid);
	int rc;

	if (IS_ERR(refs))
		return PTR_ERR(refs);
	rc = veng_map_refs(&conn->map, conn->domid, refs, c->area_pages);
	kvfree(refs);
	if (rc || !c->nr_objects)
		return rc;
	if (c->event_page >= c->area_pages || obj_pages > c->area_pages ||
	    c->obj_page > c->area_pages - obj_pages)
		return -EINVAL;
	conn->by_obj = kvcalloc(c->nr_objects, sizeof(*conn->by_obj), GFP_KERNEL);
	if (!conn->by_obj)
		return -ENOMEM;
	conn->nr_objects = c->nr_objects;
	conn->obj = veng_map_page(&conn->map, c->obj_page);
	conn->event = veng_map_page(&conn->map, c->event_page);
	return 0;
}

static int open_channels(struct veng_conn *conn, const struct vos_ctrl *c)
{
	u32 i;
	int rc;

	for (i = 0; i < c->nr_channels; i++) {
		struct veng_chan *chan = &conn->chan[i];

		conn->nr_channels = i + 1;
		rc = veng_chan_init(chan, conn, i, &c->channel[i]);
		if (rc)
			return rc;
	}
	return 0;
}

static int bind_channels(struct veng_conn *conn, const struct vos_ctrl *c)
{
	u32 i;
	int rc;

	for (i = 0; i < conn->nr_channels; i++) {
		u32 port = c->channel[i].evtchn;

		rc = bind_interdomain_evtchn_to_irqhandler_lateeoi(conn->dev, port,
								   veng_event_interrupt, 0,
								   "virtuos", &conn->chan[i]);
		if (rc < 0)
			return rc;
		conn->chan[i].irq = rc;
	}
	return 0;
}

static int attach_service(struct veng_conn *conn)
{
	void *priv = conn->svc->connect(conn);

	if (IS_ERR(priv))
		return PTR_ERR(priv);
	conn->priv = priv;
	return 0;
}

static int bring_up(struct veng_conn *conn, const struct vos_ctrl *c)
{
	int rc = map_area(conn, c);

	if (!rc)
		rc = open_channels(conn, c);
	if (!rc)
		rc = veng_ctl_start(conn);
	if (!rc)
		rc = veng_dispatcher_start(conn);
	if (!rc)
		rc = attach_service(conn);
	if (!rc)
		rc = bind_channels(conn, c);
	if (rc)
		return rc;
	schedule_delayed_work(&conn->heartbeat, 0);
	veng_dispatcher_wake(conn);
	return 0;
}

static struct vos_ctrl *copy_ctrl(struct veng_map *map)
{
	struct vos_ctrl *c = kmemdup(vos_peer_ptr(veng_map_page(map, 0)), sizeof(*c), GFP_KERNEL);

	if (!c)
		return ERR_PTR(-ENOMEM);
	if (!ctrl_ok(c)) {
		kfree(c);
		return ERR_PTR(-EPROTO);
	}
	return c;
}

static void close_channels(struct veng_conn *conn)
{
	u32 i;

	for (i = 0; i < conn->nr_channels; i++) {
		if (conn->chan[i].irq > 0)
			unbind_from_irqhandler(conn->chan[i].irq, &conn->chan[i]);
		veng_chan_exit(&conn->chan[i]);
	}
}

/* Stop consuming, let calls in flight end, drop everything. */
static void tear_down(struct veng_conn *conn)
{
	cancel_delayed_work_sync(&conn->heartbeat);
	veng_dispatcher_stop(conn);
	wait_event(conn->idle_wait, !atomic_read(&conn->inflight));
	veng_uchans_end(conn);
	if (conn->priv)
		conn->svc->disconnect(conn, conn->priv);
	veng_ctl_stop(conn);
	veng_trace_end(conn);
	close_channels(conn);
	cancel_work_sync(&conn->broken_work);
	cancel_work_sync(&conn->show_work);
	veng_cred_drop_all(conn);
	kvfree(conn->by_obj);
	veng_unmap(&conn->map);
	veng_unmap(&conn->ctrl_map);
	if (conn->dispatcher)
		put_task_struct(conn->dispatcher);
}

static void end_work(struct work_struct *work)
{
	struct veng_conn *conn = container_of(work, struct veng_conn, end_work);
	struct xenbus_device *dev = conn->dev;
	bool announced = conn->announced;

	tear_down(conn);
	kvfree(conn);
	atomic_dec(&veng_nr_conns);
	/* No page of the primary is mapped any more. */
	if (announced)
		xenbus_switch_state(dev, XenbusStateClosed);
	put_device(&dev->dev);
}

/**
 * veng_conn_create - connect to the primary behind @dev
 * @svc: serves the connection
 * @dev: the primary's device; the connection holds it
 * @ctrl_ref: grant of its control page
 *
 * Context: process.
 * Return: the connection, serving; or ERR_PTR. After an error nothing is left, or a worker
 * removes it soon.
 */
struct veng_conn *veng_conn_create(const struct veng_service *svc, struct xenbus_device *dev,
				   grant_ref_t ctrl_ref)
{
	struct veng_map ctrl_map;
	struct veng_conn *conn;
	struct vos_ctrl *c;
	int rc = veng_map_refs(&ctrl_map, dev->otherend_id, &ctrl_ref, 1);

	if (rc)
		return ERR_PTR(rc);
	c = copy_ctrl(&ctrl_map);
	if (IS_ERR(c)) {
		veng_unmap(&ctrl_map);
		return ERR_CAST(c);
	}
	conn = kvzalloc(struct_size(conn, chan, c->nr_channels), GFP_KERNEL);
	if (!conn) {
		kfree(c);
		veng_unmap(&ctrl_map);
		return ERR_PTR(-ENOMEM);
	}
	atomic_inc(&veng_nr_conns);
	conn->svc = svc;
	conn->dev = dev;
	get_device(&dev->dev);
	conn->domid = dev->otherend_id;
	conn->ctrl_map = ctrl_map;
	conn->ctrl = veng_map_page(&conn->ctrl_map, 0);
	conn->cost_mask = c->features & VOS_F_COST ? U64_MAX : 0;
	conn->traces = c->features & VOS_F_TRACE;
	conn->complete = veng_scall_complete;
	init_llist_head(&conn->dirty);
	INIT_LIST_HEAD(&conn->polled_lanes);
	INIT_LIST_HEAD(&conn->listed);
	conn->poll_until = jiffies;
	spin_lock_init(&conn->uchan_lock);
	spin_lock_init(&conn->handle_lock);
	init_waitqueue_head(&conn->idle_wait);
	INIT_WORK(&conn->broken_work, broken_work);
	INIT_WORK(&conn->end_work, end_work);
	INIT_WORK(&conn->show_work, veng_turn_show);
	INIT_DELAYED_WORK(&conn->heartbeat, heartbeat);
	rc = bring_up(conn, c);
	kfree(c);
	if (rc) {
		veng_conn_end(conn);
		return ERR_PTR(rc);
	}
	conn->announced = true;
	return conn;
}

/**
 * veng_conn_end - consume no more calls, and queue the tear-down
 * @conn: the connection; call this once for it
 *
 * Calls under way may wait for as long as a disk does, so this does not wait. When all is
 * dropped and unmapped, the device's state becomes Closed, if it ever was Connected.
 *
 * Context: process.
 */
void veng_conn_end(struct veng_conn *conn)
{
	WRITE_ONCE(conn->broken, true);
	queue_work(end_wq, &conn->end_work);
}

/**
 * veng_conns_flush - wait for all tear-downs that veng_conn_end() has queued
 *
 * Context: process.
 */
void veng_conns_flush(void)
{
	flush_workqueue(end_wq);
}

/**
 * veng_conns_init - make the work queue of tear-downs
 *
 * Return: 0 or -ENOMEM.
 */
int __init veng_conns_init(void)
{
	/* A tear-down that waits must not delay another. */
	end_wq = alloc_workqueue("virtuos-end", WQ_UNBOUND, 0);
	return end_wq ? 0 : -ENOMEM;
}

/**
 * veng_conns_exit - destroy the work queue of tear-downs
 */
void veng_conns_exit(void)
{
	destroy_workqueue(end_wq);
}
