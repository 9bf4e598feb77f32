/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What this file system knows of FUSE's operations: one table (opcode.c), which send.c,
 * victim.c, caps.c and stats.c read. An operation that has no row does not compile.
 */
#ifndef VOSFS_OPCODE_H
#define VOSFS_OPCODE_H

#include <linux/bits.h>
#include <linux/types.h>

#define VOSFS_CHANGES		BIT(0)	/* it changes the file system */
#define VOSFS_UNLINKS		BIT(1)	/* it unlinks the name in the request's node */
#define VOSFS_REPLACES		BIT(2)	/* it replaces the name in the node its body begins with */
#define VOSFS_ASKS_XATTR	BIT(3)	/* it asks for the attribute of that name */
#define VOSFS_SETS_XATTR	BIT(4)	/* it sets or removes that attribute */
#define VOSFS_AS_CALLER		BIT(5)	/* its answer depends on the caller, as any change's */
#define VOSFS_LOGS		BIT(6)	/* it can be carried out a second time: changes.c */

/**
 * struct vosfs_opcode - a FUSE operation
 * @name: in statistics
 * @flags: VOSFS_*
 * @name_arg: for a flag that needs a name: the argument that is the name
 */
struct vosfs_opcode {
	const char *name;
	u8 flags;
	u8 name_arg;
};

/* One more than the highest operation. 0 is no operation and stands for those not known. */
#define VOSFS_NR_OPCODES	53

u32 vosfs_opcode_index(u32 opcode);
const struct vosfs_opcode *vosfs_opcode(u32 opcode);

#endif
