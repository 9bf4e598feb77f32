// SPDX-License-Identifier: GPL-2.0
/*
 * The end of grants.
 *
 * A domain that has just died maps the primary's pages until Xen has freed it. Until then their
 * grants do not end. A domain that lives may never unmap them.
 *
 * A work item here tries them again several times a second. gnttab_end_foreign_access() by
 * itself ends ten in a second (its free_per_iteration). A few deaths in a row would use up the
 * grant table.
 *
 * Invariant: each page counts as its session's (grants.c) until its grant has ended.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include "core_priv.h"

#define TRY_EVERY	(HZ / 10 ?: 1)
#define SOON		(60 * HZ)	/* afterwards once a second */

struct deferred_area {
	struct list_head node;
	struct vos_area area;		/* pages, refs and session, which is counted */
	u32 nr;				/* grants that have not ended, in front */
	unsigned long since;
};

static LIST_HEAD(deferred);
static DEFINE_SPINLOCK(deferred_lock);

/*
 * End the grants that can be ended.
 * Return: how many are left, in front.
 */
static u32 try_end(const struct vos_area *area, u32 nr)
{
	u32 i, left = 0;

	for (i = 0; i < nr; i++) {
		if (gnttab_try_end_foreign_access(area->refs[i])) {
			put_page(area->pages[i]);
			continue;
		}
		area->pages[left] = area->pages[i];
		area->refs[left++] = area->refs[i];
	}
	vos_grants_release(area->session, area->use, nr - left);
	return left;
}

/* Leave the grants to the grant table, which tries by itself. */
static void give_up(const struct vos_area *area, u32 nr)
{
	u32 i;

	for (i = 0; i < nr; i++)
		gnttab_end_foreign_access(area->refs[i], area->pages[i]);
	vos_grants_release(area->session, area->use, nr);
}

static void area_done(const struct vos_area *area)
{
	kvfree(area->pages);
	kvfree(area->refs);
	kobject_put(&area->session->kobj);
}

static void deferred_work(struct work_struct *work);
static DECLARE_DELAYED_WORK(work, deferred_work);

static void try_all(bool last)
{
	unsigned long delay = HZ;
	struct deferred_area *e, *next;
	LIST_HEAD(mine);

	spin_lock(&deferred_lock);
	list_splice_init(&deferred, &mine);
	spin_unlock(&deferred_lock);
	list_for_each_entry_safe(e, next, &mine, node) {
		e->nr = try_end(&e->area, e->nr);
		if (time_before(jiffies, e->since + SOON))
			delay = TRY_EVERY;
		if (e->nr && !last)
			continue;
		give_up(&e->area, e->nr);
		list_del(&e->node);
		area_done(&e->area);
		kfree(e);
	}
	spin_lock(&deferred_lock);
	list_splice(&mine, &deferred);
	if (!list_empty(&deferred) && !last)
		queue_delayed_work(vos_wq, &work, delay);
	spin_unlock(&deferred_lock);
}

static void deferred_work(struct work_struct *unused)
{
	try_all(false);
}

/**
 * vos_grants_end - end the grants of an area's pages, and free the pages afterwards
 * @area: this file takes its pages and refs over
 * @nr: pages that are granted, in front
 *
 * Context: process.
 * Return: how many are still mapped.
 */
u32 vos_grants_end(const struct vos_area *area, u32 nr)
{
	u32 left = try_end(area, nr);
	struct deferred_area *e;

	/* Reclaim may wait for this thread. */
	e = left ? kmalloc(sizeof(*e), GFP_NOWAIT | __GFP_NOWARN) : NULL;
	kobject_get(&area->session->kobj);
	if (!e) {
		give_up(area, left);
		area_done(area);
		return left;
	}
	*e = (struct deferred_area){ .area = *area, .nr = left, .since = jiffies };
	spin_lock(&deferred_lock);
	list_add_tail(&e->node, &deferred);
	queue_delayed_work(vos_wq, &work, TRY_EVERY);
	spin_unlock(&deferred_lock);
	return left;
}

/**
 * vos_grants_exit - leave all pending grants to the grant table
 *
 * The module goes, and there are no areas any more.
 *
 * Context: process.
 */
void vos_grants_exit(void)
{
	cancel_delayed_work_sync(&work);
	try_all(true);
}
