// SPDX-License-Identifier: GPL-2.0
/*
 * How many blocks a file has: st_blocks. A program that copies files takes one with fewer blocks
 * than bytes for sparse. So what is cached here counts as soon as it is written.
 *
 * Most files are dense: every block up to some place has data, on the disk or here. That place
 * (vosfs_data.dense_end) moves with writes that begin at it or before. The file has at least so
 * many blocks. If it has holes, only the storage domain can tell. Then stat() writes back what is
 * cached, and asks.
 */
#include <linux/fs.h>
#include <linux/pagemap.h>
#include "space.h"

/* What a block has at most. Some file systems tell programs of a larger unit to read and write. */
static loff_t block_size(const struct inode *inode)
{
	return min_t(loff_t, i_blocksize(inode), PAGE_SIZE);
}

static bool is_writing(struct inode *inode)
{
	struct fuse_inode *fi = get_fuse_inode(inode);
	bool writing;

	spin_lock(&fi->lock);
	writing = !RB_EMPTY_ROOT(&fi->writepages);
	spin_unlock(&fi->lock);
	return writing;
}

/* Test whether data is cached that the storage domain may not have. Every page has one of these. */
static bool is_cached_only(struct inode *inode)
{
	return mapping_tagged(inode->i_mapping, PAGECACHE_TAG_DIRTY) ||
	       mapping_tagged(inode->i_mapping, PAGECACHE_TAG_WRITEBACK) || is_writing(inode);
}

/**
 * vosfs_blocks_write_back - have the storage domain have all data that is cached
 * @inode: the file's
 *
 * The client's copies of pages are on their way for longer than these.
 *
 * Context: process.
 * Return: 0 or -errno; -ERESTARTSYS: killed.
 */
int vosfs_blocks_write_back(struct inode *inode)
{
	int err = filemap_write_and_wait(inode->i_mapping);

	return err ?: wait_event_killable(get_fuse_inode(inode)->page_waitq, !is_writing(inode));
}

/**
 * vosfs_blocks_wrote - note what was written to a file's cached pages
 * @inode: the file's; its data was used before
 * @pos: where
 * @len: bytes
 *
 * Context: process.
 */
void vosfs_blocks_wrote(struct inode *inode, loff_t pos, size_t len)
{
	struct vosfs_data *d = vosfs_data_known(inode);

	spin_lock(&d->lock);
	if (pos > round_up(d->dense_end, block_size(inode)))
		d->holes_written = true;
	else
		d->dense_end = max_t(loff_t, d->dense_end, pos + len);
	spin_unlock(&d->lock);
}

/**
 * vosfs_blocks_cut - note that a file may have no data any more from some place on
 * @inode: the file's
 * @from: the place
 *
 * Context: process.
 */
void vosfs_blocks_cut(struct inode *inode, loff_t from)
{
	struct vosfs_data *d = vosfs_data_known(inode);

	if (!d)
		return;
	spin_lock(&d->lock);
	d->dense_end = min(d->dense_end, from);
	spin_unlock(&d->lock);
}

static bool is_dense(const struct vosfs_data *d)
{
	return READ_ONCE(d->dense_end) >= i_size_read(d->inode);
}

/**
 * vosfs_blocks_are_all - test whether a file is known to have no holes
 * @inode: the file's
 *
 * Context: any.
 * Return: true if so.
 */
bool vosfs_blocks_are_all(struct inode *inode)
{
	const struct vosfs_data *d = vosfs_data_known(inode);

	return d && is_dense(d);
}

/**
 * vosfs_blocks_are_laid - test whether a file may have blocks that hold no data
 * @inode: the file's
 *
 * Context: any.
 * Return: true if so.
 */
bool vosfs_blocks_are_laid(const struct inode *inode)
{
	const struct vosfs_data *d = vosfs_data_known(inode);

	return d && READ_ONCE(d->laid);
}

/**
 * vosfs_blocks_laid - note that a file may get blocks that hold no data
 * @inode: the file's; its data was used before
 *
 * Context: process.
 */
void vosfs_blocks_laid(struct inode *inode)
{
	struct vosfs_data *d = vosfs_data_known(inode);

	if (d)
		WRITE_ONCE(d->laid, true);
}

/* A file of so few blocks has all of its extents in its inode (ext4: EXT4_N_BLOCKS, 4 extents). */
#define MAX_EXTENTS_IN_INODE	4

/*
 * Test whether what is known here is all there is. So it is for a small file that had no block
 * on the disk when the storage domain told of it last. Attributes and fallocate() may take
 * others. A mode whose bits a write takes away at the storage domain is asked for with the blocks.
 */
