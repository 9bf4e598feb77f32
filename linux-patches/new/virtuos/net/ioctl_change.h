/* SPDX-License-Identifier: GPL-2.0 */
/* How ioctl() keeps what it changes. See ioctl_change.c. */
#ifndef VNET_IOCTL_CHANGE_H
#define VNET_IOCTL_CHANGE_H

#include "ioctl_keep.h"

struct vnet_change;
struct vnet_sock;

struct vnet_change *vnet_ioctl_change(const struct vnet_sock *vs, const struct vnet_kept *k,
				      const void *arg, const void *pointed);
int vnet_ioctl_keep(struct vnet_sock *vs, struct vnet_change *c, void *arg);

#endif
