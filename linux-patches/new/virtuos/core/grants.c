// SPDX-License-Identifier: GPL-2.0
/*
 * How many pages are granted, and to whom there may be more.
 *
 * A page is reserved before it is granted, and counts until its grant has ended: a service
 * that keeps pages mapped keeps the grant table's entries. So each session has a room of
 * its own for links, for the one in use and one whose domain has died and is being taken
 * apart; what user channels may have is what that leaves, and three quarters of it for one
 * service at most. A service that keeps all it can get keeps only itself from coming back.
 *
 * Invariant: what is reserved for a session is what its areas have, and what is ending.
 */
#include <linux/moduleparam.h>
#include <xen/grant_table.h>
#include <xen/page.h>
#include "core_priv.h"

#define OTHERS	16	/* one part of the table in so many is for other front ends */

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

/* What user channels may have in all. */
static u64 for_channels(void)
{
	u64 all = table_size(), not_ours = all / OTHERS + kept;

	return all > not_ours ? all - not_ours : 0;
}

/*
 * vos_grants_keep - room for two links of @s, of @pages each; 0: for none
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

/*
 * vos_grants_reserve - @nr pages more for @s, to be granted from now on
 * Return: 0; -ENOSPC not now: the service has as many as it may.
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

/*
 * vos_grants_release - the grants of @nr of them have ended, or never began
 */
void vos_grants_release(struct vos_session *s, enum vos_area_use use, u32 nr)
{
	spin_lock(&lock);
	WARN_ON_ONCE((use == VOS_AREA_LINK ? s->pages.in_links : s->pages.in_channels) < nr);
	count(s, use, -(s64)nr);
	spin_unlock(&lock);
}
