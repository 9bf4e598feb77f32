// SPDX-License-Identifier: GPL-2.0
/*
 * ioctl()s that this file system asks for by itself, because the kernel handles those of
 * programs: FIEMAP, FIBMAP, and the file system's UUID. All others go to the service by way of
 * the client. It reads the argument first, whose size is in the command's number.
 */
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include "space.h"

#define EXTENTS_MAX	291u	/* as many as the service's window has room for */

struct extents {
	struct fiemap head;
	struct fiemap_extent extent[EXTENTS_MAX];
};

/*
 * Send an ioctl. @in_len bytes at @arg are sent.
 * Return: the number of bytes written to @out, @room at most; or -errno.
 */
static ssize_t ask(struct fuse_mount *fm, u64 node, u32 cmd, const void *arg, u32 in_len,
		   void *out, u32 room)
{
	FUSE_ARGS(args);
	struct fuse_ioctl_in in = { .cmd = cmd, .in_size = in_len, .out_size = room };
	struct fuse_ioctl_out done;

	args.opcode = FUSE_IOCTL;
	args.nodeid = node;
	args.in_numargs = in_len ? 2 : 1;
	args.in_args[0].size = sizeof(in);
	args.in_args[0].value = &in;
	args.in_args[1].size = in_len;
	args.in_args[1].value = arg;
	args.out_numargs = 2;
	args.out_args[0].size = sizeof(done);
	args.out_args[0].value = &done;
	args.out_args[1].size = room;
	args.out_args[1].value = out;
	args.out_argvar = true;
	return fuse_simple_request(fm, &args);
}

/**
 * vosfs_ioctl_set_uuid - take over the UUID of the service's file system, if it has one
 * @sb: a super block whose connection has begun
 *
 * Context: process.
 */
void vosfs_ioctl_set_uuid(struct super_block *sb)
{
	struct fsuuid2 uuid;
	ssize_t n = ask(get_fuse_mount_super(sb), FUSE_ROOT_ID, FS_IOC_GETFSUUID, NULL, 0,
			&uuid, sizeof(uuid));

	if (n == sizeof(uuid) && uuid.len && uuid.len <= sizeof(uuid.uuid))
		super_set_uuid(sb, uuid.uuid, uuid.len);
}

/*
 * Hand extents out from *start on, and move it behind them.
 * Return: 0: there may be more; 1: that is all; or -errno.
 */
static int hand_out(const struct extents *e, u32 n, struct fiemap_extent_info *info, u64 *start)
{
	u32 i;

	for (i = 0; i < n; i++) {
		const struct fiemap_extent *x = &e->extent[i];
		int rc;

		/* Each must be of use, or this would have no end. */
		if (x->fe_length > LLONG_MAX || x->fe_logical > LLONG_MAX ||
		    x->fe_logical + x->fe_length <= *start)
			return -EIO;
		rc = fiemap_fill_next_extent(info, x->fe_logical, x->fe_physical, x->fe_length,
					     x->fe_flags);
		if (rc)
			return rc;
		*start = x->fe_logical + x->fe_length;
	}
	return !n;
}

/* Ask for what is mapped in a range, one reply after the other. */
static int map_range(struct inode *inode, struct fiemap_extent_info *info, u64 start, u64 end,
		     struct extents *e)
{
	int rc = 0;

	while (!rc && start < end) {
		struct fiemap want = {
			.fm_start = start,
			.fm_length = end - start,
			.fm_flags = info->fi_flags & FIEMAP_FLAG_XATTR,
			.fm_extent_count = EXTENTS_MAX,
		};
		ssize_t n = ask(get_fuse_mount(inode), get_node_id(inode), FS_IOC_FIEMAP, &want,
				sizeof(want), e, sizeof(*e));

		if (n < 0)
			return n;
		if (n < sizeof(e->head) || e->head.fm_mapped_extents > EXTENTS_MAX ||
		    n < struct_size(&e->head, fm_extents, e->head.fm_mapped_extents))
			return -EIO;
		rc = hand_out(e, e->head.fm_mapped_extents, info, &start);
		if (!rc && fatal_signal_pending(current))
			rc = -EINTR;
	}
	return min(rc, 0);
}

