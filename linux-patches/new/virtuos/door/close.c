// SPDX-License-Identifier: GPL-2.0
/*
 * A user channel's work. It tells the service what has ended: handles, and at last the channel
 * itself. When the service has answered, it goes on; it waits for no answer. When a handle
 * ends, its provider may wait for its disk. Then the work of this channel waits, and no other.
 *
 * Invariant: the maker of a channel gives up its reference by vdoor_uchan_end() alone. When the
 * service takes no more calls from the channel and has no handle of it, the work puts that
 * reference.
 */
#include "door_priv.h"

#define TRY_AGAIN	(HZ / 10 ?: 1)	/* when no call could be had */

static void queue(struct vdoor_uchan *uc, unsigned long delay)
{
	vdoor_uchan_get(uc);
	/* The queue has one reference. */
	if (mod_delayed_work(vos_wait_wq, &uc->work, delay))
		vdoor_uchan_put(uc);
}

/**
 * vdoor_uchan_kick - queue a channel's work: something has ended, or was answered
 * @uc: the channel; the caller keeps it
 *
 * Context: any.
 */
void vdoor_uchan_kick(struct vdoor_uchan *uc)
{
	queue(uc, 0);
}

/**
 * vdoor_uchan_end - have the service take no more calls, and then give the channel up
 * @uc: the channel; its words have been taken back, and none is set any more
 *
 * Idempotent.
 *
 * Context: any.
 */
void vdoor_uchan_end(struct vdoor_uchan *uc)
{
	WRITE_ONCE(uc->must_close, true);
	vdoor_uchan_kick(uc);
}

static void closed(struct vdoor_uchan *uc)
{
	WRITE_ONCE(uc->closed, true);
	wake_up_all(&uc->wait);
	vdoor_uchan_kick(uc);
}

static void close_answered(struct vos_call *call)
{
	struct vdoor_uchan *uc = call->priv;

	uc->unmapped = !call->status;
	if (uc->unmapped && !call->cqe.result)
		vdoor_cost_note(uc, &call->cqe);
	vos_call_put(call);
	closed(uc);
	vdoor_uchan_put(uc);
}

/*
 * Begin to close the channel at the service. While the service is being asked to map it, the
 * close waits for that answer: the two calls may use different rings.
 * Return: 0; -ENOBUFS.
 */
static int begin_close(struct vdoor_uchan *uc)
{
	struct vos_call *call;

	if (uc->closing || READ_ONCE(uc->opening))
		return 0;
	call = uc->open ? vdoor_uchan_call(uc, VOS_OP_UCHAN_CLOSE, 0,
					   VOS_GET_NOWAIT | VOS_GET_NOCRED) :
			  ERR_PTR(-ENOTCONN);
	if (call == ERR_PTR(-ENOBUFS))
		return -ENOBUFS;
	uc->closing = true;
	if (IS_ERR(call)) {
		closed(uc);
		return 0;
	}
	call->sqe.arg[0] = uc->id;
	call->priv = uc;
	call->done = close_answered;
	vdoor_uchan_get(uc);
	vos_call_submit(call);
	return 0;
}

/*
 * Take the channel from its door. A caller that waits for a completion finds the channel there
 * until now.
 */
static void leave_door(struct vdoor_uchan *uc)
{
	struct vdoor *door = uc->door;
	unsigned long flags;

	spin_lock_irqsave(&door->lock, flags);
	if (door->uchan[uc->service] == uc)
		door->uchan[uc->service] = NULL;
	spin_unlock_irqrestore(&door->lock, flags);
}

static void finish(struct vdoor_uchan *uc)
{
	if (uc->finished)
		return;
	uc->finished = true;
	vdoor_uchan_put(uc);
}

static void uchan_work(struct work_struct *work)
{
	struct vdoor_uchan *uc = container_of(to_delayed_work(work), struct vdoor_uchan, work);
	bool must_close = READ_ONCE(uc->must_close), others;
	int rc = must_close ? begin_close(uc) : 0;
	bool is_closed = READ_ONCE(uc->closed);

	if (is_closed)
		leave_door(uc);
	/* By closing a channel the service forgets all its handles. */
	if (!must_close || is_closed)
		rc = vdoor_handles_tell(uc);
	others = vdoor_handles_end(uc);
	if (must_close && is_closed && !others)
		finish(uc);
	else if (rc || vdoor_rest_tidy(uc))
		queue(uc, TRY_AGAIN);
	vdoor_uchan_put(uc);
}

/**
 * vdoor_uchan_init_work - initialize a channel's work
 * @uc: the channel
 */
void vdoor_uchan_init_work(struct vdoor_uchan *uc)
{
	INIT_DELAYED_WORK(&uc->work, uchan_work);
}
