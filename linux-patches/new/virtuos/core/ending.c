// SPDX-License-Identifier: GPL-2.0
/*
 * The end of grants, and how many pages are granted.
 *
 * A domain that has just died maps our pages until Xen has taken it apart, and until
 * then their grants do not end. They are tried again several times a second here:
 * gnttab_end_foreign_access(), left to itself, ends ten in a second (its
 * free_per_iteration), and a few deaths in a row would use up the grant table.
 *
 * Invariant: each page is counted in nr_granted from its grant's beginning to its end.
 */
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/slab.h>
#include <xen/page.h>
#include "internal.h"

#define TRY_EVERY	(HZ / 10 ?: 1)
#define TRY_FOR		(60 * HZ)	/* then it is the grant table's own affair */

struct ending {
	struct list_head node;
	struct page **pages;
	grant_ref_t *refs;
	u32 nr;
	unsigned long since;
};

static atomic_t nr_granted;
static LIST_HEAD(endings);
static DEFINE_SPINLOCK(endings_lock);

static int show_granted(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%d\n", atomic_read(&nr_granted));
}

static const struct kernel_param_ops granted_ops = { .get = show_granted };
module_param_cb(granted_pages, &granted_ops, NULL, 0444);
MODULE_PARM_DESC(granted_pages, "pages granted now, those of dying domains included");

/*
 * vos_grants_room - may @nr more pages be granted for what can do without?
 *
 * A quarter of the table is kept for links and other front ends.
 */
bool vos_grants_room(u32 nr)
{
	u64 all = (u64)gnttab_max_grant_frames() * (XEN_PAGE_SIZE / sizeof(struct grant_entry_v1));

	return atomic_read(&nr_granted) + nr <= all - all / 4;
}

void vos_granted(void)
{
	atomic_inc(&nr_granted);
}

/* End what can be ended. Return: how many are left, in front. */
static u32 try_end(struct page **pages, grant_ref_t *refs, u32 nr)
{
	u32 i, left = 0;

	for (i = 0; i < nr; i++) {
		if (gnttab_try_end_foreign_access(refs[i])) {
			put_page(pages[i]);
			atomic_dec(&nr_granted);
			continue;
		}
		pages[left] = pages[i];
		refs[left++] = refs[i];
	}
	return left;
}

static void give_up(struct page **pages, grant_ref_t *refs, u32 nr)
{
	u32 i;

	for (i = 0; i < nr; i++)
		gnttab_end_foreign_access(refs[i], pages[i]);
	atomic_sub(nr, &nr_granted);
}

static void ending_free(struct ending *e)
{
	kvfree(e->pages);
	kvfree(e->refs);
	kfree(e);
}

static void endings_work(struct work_struct *work);
static DECLARE_DELAYED_WORK(work, endings_work);

static void try_all(bool last)
{
	struct ending *e, *next;
	LIST_HEAD(mine);

	spin_lock(&endings_lock);
	list_splice_init(&endings, &mine);
	spin_unlock(&endings_lock);
	list_for_each_entry_safe(e, next, &mine, node) {
		e->nr = try_end(e->pages, e->refs, e->nr);
		if (e->nr && !last && !time_after(jiffies, e->since + TRY_FOR))
			continue;
		give_up(e->pages, e->refs, e->nr);
		list_del(&e->node);
		ending_free(e);
	}
	spin_lock(&endings_lock);
	list_splice(&mine, &endings);
	if (!list_empty(&endings) && !last)
		queue_delayed_work(vos_wq, &work, TRY_EVERY);
	spin_unlock(&endings_lock);
}

static void endings_work(struct work_struct *unused)
{
	try_all(false);
}

/*
 * vos_grants_end - end the grants of pages and free these, as soon as it can be done
 * @pages, @refs: from kvcalloc(), ours from now on
 * Process context.
 */
void vos_grants_end(struct page **pages, grant_ref_t *refs, u32 nr)
{
	struct ending *e;

	nr = try_end(pages, refs, nr);
	/* Reclaim may be waiting for us. */
	e = nr ? kmalloc(sizeof(*e), GFP_NOWAIT | __GFP_NOWARN) : NULL;
	if (!e) {
		give_up(pages, refs, nr);
		kvfree(pages);
		kvfree(refs);
		return;
	}
	*e = (struct ending){ .pages = pages, .refs = refs, .nr = nr, .since = jiffies };
	spin_lock(&endings_lock);
	list_add_tail(&e->node, &endings);
	queue_delayed_work(vos_wq, &work, TRY_EVERY);
	spin_unlock(&endings_lock);
}

/* The module goes, and there are no areas any more. */
void vos_grants_exit(void)
{
	cancel_delayed_work_sync(&work);
	try_all(true);
}
