// SPDX-License-Identifier: GPL-2.0
/*
 * Reads and writes of regular files by the trap door. While the data is held they use the
 * primary's page cache. While it is served, they go past the cache to the storage domain
 * (data.c). They go in parts.
 *
 * Invariant: no task is in the gate, or has the inode's lock, while a page of user memory has
 * to come. Another process may have to provide the page, and may take for ever. Held data is
 * copied with faults off. If a page is missing, the part ends, and the page is fetched before
 * the next. For served data the pages are pinned before. If they are too many, the data is
 * copied before or after. Only O_DIRECT on held data faults in the gate, since its pages may
 * have to be unshared. No task waits for it there.
 *
 * Invariant: what is written to held data was fetched before. The client does not read the old
 * contents of a page that is written whole. So no part of the source may be missing in its midst.
 *
 * A write() is one change for other writers and for a truncation, as on any local file system.
 * So it is one part, under the inode's lock, unless it is very long, a page has gone again, or
 * the disk is nearly full. Served data that takes several calls is taken back.
 *
 * A read with IOCB_NOWAIT is of cached held data. It waits for nothing but pages of user memory.
 */
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/resource.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/uaccess.h>
#include "space.h"

/* This share of memory is fetched at a time; a write up to that is rarely cut in two. */
#define FETCH_SHARE	8

enum next_part {
	NO_MORE,
	AT_ONCE,
	WHEN_FETCHED,	/* the next pages of user memory */
};

/**
 * struct vosfs_io - a read() or write() under way
 * @iocb: its file and position
 * @iter: what is left of the user memory
 * @inode: the file's
 * @write: it is a write()
 * @next: whether another part follows, and when
 * @done: bytes, by the parts before
 * @fetched: bytes of @iter whose pages came, for a write
 * @misses: parts in a row that a missing page kept from beginning
 * @room: bytes that the next part may write, for they have room on the disk
 */
struct vosfs_io {
	struct kiocb *iocb;
	struct iov_iter *iter;
	struct inode *inode;
	bool write;
	enum next_part next;
	ssize_t done;
	size_t fetched;
	unsigned int misses;
	size_t room;
};

static bool is_direct(const struct vosfs_io *io)
{
	return io->iocb->ki_flags & IOCB_DIRECT;
}

static bool may_not_wait(const struct vosfs_io *io)
{
	return io->iocb->ki_flags & IOCB_NOWAIT;
}

static bool is_append(const struct vosfs_io *io)
{
	return io->write && io->iocb->ki_flags & IOCB_APPEND;
}

/* Test for a write that takes several calls of the service. */
static bool is_long_write(const struct vosfs_io *io)
{
	size_t most = get_fuse_conn(io->inode)->max_pages;

	return io->write && iov_iter_count(io->iter) > (most - 1) << PAGE_SHIFT;
}

/*
 * Test whether the data may stay served: it is served, attached and open for writing. An inode
 * that is only read is better held: it can be read in place. Only the storage domain knows the
 * end of a served file.
 */
static bool may_stay_served(const struct vosfs_io *io)
{
	if (is_long_write(io))
		return false;
	return vosfs_data_served(io->inode) && vosfs_users_attached(io->inode) &&
	       inode_is_open_for_write(io->inode) && !is_append(io) && iov_iter_count(io->iter);
}

/* Too many pages may evict each other. */
static size_t fetch_bytes(const struct vosfs_io *io)
{
	if (io->misses > 1)
		return 1;
	return io->write ? max(SZ_1M, totalram_pages() / FETCH_SHARE << PAGE_SHIFT) : SZ_1M;
}

/*
 * Fetch the next pages, with no lock held and outside the gate.
 * Return: 0; -EFAULT. -EINTR: killed.
 */
