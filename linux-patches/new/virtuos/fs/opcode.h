/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What this file system knows of FUSE's operations: one table (opcode.c), which send.c,
 * victim.c, caps.c and stats.c read. An operation that has no row does not compile.
 */
#ifndef VOSFS_OPCODE_H
#define VOSFS_OPCODE_H

#include <linux/bits.h>
#include <linux/types.h>

#define VOSFS_CHANGES		BIT(0)	/* the file system */
#define VOSFS_UNLINKS		BIT(1)	/* what its name names in the request's node */
#define VOSFS_REPLACES		BIT(2)	/* what its name names in the node it begins with */
#define VOSFS_ASKS_XATTR	BIT(3)	/* for the attribute that its name names */
#define VOSFS_SETS_XATTR	BIT(4)	/* that attribute, or removes it */
#define VOSFS_AS_CALLER		BIT(5)	/* answered by the caller's rights; so is what changes */

/**
 * struct vosfs_opcode - a FUSE operation
 * @name: in statistics
 * @flags: VOSFS_*
 * @name_arg: of those with a flag that speaks of a name: the argument that is it
 */
struct vosfs_opcode {
	const char *name;
	u8 flags;
	u8 name_arg;
};

/* One more than the highest operation; 0 is none, and stands for those not known. */
#define VOSFS_NR_OPCODES	53

u32 vosfs_opcode_index(u32 opcode);
const struct vosfs_opcode *vosfs_opcode(u32 opcode);

#endif
