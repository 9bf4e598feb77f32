// SPDX-License-Identifier: GPL-2.0
/*
 * The core's parameters, begin and end. See vos_front.h; the module is ../door/module.c.
 */
#include <linux/moduleparam.h>
#include <xen/xen.h>
#include "core_priv.h"

unsigned int vos_restart_timeout = 30;
module_param_named(restart_timeout, vos_restart_timeout, uint, 0644);
MODULE_PARM_DESC(restart_timeout, "seconds that calls wait for a service domain that is down");

unsigned int vos_hang_timeout = 10;
module_param_named(hang_timeout, vos_hang_timeout, uint, 0644);
MODULE_PARM_DESC(hang_timeout,
		 "seconds without a heartbeat or a due answer after which a service domain counts as hung; 0: never");

unsigned int vos_spin_us = 100;
module_param_named(spin_us, vos_spin_us, uint, 0644);
MODULE_PARM_DESC(spin_us, "microseconds that a caller polls for its answer before it sleeps");

unsigned int vos_idle_poll_us = 200;
module_param_named(idle_poll_us, vos_idle_poll_us, uint, 0644);
MODULE_PARM_DESC(idle_poll_us,
		 "microseconds at most that an idle processor polls the rings before it sleeps");

/*
 * Here links are watched, killed and freed, and grants end. Nothing that runs here waits for
 * a service, for a process, or for a lock that is held while somebody does.
 */
struct workqueue_struct *vos_wq;

/*
 * The ends of user channels (../door/close.c). The service's answers are not waited for here,
 * but a provider that hears of a handle's end may wait for its disk. There is one such work
 * for a channel at a time, and room for those of two links, which is as many as Linux allows:
 * no channel's end waits for another's.
 */
struct workqueue_struct *vos_wait_wq;

#define MAX_WAITING	(2 * VOS_MAX_UCHANS)

/* Set before there is a link. */
const struct vos_door_ops *vos_door;

static int make_queues(void)
{
	vos_wq = alloc_workqueue("virtuos", WQ_MEM_RECLAIM, 0);
	if (!vos_wq)
		return -ENOMEM;
	vos_wait_wq = alloc_workqueue("virtuos-wait", WQ_UNBOUND, MAX_WAITING);
	if (vos_wait_wq)
		return 0;
	destroy_workqueue(vos_wq);
	return -ENOMEM;
}

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
	rc = make_queues();
	if (rc)
		return rc;
	rc = vos_stats_init();
	if (rc)
		goto err_queues;
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
err_queues:
	destroy_workqueue(vos_wait_wq);
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
	destroy_workqueue(vos_wait_wq);
	flush_workqueue(vos_wq);	/* links that died last are freed */
	vos_grants_exit();
	destroy_workqueue(vos_wq);
	vos_stats_exit();
}
