// SPDX-License-Identifier: GPL-2.0
/*
 * Account pages: memory in which a process's threads count. claim.c says what is read there.
 *
 * Invariant: a page lives as long as its door, its mapping, or a thread that has a slot.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include "door_priv.h"

/**
 * vdoor_account_page_new - make an account page
 * @mm: the address space that it is for
 *
 * Context: process.
 * Return: the page with one reference, or NULL.
 */
struct vdoor_account_page *vdoor_account_page_new(struct mm_struct *mm)
{
	struct vdoor_account_page *p = kzalloc(sizeof(*p), GFP_KERNEL_ACCOUNT);

	if (!p)
		return NULL;
	kref_init(&p->ref);
	p->mm = mm;
	p->page = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (p->page)
		return p;
	kfree(p);
	return NULL;
}

static void page_free(struct kref *ref)
{
	struct vdoor_account_page *p = container_of(ref, struct vdoor_account_page, ref);

	put_page(p->page);
	kfree(p);
}

/**
 * vdoor_account_page_put - put a reference on an account page
 * @p: the page
 *
 * Context: any.
 */
void vdoor_account_page_put(struct vdoor_account_page *p)
{
	kref_put(&p->ref, page_free);
}

/**
 * vdoor_drop_accounts - put the account pages of a door that is freed
 * @door: the door
 *
 * Context: any.
 */
void vdoor_drop_accounts(struct vdoor *door)
{
	struct vdoor_account_page *p;

	while ((p = door->account_pages)) {
		door->account_pages = p->next;
		vdoor_account_page_put(p);
	}
}

/**
 * vdoor_account_page_get_for - get the page that an address space sees of an account page
 * @p: the account page; the caller keeps it
 * @mm: the address space
 *
 * A child of fork() gets a page that belongs to no thread: it counts there what no one reads.
 *
 * Context: process.
 * Return: the page with a reference, or NULL.
 */
struct page *vdoor_account_page_get_for(struct vdoor_account_page *p, const struct mm_struct *mm)
{
	if (mm != p->mm)
		return alloc_page(GFP_HIGHUSER | __GFP_ZERO | __GFP_ACCOUNT);
	get_page(p->page);
	return p->page;
}
