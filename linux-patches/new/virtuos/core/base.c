// SPDX-License-Identifier: GPL-2.0
/*
 * Queues of work, and the door's functions. Every file of the core may use them; this file
 * uses no other.
 */
#include "core_priv.h"

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

/*
 * vos_queues_init, vos_queues_exit - before anything else of the core, and after it
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

void vos_queues_exit(void)
{
	destroy_workqueue(vos_wait_wq);
	destroy_workqueue(vos_wq);
}
