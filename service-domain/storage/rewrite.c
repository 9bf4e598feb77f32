// SPDX-License-Identifier: GPL-2.0
/*
 * Writing to pages that are cached and dirty already, like a program that has the file mapped.
 * Such a write needs nothing of the disk, and adds nothing to what has to be written back. The
 * file system's own write would make the dispatcher wait. It waits for other writers, for the
 * journal on a disk that is nearly full, and where dirty pages are throttled.
 *
 * Invariant: nothing here sleeps.
 */
#include <linux/buffer_head.h>
#include <linux/highmem.h>
#include <linux/jbd2.h>
#include <linux/magic.h>
#include <linux/pagemap.h>
#include "vst.h"

/*
 * Times must be written lazily, for setting one needs the journal otherwise. The file has no
 * bits that the write would take away. The pages must have buffer heads, as ext4's do.
 */
static bool is_possible(const struct inode *inode, loff_t end)
{
	const struct super_block *sb = inode->i_sb;

	return sb->s_magic == EXT4_SUPER_MAGIC && sb->s_flags & SB_LAZYTIME &&
	       IS_NOSEC(inode) && !IS_IMMUTABLE(inode) && !IS_APPEND(inode) &&
	       end <= i_size_read(inode);
}

/* Return: true if these bytes of a locked folio will be written back anyway, past the journal. */
static bool is_dirty(struct folio *folio, size_t from, size_t to)
{
	struct buffer_head *head = folio_buffers(folio), *bh = head;
	size_t start = 0;

	if (!head || !folio_test_uptodate(folio) || !folio_test_dirty(folio) ||
	    folio_test_writeback(folio))
		return false;
	do {
		size_t end = start + bh->b_size;

		if (end > from && start < to && (!buffer_dirty(bh) || buffer_jbd(bh)))
			return false;
		start = end;
		bh = bh->b_this_page;
	} while (bh != head);
	return true;
}

/* Write as much as one folio has room for. Return: bytes; 0: not possible now. */
static size_t rewrite_folio(struct address_space *mapping, loff_t pos, const void *data, size_t len)
{
	struct folio *folio = __filemap_get_folio(mapping, pos >> PAGE_SHIFT,
						  FGP_LOCK | FGP_NOWAIT, 0);
	size_t from, n = 0;

	if (IS_ERR(folio))
		return 0;
	from = offset_in_folio(folio, pos);
	len = min(len, folio_size(folio) - from);
	if (is_dirty(folio, from, from + len)) {
		memcpy_to_folio(folio, from, data, len);
		n = len;
	}
	folio_unlock(folio);
	folio_put(folio);
	return n;
}

/* Write all of it. Context: the inode is locked. */
static bool rewrite_all(struct file *file, loff_t pos, const void *data, size_t len)
{
	lockdep_assert_held_write(&file_inode(file)->i_rwsem);
	if (!is_possible(file_inode(file), pos + len) || file_update_time(file))
		return false;
	while (len) {
		size_t n = rewrite_folio(file->f_mapping, pos, data, len);

		if (!n)
			return false;
		pos += n;
		data += n;
		len -= n;
	}
	return true;
}

/**
 * vst_rewrite - write without sleeping, if all of it goes to dirty pages
 * @file: open for writing
 * @pos: where
 * @data: any memory; copied once
 * @len: bytes
 *
 * If this returns false, part of the data may be written. The caller writes all of it again.
 *
 * Context: dispatcher; takes locks by trying only.
 * Return: true if all of it was written.
 */
bool vst_rewrite(struct file *file, loff_t pos, const void *data, size_t len)
{
	struct inode *inode = file_inode(file);
	bool all = false;

	if (!is_possible(inode, pos + len) || !file_start_write_trylock(file))
		return false;
	if (inode_trylock(inode)) {
		all = rewrite_all(file, pos, data, len);
		inode_unlock(inode);
	}
	file_end_write(file);
	return all;
}
