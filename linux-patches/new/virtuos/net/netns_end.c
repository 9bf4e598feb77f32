// SPDX-License-Identifier: GPL-2.0
/* The end of a network namespace is told to the domain. */
#include <linux/slab.h>
#include "netns.h"
#include "view.h"

struct ended {
	struct work_struct work;
	u32 number;
};

static void end_work(struct work_struct *work)
{
	struct ended *e = container_of(work, struct ended, work);
	struct vnet_view v = {
		.opcode = VOS_OP_NETNS_END,
		.arg = { e->number },
		.flags = VOS_GET_NOCRED | VOS_GET_UP_ONLY,
	};

	/* If there is no link, the next one does not know of it. */
	if (vnet_view_call(&v) < 0)
		pr_debug("virtuos-net: namespace %u has not been told to end\n", e->number);
	kfree(e);
}

/**
 * vnet_netns_end - have the domain end a namespace, soon
 * @number: of a namespace that has ended here
 *
 * It cannot be refused: the domain's memory is at stake.
 *
 * Context: process.
 */
void vnet_netns_end(u32 number)
{
	struct ended *e = kmalloc(sizeof(*e), GFP_KERNEL | __GFP_NOFAIL);

	INIT_WORK(&e->work, end_work);
	e->number = number;
	queue_work(vnet.wq, &e->work);
}
