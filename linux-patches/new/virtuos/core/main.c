// SPDX-License-Identifier: GPL-2.0
/*
 * virtuos-core: the front end's core in the primary. See vos_front.h.
 */
#include <linux/module.h>
#include <xen/xen.h>
#include "internal.h"

unsigned int vos_restart_timeout = 30;
module_param_named(restart_timeout, vos_restart_timeout, uint, 0644);
MODULE_PARM_DESC(restart_timeout, "seconds that calls wait for a service domain that is down");

unsigned int vos_hang_timeout = 10;
module_param_named(hang_timeout, vos_hang_timeout, uint, 0644);
MODULE_PARM_DESC(hang_timeout,
		 "seconds without a heartbeat after which a service domain counts as hung; 0: never");

unsigned int vos_spin_us = 100;
module_param_named(spin_us, vos_spin_us, uint, 0644);
MODULE_PARM_DESC(spin_us, "microseconds that a caller polls for its answer before it sleeps");

unsigned int vos_idle_poll_us = 200;
module_param_named(idle_poll_us, vos_idle_poll_us, uint, 0644);
MODULE_PARM_DESC(idle_poll_us,
		 "microseconds at most that an idle processor polls the rings before it sleeps");

/* Links are killed and freed here when that is asked for in an interrupt. */
struct workqueue_struct *vos_wq;

static int __init vos_core_init(void)
{
	int rc;

	if (!xen_domain())
		return -ENODEV;
	vos_wq = alloc_workqueue("virtuos", WQ_MEM_RECLAIM, 0);
	if (!vos_wq)
		return -ENOMEM;
	rc = vos_stats_init();
	if (rc)
		goto err_wq;
	rc = vos_xenbus_init();
	if (rc)
		goto err_stats;
	rc = vos_clock_init();
	if (rc)
		goto err_xenbus;
	/* Last: once doors can be opened, the module stays. */
	rc = vos_door_init();
	if (rc)
		goto err_clock;
	/* Another module has them: then service domains interrupt us more often. */
	if (vos_look_init())
		pr_warn("virtuos: the kernel's ring hooks are taken\n");
	return 0;
err_clock:
	vos_clock_exit();
err_xenbus:
	vos_xenbus_exit();
err_stats:
	vos_stats_exit();
err_wq:
	destroy_workqueue(vos_wq);
	return rc;
}

static void __exit vos_core_exit(void)
{
	vos_clock_exit();
	vos_xenbus_exit();
	flush_workqueue(vos_wq);	/* links that died last are freed */
	vos_grants_exit();
	destroy_workqueue(vos_wq);
	vos_stats_exit();
}

module_init(vos_core_init);
module_exit(vos_core_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("VirtuOS front end: sessions and calls");
