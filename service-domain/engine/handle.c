// SPDX-License-Identifier: GPL-2.0
/*
 * Handles: what the primary's kernel allows a process to use through its user channel. If a
 * call names no handle or another generation, or if the right is missing, its answer is -EBADF.
 *
 * Invariant: the dispatcher alone reads gen for a call. It alone changes gen, but for a file,
 * whose gen the control thread sets when it has found the file. What a handle stands for goes
 * when the last call that uses it has ended.
 */
#include <linux/err.h>
#include "engine_priv.h"

static struct veng_handle *slot_of(struct veng_scall *call)
{
	u64 slot = call->sqe.arg[0] >> 32;
	struct veng_uchan *uc = veng_uchan_find(call->conn, (u32)call->sqe.arg[0]);

	return uc && slot < VOS_UCHAN_SLOTS ? &uc->handle[slot] : NULL;
}

static u32 slot_nr(const struct veng_handle *h)
{
	return h - h->uc->handle;
}

static struct vos_uchan_slot __peer *shared_slot(struct veng_handle *h)
{
	return &h->uc->head->slot[slot_nr(h)];
}

/* Make the handle visible to calls. */
static void install(struct veng_handle *h, u32 gen)
{
	struct veng_conn *conn = h->uc->conn;
	unsigned long flags;
	u32 poll = 0;

	if (conn->by_obj && h->obj < conn->nr_objects) {
		spin_lock_irqsave(&conn->handle_lock, flags);
		hlist_add_head(&h->by_obj, &conn->by_obj[h->obj]);
		spin_unlock_irqrestore(&conn->handle_lock, flags);
		/* The peer may have written it; it is a hint only. */
		poll = vos_load(&conn->obj[h->obj].poll);
	}
	vos_store(&shared_slot(h)->poll, poll);
	vos_store_release(&shared_slot(h)->gen, gen);
	WRITE_ONCE(h->gen, gen);
}

/* Context: control thread, because the service has to find the file first. */
static s64 add_target(struct veng_scall *call)
{
	const struct veng_service *svc = call->conn->svc;
	struct veng_handle *h = call->priv;
	void *target;

	veng_in_ctl(call->conn);
	target = svc->handle_add(call->conn, call->sqe.arg[2], h->flags, shared_slot(h));
	if (IS_ERR(target)) {
		atomic_set(&h->users, 0);
		veng_uchan_done(h->uc);
		return PTR_ERR(target);
	}
	h->target = target;
	install(h, call->sqe.arg[1]);
	veng_uchan_done(h->uc);
	return 0;
}

/**
 * veng_handle_add - carry out HANDLE_ADD: fill a slot of a user channel
 * @call: the call
 *
 * Context: dispatcher.
 * Return: 0, VENG_PENDING, -EINVAL, -EBUSY.
 */
s64 veng_handle_add(struct veng_scall *call)
{
	u32 gen = call->sqe.arg[1];
	struct veng_handle *h = slot_of(call);

	if (!h || !gen)
		return -EINVAL;
	if (atomic_read(&h->users) || READ_ONCE(h->dropping))
		return -EBUSY;
	h->flags = call->sqe.arg[1] >> 32;
	h->obj = call->sqe.obj;
	h->obj_gen = call->sqe.gen;
	h->target = NULL;
	h->drop = NULL;
	atomic_set(&h->users, 1);
	if (!call->conn->svc->handle_add) {
		install(h, gen);
		return 0;
	}
	atomic_inc(&h->uc->users);
	call->priv = h;
	veng_scall_queue_ctl(call, add_target);
	return VENG_PENDING;
}

static void uninstall(struct veng_handle *h)
{
	struct veng_conn *conn = h->uc->conn;
	unsigned long flags;

	WRITE_ONCE(h->gen, 0);
	spin_lock_irqsave(&conn->handle_lock, flags);
	if (!hlist_unhashed(&h->by_obj))
		hlist_del_init(&h->by_obj);
	spin_unlock_irqrestore(&conn->handle_lock, flags);
}

static bool end_target(struct veng_handle *h)
{
	const struct veng_service *svc = h->uc->conn->svc;
	bool dirty = false;

	if (h->target && svc->handle_drop)
		dirty = svc->handle_drop(h->uc->conn, h->target);
	h->target = NULL;
	return dirty;
}

