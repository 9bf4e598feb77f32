/* SPDX-License-Identifier: GPL-2.0 */
/* What was done with an interface by a file or by ioctl(). See link_change.c. */
#ifndef VNET_LINK_CHANGE_H
#define VNET_LINK_CHANGE_H

#include "vnet.h"

/* struct vnet_link_change.master: it is left as it is. */
#define VNET_NO_MASTER	U32_MAX

/**
 * struct vnet_link_change - what was done
 * @deleted: the interface was deleted
 * @index: the interface's number; 0: it was made
 * @name: of one that was made, or NULL
 * @kind: of one that was made, as netlink names it
 * @master: number of the bridge or bond to which it belongs now; 0: none; or VNET_NO_MASTER
 * @below: number of the interface of which it is a VLAN; 0: it is none
 * @vid: the VLAN's
 */
struct vnet_link_change {
	bool deleted;
	u32 index;
	const char *name;
	const char *kind;
	u32 master;
	u32 below;
	u16 vid;
};

int vnet_link_ioctl(struct vnet_sock *vs, unsigned int cmd, void *arg, u32 len, u32 *epoch);
int vnet_link_keep(struct vnet_sock *vs, const struct vnet_link_change *l, u32 epoch);

#endif
