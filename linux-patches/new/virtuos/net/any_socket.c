// SPDX-License-Identifier: GPL-2.0
/*
 * ioctl() of the domain's interfaces and bridges on a socket of any family, such as the local one
 * of glibc's if_nametoindex(). A socket of the domain stands in for it.
 *
 * Forwarded sockets come here only with what the domain's have no layout for (layout.c).
 */
#include <linux/in.h>
#include <linux/module.h>
#include <linux/net.h>
#include <linux/sockios.h>
#include "bridge.h"
#include "netns.h"

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
		return true;
	}
	return false;
}

static bool is_of_bridge(unsigned int cmd)
{
	switch (cmd) {
	case SIOCGIFBR:
	case SIOCSIFBR:
	case SIOCBRADDBR:
	case SIOCBRDELBR:
	case SIOCBRADDIF:
	case SIOCBRDELIF:
		return true;
	}
	return false;
}

static int on_ioctl(struct net *net, unsigned int cmd, unsigned long arg)
{
	bool bridges = is_of_bridge(cmd);
	struct socket *sock;
	int rc;

	if (!bridges && !is_of_interface(cmd))
		return -ENOIOCTLCMD;
	rc = vnet_netns_need(net);
	if (!rc)
		rc = __sock_create(net, PF_INET, SOCK_DGRAM, IPPROTO_UDP, &sock, 1);
	if (rc)
		return rc;
	if (bridges)
		rc = vnet_bridge_ioctl(vnet_sk(sock->sk), cmd, (void __user *)arg);
	else
		rc = vnet_ioctl(sock, cmd, arg);
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
