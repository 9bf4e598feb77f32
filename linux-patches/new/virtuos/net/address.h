/* SPDX-License-Identifier: GPL-2.0 */
/* The Ethernet addresses of interfaces that a kept request has made. See netlink_address.c. */
#ifndef VNET_ADDRESS_H
#define VNET_ADDRESS_H

#include <linux/types.h>

struct nlattr;
struct nlmsghdr;

/* Bytes that the addresses of two interfaces take. */
#define VNET_ADDRESS_ROOM	28

u32 vnet_address_put(struct nlmsghdr *h, const u8 *address);
u32 vnet_address_put_peer(struct nlmsghdr *h, struct nlattr *peer, const u8 *address);

#endif
