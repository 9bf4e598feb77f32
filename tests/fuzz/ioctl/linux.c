// SPDX-License-Identifier: GPL-2.0
/*
 * What Linux's ioctls of sockets read and write of a process's memory, written down from
 * net/socket.c, net/core/dev_ioctl.c, net/ipv4 and net/ethtool of 6.12, not from the code
 * that is tested. Of SIOCETHTOOL's commands those that differ in kind; of the others it is
 * the tested table's word that counts.
 */
#include <linux/ethtool.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/ipv6.h>
#include <linux/ipv6_route.h>
#include <linux/net_tstamp.h>
#include <linux/route.h>
#include <linux/sockios.h>
#include "ethtool.h"
#include "ioctl.h"

#define IFREQ	40u

/* get_user_ifreq() and, for these, put_user_ifreq(). */
static bool puts_ifreq(unsigned int cmd)
{
	static const u16 puts[] = {
		SIOCGIFNAME, SIOCGIFFLAGS, SIOCGIFADDR, SIOCGIFDSTADDR, SIOCGIFBRDADDR,
		SIOCGIFNETMASK, SIOCGIFMETRIC, SIOCGIFMTU, SIOCSIFNAME, SIOCGIFHWADDR,
		SIOCGIFSLAVE, SIOCGIFINDEX, SIOCGIFPFLAGS, SIOCGIFMAP, SIOCGIFTXQLEN,
		SIOCETHTOOL, SIOCGMIIPHY, SIOCGMIIREG, SIOCGHWTSTAMP,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(puts); i++)
		if (puts[i] == cmd)
			return true;
	return false;
}

static void set(struct footprint *f, u64 there_in, u64 there_out)
{
	f->there_in = there_in;
	f->there_out = there_out;
}

static u32 word(const u8 *there, u32 off)
{
	u32 v;

	memcpy(&v, there + off, sizeof(v));
	return v;
}

static void of_any_ethtool(struct footprint *f, const u8 *there)
{
	const struct vnet_ethtool *e = vnet_ethtool_find(word(there, 0));
	u64 tail;

	set(f, 4, 0);
	if (!e)
		return;
	tail = e->way ? vnet_ethtool_tail(e, there) : 0;
	set(f, e->in + (e->way & VNET_ETHTOOL_IN ? tail : 0),
	    e->out + (e->way & VNET_ETHTOOL_OUT ? tail : 0));
}

static void of_ethtool(struct footprint *f, const u8 *there)
{
	s8 words = there[offsetof(struct ethtool_link_settings, link_mode_masks_nwords)];
	u64 masks = words > 0 ? words * 12u : 0, sets;

	switch (word(there, 0)) {
	case ETHTOOL_GDRVINFO:
		return set(f, 4, 196);
	case ETHTOOL_GLINK:
		return set(f, 4, 8);
	case ETHTOOL_SRINGPARAM:
		return set(f, 36, 0);
	case ETHTOOL_GREGS:
		return set(f, 12, 12ull + word(there, 8));
	case ETHTOOL_SEEPROM:
		return set(f, 16ull + word(there, 12), 0);
	case ETHTOOL_GSTATS:
		return set(f, 8, 8 + 8ull * word(there, 4));
	case ETHTOOL_GSTRINGS:
		return set(f, 12, 12 + 32ull * word(there, 8));
	case ETHTOOL_GSSET_INFO:
		memcpy(&sets, there + 8, sizeof(sets));
		return set(f, 16, 16 + 4ull * hweight64(sets));
	case ETHTOOL_GLINKSETTINGS:
		return set(f, 48, 48 + masks);
	case ETHTOOL_SLINKSETTINGS:
		return set(f, 48 + masks, 0);
	}
	of_any_ethtool(f, there);
}

static void of_pointed(struct footprint *f, unsigned int cmd, const u8 *arg, const u8 *there)
{
	int len;

	switch (cmd) {
	case SIOCETHTOOL:
		f->ptr = offsetof(struct ifreq, ifr_data);
		return of_ethtool(f, there);
	case SIOCSHWTSTAMP:
		f->ptr = offsetof(struct ifreq, ifr_data);
		return set(f, 12, 12);
	case SIOCGHWTSTAMP:
		f->ptr = offsetof(struct ifreq, ifr_data);
		return set(f, 0, 12);
	case SIOCGIFCONF:
		f->ptr = offsetof(struct ifconf, ifc_buf);
		memcpy(&len, arg, sizeof(len));
		return set(f, 0, len > 0 ? len : 0);
	case SIOCADDRT:
	case SIOCDELRT:
		f->ptr = offsetof(struct rtentry, rt_dev);
		return set(f, IFNAMSIZ - 1, 0);
	}
}

static struct footprint of_argument(int family, unsigned int cmd)
{
	bool v6 = family == PF_INET6;

	switch (cmd) {
	case SIOCINQ:
	case SIOCOUTQ:
	case SIOCOUTQNSD:
	case SIOCATMARK:
		return (struct footprint) { 0, sizeof(int) };
	case SIOCGSTAMP_OLD:
	case SIOCGSTAMPNS_OLD:
	case SIOCGSTAMP_NEW:
	case SIOCGSTAMPNS_NEW:
		return (struct footprint) { 0, 16 };
	case SIOCGIFCONF:
		return (struct footprint) { 16, sizeof(int) };
	case SIOCADDRT:
	case SIOCDELRT:
		return (struct footprint) { v6 ? sizeof(struct in6_rtmsg) : sizeof(struct rtentry) };
	case SIOCGARP:
		return (struct footprint) { sizeof(struct arpreq), sizeof(struct arpreq) };
	case SIOCSARP:
	case SIOCDARP:
		return (struct footprint) { sizeof(struct arpreq) };
	}
	return (struct footprint) { IFREQ, puts_ifreq(cmd) ? IFREQ : 0 };
}

/* @arg, @there: as the process has them; 200 bytes of each can be read. */
struct footprint linux_footprint(int family, unsigned int cmd, const u8 *arg, const u8 *there)
{
	struct footprint f = of_argument(family, cmd);

	f.ptr = -1;
	if (!(family == PF_INET6 && (cmd == SIOCADDRT || cmd == SIOCDELRT)))
		of_pointed(&f, cmd, arg, there);
	return f;
}
