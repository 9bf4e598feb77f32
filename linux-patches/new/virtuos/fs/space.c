// SPDX-License-Identifier: GPL-2.0
/*
 * Room on the disk for what is cached here. A write is accepted only if its data will have blocks
 * when it is written back. So write() itself says ENOSPC, as with delayed allocation, and no data
 * that was accepted is lost.
 *
 * As long as much is free, writes take from an allowance: a quarter of what is free beyond all
 * cached data, for a second. What else uses the disk in that second has the rest. When less than
 * VOSFS_SPACE_NEAR is free, all cached data is written back. From then on the storage domain
 * allocates the blocks of each write before the write is accepted.
 *
 * Invariant: while space.near is set, data without blocks is cached only by writes that took from
 * the allowance before.
 */
#include <linux/backing-dev.h>
#include <linux/fs.h>
#include <linux/pagemap.h>
#include <linux/sizes.h>
#include "space.h"
#include <linux/falloc.h>

#define VOSFS_SPACE_NEAR	SZ_64M

static struct vosfs_space *space_of(struct inode *inode)
{
	struct vosfs_conn *conn = get_fuse_conn(inode)->iq.priv;

	return &conn->space;
}

/* Bytes that are cached and may not be on the disk yet. */
static u64 cached_bytes(const struct super_block *sb)
{
	struct bdi_writeback *wb = &sb->s_bdi->wb;

	return (u64)(wb_stat_sum(wb, WB_RECLAIMABLE) + wb_stat_sum(wb, WB_WRITEBACK)) << PAGE_SHIFT;
}

/* Errors are those of the files whose data it was, which their mappings keep. */
static void write_all_back(struct super_block *sb)
{
	down_read(&sb->s_umount);
	sync_filesystem(sb);
	up_read(&sb->s_umount);
}

/*
 * Ask how much is free, and allow writes from it. A page fault holds locks under which it cannot
 * write everything back; it leaves that to the next write().
 */
static int renew(struct vosfs_space *space, struct super_block *sb, bool fault)
{
	u64 cached = cached_bytes(sb), avail;
	int err = vosfs_statfs_free(get_fuse_mount_super(sb), &avail);

	lockdep_assert_held(&space->mutex);
	if (err)
		return err;
	avail -= min(avail, cached);
	WRITE_ONCE(space->until, jiffies + HZ);
	if (avail >= (space->near ? 2 : 1) * (u64)VOSFS_SPACE_NEAR) {
		WRITE_ONCE(space->near, false);
		atomic64_set(&space->left, avail / 4);
		return 0;
	}
	atomic64_set(&space->left, 0);
	if (fault)
		WRITE_ONCE(space->until, jiffies);
	if (fault || space->near)
		return 0;
	WRITE_ONCE(space->near, true);
	write_all_back(sb);
	return 0;
}

static bool take(struct vosfs_space *space, size_t len)
{
	return time_before(jiffies, READ_ONCE(space->until)) &&
	       atomic64_sub_return(len, &space->left) >= 0;
}

/* Return: 1: taken. 0: little is free, blocks have to be allocated. -errno. */
static int take_or_renew(struct vosfs_space *space, struct super_block *sb, size_t len, bool fault)
{
	bool taken;
	int err;

	if (take(space, len))
		return 1;
	if (READ_ONCE(space->near) && time_before(jiffies, READ_ONCE(space->until)))
		return 0;
	if (mutex_lock_killable(&space->mutex))
		return -EINTR;
	taken = take(space, len);
	err = taken ? 0 : renew(space, sb, fault);
	taken = taken || (!err && take(space, len));
	mutex_unlock(&space->mutex);
	return err ?: taken;
}

static bool is_full(int err)
{
	return err == -ENOSPC || err == -EDQUOT;
}

static int allocate(struct inode *inode, loff_t from, loff_t to)
{
	struct fuse_fallocate_in in = {
		.offset = from,
		.length = min(to, inode->i_sb->s_maxbytes) - from,
		.mode = FALLOC_FL_KEEP_SIZE | VOS_FALLOC_RESERVE,
	};
	int err = vosfs_fallocate(inode, &in);

	if (!is_full(err))
		return err;
	/* A file may have been removed of which the service does not know yet. */
	err = vosfs_forget_flush(get_fuse_conn(inode)->iq.priv);
	return err ?: vosfs_fallocate(inode, &in);
}

/* What is dirty has its blocks: it was accepted. */
static bool is_dirty(struct inode *inode, loff_t from)
{
	struct folio *folio = filemap_get_folio(inode->i_mapping, from >> PAGE_SHIFT);
	bool dirty;

	if (IS_ERR(folio))
		return false;
	dirty = folio_test_dirty(folio);
	folio_put(folio);
	return dirty;
}