/**
 * vosfs_ioctl_fiemap - the operation fiemap of regular files
 * @inode: as there
 * @info: as there
 * @start: as there
 * @len: as there
 *
 * What is cached has no place on the disk yet, so it is written back first.
 *
 * Return: as there.
 */
int vosfs_ioctl_fiemap(struct inode *inode, struct fiemap_extent_info *info, u64 start, u64 len)
{
	struct extents *e;
	int err;

	/* The service reads what it needs. */
	info->fi_flags &= ~FIEMAP_FLAG_CACHE;
	err = fiemap_prep(inode, info, start, &len, FIEMAP_FLAG_XATTR);
	if (err)
		return err;
	vosfs_users_note_writes(inode);
	err = vosfs_blocks_write_back(inode);
	if (err)
		return err;
	e = kmalloc(sizeof(*e), GFP_KERNEL);
	if (!e)
		return -ENOMEM;
	err = map_range(inode, info, start, start + len, e);
	kfree(e);
	return err;
}

/* Where on the disk the data at @pos is: a byte's position, or 0 if no block has it. */
static u64 place_of(struct inode *inode, loff_t pos, struct extents *e)
{
	const struct fiemap_extent *x = e->extent;
	const struct fiemap want = {
		.fm_start = pos,
		.fm_length = i_blocksize(inode),
		.fm_extent_count = 1,
	};
	ssize_t n = ask(get_fuse_mount(inode), get_node_id(inode), FS_IOC_FIEMAP, &want,
			sizeof(want), e, struct_size(&e->head, fm_extents, 1));

	if (n < (ssize_t)struct_size(&e->head, fm_extents, 1) || e->head.fm_mapped_extents != 1)
		return 0;
	if (x->fe_logical > pos || pos - x->fe_logical >= x->fe_length ||
	    x->fe_flags & (FIEMAP_EXTENT_UNKNOWN | FIEMAP_EXTENT_UNWRITTEN |
			   FIEMAP_EXTENT_NOT_ALIGNED))
		return 0;
	return x->fe_physical + (pos - x->fe_logical);
}

/**
 * vosfs_ioctl_bmap - the address space operation bmap of regular files: FIBMAP asks for it
 * @mapping: as there
 * @block: as there
 *
 * Context: process.
 * Return: as there.
 */
sector_t vosfs_ioctl_bmap(struct address_space *mapping, sector_t block)
{
	struct inode *inode = mapping->host;
	struct extents *e = NULL;
	sector_t at = 0;

	vosfs_users_note_writes(inode);
	if (block < (u64)inode->i_sb->s_maxbytes >> inode->i_blkbits &&
	    !vosfs_blocks_write_back(inode))
		e = kmalloc(sizeof(*e), GFP_KERNEL);
	if (e)
		at = place_of(inode, (loff_t)block << inode->i_blkbits, e) >> inode->i_blkbits;
	kfree(e);
	return at;
}

/**
 * vosfs_ioctl - the operation unlocked_ioctl of files
 * @file: as there
 * @cmd: as there
 * @arg: as there
 *
 * A command that the service does not carry out reads nothing in Linux, and needs no memory.
 * Whether it is one, the service tells without the argument too.
 *
 * Context: process.
 * Return: as there.
 */
long vosfs_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct inode *inode = file_inode(file);
	long rc = fuse_file_operations.unlocked_ioctl(file, cmd, arg);
	ssize_t known;

	if (rc != -EFAULT && rc != -ENOMEM)
		return rc;
	known = ask(get_fuse_mount(inode), get_node_id(inode), cmd, NULL, 0, NULL, 0);
	return known == -ENOTTY || known == -EOPNOTSUPP ? known : rc;
}
