// SPDX-License-Identifier: GPL-2.0
/*
 * Work queues, and the door's functions. Every file of the core may use this file. It uses no
 * other.
 */
#include "core_priv.h"

/*
 * This queue watches, kills and frees links, and ends grants. Its work waits for no service and
 * for no process. It takes no lock under which another thread does so.
 */
struct workqueue_struct *vos_wq;

/*
 * The ends of user channels (../door/close.c). Their work does not wait for the service's
 * answers, but a provider may wait for its disk when a handle ends.
 *
 * A channel has one such work at a time. MAX_WAITING covers the channels of two links, as many
 * as Linux allows, so no channel's end waits for another's.
 */
struct workqueue_struct *vos_wait_wq;

#define MAX_WAITING	(2 * VOS_MAX_UCHANS)

/* vos_core_start() sets it before there is a link. */
const struct vos_door_ops *vos_door;

/**
 * vos_queues_init - make the work queues, before anything else of the core
 *
 * Return: 0 or -ENOMEM.
 */
int vos_queues_init(void)
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

/**
 * vos_queues_exit - destroy the work queues after a start that failed
 */
void vos_queues_exit(void)
{
	destroy_workqueue(vos_wait_wq);
	destroy_workqueue(vos_wq);
}