static bool is_all_known(struct vosfs_data *d)
{
	struct inode *inode = d->inode;
	loff_t size = i_size_read(inode);

	return is_dense(d) && !READ_ONCE(d->laid) && !inode->i_blocks &&
	       !(inode->i_mode & (S_ISUID | S_ISGID)) &&
	       size <= MAX_EXTENTS_IN_INODE * block_size(inode) && fuse_has_no_xattrs(inode);
}

/* Have the storage domain's answer to the next question be what the file has, if one is needed. */
static int make_true(struct vosfs_data *d)
{
	struct inode *inode = d->inode;
	bool asked_in_vain = READ_ONCE(d->holes_written);

	if (vosfs_data_served(inode))
		return 0;
	if (is_all_known(d)) {
		set_mask_bits(&get_fuse_inode(inode)->inval_mask, STATX_BLOCKS, 0);
		/* An attribute or fallocate() may have come between */
		if (!is_all_known(d))
			set_mask_bits(&get_fuse_inode(inode)->inval_mask, 0, STATX_BLOCKS);
	}
	if (is_dense(d))
		return 0;
	WRITE_ONCE(d->holes_written, false);
	if (is_cached_only(inode)) {
		int err = vosfs_blocks_write_back(inode);

		if (err == -ERESTARTSYS)
			return err;
	}
	/* What a program stores through a mapping leaves no other trace once it is written back. */
	if (test_and_clear_bit(FUSE_I_WROTE_BACK, &get_fuse_inode(inode)->state))
		asked_in_vain = true;
	if (asked_in_vain)
		set_mask_bits(&get_fuse_inode(inode)->inval_mask, 0, STATX_BLOCKS);
	return 0;
}

/* Add what the storage domain does not know. It knows all of what cannot change. */
static void add_known(struct vosfs_data *d, struct kstat *stat)
{
	loff_t size = i_size_read(d->inode);
	u64 known;

	if (sb_rdonly(d->inode->i_sb))
		return;
	spin_lock(&d->lock);
	known = round_up(min(d->dense_end, size), block_size(d->inode)) >> 9;
	spin_unlock(&d->lock);
	stat->blocks = max_t(u64, stat->blocks, known);
}

/* After an answer: note whether the file is dense. */
static void use_answer(struct vosfs_data *d, struct kstat *stat)
{
	spin_lock(&d->lock);
	if (!d->holes_written && stat->blocks << 9 >= stat->size &&
	    !mapping_tagged(d->inode->i_mapping, PAGECACHE_TAG_DIRTY))
		d->dense_end = max_t(loff_t, d->dense_end, stat->size);
	spin_unlock(&d->lock);
	add_known(d, stat);
}

/*
 * Blocks that the caller did not ask for are those that were told last, and what is known here.
 * If that may not be all, they are not said to be known.
 */
static void tell_unasked(struct inode *inode, struct vosfs_data *d, struct kstat *stat)
{
	bool known = !(READ_ONCE(get_fuse_inode(inode)->inval_mask) & STATX_BLOCKS);

	if (d && vosfs_data_served(inode)) {
		known = false;
	} else if (d) {
		known = known && (is_dense(d) ||
				  !(READ_ONCE(d->holes_written) || is_cached_only(inode) ||
				    test_bit(FUSE_I_WROTE_BACK,
					     &get_fuse_inode(inode)->state)));
		add_known(d, stat);
	}
	if (!known)
		stat->result_mask &= ~STATX_BLOCKS;
}

/* What ext4 says on a disk with small sectors; vosfs_read_iter() refuses what is not so. */
static void tell_alignment(struct kstat *stat)
{
	stat->result_mask |= STATX_DIOALIGN;
	stat->dio_mem_align = SECTOR_SIZE;
	stat->dio_offset_align = SECTOR_SIZE;
}

/**
 * vosfs_blocks_getattr - the operation getattr of regular files
 * @idmap: as there
 * @path: as there
 * @stat: as there
 * @mask: as there
 * @flags: as there
 *
 * Return: as there.
 */
int vosfs_blocks_getattr(struct mnt_idmap *idmap, const struct path *path, struct kstat *stat,
			 u32 mask, unsigned int flags)
{
	struct inode *inode = d_inode(path->dentry);
	struct vosfs_data *d = vosfs_data_known(inode);
	int err = 0;

	vosfs_attr_keep(inode);
	vosfs_users_note_writes(inode);
	if (d && mask & STATX_BLOCKS && !(flags & AT_STATX_DONT_SYNC))
		err = make_true(d);
	err = err ?: fuse_common_inode_operations.getattr(idmap, path, stat, mask, flags);
	if (err)
		return err;
	if (!(mask & STATX_BLOCKS))
		tell_unasked(inode, d, stat);
	else if (d && !vosfs_data_served(inode))
		use_answer(d, stat);
	if (mask & STATX_DIOALIGN)
		tell_alignment(stat);
	return 0;
}
