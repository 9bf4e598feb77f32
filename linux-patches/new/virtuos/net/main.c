// SPDX-License-Identifier: GPL-2.0
/*
 * virtuos-net: the module's parameters, its session with the network domain, its start and
 * stop.
 */
#include <linux/module.h>
#include <linux/slab.h>
#include "vos_account.h"
#include "netns.h"
#include "packet.h"
#include "tun.h"
#include "view.h"
#include "vnet.h"

static char *service = "net";
module_param(service, charp, 0444);
MODULE_PARM_DESC(service, "name of the service that answers (default net)");

static unsigned int objects = 16384;
module_param(objects, uint, 0444);
MODULE_PARM_DESC(objects, "most sockets at a time (default 16384)");

static unsigned int arena_pages = 512;
module_param(arena_pages, uint, 0444);
MODULE_PARM_DESC(arena_pages, "shared data pages for each processor (default 512)");

struct vnet vnet;

static const struct vos_session_ops session_ops = {
	.up = vnet_up,
	.down = vnet_down,
	.event = vnet_object_event,
	.room = vnet_room,
	.user_ns = vnet_user_ns,
	.service = VOS_DOOR_NET,
	.prompt = true,
};

static int session_open(void)
{
	int rc;

	if (!objects || objects > VOS_MAX_OBJECTS || objects % 64 ||
	    arena_pages > VOS_MAX_ARENA_PAGES) {
		pr_err("virtuos-net: objects must be a multiple of 64 up to %u, arena_pages at most %u\n",
		       VOS_MAX_OBJECTS, VOS_MAX_ARENA_PAGES);
		return -EINVAL;
	}
	vnet.nr = objects;
	ida_init(&vnet.ida);
	vnet.table = kvcalloc(objects, sizeof(*vnet.table), GFP_KERNEL);
	if (!vnet.table)
		return -ENOMEM;
	vnet.wq = alloc_workqueue("virtuos-net-release", WQ_UNBOUND, 0);
	if (!vnet.wq) {
		kvfree(vnet.table);
		return -ENOMEM;
	}
	INIT_WORK(&vnet.wake, vnet_wake_work);
	rc = vnet_netns_init();
	if (rc)
		goto err;
	vnet.session = vos_session_get(service, &session_ops, &vnet, objects, arena_pages);
	if (!IS_ERR(vnet.session)) {
		vnet.max_extent = vos_session_max_extent(vnet.session);
		return 0;
	}
	rc = PTR_ERR(vnet.session);
	vnet.session = NULL;
	vnet_netns_exit();
err:
	destroy_workqueue(vnet.wq);
	kvfree(vnet.table);
	return rc;
}

static void session_close(void)
{
	vnet_netns_exit();
	drain_workqueue(vnet.wq);	/* its work uses the session */
	vos_session_put(vnet.session);
	destroy_workqueue(vnet.wq);
	vnet_keep_drop();
	vnet_changes_drop();
	vnet_tun_drop();
	rcu_barrier();		/* for sockets still to be freed */
	ida_destroy(&vnet.ida);
	kvfree(vnet.table);
}

static int __init vnet_init(void)
{
	int rc = proto_register(&vnet_proto, 1);

	if (rc)
		return rc;
	vnet_protoname_init();
	vnet_devices_init();
	rc = vnet_ring_init();
	if (rc)
		goto err_proto;
	rc = session_open();
	if (rc)
		goto err_ring;
	rc = vnet_provider_init();
	if (rc)
		goto err_session;
	rc = vnet_sysctl_core_init();
	if (rc)
		goto err_sysctl;
	rc = vnet_families_register();
	if (rc)
		goto err_sysctl;
	rc = vnet_tun_init();
	if (rc)
		goto err_families;
	return 0;

err_families:
	vnet_families_unregister();
err_sysctl:
	vnet_sysctl_core_exit();
	vnet_provider_exit();
err_session:
	session_close();
err_ring:
	vnet_ring_exit();
err_proto:
	proto_unregister(&vnet_proto);
	return rc;
}
module_init(vnet_init);

/* Stop. No socket exists, for each holds the module. Releases may still be under way. */
static void __exit vnet_exit(void)
{
	vnet_any_socket_end();
	vnet_netlink_end();
	vnet_tun_exit();
	vnet_families_unregister();
	vnet_ring_exit();
	vnet_sysctl_core_exit();
	vnet_provider_exit();
	session_close();
	proto_unregister(&vnet_proto);
}
module_exit(vnet_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("VirtuOS: sockets served by a network domain");
