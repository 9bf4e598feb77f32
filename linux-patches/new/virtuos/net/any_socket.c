// SPDX-License-Identifier: GPL-2.0
/*
 * ioctl() of the domain's interfaces, bridges, bonds and VLANs on a socket of any family, such as
 * the local one of glibc's if_nametoindex(). A socket of the domain stands in for it.
 *
 * Forwarded sockets come here only with what the domain's have no layout for (layout.c).
 */
#include <linux/in.h>
#include <linux/module.h>
#include <linux/net.h>
#include <linux/sockios.h>
#include "bond.h"
#include "bridge.h"
#include "netns.h"
#include "vlan.h"

/* Test for what Linux's dev_ioctl() does. Addresses are a family's own. */
static bool is_of_interface(unsigned int cmd)
{
	switch (cmd) {
	case SIOCGIFNAME:
	case SIOCSIFNAME:
	case SIOCGIFCONF:
	case SIOCGIFFLAGS:
	case SIOCSIFFLAGS:
	case SIOCGIFMETRIC:
	case SIOCSIFMETRIC:
	case SIOCGIFMTU:
	case SIOCSIFMTU:
	case SIOCGIFHWADDR:
	case SIOCSIFHWADDR:
	case SIOCSIFHWBROADCAST:
	case SIOCGIFSLAVE:
	case SIOCSIFSLAVE:
	case SIOCADDMULTI:
	case SIOCDELMULTI:
	case SIOCGIFINDEX:
	case SIOCGIFTXQLEN:
	case SIOCSIFTXQLEN:
	case SIOCGIFMAP:
	case SIOCSIFMAP:
	case SIOCETHTOOL:
	case SIOCGMIIPHY:
	case SIOCGMIIREG:
	case SIOCSMIIREG:
	case SIOCGHWTSTAMP:
	case SIOCSHWTSTAMP:
	case SIOCBONDSLAVEINFOQUERY:
	case SIOCBONDINFOQUERY:
		return true;
	}
	return false;
}

/* Carries out a command by a socket of the domain. */
typedef int (*command_fn)(struct vnet_sock *vs, unsigned int cmd, void __user *arg);

static int of_interface(struct vnet_sock *vs, unsigned int cmd, void __user *arg)
{
	return vnet_sock_ioctl(vs, cmd, (unsigned long)arg);
}

/* Find the function for a command. Return: NULL: it is for this kernel. */
static command_fn find(unsigned int cmd)
{
	switch (cmd) {
	case SIOCGIFBR:
	case SIOCSIFBR:
	case SIOCBRADDBR:
	case SIOCBRDELBR:
	case SIOCBRADDIF:
	case SIOCBRDELIF:
		return vnet_bridge_ioctl;
	case SIOCGIFVLAN:
	case SIOCSIFVLAN:
		return vnet_vlan_ioctl;
	case SIOCBONDENSLAVE:
	case SIOCBONDRELEASE:
	case SIOCBONDSETHWADDR:
	case SIOCBONDCHANGEACTIVE:
		return vnet_bond_ioctl;
	}
	return is_of_interface(cmd) ? of_interface : NULL;
}

static int on_ioctl(struct net *net, unsigned int cmd, unsigned long arg)
{
	command_fn command = find(cmd);
	struct socket *sock;
	int rc;

	if (!command)
		return -ENOIOCTLCMD;
	rc = vnet_netns_need(net);
	if (!rc)
		rc = __sock_create(net, PF_INET, SOCK_DGRAM, IPPROTO_UDP, &sock, 1);
	if (rc)
		return rc;
	rc = command(vnet_sk(sock->sk), cmd, (void __user *)arg);
	sock_release(sock);
	return rc;
}

static const struct sock_ioctl_delegate delegate = {
	.ioctl = on_ioctl,
	.owner = THIS_MODULE,
};

/**
 * vnet_any_socket_begin - have the domain answer for interfaces on sockets of all families
 *
 * As for vnet_netlink_begin(), there is a link then.
 *
 * Context: the session's thread, in up().
 */
void vnet_any_socket_begin(void)
{
	sock_delegate_ioctl(&delegate);
}

/**
 * vnet_any_socket_end - undo vnet_any_socket_begin()
 *
 * Context: process; there is no link any more.
 */
void vnet_any_socket_end(void)
{
	sock_delegate_ioctl(NULL);
}
