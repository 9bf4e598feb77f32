// SPDX-License-Identifier: GPL-2.0
/*
 * Reads and writes of served data (data.c) by the trap door: at the storage domain, past all
 * caches here. One call of the service carries one part.
 *
 * A task in the gate waits for no page of user memory (io.c). The pages are pinned before, or the
 * data is copied outside the gate if it lies on more pages than a call has.
 */
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include "data.h"

static struct inode *inode_of(const struct vosfs_part *p)
{
	return file_inode(p->iocb->ki_filp);
}

/* Note the end of a part that had @bytes. */
static void end_part(struct vosfs_part *p, size_t bytes)
{
	p->more = p->n == bytes && iov_iter_count(p->iter);
}

/*
 * @iter needs no faults.
 * Return: true. false: the data is not served any more, or claimed.
 */
static bool carry_out(struct vosfs_part *p, struct iov_iter *iter)
{
	struct fuse_io_priv priv = FUSE_IO_PRIV_SYNC(p->iocb);
	struct vosfs_data *d = vosfs_data_known(inode_of(p));

	if (!vosfs_gate_try_enter_served(d))
		return false;
	p->n = fuse_direct_io(&priv, iter, &p->iocb->ki_pos,
			      FUSE_DIO_CUSE | (p->write ? FUSE_DIO_WRITE : 0));
	vosfs_gate_leave_served(d);
	if (p->n > 0 && !p->write)
		file_accessed(p->iocb->ki_filp);
	return true;
}

static bool pinned_part(struct vosfs_part *p)
{
	unsigned int most = get_fuse_conn(inode_of(p))->max_pages;
	struct vosfs_pinned *pages = vosfs_pin(p->iter, most);
	bool served;
	size_t bytes;

	if (IS_ERR(pages)) {
		p->n = PTR_ERR(pages);
		return true;
	}
	bytes = vosfs_pinned_bytes(pages);
	served = carry_out(p, vosfs_pinned_iter(pages));
	vosfs_unpin(pages, !p->write && p->n > 0);
	iov_iter_revert(p->iter, bytes - max(p->n, 0));
	end_part(p, bytes);
	return served;
}

/* Test for small buffers on so many pages that pinned ones would take several calls. */
static bool is_scattered(const struct vosfs_part *p)
{
	int most = get_fuse_conn(inode_of(p))->max_pages;
	int whole = DIV_ROUND_UP(min_t(size_t, iov_iter_count(p->iter), MAX_RW_COUNT), PAGE_SIZE);

	if (!p->write)
		most = max(most, 2 * whole);
	return iov_iter_npages(p->iter, most + 1) > most;
}

/* Give what was read to the program, as far as it can be given. */
static void give_copy(struct vosfs_part *p, const void *copy)
{
	size_t given = copy_to_iter(copy, p->n, p->iter);

	p->iocb->ki_pos -= p->n - given;
	p->n = given ?: -EFAULT;
}

static bool copied_part(struct vosfs_part *p)
{
	size_t most = (get_fuse_conn(inode_of(p))->max_pages - 1) << PAGE_SHIFT;
	struct kvec copy = { .iov_len = min(iov_iter_count(p->iter), most) };
	struct iov_iter iter;
	bool served = true;

	copy.iov_base = kvmalloc(copy.iov_len, GFP_KERNEL_ACCOUNT);
	if (!copy.iov_base) {
		p->n = -ENOMEM;
		return true;
	}
	if (p->write)
		copy.iov_len = copy_from_iter(copy.iov_base, copy.iov_len, p->iter);
	iov_iter_kvec(&iter, p->write ? ITER_SOURCE : ITER_DEST, &copy, 1, copy.iov_len);
	if (copy.iov_len)
		served = carry_out(p, &iter);
	else
		p->n = -EFAULT;
	if (p->write)
		iov_iter_revert(p->iter, copy.iov_len - max(p->n, 0));
	else if (p->n > 0)
		give_copy(p, copy.iov_base);
	end_part(p, copy.iov_len);
	kvfree(copy.iov_base);
	return served;
}

/**
 * vosfs_served_part - carry out a part of a read() or write() at the storage domain
 * @p: the part; @p->n and @p->more are 0
 *
 * Context: process.
 * Return: true. false: the data is not served any more, or another task claims it, and nothing
 *	was done.
 */
bool vosfs_served_part(struct vosfs_part *p)
{
	if (!user_backed_iter(p->iter))
		return carry_out(p, p->iter);
	return is_scattered(p) ? copied_part(p) : pinned_part(p);
}
