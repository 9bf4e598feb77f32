// SPDX-License-Identifier: GPL-2.0
/*
 * The memory that one link or one user channel shares. The primary allocates, zeroes and grants
 * it, so it survives the peer.
 *
 * Invariant: a page goes back to the allocator only after its grant has ended (deferred.c).
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <xen/page.h>
#include "core_priv.h"

/**
 * vos_area_total - count the pages of an area
 * @area: the area
 *
 * Return: the pages of the area and, unless it is plain, of its directory and control page.
 */
u32 vos_area_total(const struct vos_area *area)
{
	return area->nr_dir ? area->nr_pages + area->nr_dir + 1 : area->nr_pages;
}

static int grant_page(struct vos_area *area, u32 i)
{
	/* An area without a directory is for a process, whose cgroup is charged. */
	struct page *page = alloc_page((area->nr_dir ? GFP_KERNEL : GFP_KERNEL_ACCOUNT) |
				       __GFP_ZERO);
	int ref;

	if (!page)
		return -ENOMEM;
	ref = gnttab_grant_foreign_access(area->peer, xen_page_to_gfn(page), 0);
	if (ref < 0) {
		__free_page(page);
		return ref;
	}
	area->pages[i] = page;
	area->refs[i] = ref;
	return 0;
}

/* Allocate and grant all pages that vos_area_total() counts. */
static int grant_pages(struct vos_area *area)
{
	u32 i;
	int rc;

	rc = vos_grants_reserve(area->session, area->use, vos_area_total(area));
	if (rc)
		return rc;
	area->reserved = true;
	area->pages = kvcalloc(vos_area_total(area), sizeof(*area->pages), GFP_KERNEL);
	area->refs = kvcalloc(vos_area_total(area), sizeof(*area->refs), GFP_KERNEL);
	if (!area->pages || !area->refs)
		return -ENOMEM;
	for (i = 0; i < vos_area_total(area); i++) {
		rc = grant_page(area, i);
		if (rc)
			return rc;
	}
	area->vaddr = vmap(area->pages, area->nr_pages, VM_MAP, PAGE_KERNEL);
	return area->vaddr ? 0 : -ENOMEM;
}

/* Write the area's grants to the directory, and the directory's to the control page. */
static void write_directory(struct vos_area *area)
{
	u32 i;

	for (i = 0; i < area->nr_pages; i++) {
		struct page *dir = area->pages[area->nr_pages + i / VOS_REFS_PER_DIR];
		u32 __peer *ref = (u32 __peer *)page_address(dir);

		vos_store(&ref[i % VOS_REFS_PER_DIR], area->refs[i]);
	}
	for (i = 0; i < area->nr_dir; i++)
		vos_store(&area->ctrl->dir_ref[i], area->refs[area->nr_pages + i]);
	vos_store(&area->ctrl->nr_dir, area->nr_dir);
	vos_store(&area->ctrl->area_pages, area->nr_pages);
}

static void begin(struct vos_area *area, struct vos_session *s, enum vos_area_use use,
		  domid_t peer, u32 nr_pages)
{
	memset(area, 0, sizeof(*area));
	area->session = s;
	area->use = use;
	area->peer = peer;
	area->nr_pages = nr_pages;
}

/**
 * vos_area_alloc - allocate and grant the memory of a link
 * @area: filled
 * @s: the session, whose pages these are
 * @peer: the domain that may map the pages
 * @nr_pages: size without directory and control page, up to VOS_MAX_DIR_PAGES *
 *	VOS_REFS_PER_DIR
 *
 * Context: process.
 * Return: 0, -EINVAL, -ENOMEM. -ENOSPC: no grant reference is free, or the service has as many
 * as it may.
 */
int vos_area_alloc(struct vos_area *area, struct vos_session *s, domid_t peer, u32 nr_pages)
{
	int rc;

	begin(area, s, VOS_AREA_LINK, peer, nr_pages);
	area->nr_dir = DIV_ROUND_UP(nr_pages, VOS_REFS_PER_DIR);
	if (!nr_pages || area->nr_dir > VOS_MAX_DIR_PAGES)
		return -EINVAL;

	rc = grant_pages(area);
	if (rc) {
		vos_area_free(area);
		return rc;
	}
	area->ctrl = (struct vos_ctrl __peer *)page_address(area->pages[nr_pages + area->nr_dir]);
	write_directory(area);
	return 0;
}

/**
 * vos_area_alloc_plain - allocate and grant the memory of a user channel
 * @area: filled
 * @s: the session, whose pages these are
 * @peer: the domain that may map the pages
 * @nr_pages: size
 *
 * The area has no directory and no control page.
 *
 * Context: process.
 * Return: 0, -ENOMEM, -ENOSPC as vos_area_alloc() says.
 */
int vos_area_alloc_plain(struct vos_area *area, struct vos_session *s, domid_t peer,
			 u32 nr_pages)
{
	int rc;

	begin(area, s, VOS_AREA_CHANNEL, peer, nr_pages);
	rc = grant_pages(area);
	if (rc)
		vos_area_free(area);
	return rc;
}

/**
 * vos_area_free - end an area's grants and free its pages
 * @area: the area; a vos_area_alloc() that failed half-way may have left it
 *
 * Idempotent. deferred.c waits for the pages that the peer has still mapped.
 *
 * Context: process.
 * Return: how many pages the peer has still mapped.
 */
u32 vos_area_free(struct vos_area *area)
{
	u32 nr = 0, left = 0;

	if (area->vaddr)
		vunmap(area->vaddr);
	if (area->pages && area->refs) {
		while (nr < vos_area_total(area) && area->pages[nr])
			nr++;
		left = vos_grants_end(area, nr);
	} else {
		kvfree(area->pages);
		kvfree(area->refs);
	}
	if (area->reserved)
		vos_grants_release(area->session, area->use, vos_area_total(area) - nr);
	memset(area, 0, sizeof(*area));
	return left;
}

/**
 * vos_area_ctrl_ref - get the grant of a link's control page
 * @area: the link's memory
 *
 * Return: the grant reference.
 */
grant_ref_t vos_area_ctrl_ref(const struct vos_area *area)
{
	return area->refs[vos_area_total(area) - 1];
}
