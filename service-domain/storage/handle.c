// SPDX-License-Identifier: GPL-2.0
/*
 * Files that processes read and write through their user channels, past the FUSE
 * server, and what of it is on the disk: COMMIT. io.c has READ and WRITE.
 *
 * A write is answered when it is in the page cache here. Until it is on the disk, the process
 * keeps it in memory of the primary. vos_uchan_slot.durable tells which writes the process may
 * forget. Sequence numbers order all writes of this incarnation. Those of one file are given in
 * the order in which the writes are carried out.
 *
 * Invariant: a handle holds its node, and the node its file, until no call uses it.
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include "handle.h"

/* Of writes through handles, of all files. */
atomic64_t vst_last_seq = ATOMIC64_INIT(0);

/**
 * vst_handle_add - let a process use a file through its user channel
 * @vc: the engine's connection
 * @id: node id, untrusted
 * @flags: VOS_HANDLE_*
 * @slot: shared state of the handle, to be written only
 *
 * Context: control thread.
 * Return: the struct vst_handle, or ERR_PTR.
 */
void *vst_handle_add(struct veng_conn *vc, u64 id, u32 flags, struct vos_uchan_slot __peer *slot)
{
	struct vst_conn *conn = veng_conn_priv(vc);
	struct vst_handle *h = kzalloc(sizeof(*h), GFP_KERNEL);

	if (!h)
		return ERR_PTR(-ENOMEM);
	h->node = vst_node_get(conn, id);
	if (IS_ERR(h->node)) {
		void *err = ERR_CAST(h->node);

		kfree(h);
		return err;
	}
	h->file = vst_node_file(h->node, flags & VOS_HANDLE_WRITE ? FMODE_WRITE : FMODE_READ);
	if (IS_ERR(h->file)) {
		void *err = ERR_CAST(h->file);

		vst_node_put(h->node);
		kfree(h);
		return err;
	}
	h->noatime = flags & VOS_HANDLE_NOATIME;
	h->slot = slot;
	vos_store(&slot->durable, 0);
	spin_lock(&conn->lock);
	list_add_tail(&h->list, &conn->handles);
	h->node->handles++;
	spin_unlock(&conn->lock);
	return h;
}

/**
 * vst_handle_drop - free a handle that no call uses
 * @vc: the engine's connection
 * @target: the struct vst_handle
 *
 * Context: control thread.
 * Return: true if writes through it are not on the disk yet.
 */
bool vst_handle_drop(struct veng_conn *vc, void *target)
{
	struct vst_conn *conn = veng_conn_priv(vc);
	struct vst_handle *h = target;
	bool dirty;

	spin_lock(&conn->lock);
	list_del(&h->list);
	h->node->handles--;
	dirty = h->seq > h->node->durable;
	spin_unlock(&conn->lock);
	vst_node_put(h->node);
	kfree(h);
	return dirty;
}

/**
 * vst_node_durable - note and publish that writes up to @seq are on the disk
 * @conn: whose node it is
 * @node: held
 * @seq: as node->seq was before it was synced
 *
 * Context: process.
 */
void vst_node_durable(struct vst_conn *conn, struct vst_node *node, u64 seq)
{
	struct vst_handle *h;

	spin_lock(&conn->lock);
	if (seq > node->durable)
		node->durable = seq;
	list_for_each_entry(h, &conn->handles, list)
		if (h->node == node)
			vos_store(&h->slot->durable, seq);
	spin_unlock(&conn->lock);
}

/**
 * vst_node_sync - write the data of a node to the disk
 * @conn: whose node it is
 * @node: held
 * @file: the node's file
 * @datasync: leave out metadata that is not needed to read the data
 *
 * Context: process; waits for the disk.
 * Return: 0 or -errno.
 */
int vst_node_sync(struct vst_conn *conn, struct vst_node *node, struct file *file, bool datasync)
{
	u64 seq = READ_ONCE(node->seq);
	int err = vfs_fsync(file, datasync);

	if (!err)
		vst_node_durable(conn, node, seq);
	return err;
}

/* One more node that @call's channel has written to and that is not durable. */
static struct vst_handle *next_dirty(struct vst_conn *conn, const struct veng_scall *call,
				     u64 before)
{
	struct vst_handle *h;

	list_for_each_entry(h, &conn->handles, list)
		if (PAGE_ALIGN_DOWN((__peer_force unsigned long)h->slot) ==
		    PAGE_ALIGN_DOWN((__peer_force unsigned long)call->slot) &&
		    h->seq && h->seq <= before && h->seq > h->node->durable)
			return h;
	return NULL;
}

/* Sync all of the channel's files. The page of its slots identifies a channel. */
static s64 do_commit(struct veng_scall *call)
{
	struct vst_conn *conn = veng_conn_priv(call->conn);
	u64 before = atomic64_read(&vst_last_seq);
	struct vst_handle *h;
	struct vst_node *node;
	int err = 0;

	while (!err) {
		spin_lock(&conn->lock);
		h = next_dirty(conn, call, before);
		node = h ? h->node : NULL;
		if (node)
			refcount_inc(&node->ref);
		spin_unlock(&conn->lock);
		if (!node)
			break;
		err = vst_node_sync(conn, node, node->file, true);
		vst_node_put(node);
	}
	return err;
}

static void commit_work(struct work_struct *work)
{
	vst_carry_out(work, do_commit);
}

/**
 * vst_call_commit - queue COMMIT for a worker
 * @call: the call
 *
 * Context: dispatcher.
 * Return: VENG_PENDING.
 */
s64 vst_call_commit(struct veng_scall *call)
{
	vst_queue(call, commit_work);
	return VENG_PENDING;
}
