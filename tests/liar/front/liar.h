/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A front end that lies: a connection with a service domain, with rings of its own, beside
 * those of the primary that it is loaded into. For tests alone (tests/system/test_fronts.py).
 *
 *	front.c   the device: makes the connection, has the lie told, ends it
 *	page.c    lies of the control page and of what it names, told before the connection
 *	play.c    lies told by a connection that was made
 */
#ifndef LIAR_H
#define LIAR_H

#include <linux/types.h>
#include <linux/workqueue.h>
#include <xen/grant_table.h>
#include <xen/interface/event_channel.h>
#include <virtuos/abi.h>
#include <virtuos/ops.h>
#include <virtuos/ring.h>

/* The area. */
enum { EVENT_PAGE, OBJ_PAGE, HDR_PAGE, SQ_PAGE, CQ_PAGE, ARENA_PAGE };

#define ARENA_PAGES	4u
#define AREA_PAGES	(ARENA_PAGE + ARENA_PAGES)
#define DIR_PAGE	AREA_PAGES
#define CTRL_PAGE	(AREA_PAGES + 1)
#define ALL_PAGES	(AREA_PAGES + 2)
#define ENTRIES		64u
#define OBJECTS		64u

struct front {
	struct xenbus_device *dev;
	struct page *page[ALL_PAGES];
	grant_ref_t ref[ALL_PAGES];
	struct vos_ctrl *ctrl;
	evtchn_port_t evtchn;
	struct vos_ring sq;
	struct vos_ring cq;
	struct work_struct play;
	char lie[32];
	bool over;
};

void liar_page(struct front *f);
void liar_play(struct front *f);

static inline void *front_page(const struct front *f, u32 page)
{
	return page_address(f->page[page]);
}

#endif