static int fetch_pages(struct vosfs_io *io)
{
	size_t len = min(iov_iter_count(io->iter), fetch_bytes(io));
	size_t missing;

	missing = io->write ? fault_in_iov_iter_readable(io->iter, len) :
			      fault_in_iov_iter_writeable(io->iter, len);
	if (fatal_signal_pending(current))
		return -EINTR;
	io->fetched = len - missing;
	return io->fetched ? 0 : -EFAULT;
}

static ssize_t call_client(struct vosfs_io *io)
{
	return io->write ? fuse_file_operations.write_iter(io->iocb, io->iter) :
			   fuse_file_operations.read_iter(io->iocb, io->iter);
}

static ssize_t call_without_faults(struct vosfs_io *io)
{
	size_t kept_back = iov_iter_count(io->iter);
	ssize_t n;

	if (io->write && user_backed_iter(io->iter))
		iov_iter_truncate(io->iter, io->fetched);
	if (io->write)
		iov_iter_truncate(io->iter, io->room);
	kept_back -= iov_iter_count(io->iter);
	pagefault_disable();
	n = call_client(io);
	pagefault_enable();
	iov_iter_reexpand(io->iter, iov_iter_count(io->iter) + kept_back);
	return n;
}

/*
 * Test whether a missing page ended a part with @n. The end of the file or an error may also
 * have ended it.
 */
static bool was_cut_short(const struct vosfs_io *io, ssize_t n)
{
	if (!iov_iter_count(io->iter) || !user_backed_iter(io->iter))
		return false;
	if (n > 0)
		return io->write || io->iocb->ki_pos < i_size_read(io->inode);
	return n == -EFAULT;
}

/* End windows if a write changes the file's size. A window lasts as long as the size. */
static void end_windows_if_it_grows(struct vosfs_io *io)
{
	loff_t end = io->iocb->ki_pos + (loff_t)iov_iter_count(io->iter);

	if (io->write && (is_append(io) || end > i_size_read(io->inode)))
		vosfs_users_end_windows(io->inode);
}

/* Where a write is going to begin; another task may move the end of the file meanwhile. */
static loff_t begin_of(const struct vosfs_io *io)
{
	return is_append(io) ? i_size_read(io->inode) : io->iocb->ki_pos;
}

/* Make sure that there is room for some of what is cached next. Return: 0 or -errno. */
static int reserve_room(struct vosfs_io *io)
{
	size_t len = iov_iter_count(io->iter);
	ssize_t room;

	if (!io->write || is_direct(io) || !len)
		return 0;
	if (user_backed_iter(io->iter))
		len = min(len, io->fetched);
	room = vosfs_space_reserve(io->inode, begin_of(io), len);
	io->room = max_t(ssize_t, room, 0);
	return min_t(ssize_t, room, 0);
}

static int begin_held(struct vosfs_io *io)
{
	if (may_not_wait(io))
		return vosfs_data_try_begin(io->inode);
	return vosfs_data_begin(io->inode);
}

static ssize_t held_part(struct vosfs_io *io)
{
	bool direct = is_direct(io);
	ssize_t n = reserve_room(io) ?: begin_held(io);

	if (n)
		return n;
	end_windows_if_it_grows(io);
	n = direct ? call_client(io) : call_without_faults(io);
	if (io->write && n > 0)
		vosfs_blocks_wrote(io->inode, io->iocb->ki_pos - n, n);
	vosfs_data_end(io->inode);
	io->misses = n == -EFAULT ? io->misses + 1 : 0;
	if (!direct && was_cut_short(io, n))
		io->next = WHEN_FETCHED;
	return n;
}

/*
 * Carry out a part at the storage domain. When a write is answered, it is on the disk. So is
 * all that was written through doors before it (vst_write()): no replay may undo it.
 *
 * Return: true. false: the data is not served any more, or another task claims it.
 */
static bool served_part(struct vosfs_io *io, ssize_t *n)
{
	struct vosfs_part part = { .iocb = io->iocb, .iter = io->iter, .write = io->write };
	bool served;

	io->next = NO_MORE;
	if (io->write) {
		*n = generic_write_checks(io->iocb, io->iter);
		if (*n <= 0)
			return true;
	}
	served = vosfs_served_part(&part);
	*n = part.n;
	if (part.more)
		io->next = AT_ONCE;
	return served;
}

