/* SPDX-License-Identifier: GPL-2.0 */
/* VLANs by ioctl(). See vlan.c. */
#ifndef VNET_VLAN_H
#define VNET_VLAN_H

#include "vnet.h"

int vnet_vlan_ioctl(struct vnet_sock *vs, unsigned int cmd, void __user *arg);

#endif
