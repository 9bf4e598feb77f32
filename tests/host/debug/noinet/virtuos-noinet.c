// SPDX-License-Identifier: GPL-2.0
/*
 * Takes PF_INET away from the TCP/IP that the kernel of DEBUG=… has built in, so that
 * the same kernel can be a primary's. Loaded before virtuos-net, in the primary alone;
 * nothing may have made a socket before. IPv6 stays away by ipv6.disable=1.
 *
 * It cannot be unloaded: there is no way to give the family back.
 */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/net.h>

static int __init noinet_init(void)
{
	sock_unregister(PF_INET);
	return 0;
}
module_init(noinet_init);

MODULE_DESCRIPTION("Frees PF_INET for VirtuOS where TCP/IP is built in (debug kernels)");
MODULE_LICENSE("GPL");
