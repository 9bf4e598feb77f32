/* SPDX-License-Identifier: GPL-2.0 */
/* Bridges by ioctl(). See bridge.c. */
#ifndef VNET_BRIDGE_H
#define VNET_BRIDGE_H

#include "vnet.h"

int vnet_bridge_ioctl(struct vnet_sock *vs, unsigned int cmd, void __user *arg);

#endif
