// SPDX-License-Identifier: GPL-2.0
/*
 * The core's parameters, begin and end. See vos_front.h; the module is ../door/module.c.
 */
#include <linux/moduleparam.h>
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

/* Set before there is a link. */
const struct vos_door_ops *vos_door;

/*
 * vos_core_start - from here on service domains are found
 * @door: what is to be told of them
 * Return: 0, -ENODEV, -ENOMEM or what xenbus says; on error nothing is left.
 */
int vos_core_start(const struct vos_door_ops *door)
{
	int rc;

	if (!xen_domain())
		return -ENODEV;
	vos_door = door;
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
	return 0;
err_xenbus:
	vos_xenbus_exit();
err_stats:
	vos_stats_exit();
err_wq:
	destroy_workqueue(vos_wq);
	return rc;
}

/*
 * vos_core_stop - the end of all that vos_core_start() began; there is no session any more
 */
void vos_core_stop(void)
{
	vos_clock_exit();
	vos_xenbus_exit();
	flush_workqueue(vos_wq);	/* links that died last are freed */
	vos_grants_exit();
	destroy_workqueue(vos_wq);
	vos_stats_exit();
}
