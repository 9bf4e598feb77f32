/* SPDX-License-Identifier: GPL-2.0 */
/* What the commands of SIOCETHTOOL read and write of a program's memory. See ethtool.c. */
#ifndef VNET_ETHTOOL_H
#define VNET_ETHTOOL_H

#include <linux/types.h>

/* No command reads more of its structure. */
#define VNET_ETHTOOL_HEAD	192u

/* The command reads or writes the elements behind its structure. */
#define VNET_ETHTOOL_IN		1u
#define VNET_ETHTOOL_OUT	2u

/**
 * struct vnet_ethtool - what a command reads and writes
 * @cmd: ETHTOOL_*
 * @in: bytes of its structure that it reads; elements follow them
 * @out: bytes of its structure that it writes
 * @count: offset of the number of elements
 * @unit: bytes of an element; 0: none, or see vnet_ethtool_tail()
 * @way: VNET_ETHTOOL_IN, VNET_ETHTOOL_OUT
 * @must_ask: Linux writes all elements there are if 0 are asked for
 */
struct vnet_ethtool {
	u32 cmd;
	u16 in;
	u16 out;
	u16 count;
	u8 unit;
	u8 way;
	bool must_ask;
};

const struct vnet_ethtool *vnet_ethtool_find(u32 cmd);
u64 vnet_ethtool_tail(const struct vnet_ethtool *e, const u8 *head);
void vnet_ethtool_clamp(const struct vnet_ethtool *e, u8 *head, u64 asked);

#endif
