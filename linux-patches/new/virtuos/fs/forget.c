// SPDX-License-Identifier: GPL-2.0
/*
 * Nodes that the FUSE client has dropped: the service is told of them in batches. It then gives
 * up files without a name that it keeps. So none may be lost, and none may be of a node that the
 * client has again.
 *
 * The service compares when the client dropped a node and when it got it. Both are numbers of
 * requests. What a dead domain knew of that is lost. So nodes that are in use again are left out
 * here, each time a batch is sent. The client will forget those once more.
 */
#include <linux/completion.h>
#include <linux/slab.h>
#include <linux/wait.h>
#include "vosfs.h"

#define FORGET_BATCH	32u

/**
 * vosfs_send_forget - queue a node that the client has dropped, for vosfs_forget_work()
 * @fiq: the connection's queue
 * @link: names the node; freed when the service has answered
 *
 * Context: process.
 */
void vosfs_send_forget(struct fuse_iqueue *fiq, struct fuse_forget_link *link)
{
	struct vosfs_conn *conn = fiq->priv;

	if (!READ_ONCE(fiq->connected)) {
		kfree(link);
		return;
	}
	/* The service keeps no counts. It gets the number of the time in their place. */
	link->forget_one.nlookup = fuse_get_unique(fiq);
	spin_lock_irq(&conn->lock);
	link->next = conn->forgets;
	conn->forgets = link;
	WRITE_ONCE(conn->forgets_asked, conn->forgets_asked + 1);
	spin_unlock_irq(&conn->lock);
	queue_work(conn->wq, &conn->forget_work);
}

static void free_forgets(struct fuse_forget_link *list)
{
	while (list) {
		struct fuse_forget_link *link = list;

		list = link->next;
		kfree(link);
	}
}

/* Take what is queued. Return: it. @asked: how many had been queued by then */
static struct fuse_forget_link *take_all(struct vosfs_conn *conn, u32 *asked)
{
	struct fuse_forget_link *list;

	spin_lock_irq(&conn->lock);
	list = conn->forgets;
	conn->forgets = NULL;
	*asked = conn->forgets_asked;
	spin_unlock_irq(&conn->lock);
	return list;
}

/* Wake the tasks that wait for those, also if they could not be sent. */
static void tell_all(struct vosfs_conn *conn, u32 asked)
{
	WRITE_ONCE(conn->forgets_told, asked);
	wake_up_all(&conn->forget_wait);
}

/**
 * vosfs_drop_forgets - free what is queued, for a client that has ended
 * @conn: the connection
 *
 * Context: process.
 */
void vosfs_drop_forgets(struct vosfs_conn *conn)
{
	u32 asked;

	free_forgets(take_all(conn, &asked));
	tell_all(conn, asked);
}

/* Stop at a live inode of that node. One that is being freed has a FORGET of its own. */
static int is_live(struct inode *inode, unsigned long hash, void *id)
{
	if (get_node_id(inode) != *(u64 *)id)
		return 0;
	if (READ_ONCE(inode->i_state) & (I_FREEING | I_WILL_FREE))
		return 0;
	*(u64 *)id = 0;
	return -1;
}

static bool client_has(struct fuse_conn *fc, u64 id)
{
	struct fuse_mount *fm;

	down_read(&fc->killsb);
	fm = list_first_entry_or_null(&fc->mounts, struct fuse_mount, fc_entry);
	if (fm && fm->sb)
		find_inode_nowait(fm->sb, id, is_live, &id);
	up_read(&fc->killsb);
	return !id;
}

/**
 * vosfs_client_has - test whether the client has a node, perhaps again
 * @conn: the connection
 * @id: the node
 *
 * Context: process.
 * Return: true if so.
 */
bool vosfs_client_has(struct vosfs_conn *conn, u64 id)
{
	bool used;

	mutex_lock(&conn->mutex);
	used = conn->fiq && client_has(container_of(conn->fiq, struct fuse_conn, iq), id);
	mutex_unlock(&conn->mutex);
	return used;
}

