// SPDX-License-Identifier: GPL-2.0
/*
 * Pages of a caller's buffer, pinned before anything is taken that others may want: a page
 * comes when its owner likes, for it may be userfaultfd's, or a file's of a server that
 * is a process.
 */
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include "data.h"

/**
 * struct vosfs_pinned - pages of user memory as an iterator that never faults
 * @iter: over them
 * @bytes: of all of them
 * @nr: of pages
 * @max: room for so many
 * @page: one for each of @bvec
 * @bvec: what of each page
 */
struct vosfs_pinned {
	struct iov_iter iter;
	size_t bytes;
	unsigned int nr;
	unsigned int max;
	struct page **page;
	struct bio_vec bvec[];
};

static struct vosfs_pinned *pinned_alloc(unsigned int max)
{
	struct vosfs_pinned *p;

	p = kmalloc(struct_size(p, bvec, max) + max * sizeof(*p->page), GFP_KERNEL);
	if (!p)
		return NULL;
	p->page = (struct page **)&p->bvec[max];
	p->max = max;
	p->nr = 0;
	p->bytes = 0;
	return p;
}

/* @bytes from @offset of the first of the pages that follow the last of @p. */
static void add_pages(struct vosfs_pinned *p, size_t offset, size_t bytes)
{
	p->bytes += bytes;
	while (bytes) {
		size_t len = min(bytes, PAGE_SIZE - offset);

		bvec_set_page(&p->bvec[p->nr], p->page[p->nr], len, offset);
		p->nr++;
		bytes -= len;
		offset = 0;
	}
}

/**
 * vosfs_pin - pin what an iterator begins with, and advance it
 * @iter: of user memory
 * @max_pages: not 0
 *
 * Sleeps for as long as the pages take to come, or until killed.
 *
 * Return: some pages,
 * vosfs_unpin() follows; or ERR_PTR, and @iter stays where it is.
 */
struct vosfs_pinned *vosfs_pin(struct iov_iter *iter, unsigned int max_pages)
{
	struct vosfs_pinned *p = pinned_alloc(iov_iter_npages(iter, max_pages));
	ssize_t n = 0;

	if (!p)
		return ERR_PTR(-ENOMEM);
	while (p->nr < p->max && iov_iter_count(iter)) {
		struct page **pages = p->page + p->nr;
		size_t offset;

		n = iov_iter_extract_pages(iter, &pages, SIZE_MAX, p->max - p->nr, 0, &offset);
		if (n <= 0)
			break;
		add_pages(p, offset, n);
	}
	if (p->nr) {
		iov_iter_bvec(&p->iter, iov_iter_rw(iter), p->bvec, p->nr, p->bytes);
		return p;
	}
	kfree(p);
	return ERR_PTR(n < 0 ? n : -EFAULT);
}

struct iov_iter *vosfs_pinned_iter(struct vosfs_pinned *p)
{
	return &p->iter;
}

size_t vosfs_pinned_bytes(const struct vosfs_pinned *p)
{
	return p->bytes;
}

/**
 * vosfs_unpin - let the pages go
 * @p: them
 * @written: by us
 */
void vosfs_unpin(struct vosfs_pinned *p, bool written)
{
	unpin_user_pages_dirty_lock(p->page, p->nr, written);
	kfree(p);
}
