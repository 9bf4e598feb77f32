// SPDX-License-Identifier: GPL-2.0
/* Nodes that the FUSE client has dropped: the service is told of them in batches. */
#include <linux/slab.h>
#include "vosfs.h"

#define FORGET_BATCH	32u

/**
 * vosfs_send_forget - queue a node that the client has dropped, for vosfs_forget_work()
 * @fiq: the connection's queue
 * @link: names the node; freed when it has been sent
 *
 * Context: any.
 */
void vosfs_send_forget(struct fuse_iqueue *fiq, struct fuse_forget_link *link)
{
	struct vosfs_conn *conn = fiq->priv;
	unsigned long flags;

	if (!READ_ONCE(fiq->connected)) {
		kfree(link);
		return;
	}
	spin_lock_irqsave(&conn->lock, flags);
	link->next = conn->forgets;
	conn->forgets = link;
	spin_unlock_irqrestore(&conn->lock, flags);
	queue_work(conn->wq, &conn->forget_work);
}

static void forget_done(struct vos_call *call)
{
	vos_call_put(call);
}

/*
 * Write up to FORGET_BATCH of @list into @call and free them.
 * Return: the rest.
 */
static struct fuse_forget_link *put_forgets(struct vos_call *call, struct fuse_forget_link *list)
{
	struct fuse_in_header ih = { .opcode = FUSE_BATCH_FORGET };
	struct fuse_batch_forget_in in = {};
	u8 __peer *to = call->data[0];
	u32 len = sizeof(ih) + sizeof(in);
	struct fuse_forget_link *link;

	for (; list && in.count < FORGET_BATCH; in.count++) {
		link = list;
		list = link->next;
		vos_peer_write(to + len, &link->forget_one, sizeof(link->forget_one));
		len += sizeof(link->forget_one);
		kfree(link);
	}
	ih.len = len;
	vos_peer_write(to, &ih, sizeof(ih));
	vos_peer_write(to + sizeof(ih), &in, sizeof(in));
	call->sqe.opcode = VOS_OP_FUSE;
	call->sqe.ext[0].len = len;
	vosfs_count_request(FUSE_BATCH_FORGET);
	return list;
}

static void free_forgets(struct fuse_forget_link *list)
{
	while (list) {
		struct fuse_forget_link *link = list;

		list = link->next;
		kfree(link);
	}
}

/**
 * vosfs_forget_work - tell the service which nodes may leave its cache
 * @work: the connection's
 *
 * The service keeps no counts. So while it is away, it needs to be told of none.
 *
 * Context: process.
 */
void vosfs_forget_work(struct work_struct *work)
{
	struct vosfs_conn *conn = container_of(work, struct vosfs_conn, forget_work);
	const u32 len = sizeof(struct fuse_in_header) + sizeof(struct fuse_batch_forget_in) +
			FORGET_BATCH * sizeof(struct fuse_forget_one);
	struct fuse_forget_link *list;
	struct vos_call *call;

	spin_lock_irq(&conn->lock);
	list = conn->forgets;
	conn->forgets = NULL;
	spin_unlock_irq(&conn->lock);

	while (list) {
		call = vos_call_get(conn->session, len, 0,
				    VOS_GET_UP_ONLY | VOS_GET_NOCRED | VOS_GET_KILLABLE);
		if (IS_ERR(call)) {
			free_forgets(list);
			return;
		}
		list = put_forgets(call, list);
		call->done = forget_done;
		vos_call_submit(call);
	}
}
