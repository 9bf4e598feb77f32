// SPDX-License-Identifier: GPL-2.0
/*
 * Node ids: generation << 32 | inode number; 1 is the export's root. From an id comes the handle
 * that the file system itself gives out for the inode, as to an NFS server. So an id finds its
 * inode in any later incarnation.
 *
 * A file system without generations changes nothing, so all of its inodes have the same one. It is
 * not 0, for a number alone could be that of the root's id.
 *
 * The ids of a btrfs are those of one subvolume, which is the export. Other subvolumes have inodes
 * of the same numbers. They are outside, and no name leads there.
 */
#include <linux/btrfs_tree.h>
#include <linux/exportfs.h>
#include "vst.h"

#define CONSTANT_GENERATION	1u

/* As btrfs gives it out: export.h there. */
struct btrfs_handle {
	u64 objectid;
	u64 subvolume;
	u32 generation;
} __packed;

/*
 * struct kind - what ids and handles of a file system are like
 * @name: of its type
 * @type: FILEID_* of its handles
 * @constant: it has no generations
 * @make: makes a handle in words. Return: how many there are
 */
struct kind {
	const char *name;
	int type;
	bool constant;
	int (*make)(u32 *words, u32 number, u32 generation);
};

static const struct kind *kind;		/* of the export's file system */
static u64 subvolume;			/* on a btrfs, that of the export */

static int make_plain(u32 *words, u32 number, u32 generation)
{
	words[0] = number;
	words[1] = generation;
	return 2;
}

static int make_erofs(u32 *words, u32 number, u32 generation)
{
	words[0] = 0;
	words[1] = number;
	words[2] = 0;
	return 3;
}

static int make_btrfs(u32 *words, u32 number, u32 generation)
{
	const struct btrfs_handle h = {
		.objectid = number,
		.subvolume = subvolume,
		.generation = generation,
	};

	memcpy(words, &h, sizeof(h));
	return sizeof(h) / sizeof(*words);
}

static const struct kind kinds[] = {
	{ "ext4", FILEID_INO32_GEN, false, make_plain },
	{ "xfs", FILEID_INO32_GEN, false, make_plain },
	{ "btrfs", FILEID_BTRFS_WITHOUT_PARENT, false, make_btrfs },
	{ "squashfs", FILEID_INO32_GEN, true, make_plain },
	{ "erofs", FILEID_INO64_GEN, true, make_erofs },
};

/**
 * vst_id_of - get the node id of an inode
 * @inode: any of the export
 *
 * Context: any.
 * Return: the id.
 */
u64 vst_id_of(const struct inode *inode)
{
	u64 generation = kind->constant ? CONSTANT_GENERATION : inode->i_generation;

	if (inode == d_inode(vst_root.dentry))
		return FUSE_ROOT_ID;
	return generation << 32 | (u32)inode->i_ino;
}

/* Get what btrfs itself says of an inode. Return: 0 or -EXDEV. */
static int btrfs_handle_of(struct inode *inode, struct btrfs_handle *h)
{
	u32 words[sizeof(struct fid) / sizeof(u32) + 1];
	int n = sizeof(*h) / sizeof(*words);

	if (exportfs_encode_inode_fh(inode, (struct fid *)words, &n, NULL, 0) !=
	    FILEID_BTRFS_WITHOUT_PARENT)
		return -EXDEV;
	memcpy(h, words, sizeof(*h));
	return 0;
}

/**
 * vst_id_check - check that an inode has an id
 * @inode: found by a name in the export
 *
 * Context: process.
 * Return: 0. -EOVERFLOW: its number is too large. -EXDEV: it is in another subvolume.
 */
int vst_id_check(struct inode *inode)
{
	struct btrfs_handle h;

	if (inode->i_ino > U32_MAX)
		return -EOVERFLOW;
	if (kind->make != make_btrfs)
		return 0;
	/* The place of a subvolume that a snapshot lacks has a number below all files'. */
	if (btrfs_handle_of(inode, &h) || h.subvolume != subvolume ||
	    h.objectid < BTRFS_FIRST_FREE_OBJECTID)
		return -EXDEV;
	return 0;
}

static int acceptable(void *context, struct dentry *dentry)
{
	return 1;
}

/**
 * vst_id_find - find the inode of an id by its handle
 * @id: untrusted
 *
 * Context: process.
 * Return: a dentry, or ERR_PTR(-ESTALE, -ENOMEM).
 */
struct dentry *vst_id_find(u64 id)
{
	u32 words[sizeof(struct fid) / sizeof(u32) + 1] = {};
	int n = kind->make(words, id, id >> 32);
	struct dentry *dentry = exportfs_decode_fh(vst_root.mnt, (struct fid *)words, n,
						   kind->type, acceptable, NULL);

	if (!dentry)
		return ERR_PTR(-ESTALE);
	if (IS_ERR(dentry))
		return dentry;
	/* Some file systems accept any generation for 0, or whatever it is. */
	if (vst_id_of(d_inode(dentry)) != id || vst_is_hidden_dir(dentry)) {
		dput(dentry);
		return ERR_PTR(-ESTALE);
	}
	return dentry;
}

/* An id leads to any inode of the file system or subvolume, so that is the export. */
static int check_root(void)
{
	const struct super_block *sb = vst_root.mnt->mnt_sb;
	struct inode *inode = d_inode(vst_root.dentry);
	struct btrfs_handle h;

	if (kind->make != make_btrfs)
		return vst_root.dentry == sb->s_root ? 0 : -EXDEV;
	if (btrfs_handle_of(inode, &h) || h.objectid != BTRFS_FIRST_FREE_OBJECTID)
		return -EXDEV;
	subvolume = h.subvolume;
	return 0;
}

/**
 * vst_id_init - find out what the ids of the export are like
 *
 * Context: process.
 * Return: 0. -EOPNOTSUPP: its file system is not known, or has no handles. -EXDEV: it is not the
 *	root of a file system or subvolume.
 */
int vst_id_init(void)
{
	const struct super_block *sb = vst_root.mnt->mnt_sb;
	int i, err;

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(sb->s_type->name, kinds[i].name))
			kind = &kinds[i];
	if (!kind || !sb->s_export_op || !sb->s_export_op->fh_to_dentry) {
		pr_err("virtuos-storage: no file handles on this %s\n", sb->s_type->name);
		return -EOPNOTSUPP;
	}
	err = check_root();
	if (err)
		pr_err("virtuos-storage: not the root of a file system or subvolume\n");
	return err;
}
