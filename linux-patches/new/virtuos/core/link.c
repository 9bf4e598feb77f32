// SPDX-License-Identifier: GPL-2.0
/*
 * A link: one incarnation of a service domain as the primary sees it. xenbus.c makes it when
 * its device can be set up, and kills it once. When the last call that belongs to it is put, a
 * work item frees it.
 *
 * Invariant: vos_link_kill() ends every call. A link ends in no other way, and afterwards the
 * primary reads nothing of the peer.
 */
#include <linux/cleanup.h>
#include <linux/slab.h>
#include <xen/xenbus.h>
#include "core_priv.h"

struct layout {
	u32 page;		/* next free page of the area */
	u32 obj_page;
	u32 event_page;
	u32 nr_channels;
	struct vos_channel_desc chan[VOS_MAX_CHANNELS];
};

static u32 place_pages(struct layout *l, u32 n)
{
	u32 page = l->page;

	l->page += n;
	return page;
}

static u32 pages_for(u32 bytes)
{
	return DIV_ROUND_UP(bytes, VOS_PAGE_SIZE);
}

static void lay_out(struct layout *l, const struct vos_session *s)
{
	u32 i;

	l->nr_channels = min_t(u32, num_online_cpus(), VOS_MAX_CHANNELS);
	if (s->nr_objects) {
		l->event_page = place_pages(l, 1);
		l->obj_page = place_pages(l, pages_for(s->nr_objects *
						       sizeof(struct vos_obj_state)));
	}
	for (i = 0; i < l->nr_channels; i++) {
		struct vos_channel_desc *d = &l->chan[i];

		d->entries = VOS_ENTRIES;
		d->hdr_page = place_pages(l, 1);
		d->sq_page = place_pages(l, pages_for(VOS_ENTRIES * VOS_ENTRY_SIZE));
		d->cq_page = place_pages(l, pages_for(VOS_ENTRIES * VOS_ENTRY_SIZE));
		d->arena_pages = s->arena_pages + pages_for(VOS_ENTRIES * VOS_INLINE);
		d->arena_page = place_pages(l, d->arena_pages);
	}
}

/* Count the pages as vos_area_total() will. */
static u32 all_pages(const struct layout *l)
{
	return l->page + DIV_ROUND_UP(l->page, VOS_REFS_PER_DIR) + 1;
}

/**
 * vos_link_keep_room - keep pages for the links that a session is going to have
 * @s: the session
 *
 * Context: process.
 * Return: 0, -ENOMEM.
 */
int vos_link_keep_room(struct vos_session *s)
{
	struct layout *l __free(kfree) = kzalloc(sizeof(*l), GFP_KERNEL);

	if (!l)
		return -ENOMEM;
	lay_out(l, s);
	vos_grants_keep(s, all_pages(l));
	return 0;
}

static void write_ctrl(struct vos_link *link, const struct layout *l)
{
	struct vos_ctrl __peer *ctrl = link->ctrl;

	vos_store(&ctrl->magic, VOS_MAGIC);
	vos_store(&ctrl->version, VOS_PROTOCOL_VERSION);
	vos_store(&ctrl->features, VOS_FEATURES);
	vos_store(&ctrl->nr_channels, l->nr_channels);
	vos_store(&ctrl->nr_objects, link->nr_objects);
	vos_store(&ctrl->obj_page, l->obj_page);
	vos_store(&ctrl->event_page, l->event_page);
	vos_peer_write(ctrl->channel, l->chan, sizeof(l->chan));
}

static void unbind_channels(struct vos_link *link)
{
	u32 i;

	for (i = 0; i < link->nr_channels; i++)
		vos_interrupt_unbind(&link->chan[i]);
}

/* The session takes the counters over, and from now on reads no more of the link's. */
static void keep_counters(struct vos_link *link)
{
	struct vos_session *s = link->session;
	u32 i;

	spin_lock_irq(&s->lock);
	for (i = 0; i < link->nr_channels; i++)
		vos_chan_stats_add(&s->past, &link->chan[i].stats);
	vos_told_keep(link);
	link->kept = true;
	spin_unlock_irq(&s->lock);
}

