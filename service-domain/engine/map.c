// SPDX-License-Identifier: GPL-2.0
/*
 * Mapping of the primary's pages at one contiguous kernel address, once for the life of a
 * connection. In a PV domain the grant map operation itself writes the page-table entry of a
 * foreign frame (GNTMAP_contains_pte).
 *
 * Invariant: what was mapped is unmapped, also after a map that failed half-way. If an address
 * range could not be unmapped, it is never used again.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <asm/xen/hypercall.h>
#include <asm/xen/page.h>
#include <xen/xen.h>
#include "engine_priv.h"

#define BATCH 64u

struct collect {
	struct veng_map *map;
	u32 next;
};

static int collect_pte(pte_t *pte, unsigned long addr, void *data)
{
	struct collect *c = data;

	c->map->ptes[c->next++] = arbitrary_virt_to_machine(pte).maddr;
	return 0;
}

static int reserve(struct veng_map *map)
{
	size_t bytes = (size_t)map->nr_pages << PAGE_SHIFT;
	struct collect c = { .map = map };

	map->handles = kvcalloc(map->nr_pages, sizeof(*map->handles), GFP_KERNEL);
	map->ptes = kvcalloc(map->nr_pages, sizeof(*map->ptes), GFP_KERNEL);
	map->area = get_vm_area(bytes, VM_IOREMAP);
	if (!map->handles || !map->ptes || !map->area)
		return -ENOMEM;
	return apply_to_page_range(&init_mm, (unsigned long)map->area->addr, bytes,
				   collect_pte, &c);
}

static int map_batch(struct veng_map *map, domid_t domid, const grant_ref_t *refs,
		     u32 first, u32 n)
{
	struct gnttab_map_grant_ref *op = kcalloc(n, sizeof(*op), GFP_KERNEL);
	int rc = 0;
	u32 i;

	if (!op)
		return -ENOMEM;
	for (i = 0; i < n; i++)
		gnttab_set_map_op(&op[i], map->ptes[first + i],
				  GNTMAP_host_map | GNTMAP_contains_pte,
				  refs[first + i], domid);
	gnttab_batch_map(op, n);
	for (i = 0; i < n; i++) {
		if (op[i].status == GNTST_okay)
			map->handles[first + i] = op[i].handle;
		else
			rc = -EFAULT;
	}
	kfree(op);
	return rc;
}

/**
 * veng_map_refs - map pages that a domain granted to this one
 * @map: filled; empty after an error
 * @domid: the domain
 * @refs: the grants
 * @n: their number
 *
 * Context: process.
 * Return: 0; -EFAULT a grant cannot be mapped; -ENOMEM; -EOPNOTSUPP not PV.
 */
int veng_map_refs(struct veng_map *map, domid_t domid, const grant_ref_t *refs, u32 n)
{
	u32 i;
	int rc;

	memset(map, 0, sizeof(*map));
	if (!xen_pv_domain())
		return -EOPNOTSUPP;
	map->nr_pages = n;
	rc = reserve(map);
	for (i = 0; map->handles && i < n; i++)
		map->handles[i] = INVALID_GRANT_HANDLE;
	for (i = 0; !rc && i < n; i += BATCH)
		rc = map_batch(map, domid, refs, i, min(BATCH, n - i));
	if (rc)
		veng_unmap(map);
	return rc;
}

static bool unmap_page(struct veng_map *map, u32 i)
{
	struct gnttab_unmap_grant_ref op;

	if (map->handles[i] == INVALID_GRANT_HANDLE)
		return true;
	gnttab_set_unmap_op(&op, map->ptes[i], GNTMAP_host_map | GNTMAP_contains_pte,
			    map->handles[i]);
	if (HYPERVISOR_grant_table_op(GNTTABOP_unmap_grant_ref, &op, 1))
		return false;
	map->handles[i] = INVALID_GRANT_HANDLE;
	return op.status == GNTST_okay;
}

/**
 * veng_unmap - unmap what veng_map_refs() mapped
 * @map: not in use any more
 *
 * Idempotent.
 *
 * Context: process.
 */
void veng_unmap(struct veng_map *map)
{
	bool clean = true;
	u32 i;

	for (i = 0; map->area && map->handles && i < map->nr_pages; i++)
		clean &= !veng_lie_keeps_pages() && unmap_page(map, i);
	if (map->area && clean)
		free_vm_area(map->area);
	else if (map->area)
		pr_alert("virtuos: %u pages could not be unmapped\n", map->nr_pages);
	kvfree(map->handles);
	kvfree(map->ptes);
	memset(map, 0, sizeof(*map));
}
