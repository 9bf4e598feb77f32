// SPDX-License-Identifier: GPL-2.0
/*
 * Pages of a caller's buffer, pinned before the caller takes a lock or enters a gate. How soon
 * a page comes, its owner decides: it may belong to userfaultfd, or to a file of a server that
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
 * @nr: number of pages
 * @max: room for so many
 * @page: one for each of @bvec
 * @bvec: the part of each page
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

/* Add @bytes from @offset on of the pages that follow the last of @p. */
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
 * It sleeps until the pages have come, or until killed.
 *
 * Context: process.
 * Return: some pages, and vosfs_unpin() follows; or ERR_PTR, and @iter stays where it is.
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

/**
 * vosfs_pinned_iter - get the iterator over pinned pages
 * @p: the pages
 *
 * Return: the iterator.
 */
struct iov_iter *vosfs_pinned_iter(struct vosfs_pinned *p)
{
	return &p->iter;
}

/**
 * vosfs_pinned_bytes - get the number of pinned bytes
 * @p: the pages
 *
 * Return: bytes.
 */
size_t vosfs_pinned_bytes(const struct vosfs_pinned *p)
{
	return p->bytes;
}

/**
 * vosfs_unpin - unpin pages
 * @p: the pages
 * @written: the kernel has written to them
 *
 * Context: process.
 */
void vosfs_unpin(struct vosfs_pinned *p, bool written)
{
	unpin_user_pages_dirty_lock(p->page, p->nr, written);
	kfree(p);
}
