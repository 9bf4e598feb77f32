/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Room on the disk for what is cached here, and the blocks that files have (space.c, blocks.c).
 */
#ifndef VOSFS_SPACE_H
#define VOSFS_SPACE_H

#include "data.h"

/* statfs.c */
int vosfs_statfs_free(struct fuse_mount *fm, u64 *bytes);

/* space.c */
ssize_t vosfs_space_reserve(struct inode *inode, loff_t pos, size_t len);
int vosfs_space_reserve_page(struct inode *inode, pgoff_t index);
bool vosfs_space_is_near(struct inode *inode);
u64 vosfs_space_unsaved(struct super_block *sb);
int vosfs_space_before_fallocate(struct inode *inode, u64 bytes);

/* blocks.c */
bool vosfs_blocks_are_all(struct inode *inode);
int vosfs_blocks_write_back(struct inode *inode);
void vosfs_blocks_wrote(struct inode *inode, loff_t pos, size_t len);
void vosfs_blocks_laid(struct inode *inode);
bool vosfs_blocks_are_laid(const struct inode *inode);
void vosfs_blocks_cut(struct inode *inode, loff_t from);
int vosfs_blocks_getattr(struct mnt_idmap *idmap, const struct path *path, struct kstat *stat,
			 u32 mask, unsigned int flags);

/* attr.c */
int vosfs_attr_set(struct mnt_idmap *idmap, struct dentry *dentry, struct iattr *attr);
void vosfs_attr_keep(struct inode *inode);
int vosfs_attr_set_flags(struct mnt_idmap *idmap, struct dentry *dentry, struct fileattr *fa);

/* ioctl.c */
int vosfs_ioctl_fiemap(struct inode *inode, struct fiemap_extent_info *info, u64 start, u64 len);
sector_t vosfs_ioctl_bmap(struct address_space *mapping, sector_t block);

/* range.c */
int vosfs_fallocate(struct inode *inode, const struct fuse_fallocate_in *in);
int vosfs_range_move(struct file *file, int mode, loff_t offset, loff_t length);

#endif
