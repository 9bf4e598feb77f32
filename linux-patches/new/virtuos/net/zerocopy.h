/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VNET_ZEROCOPY_H
#define VNET_ZEROCOPY_H

#include "vnet.h"

void vnet_zerocopy_sent(struct vnet_sock *vs);
bool vnet_zerocopy_waits(struct vnet_sock *vs);
int vnet_zerocopy_recv(struct vnet_sock *vs, struct msghdr *msg);

#endif
