/* SPDX-License-Identifier: GPL-2.0 */
/* Bridges by ioctl(). See bridge.c. */
#ifndef VNET_BRIDGE_H
#define VNET_BRIDGE_H

void vnet_bridge_begin(void);
void vnet_bridge_end(void);

#endif
