// SPDX-License-Identifier: GPL-2.0
/*
 * A user channel's work: it tells the service what has ended, handles and at last the
 * channel itself, and goes on when the service has answered. It waits for no answer.
 * (A provider that hears of a handle's end may wait for its disk; then this channel's
 * work does, and nobody else's.)
 *
 * Invariant: whoever made a channel gives up his reference by vdoor_uchan_end() alone; it
 * is put when the service takes no more calls from the channel and has no handle of it.
 */
#include "door_priv.h"

#define TRY_AGAIN	(HZ / 10 ?: 1)	/* when no call could be had */

static void queue(struct vdoor_uchan *uc, unsigned long delay)
{
	vdoor_uchan_get(uc);
	/* The reference is the queue's, once. */
	if (mod_delayed_work(vos_wait_wq, &uc->work, delay))
		vdoor_uchan_put(uc);
}

/*
 * vdoor_uchan_kick - something has ended, or has been answered
 * Any context; the caller keeps the channel.
 */
void vdoor_uchan_kick(struct vdoor_uchan *uc)
{
	queue(uc, 0);
}

/*
 * vdoor_uchan_end - the service is to take no more calls, and then the channel goes
 *
 * Its words have been taken back, and none is set any more. Idempotent; any context.
 */
void vdoor_uchan_end(struct vdoor_uchan *uc)
{
	WRITE_ONCE(uc->ending, true);
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
	vos_call_put(call);
	closed(uc);
	vdoor_uchan_put(uc);
}

/*
 * What has been asked to be mapped is closed when that has been answered: the two calls
 * may go by different rings. Return: 0; -ENOBUFS.
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

/* Who waits for a completion, waits until here. */
static void leave_door(struct vdoor_uchan *uc)
{
	struct vos_door *door = uc->door;
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
	bool ending = READ_ONCE(uc->ending), others;
	int rc = ending ? begin_close(uc) : 0;
	bool is_closed = READ_ONCE(uc->closed);

	if (is_closed)
		leave_door(uc);
	/* Of a channel that is being closed the service forgets all handles by that. */
	if (!ending || is_closed)
		rc = vdoor_handles_tell(uc);
	others = vdoor_handles_end(uc);
	if (ending && is_closed && !others)
		finish(uc);
	else if (rc)
		queue(uc, TRY_AGAIN);
	vdoor_uchan_put(uc);
}

void vdoor_uchan_init_work(struct vdoor_uchan *uc)
{
	INIT_DELAYED_WORK(&uc->work, uchan_work);
}
