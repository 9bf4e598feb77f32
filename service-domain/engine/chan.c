// SPDX-License-Identifier: GPL-2.0
/*
 * One channel, from the service domain's side: its rings and its memory for calls. run.c has
 * what happens on it.
 *
 * Invariant: a description that does not lie within the mapped area is refused.
 */
#include <linux/slab.h>
#include "engine_priv.h"

static bool page_range_ok(const struct veng_map *map, u32 page, u32 n)
{
	return page <= map->nr_pages && n <= map->nr_pages - page;
}

static u32 ring_pages(u32 entries)
{
	return DIV_ROUND_UP(entries * VOS_ENTRY_SIZE, VOS_PAGE_SIZE);
}

static bool desc_ok(const struct veng_map *map, const struct vos_channel_desc *d)
{
	return d->entries >= 64 && d->entries <= VOS_MAX_RING_ENTRIES &&
	       is_power_of_2(d->entries) &&
	       d->arena_pages && d->arena_pages <= VOS_MAX_ARENA_PAGES &&
	       page_range_ok(map, d->hdr_page, 1) &&
	       page_range_ok(map, d->sq_page, ring_pages(d->entries)) &&
	       page_range_ok(map, d->cq_page, ring_pages(d->entries)) &&
	       page_range_ok(map, d->arena_page, d->arena_pages);
}

/**
 * veng_chan_attach - allocate the calls of a channel or lane whose rings are set
 * @chan: the channel or lane
 * @entries: of its rings
 *
 * Return: 0 or -ENOMEM.
 */
int veng_chan_attach(struct veng_chan *chan, u32 entries)
{
	u32 i;

	spin_lock_init(&chan->lock);
	INIT_LIST_HEAD(&chan->free);
	INIT_LIST_HEAD(&chan->polled_node);
	chan->calls = kvcalloc(entries, sizeof(*chan->calls), GFP_KERNEL);
	if (!chan->calls)
		return -ENOMEM;
	for (i = 0; i < entries; i++) {
		chan->calls[i].conn = chan->conn;
		chan->calls[i].chan = chan;
		list_add_tail(&chan->calls[i].node, &chan->free);
	}
	return 0;
}

/**
 * veng_chan_init - attach to the channel that @d describes
 * @chan: filled
 * @conn: its connection
 * @nr: its number
 * @d: a private copy
 *
 * The caller binds the event channel.
 *
 * Return: 0, -EINVAL, -ENOMEM.
 */
int veng_chan_init(struct veng_chan *chan, struct veng_conn *conn, u32 nr,
		   const struct vos_channel_desc *d)
{
	struct vos_channel_page __peer *hdr;

	if (!desc_ok(&conn->map, d))
		return -EINVAL;
	chan->conn = conn;
	chan->nr = nr;
	hdr = veng_map_page(&conn->map, d->hdr_page);
	vos_ring_init(&chan->sq, &hdr->sq, veng_map_page(&conn->map, d->sq_page), d->entries,
		      VOS_SQ_PHASE);
	vos_ring_init(&chan->cq, &hdr->cq, veng_map_page(&conn->map, d->cq_page), d->entries,
		      VOS_CQ_PHASE);
	chan->arena = veng_map_page(&conn->map, d->arena_page);
	chan->arena_bytes = d->arena_pages << VOS_PAGE_SHIFT;
	return veng_chan_attach(chan, d->entries);
}

/**
 * veng_chan_exit - free the calls of a channel or lane
 * @chan: no call is in flight on it
 *
 * Idempotent.
 */
void veng_chan_exit(struct veng_chan *chan)
{
	WARN_ON_ONCE(chan->inflight);
	kvfree(chan->calls);
	chan->calls = NULL;
}
