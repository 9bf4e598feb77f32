/* SPDX-License-Identifier: GPL-2.0 */
/* Bonds by ioctl() and by files of sysfs. See bond.c. */
#ifndef VNET_BOND_H
#define VNET_BOND_H

#include "view.h"
#include "vnet.h"

struct vnet_change;

/* The file that makes bonds, below /sys/class. */
#define VNET_BONDS_NAME	"bonding_masters"
#define VNET_BONDS	"net/" VNET_BONDS_NAME

bool vnet_bond_has(const char *name);
int vnet_bond_write(struct net *net, struct vnet_view *v);
bool vnet_file_voids(const struct vnet_change *c, const struct vnet_change *older);
int vnet_file_again(const struct vnet_change *c);
int vnet_bond_ioctl(struct vnet_sock *vs, unsigned int cmd, void __user *arg);

#endif