/* Take nodes off a list until a batch is full. Those in use are freed. Return: the batch. */
static struct fuse_forget_link *take_batch(struct vosfs_conn *conn, struct fuse_forget_link **list)
{
	struct fuse_forget_link *batch = NULL, *link;
	u32 n = 0;

	while ((link = *list) && n < FORGET_BATCH) {
		*list = link->next;
		if (vosfs_client_has(conn, link->forget_one.nodeid)) {
			kfree(link);
			continue;
		}
		link->next = batch;
		batch = link;
		n++;
	}
	return batch;
}

static void put_batch(struct vos_call *call, const struct fuse_forget_link *link)
{
	struct fuse_in_header ih = { .opcode = FUSE_BATCH_FORGET };
	struct fuse_batch_forget_in in = {};
	u8 __peer *to = call->data[0];
	u32 len = sizeof(ih) + sizeof(in);

	for (; link; link = link->next, in.count++) {
		vos_peer_write(to + len, &link->forget_one, sizeof(link->forget_one));
		len += sizeof(link->forget_one);
	}
	ih.len = len;
	vos_peer_write(to, &ih, sizeof(ih));
	vos_peer_write(to + sizeof(ih), &in, sizeof(in));
	call->sqe.opcode = VOS_OP_FUSE;
	call->sqe.ext[0].len = len;
	vosfs_count_request(FUSE_BATCH_FORGET);
}

static void forget_done(struct vos_call *call)
{
	complete(call->priv);
}

/* Send one batch off a list. Return: 0 when it was answered; it stays on the list otherwise. */
static int send_batch(struct vosfs_conn *conn, struct fuse_forget_link **list)
{
	const u32 len = sizeof(struct fuse_in_header) + sizeof(struct fuse_batch_forget_in) +
			FORGET_BATCH * sizeof(struct fuse_forget_one);
	DECLARE_COMPLETION_ONSTACK(done);
	struct fuse_forget_link *batch, **end;
	struct vos_call *call;
	int err;

	/* First the link, then the test: a later use is known to the domain that gets this. */
	call = vos_call_get(conn->session, len, 0,
			    VOS_GET_UP_ONLY | VOS_GET_NOCRED | VOS_GET_KILLABLE);
	if (IS_ERR(call))
		return PTR_ERR(call);
	batch = take_batch(conn, list);
	put_batch(call, batch);
	call->done = forget_done;
	call->priv = &done;
	vos_call_submit(call);
	wait_for_completion(&done);
	err = call->status;
	vos_call_put(call);
	if (!err) {
		free_forgets(batch);
		return 0;
	}
	for (end = &batch; *end; end = &(*end)->next)
		;
	*end = *list;
	*list = batch;
	return err;
}

/* Put what could not be sent back. ops->room() comes when there is a link again. */
static void put_back(struct vosfs_conn *conn, struct fuse_forget_link *list)
{
	struct fuse_forget_link **end = &list;

	while (*end)
		end = &(*end)->next;
	spin_lock_irq(&conn->lock);
	*end = conn->forgets;
	conn->forgets = list;
	spin_unlock_irq(&conn->lock);
}

/**
 * vosfs_forget_work - tell the service which nodes may leave its cache
 * @work: the connection's
 *
 * Context: process.
 */
void vosfs_forget_work(struct work_struct *work)
{
	struct vosfs_conn *conn = container_of(work, struct vosfs_conn, forget_work);
	u32 asked;
	struct fuse_forget_link *list = take_all(conn, &asked);
	int err = 0;

	while (list && !err)
		err = send_batch(conn, &list);
	if (err)
		put_back(conn, list);
	tell_all(conn, asked);
}

/**
 * vosfs_forget_flush - wait until the service has been told of what the client has dropped
 * @conn: the connection
 *
 * The blocks of removed files are free then, if there is a link. It does not wait for one.
 *
 * Context: process. Waits for calls of the service; a signal that kills ends it.
 * Return: 0 or -EINTR.
 */
int vosfs_forget_flush(struct vosfs_conn *conn)
{
	u32 asked = READ_ONCE(conn->forgets_asked);
	int rc = wait_event_killable(conn->forget_wait,
				     (s32)(READ_ONCE(conn->forgets_told) - asked) >= 0);

	return rc ? -EINTR : 0;
}
