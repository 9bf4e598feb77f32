// SPDX-License-Identifier: GPL-2.0
/* Start and stop of the core. vos_front.h has its interface, ../door/module.c the module. */
#include <xen/xen.h>
#include "core_priv.h"

/**
 * vos_core_start - start the core: from now on it finds service domains
 * @door: the door's functions, which the core calls
 *
 * Context: process.
 * Return: 0, -ENODEV, -ENOMEM or what xenbus says; on error nothing is left.
 */
int vos_core_start(const struct vos_door_ops *door)
{
	int rc;

	if (!xen_domain())
		return -ENODEV;
	vos_door = door;
	rc = vos_queues_init();
	if (rc)
		return rc;
	rc = vos_stats_init();
	if (rc)
		goto err_queues;
	rc = vos_threads_init();
	if (rc)
		goto err_stats;
	vos_records_init();
	rc = vos_xenbus_init();
	if (rc)
		goto err_records;
	rc = vos_clock_init();
	if (rc)
		goto err_xenbus;
	return 0;
err_xenbus:
	vos_xenbus_exit();
err_records:
	vos_records_exit();
	vos_threads_exit();
err_stats:
	vos_stats_exit();
err_queues:
	vos_queues_exit();
	return rc;
}

/**
 * vos_core_stop - stop all that vos_core_start() began
 *
 * There is no session any more.
 *
 * Context: process.
 */
void vos_core_stop(void)
{
	vos_clock_exit();
	vos_xenbus_exit();
	destroy_workqueue(vos_wait_wq);
	flush_workqueue(vos_wq);	/* links that died last are freed */
	vos_grants_exit();
	destroy_workqueue(vos_wq);
	vos_records_exit();
	vos_threads_exit();
	vos_stats_exit();
}