static void link_free(struct vos_link *link)
{
	u32 i;

	cancel_delayed_work_sync(&link->watch_work);
	vos_poll_end(link);
	synchronize_rcu();
	unbind_channels(link);
	for (i = 0; i < link->nr_channels; i++)
		vos_slots_exit(&link->chan[i]);
	vos_cred_exit(&link->creds);
	ida_destroy(&link->uchan_ids);
	atomic_sub(vos_area_total(&link->area), &link->session->shared);
	vos_area_free(&link->area);
	kobject_put(&link->session->kobj);
	kfree(link);
}

static void free_work(struct work_struct *work)
{
	link_free(container_of(work, struct vos_link, free_work));
}

static int init_channels(struct vos_link *link, const struct layout *l)
{
	u32 i;
	int rc;

	for (i = 0; i < l->nr_channels; i++) {
		link->nr_channels = i + 1;
		rc = vos_channel_init(&link->chan[i], link, i, &l->chan[i]);
		if (!rc)
			rc = vos_interrupt_bind(&link->chan[i]);
		if (rc)
			return rc;
	}
	return 0;
}

/**
 * vos_link_create - make memory, rings and event channels for a new incarnation
 * @s: the session that it will serve
 * @dev: its xenbus device; dev->otherend_id may map the memory
 * @failed: the work function of link->kill_work, which vos_link_fail() queues; it puts the
 *	link
 *
 * Context: process.
 * Return: the link with one reference, or ERR_PTR.
 */
struct vos_link *vos_link_create(struct vos_session *s, struct xenbus_device *dev,
				 void (*failed)(struct work_struct *work))
{
	struct layout *l __free(kfree) = kzalloc(sizeof(*l), GFP_KERNEL);
	struct vos_link *link;
	int rc;

	if (!l)
		return ERR_PTR(-ENOMEM);
	lay_out(l, s);
	/* The number of processors may have grown. */
	vos_grants_keep(s, all_pages(l));
	link = kzalloc(struct_size(link, chan, l->nr_channels), GFP_KERNEL);
	if (!link)
		return ERR_PTR(-ENOMEM);
	kref_init(&link->ref);
	link->session = s;
	kobject_get(&s->kobj);
	link->dev = dev;
	link->peer = dev->otherend_id;
	link->nr_objects = s->nr_objects;
	link->tells_cause = xenbus_read_unsigned(dev->otherend, "features", 0) & VOS_F_CAUSE;
	link->nr_sel = DIV_ROUND_UP(s->nr_objects, 64 * 64);
	ida_init(&link->uchan_ids);
	INIT_WORK(&link->kill_work, failed);
	INIT_WORK(&link->free_work, free_work);
	vos_watch_init(link);

	rc = vos_area_alloc(&link->area, s, dev->otherend_id, l->page);
	if (rc)
		goto err;
	atomic_add(vos_area_total(&link->area), &s->shared);
	link->ctrl = link->area.ctrl;
	link->obj = vos_area_page(&link->area, l->obj_page);
	link->event = vos_area_page(&link->area, l->event_page);
	write_ctrl(link, l);
	rc = vos_cred_init(&link->creds, vos_cred_tell);
	if (rc)
		goto err;
	rc = init_channels(link, l);
	if (rc)
		goto err;
	return link;
err:
	link_free(link);
	return ERR_PTR(rc);
}

/**
 * vos_link_kill - end all calls of a link whose peer is gone or is to go
 * @link: the link
 *
 * Idempotent. Calls end with -EOWNERDEAD before it returns. Afterwards a thread of the session
 * calls the session user's down().
 *
 * Context: process.
 */
void vos_link_kill(struct vos_link *link)
{
	static DEFINE_MUTEX(kill_mutex);
	u32 i;

	mutex_lock(&kill_mutex);
	if (!link->dead) {
		for (i = 0; i < link->nr_channels; i++)
			vos_channel_end_all(&link->chan[i]);
		vos_poll_end(link);
		unbind_channels(link);
		keep_counters(link);
		for (i = 0; i < link->nr_channels; i++)
			vos_channel_wake_all(&link->chan[i]);
		wake_up_all(&link->creds.idle);
		vos_door->link_dead(link);
		vos_session_link_dead(link);
	}
	mutex_unlock(&kill_mutex);
}
