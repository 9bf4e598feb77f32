/* SPDX-License-Identifier: GPL-2.0 */
/* Pages that the primary owns and grants to a service domain. */
#ifndef VOS_CORE_AREA_H
#define VOS_CORE_AREA_H

#include <linux/mm_types.h>
#include <linux/types.h>
#include <xen/grant_table.h>
#include <virtuos/abi.h>
#include <virtuos/ring.h>

struct vos_session;

/* area.c */
enum vos_area_use { VOS_AREA_LINK, VOS_AREA_CHANNEL };

struct vos_area {
	struct vos_session *session;	/* their session */
	enum vos_area_use use;
	bool reserved;
	domid_t peer;
	u32 nr_pages;
	u32 nr_dir;
	struct page **pages;		/* area, then directory and control page, if any */
	grant_ref_t *refs;
	void *vaddr;			/* the area, contiguous; see vos_area_page() */
	struct vos_ctrl __peer *ctrl;
};

int vos_area_alloc(struct vos_area *area, struct vos_session *s, domid_t peer, u32 nr_pages);
int vos_area_alloc_plain(struct vos_area *area, struct vos_session *s, domid_t peer,
			 u32 nr_pages);
u32 vos_area_free(struct vos_area *area);
grant_ref_t vos_area_ctrl_ref(const struct vos_area *area);
u32 vos_area_total(const struct vos_area *area);

static inline void __peer *vos_area_page(const struct vos_area *area, u32 page)
{
	return (void __peer *)area->vaddr + ((size_t)page << PAGE_SHIFT);
}

#endif
