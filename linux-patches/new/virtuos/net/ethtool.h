/* SPDX-License-Identifier: GPL-2.0 */
/* What the commands of SIOCETHTOOL read and write of a program's memory. See ethtool.c. */
#ifndef VOS_NET_ETHTOOL_H
#define VOS_NET_ETHTOOL_H

#include <linux/types.h>

/* No command's structure is longer, as far as it is read. */
#define VOS_ETHTOOL_HEAD	192u

/* The elements behind a structure are read, written. */
#define VOS_ETHTOOL_IN		1u
#define VOS_ETHTOOL_OUT		2u

/**
 * struct vos_ethtool - what a command reads and writes
 * @cmd: ETHTOOL_*
 * @in: bytes of its structure that it reads; elements follow them
 * @out: bytes of its structure that it writes
 * @count: offset of the number of elements
 * @unit: bytes of an element; 0: none, or see vos_ethtool_tail()
 * @way: VOS_ETHTOOL_IN, VOS_ETHTOOL_OUT
 * @must_ask: Linux writes all elements there are if 0 are asked for
 */
struct vos_ethtool {
	u32 cmd;
	u16 in;
	u16 out;
	u16 count;
	u8 unit;
	u8 way;
	bool must_ask;
};

const struct vos_ethtool *vos_ethtool_find(u32 cmd);
u64 vos_ethtool_tail(const struct vos_ethtool *e, const u8 *head);
void vos_ethtool_clamp(const struct vos_ethtool *e, u8 *head, u64 asked);

#endif