/* Allocate page by page. Return: bytes from @pos on that have blocks, or an error. */
static ssize_t allocate_some(struct inode *inode, loff_t pos, size_t len)
{
	loff_t from = round_down(pos, PAGE_SIZE), end = pos + len;
	int err = 0;

	for (; from < end; from += PAGE_SIZE) {
		err = is_dirty(inode, from) ? 0 : allocate(inode, from, from + PAGE_SIZE);
		if (err)
			break;
	}
	if (from > pos)
		return min(from, end) - pos;
	return err;
}

static ssize_t allocate_all(struct inode *inode, loff_t pos, size_t len)
{
	loff_t from = round_down(pos, PAGE_SIZE), to = round_up(pos + len, PAGE_SIZE);
	int err = to - from == PAGE_SIZE && is_dirty(inode, from) ? 0 : allocate(inode, from, to);

	if (err == -EINTR)
		return err;
	/* Any other error is the write's own to find, or that of a file without extents. */
	return is_full(err) && to - from > PAGE_SIZE ? allocate_some(inode, pos, len) :
	       is_full(err) ? err : len;
}

/**
 * vosfs_space_reserve - make sure that data has room on the disk
 * @inode: a regular file's; the caller holds neither its lock nor a folio's
 * @pos: where the data is going to be
 * @len: bytes, not 0
 *
 * The caller waits for calls of the service at most.
 *
 * Context: process.
 * Return: bytes from @pos on that have room; or -ENOSPC, -EDQUOT, -EINTR, or another error.
 */
ssize_t vosfs_space_reserve(struct inode *inode, loff_t pos, size_t len)
{
	size_t pages = round_up(offset_in_page(pos) + len, PAGE_SIZE);
	int rc;

	if (pos >= inode->i_sb->s_maxbytes)
		return len;	/* the write refuses it */
	rc = take_or_renew(space_of(inode), inode->i_sb, pages, false);
	if (rc < 0)
		return rc;
	return rc ? len : allocate_all(inode, pos, len);
}

/**
 * vosfs_space_reserve_page - make sure that a page which is mapped has room on the disk
 * @inode: a regular file's
 * @index: of the page
 *
 * Context: a page fault, with mmap_lock held.
 * Return: 0; -ENOSPC, -EDQUOT, -EINTR, or another error.
 */
int vosfs_space_reserve_page(struct inode *inode, pgoff_t index)
{
	loff_t pos = (loff_t)index << PAGE_SHIFT;
	ssize_t rc;

	if (pos >= inode->i_sb->s_maxbytes)
		return 0;
	rc = take_or_renew(space_of(inode), inode->i_sb, PAGE_SIZE, true);
	if (!rc)
		rc = allocate_all(inode, pos, PAGE_SIZE);
	return min_t(ssize_t, rc, 0);
}

/**
 * vosfs_space_is_near - test whether the disk is nearly full
 * @inode: of the file system
 *
 * Context: any.
 * Return: true if so.
 */
bool vosfs_space_is_near(struct inode *inode)
{
	return READ_ONCE(space_of(inode)->near);
}

/**
 * vosfs_space_unsaved - tell how much of the disk cached data is going to take
 * @sb: the file system's
 *
 * Data that overwrites what has blocks counts as well. Nothing counts while blocks are allocated
 * before a write is accepted.
 *
 * Context: any.
 * Return: bytes, at most.
 */
u64 vosfs_space_unsaved(struct super_block *sb)
{
	struct vosfs_conn *conn = get_fuse_conn_super(sb)->iq.priv;

	return READ_ONCE(conn->space.near) ? 0 : cached_bytes(sb);
}

/**
 * vosfs_space_before_fallocate - protect what is cached from an allocation
 * @inode: of the file whose blocks are about to be allocated
 * @bytes: how many of them
 *
 * If the allocation may take what cached data needs, that gets its blocks before. The allowance
 * ends.
 *
 * Context: process.
 * Return: 0 or -errno.
 */
int vosfs_space_before_fallocate(struct inode *inode, u64 bytes)
{
	struct vosfs_space *space = space_of(inode);
	u64 cached = cached_bytes(inode->i_sb), avail;
	int err = vosfs_statfs_free(get_fuse_mount(inode), &avail);

	WRITE_ONCE(space->until, jiffies);
	if (!err && cached && avail < cached + bytes + VOSFS_SPACE_NEAR)
		write_all_back(inode->i_sb);
	return err;
}
