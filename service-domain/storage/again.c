// SPDX-License-Identifier: GPL-2.0
/*
 * Making an inode again that a dead domain made and the disk does not have. It gets the number and
 * the generation that it had, for the client goes on asking for it by them.
 *
 * ext4 takes a goal for the number. The generation is put into the new inode, and its checksums
 * are made anew: those of the inode, and that of a directory's only block.
 */
#include <linux/buffer_head.h>
#include <linux/delay.h>
#include <linux/file.h>
#include <linux/jbd2.h>
#include "vst.h"
#include "ext4.h"
#include "ext4_extents.h"

#define CREDITS		8	/* blocks: the inode's and the directory's, with room */
#define ROOM_WAIT	HZ	/* for a file that another thread is closing */

/**
 * vst_again_removed - note that a node has lost a name
 * @r: request that took the name
 * @node: held by the caller
 *
 * What the client has forgotten before the change is carried out again, it does not forget once
 * more.
 *
 * Context: worker.
 */
void vst_again_removed(const struct vst_req *r, struct vst_node *node)
{
	if (r->again && !(r->call->sqe.arg[0] & VOS_FUSE_KEEP))
		vst_node_forget(r->conn, node->id, U64_MAX);
	else
		vst_node_keep(r, node);
}

/*
 * Free the inode without a name that has a number. A node has it, perhaps, by whatever way the
 * service came to it. The lookup waits for an inode that is being freed.
 * Return: true if there was one.
 */
static bool free_nameless(struct vst_conn *conn, u32 ino)
{
	struct inode *inode = ilookup(vst_root.mnt->mnt_sb, ino);
	bool found = inode && !inode->i_nlink;

	if (found)
		vst_node_forget(conn, vst_id_of(inode), U64_MAX);
	iput(inode);
	/* Files that were put are closed later. */
	flush_delayed_fput();
	return found;
}

/**
 * vst_again_make_room - free the inode that has a number now and no name
 * @r: request to make another with that number
 *
 * The dead domain had freed it before it made the other.
 *
 * Context: worker; nothing is locked.
 */
void vst_again_make_room(struct vst_req *r)
{
	u32 ino = r->call->sqe.arg[1];
	unsigned long end = jiffies + ROOM_WAIT;

	vst_unkeep_number(ino);
	while (free_nameless(r->conn, ino) && time_before(jiffies, end))
		usleep_range(500, 1000);
}

/**
 * vst_again_begin - have the next inode be made with a certain number
 * @r: request to make it; no other makes inodes meanwhile
 *
 * Context: worker.
 */
void vst_again_begin(const struct vst_req *r)
{
	WRITE_ONCE(EXT4_SB(vst_root.mnt->mnt_sb)->s_inode_goal, (u32)r->call->sqe.arg[1]);
}

/**
 * vst_again_end - undo vst_again_begin()
 */
void vst_again_end(void)
{
	WRITE_ONCE(EXT4_SB(vst_root.mnt->mnt_sb)->s_inode_goal, 0);
}

/* Get the only block of a new directory, or 0. */
static ext4_fsblk_t block_of(struct inode *dir)
{
	struct ext4_extent_header *eh = ext_inode_hdr(dir);

	if (ext4_has_inline_data(dir))
		return 0;
	if (!ext4_test_inode_flag(dir, EXT4_INODE_EXTENTS))
		return le32_to_cpu(EXT4_I(dir)->i_data[0]);
	if (eh->eh_depth || !eh->eh_entries)
		return 0;
	return ext4_ext_pblock(EXT_FIRST_EXTENT(eh));
}

/* Make the checksum of a directory's block anew. */
static int sum_block(handle_t *handle, struct inode *dir)
{
	struct ext4_dir_entry_tail *tail;
	ext4_fsblk_t block = block_of(dir);
	struct buffer_head *bh;
	int err;

	if (!block)
		return 0;
	bh = sb_bread(dir->i_sb, block);
	if (!bh)
		return -EIO;
	err = jbd2_journal_get_write_access(handle, bh);
	if (!err) {
		tail = EXT4_DIRENT_TAIL(bh->b_data, dir->i_sb->s_blocksize);
		tail->det_checksum = cpu_to_le32(ext4_chksum(EXT4_SB(dir->i_sb),
							     EXT4_I(dir)->i_csum_seed, bh->b_data,
							     (char *)tail - bh->b_data));
		err = jbd2_journal_dirty_metadata(handle, bh);
	}
	brelse(bh);
	return err;
}

static void set_seed(struct inode *inode)
{
	struct ext4_sb_info *sbi = EXT4_SB(inode->i_sb);
	__le32 ino = cpu_to_le32(inode->i_ino), generation = cpu_to_le32(inode->i_generation);
	u32 sum = ext4_chksum(sbi, sbi->s_csum_seed, &ino, sizeof(ino));

	EXT4_I(inode)->i_csum_seed = ext4_chksum(sbi, sum, &generation, sizeof(generation));
}

static int set_generation(struct inode *inode, u32 generation)
{
	handle_t *handle = jbd2_journal_start(EXT4_SB(inode->i_sb)->s_journal, CREDITS);
	int err = 0, end;

	if (IS_ERR(handle))
		return PTR_ERR(handle);
	inode->i_generation = generation;
	if (ext4_has_metadata_csum(inode->i_sb)) {
		set_seed(inode);
		if (S_ISDIR(inode->i_mode))
			err = sum_block(handle, inode);
	}
	mark_inode_dirty(inode);
	end = jbd2_journal_stop(handle);
	return err ?: end;
}

/* Say what has the number of an inode that is made again. */
static void tell_user(u32 ino)
{
	struct inode *inode = ilookup(vst_root.mnt->mnt_sb, ino);

	if (inode)
		pr_warn("virtuos-storage: inode %u is not made again: there is one of mode %o with %u links (%u kept), %d users\n",
			ino, inode->i_mode, inode->i_nlink, vst_kept_links(inode),
			atomic_read(&inode->i_count) - 1);
	else
		pr_warn("virtuos-storage: inode %u is not made again: the disk has it\n", ino);
	iput(inode);
}

/**
 * vst_again_number - give an inode that was made again the generation that it had
 * @r: the request
 * @inode: it
 *
 * Context: worker.
 * Return: 0. -ESTALE: it has another number, and the client will find it by its name.
 */
int vst_again_number(const struct vst_req *r, struct inode *inode)
{
	u64 id = r->call->sqe.arg[1];

	if (inode->i_ino != (u32)id) {
		tell_user(id);
		return -ESTALE;
	}
	return inode->i_generation == id >> 32 ? 0 : set_generation(inode, id >> 32);
}