/* Test for asynchronous O_DIRECT: its end, later, reports its own bytes only. */
static bool may_end_later(const struct vosfs_io *io)
{
	return is_direct(io) && !is_sync_kiocb(io->iocb);
}

static bool has_to_fetch(const struct vosfs_io *io)
{
	return io->write && !is_direct(io) && !io->fetched && iov_iter_count(io->iter) &&
	       user_backed_iter(io->iter);
}

/*
 * Test whether a write has reached the limit. To go on would raise a signal, which is only for
 * a write that begins there.
 */
static bool is_at_limit(const struct vosfs_io *io)
{
	return io->write && io->done && io->iocb->ki_pos >= rlimit(RLIMIT_FSIZE);
}

static ssize_t do_part(struct vosfs_io *io)
{
	ssize_t n;

	if (!may_not_wait(io) && may_stay_served(io) && served_part(io, &n))
		return n;
	io->next = has_to_fetch(io) ? WHEN_FETCHED : NO_MORE;
	if (io->next != NO_MORE || (io->done && may_end_later(io)))
		return 0;
	return held_part(io);
}

/*
 * Refuse an address, a length or a position that no disk could use, in ext4's words. At the end of
 * a file there is nothing to use.
 */
static int check_alignment(const struct vosfs_io *io)
{
	loff_t pos = begin_of(io);

	if (!is_direct(io) || !iov_iter_count(io->iter))
		return 0;
	if (!io->write && pos >= i_size_read(io->inode))
		return 0;
	return (pos | iov_iter_alignment(io->iter)) & (SECTOR_SIZE - 1) ? -EINVAL : 0;
}

/*
 * Test for what waits in any case: a call of the service, or the inode's lock. ext4 refuses
 * buffered writes in these words.
 */
static int check_wait(const struct vosfs_io *io)
{
	if (!may_not_wait(io))
		return 0;
	if (is_direct(io))
		return -EAGAIN;
	return io->write ? -EOPNOTSUPP : 0;
}

/*
 * Have the client refuse a write of memory that cannot be read. As on a local file system, its
 * other checks come before, and the write takes privileges and moves times all the same.
 */
static ssize_t unreadable_part(struct vosfs_io *io)
{
	ssize_t n;

	io->fetched = 1;
	n = held_part(io);
	if (n <= 0)
		io->next = NO_MORE;
	return n;
}

static ssize_t do_io(struct kiocb *iocb, struct iov_iter *iter, bool write)
{
	struct vosfs_io io = {
		.iocb = iocb,
		.iter = iter,
		.inode = file_inode(iocb->ki_filp),
		.write = write,
		.next = AT_ONCE,
	};
	ssize_t n = check_alignment(&io) ?: check_wait(&io);

	if (n)
		return n;
	do {
		n = io.next == WHEN_FETCHED ? fetch_pages(&io) : 0;
		if (n && (n != -EFAULT || !write || io.done))
			break;
		n = n ? unreadable_part(&io) : do_part(&io);
		if (n > 0) {
			io.done += n;
			io.fetched -= min_t(size_t, n, io.fetched);
		}
	} while (io.next != NO_MORE && !is_at_limit(&io));
	return io.done ?: n;
}

/**
 * vosfs_read_iter - read from a regular file
 * @iocb: the file and the position
 * @to: user memory
 *
 * Context: process.
 * Return: bytes or -errno.
 */
ssize_t vosfs_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	return do_io(iocb, to, false);
}

/**
 * vosfs_write_iter - write to a regular file
 * @iocb: the file and the position
 * @from: user memory
 *
 * Context: process.
 * Return: bytes or -errno.
 */
ssize_t vosfs_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	return do_io(iocb, from, true);
}
