// SPDX-License-Identifier: GPL-2.0
/*
 * A link: one incarnation of a service domain as the primary sees it. Made when
 * its xenbus device can be set up, killed once, freed when the last call that
 * belongs to it is put.
 *
 * Invariant: vos_link_kill() ends every call and is the only way a link ends;
 * afterwards nothing of the peer is read.
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

/* As vos_area_total() will say. */
static u32 all_pages(const struct layout *l)
{
	return l->page + DIV_ROUND_UP(l->page, VOS_REFS_PER_DIR) + 1;
}

/*
 * vos_link_keep_room - have pages kept for the links that @s is going to have
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
	vos_store(&ctrl->features, VOS_F_EVENTS | VOS_F_HEARTBEAT | VOS_F_USER_CHANNELS);
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

static void add_past(struct vos_session *s, const struct vos_chan_stats *c)
{
	unsigned long flags;

	spin_lock_irqsave(&s->lock, flags);
	s->past.calls += c->calls;
	s->past.sends += c->sends;
	s->past.interrupts += c->interrupts;
	s->past.throttled += c->throttled;
	s->past.completions += c->completions;
	s->past.spun += c->spun;
	s->past.slept += c->slept;
	s->past.idled += c->idled;
	s->past.bytes += c->bytes;
	spin_unlock_irqrestore(&s->lock, flags);
}

static void link_free(struct vos_link *link)
{
	u32 i;

	cancel_delayed_work_sync(&link->watch_work);
	vos_look_end(link);
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

/*
 * vos_link_create - memory, rings and event channels for a new incarnation
 * @s: session it will serve
 * @dev: its xenbus device; dev->otherend_id may map the memory
 * @failed: what vos_link_fail() has done, with link->kill_work; must put the link
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
	/* There may be more processors than there were. */
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

/*
 * vos_link_kill - the peer is gone, or shall be: end all calls
 *
 * Idempotent; process context. Calls end with -EOWNERDEAD before it returns; the
 * session's user is told afterwards, in a thread of the session.
 */
void vos_link_kill(struct vos_link *link)
{
	static DEFINE_MUTEX(kill_mutex);
	u32 i;

	mutex_lock(&kill_mutex);
	if (!link->dead) {
		for (i = 0; i < link->nr_channels; i++)
			vos_channel_end_all(&link->chan[i]);
		vos_look_end(link);
		unbind_channels(link);
		for (i = 0; i < link->nr_channels; i++)
			add_past(link->session, &link->chan[i].stats);
		for (i = 0; i < link->nr_channels; i++)
			vos_channel_rouse(&link->chan[i]);
		wake_up_all(&link->creds.idle);
		vos_door->link_dead(link);
		vos_session_link_dead(link);
	}
	mutex_unlock(&kill_mutex);
}
