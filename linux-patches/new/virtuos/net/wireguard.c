// SPDX-License-Identifier: GPL-2.0
/*
 * Which configuration of a WireGuard interface makes an earlier one void. Each one sets what it
 * names, and leaves the rest as it was. A peer is named by its public key.
 *
 * The functions touch no memory but their own, so that tests/unit includes this file as it is.
 */
#include <linux/string.h>
#include <linux/wireguard.h>
#include <net/netlink.h>
#include "wireguard.h"

static const struct nlattr *of_device(const struct vnet_wg *w, int type)
{
	return nla_find(w->head, w->len, type);
}

static u32 flags_of(const struct nlattr *a)
{
	return a && nla_len(a) >= (int)sizeof(u32) ? nla_get_u32(a) : 0;
}

static bool replaces_peers(const struct vnet_wg *w)
{
	return flags_of(of_device(w, WGDEVICE_A_FLAGS)) & WGDEVICE_F_REPLACE_PEERS;
}

static const struct nlattr *of_peer(const struct nlattr *peer, int type)
{
	return nla_find(nla_data(peer), nla_len(peer), type);
}

static bool peer_has_flag(const struct nlattr *peer, u32 flag)
{
	return flags_of(of_peer(peer, WGPEER_A_FLAGS)) & flag;
}

static bool is_same_peer(const struct nlattr *a, const struct nlattr *b)
{
	const struct nlattr *x = of_peer(a, WGPEER_A_PUBLIC_KEY);
	const struct nlattr *y = of_peer(b, WGPEER_A_PUBLIC_KEY);

	return x && y && nla_len(x) == nla_len(y) && !memcmp(nla_data(x), nla_data(y), nla_len(x));
}

static bool ips_covered(const struct nlattr *peer, const struct nlattr *older)
{
	return peer_has_flag(peer, WGPEER_F_REPLACE_ALLOWEDIPS) ||
	       (!of_peer(older, WGPEER_A_ALLOWEDIPS) &&
		!peer_has_flag(older, WGPEER_F_REPLACE_ALLOWEDIPS));
}

static bool peer_covered_by(const struct nlattr *peer, const struct nlattr *older)
{
	static const int one[] = {
		WGPEER_A_PRESHARED_KEY, WGPEER_A_ENDPOINT, WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL,
	};
	size_t i;

	if (!is_same_peer(peer, older))
		return false;
	if (peer_has_flag(peer, WGPEER_F_REMOVE_ME))
		return true;
	if (peer_has_flag(older, WGPEER_F_REMOVE_ME) ||
	    (peer_has_flag(peer, WGPEER_F_UPDATE_ONLY) &&
	     !peer_has_flag(older, WGPEER_F_UPDATE_ONLY)))
		return false;
	for (i = 0; i < ARRAY_SIZE(one); i++)
		if (of_peer(older, one[i]) && !of_peer(peer, one[i]))
			return false;
	return ips_covered(peer, older);
}

/* Find a peer of @w for which @fn holds, with @other. */
static const struct nlattr *find_peer(const struct vnet_wg *w, const struct nlattr *other,
				      bool (*fn)(const struct nlattr *peer,
						 const struct nlattr *other))
{
	const struct nlattr *peers = of_device(w, WGDEVICE_A_PEERS), *peer;
	int left;

	if (!peers)
		return NULL;
	nla_for_each_nested(peer, peers, left)
		if (fn(peer, other))
			return peer;
	return NULL;
}

static bool peers_covered(const struct vnet_wg *w, const struct vnet_wg *older)
{
	const struct nlattr *peers = of_device(older, WGDEVICE_A_PEERS), *peer;
	int left;

	if (replaces_peers(w))
		return true;
	if (replaces_peers(older))
		return false;
	if (!peers)
		return true;
	nla_for_each_nested(peer, peers, left)
		if (!find_peer(w, peer, peer_covered_by))
			return false;
	return true;
}

/**
 * vnet_wg_covers - test whether a configuration sets all that an earlier one has set
 * @w: the configuration
 * @older: the earlier one, of the same interface
 *
 * An address that two peers have had in turn is the last one's. If that is removed then, the first
 * one has it again in the next incarnation of the domain.
 *
 * Context: any.
 * Return: whether so.
 */
bool vnet_wg_covers(const struct vnet_wg *w, const struct vnet_wg *older)
{
	static const int one[] = {
		WGDEVICE_A_PRIVATE_KEY, WGDEVICE_A_LISTEN_PORT, WGDEVICE_A_FWMARK,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(one); i++)
		if (of_device(older, one[i]) && !of_device(w, one[i]))
			return false;
	return peers_covered(w, older);
}

static bool updates(const struct nlattr *peer, const struct nlattr *other)
{
	return peer_has_flag(peer, WGPEER_F_UPDATE_ONLY);
}

/**
 * vnet_wg_updates - test for a configuration that needs a peer to be there
 * @w: the configuration
 *
 * Context: any.
 * Return: whether so.
 */
bool vnet_wg_updates(const struct vnet_wg *w)
{
	return find_peer(w, NULL, updates);
}

static bool stays(const struct nlattr *peer, const struct nlattr *other)
{
	return !peer_has_flag(peer, WGPEER_F_REMOVE_ME);
}

/**
 * vnet_wg_only_removes - test for a configuration that does no more than to remove peers
 * @w: the configuration
 *
 * Context: any.
 * Return: whether so.
 */
bool vnet_wg_only_removes(const struct vnet_wg *w)
{
	return of_device(w, WGDEVICE_A_PEERS) && !replaces_peers(w) &&
	       !of_device(w, WGDEVICE_A_PRIVATE_KEY) && !of_device(w, WGDEVICE_A_LISTEN_PORT) &&
	       !of_device(w, WGDEVICE_A_FWMARK) && !find_peer(w, NULL, stays);
}

/**
 * vnet_wg_shares_peer - test for configurations that name a peer both
 * @w: one
 * @older: the other
 *
 * Context: any.
 * Return: whether so.
 */
bool vnet_wg_shares_peer(const struct vnet_wg *w, const struct vnet_wg *older)
{
	const struct nlattr *peers = of_device(w, WGDEVICE_A_PEERS), *peer;
	int left;

	if (!peers)
		return false;
	nla_for_each_nested(peer, peers, left)
		if (find_peer(older, peer, is_same_peer))
			return true;
	return false;
}
