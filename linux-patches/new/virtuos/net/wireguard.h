/* SPDX-License-Identifier: GPL-2.0 */
/* Which configuration of a WireGuard interface makes an earlier one void. See wireguard.c. */
#ifndef VNET_WIREGUARD_H
#define VNET_WIREGUARD_H

#include <linux/types.h>

struct nlattr;

/**
 * struct vnet_wg - the attributes of one WG_CMD_SET_DEVICE
 * @head: the first one
 * @len: bytes of all
 */
struct vnet_wg {
	const struct nlattr *head;
	int len;
};

bool vnet_wg_covers(const struct vnet_wg *w, const struct vnet_wg *older);
bool vnet_wg_updates(const struct vnet_wg *w);
bool vnet_wg_only_removes(const struct vnet_wg *w);
bool vnet_wg_shares_peer(const struct vnet_wg *w, const struct vnet_wg *older);

#endif
