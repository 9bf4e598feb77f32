// SPDX-License-Identifier: GPL-2.0
/*
 * How many pages are granted, and which session may have more.
 *
 * A page is reserved before it is granted, and counts until its grant has ended. A service that
 * keeps pages mapped keeps entries of the grant table.
 *
 * So each session has pages kept for two links: the one in use, and one whose domain has died
 * and is being freed. User channels may have the rest, and those of one service three quarters
 * of the rest. A service that keeps all it can get prevents only its own return.
 *
 * Invariant: the pages reserved for a session are those of its areas and those whose grants
 * have not ended.
 */
#include <linux/moduleparam.h>
#include <xen/grant_table.h>
#include <xen/page.h>
#include "core_priv.h"

#define OTHERS	16	/* other front ends may have one part in 16 of the table */

static DEFINE_SPINLOCK(lock);
static u64 kept;		/* for links of all sessions */
static u64 in_channels;		/* reserved for user channels of all sessions */
static u64 in_links;

static int show_granted(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%llu\n", READ_ONCE(in_channels) + READ_ONCE(in_links));
}

static const struct kernel_param_ops granted_ops = { .get = show_granted };
module_param_cb(granted_pages, &granted_ops, NULL, 0444);
MODULE_PARM_DESC(granted_pages, "pages granted now, those of dying domains included");

static u64 table_size(void)
{
	return (u64)gnttab_max_grant_frames() * (XEN_PAGE_SIZE / sizeof(struct grant_entry_v1));
}

/* Compute how many pages user channels may have in all. */
static u64 for_channels(void)
{
	u64 all = table_size(), not_ours = all / OTHERS + kept;

	return all > not_ours ? all - not_ours : 0;
}

/**
 * vos_grants_keep - keep pages for two links of a session
 * @s: the session
 * @pages: of each link; 0: keep none
 *
 * Context: process.
 */
void vos_grants_keep(struct vos_session *s, u32 pages)
{
	spin_lock(&lock);
	kept -= 2 * (u64)s->pages.link;
	s->pages.link = pages;
	kept += 2 * (u64)s->pages.link;
	spin_unlock(&lock);
}

static bool room_for_link(const struct vos_session *s, u32 nr)
{
	return s->pages.in_links + (u64)nr <= 2 * (u64)s->pages.link;
}

static bool room_for_channel(const struct vos_session *s, u32 nr)
{
	u64 most = for_channels();

	return in_channels + nr <= most && s->pages.in_channels + (u64)nr <= most - most / 4;
}

static void count(struct vos_session *s, enum vos_area_use use, s64 nr)
{
	lockdep_assert_held(&lock);
	if (use == VOS_AREA_LINK) {
		s->pages.in_links += nr;
		in_links += nr;
	} else {
		s->pages.in_channels += nr;
		in_channels += nr;
	}
}

/**
 * vos_grants_reserve - reserve pages that will be granted
 * @s: the session
 * @use: what for
 * @nr: how many
 *
 * Context: process.
 * Return: 0. -ENOSPC: the service has as many as it may have now.
 */
int vos_grants_reserve(struct vos_session *s, enum vos_area_use use, u32 nr)
{
	bool room;

	spin_lock(&lock);
	room = use == VOS_AREA_LINK ? room_for_link(s, nr) : room_for_channel(s, nr);
	if (room)
		count(s, use, nr);
	spin_unlock(&lock);
	return room ? 0 : -ENOSPC;
}

/**
 * vos_grants_release - give back reserved pages
 * @s: the session
 * @use: as they were reserved
 * @nr: how many; their grants have ended or never began
 *
 * Context: process.
 */
void vos_grants_release(struct vos_session *s, enum vos_area_use use, u32 nr)
{
	spin_lock(&lock);
	WARN_ON_ONCE((use == VOS_AREA_LINK ? s->pages.in_links : s->pages.in_channels) < nr);
	count(s, use, -(s64)nr);
	spin_unlock(&lock);
}
