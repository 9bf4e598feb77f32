/* SPDX-License-Identifier: GPL-2.0 */
/* The layout of the arguments that commands of ioctl() have. See layout.c. */
#ifndef VNET_LAYOUT_H
#define VNET_LAYOUT_H

#include <linux/types.h>

/* What the pointer in an argument points to. */
enum vnet_pointed {
	VNET_NOTHING,
	VNET_STRING,		/* a device's name */
	VNET_CONF,		/* the list of addresses that SIOCGIFCONF writes */
	VNET_STAMP,		/* struct hwtstamp_config */
	VNET_ETHTOOL,		/* see ethtool.c */
	VNET_BOND,		/* struct ifbond */
	VNET_SLAVE,		/* struct ifslave */
};

/**
 * struct vnet_layout - the layout of a command's argument
 * @len: bytes of the argument; 0: not known
 * @in: how many of them Linux reads
 * @out: how many of them, from the first, Linux writes
 * @ptr: offset of a pointer in it
 * @pointed: what it points to; VNET_NOTHING: there is no pointer
 */
struct vnet_layout {
	u16 len;
	u16 in;
	u16 out;
	u16 ptr;
	enum vnet_pointed pointed;
};

struct vnet_layout vnet_layout_of(int family, unsigned int cmd);

#endif
