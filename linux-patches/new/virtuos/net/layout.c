// SPDX-License-Identifier: GPL-2.0
/* Which bytes of its argument a command of ioctl() reads and writes: one table, as switches. */
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/ipv6.h>
#include <linux/ipv6_route.h>
#include <linux/net.h>
#include <linux/route.h>
#include <linux/socket.h>
#include <linux/sockios.h>
#include <asm/ioctls.h>
#include "layout.h"

#define READS(type)	((struct vnet_layout) { .len = sizeof(type), .in = sizeof(type) })
#define WRITES(type)	((struct vnet_layout) { .len = sizeof(type), .out = sizeof(type) })
#define CHANGES(type)	((struct vnet_layout) { .len = sizeof(type), .in = sizeof(type), \
						.out = sizeof(type) })

/* Test whether Linux writes the structure back, as dev_ioctl() and inet_ioctl() do. */
static bool answers_ifreq(unsigned int cmd)
{
	switch (cmd) {
	case SIOCGIFNAME:
	case SIOCGIFFLAGS:
	case SIOCGIFADDR:
	case SIOCGIFDSTADDR:
	case SIOCGIFBRDADDR:
	case SIOCGIFNETMASK:
	case SIOCGIFMETRIC:
	case SIOCGIFMTU:
	case SIOCSIFNAME:
	case SIOCGIFHWADDR:
	case SIOCGIFSLAVE:
	case SIOCGIFINDEX:
	case SIOCGIFPFLAGS:
	case SIOCGIFTXQLEN:
	case SIOCETHTOOL:
	case SIOCGMIIPHY:
	case SIOCGMIIREG:
	case SIOCGIFMAP:
	case SIOCGHWTSTAMP:
		return true;
	}
	return false;
}

static struct vnet_layout of_ifreq(unsigned int cmd)
{
	struct vnet_layout l = READS(struct ifreq);

	if (answers_ifreq(cmd))
		l.out = l.in;
	switch (cmd) {
	case SIOCETHTOOL:
		l.pointed = VNET_ETHTOOL;
		break;
	case SIOCSHWTSTAMP:
	case SIOCGHWTSTAMP:
		l.pointed = VNET_STAMP;
		break;
	case SIOCBONDINFOQUERY:
		l.pointed = VNET_BOND;
		break;
	case SIOCBONDSLAVEINFOQUERY:
		l.pointed = VNET_SLAVE;
		break;
	}
	l.ptr = offsetof(struct ifreq, ifr_data);
	return l;
}

static struct vnet_layout of_route(int family)
{
	struct vnet_layout l = READS(struct rtentry);

	if (family == PF_INET6)
		return READS(struct in6_rtmsg);
	l.ptr = offsetof(struct rtentry, rt_dev);
	l.pointed = VNET_STRING;
	return l;
}

static struct vnet_layout of_address(int family, unsigned int cmd)
{
	if (family == PF_INET6)
		return READS(struct in6_ifreq);
	return of_ifreq(cmd);
}

/**
 * vnet_layout_of - get the layout of a command's argument
 * @family: the socket's
 * @cmd: the command
 *
 * Context: any.
 * Return: the layout; one of length 0: it is not known.
 */
struct vnet_layout vnet_layout_of(int family, unsigned int cmd)
{
	switch (cmd) {
	case SIOCINQ:
	case SIOCOUTQ:
	case SIOCOUTQNSD:
	case SIOCATMARK:
		return WRITES(int);
	case SIOCGSTAMP_OLD:
	case SIOCGSTAMPNS_OLD:
	case SIOCGSTAMP_NEW:
	case SIOCGSTAMPNS_NEW:
		return WRITES(struct __kernel_timespec);
	case SIOCGIFCONF:
		return (struct vnet_layout) {
			.len = sizeof(struct ifconf),
			.in = sizeof(struct ifconf),
			.out = offsetofend(struct ifconf, ifc_len),
			.ptr = offsetof(struct ifconf, ifc_buf),
			.pointed = VNET_CONF,
		};
	case SIOCADDRT:
	case SIOCDELRT:
		return of_route(family);
	case SIOCSIFADDR:
	case SIOCDIFADDR:
	case SIOCSIFDSTADDR:
		return of_address(family, cmd);
	case SIOCGARP:
		return CHANGES(struct arpreq);
	case SIOCSARP:
	case SIOCDARP:
		return READS(struct arpreq);
	case SIOCGIFNAME ... SIOCSIFLINK:
	case SIOCGIFFLAGS ... SIOCGIFADDR:
	case SIOCGIFDSTADDR:
	case SIOCGIFBRDADDR ... SIOCGIFHWADDR:
	case SIOCGIFSLAVE ... SIOCGIFPFLAGS:
	case SIOCSIFHWBROADCAST ... SIOCGIFCOUNT:
	case SIOCGIFTXQLEN ... SIOCSIFTXQLEN:
	case SIOCETHTOOL ... SIOCSMIIREG:
	case SIOCGIFMAP:
	case SIOCSIFMAP:
	case SIOCSHWTSTAMP:
	case SIOCGHWTSTAMP:
	case SIOCBONDINFOQUERY:
	case SIOCBONDSLAVEINFOQUERY:
		return of_ifreq(cmd);
	default:
		return (struct vnet_layout) {};
	}
}