/* Context: control thread. */
static s64 drop_target(struct veng_scall *call)
{
	struct veng_handle *h = call->priv;
	struct veng_uchan *uc = h->uc;

	veng_in_ctl(call->conn);
	call->cqe.out[0] = end_target(h);
	WRITE_ONCE(h->dropping, false);
	veng_uchan_done(uc);
	return 0;
}

/**
 * veng_handle_put - drop a use of a handle
 * @h: the handle
 *
 * The last use queues the pending HANDLE_DROP. A call drops its use when it ends, HANDLE_DROP
 * that of the handle itself.
 *
 * Context: any but hard interrupt.
 */
void veng_handle_put(struct veng_handle *h)
{
	if (!atomic_dec_and_test(&h->users) || !h->drop)
		return;
	h->drop->priv = h;
	veng_ctl_queue(h->drop, drop_target);
}

/**
 * veng_handle_drop - carry out HANDLE_DROP: empty a slot of a user channel
 * @call: the call
 *
 * Context: dispatcher.
 * Return: 0, VENG_PENDING, -EINVAL.
 */
s64 veng_handle_drop(struct veng_scall *call)
{
	struct veng_handle *h = slot_of(call);

	if (!h)
		return -EINVAL;
	if (!h->gen || h->gen != (u32)call->sqe.arg[1])
		return 0;
	uninstall(h);
	/* The user channel must stay until the target has ended. */
	atomic_inc(&h->uc->users);
	WRITE_ONCE(h->dropping, true);
	veng_scall_hand_over(call);
	h->drop = call;
	veng_handle_put(h);
	return VENG_PENDING;
}

/**
 * veng_handle_use - put what a lane's call names in place of its handle
 * @call: the call, of a lane
 * @op: of the call's opcode
 *
 * Context: dispatcher.
 * Return: 0; -EBADF.
 */
int veng_handle_use(struct veng_scall *call, const struct vos_op *op)
{
	struct veng_handle *h;

	veng_in_dispatcher(call->conn);
	if (op->right == VOS_RIGHT_WHOLE) {
		/* The slots identify the channel. */
		call->target = NULL;
		call->slot = call->chan->uc->head->slot;
		return 0;
	}
	if (call->sqe.obj >= VOS_UCHAN_SLOTS)
		return -EBADF;
	h = &call->chan->uc->handle[call->sqe.obj];
	if (!h->gen || h->gen != call->sqe.gen || !(h->flags & op->right))
		return -EBADF;
	atomic_inc(&h->users);
	call->handle = h;
	call->target = h->target;
	call->slot = shared_slot(h);
	call->sqe.obj = h->obj;
	call->sqe.gen = h->obj_gen;
	return 0;
}

/**
 * veng_handle_show - write a socket's poll mask into the slots of its handles
 * @conn: the connection
 * @obj: index of the object
 * @gen: its generation
 * @poll: the mask
 *
 * Context: any.
 */
void veng_handle_show(struct veng_conn *conn, u32 obj, u32 gen, u32 poll)
{
	struct veng_handle *h;
	unsigned long flags;

	if (!conn->by_obj || hlist_empty(&conn->by_obj[obj]))
		return;
	spin_lock_irqsave(&conn->handle_lock, flags);
	hlist_for_each_entry(h, &conn->by_obj[obj], by_obj)
		if (h->obj_gen == gen)
			vos_store(&shared_slot(h)->poll, poll);
	spin_unlock_irqrestore(&conn->handle_lock, flags);
}

/**
 * veng_handles_end - end all handles of a user channel
 * @uc: the user channel; no call on it is under way
 *
 * Context: process.
 */
void veng_handles_end(struct veng_uchan *uc)
{
	u32 i;

	for (i = 0; i < VOS_UCHAN_SLOTS; i++) {
		if (!uc->handle[i].gen)
			continue;
		WARN_ON_ONCE(atomic_read(&uc->handle[i].users) != 1);
		uninstall(&uc->handle[i]);
		end_target(&uc->handle[i]);
	}
}
