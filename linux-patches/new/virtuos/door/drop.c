// SPDX-License-Identifier: GPL-2.0
/*
 * The ends of handles: the service forgets them, their providers hear of it.
 *
 *	DROPPING -> TELLING	whoever is first: the channel's work, or a recall
 *	TELLING -> TOLD		the service's answer, or the death of its link
 *	TOLD -> ENDING -> FREE	the channel's work; in between the provider may wait
 *	ENDING -> TOLD		it has to wait for a replay (replay.c)
 *
 * Nobody waits for the service's answer but who recalls a file, and he can be killed.
 *
 * Invariant: a handle's state changes under its door's lock; who changes it to TELLING
 * or ENDING is the one who goes on with it.
 */
#include <linux/export.h>
#include <linux/sched/signal.h>
#include "door_priv.h"

/* Others want slots as well. */
#define MAX_TELLING	16

static bool claim(struct vdoor_handle *h, enum vdoor_handle_state from, enum vdoor_handle_state to)
{
	struct vos_door *door = h->uchan->door;
	unsigned long flags;
	bool mine;

	if (READ_ONCE(h->state) != from)
		return false;
	spin_lock_irqsave(&door->lock, flags);
	mine = h->state == from;
	if (mine)
		WRITE_ONCE(h->state, to);
	spin_unlock_irqrestore(&door->lock, flags);
	return mine;
}

/* The service does not know the handle any more. Any context; the caller keeps the channel. */
static void told(struct vdoor_handle *h, bool dirty)
{
	h->dirty = dirty;
	WARN_ON_ONCE(!claim(h, VDOOR_HANDLE_TELLING, VDOOR_HANDLE_TOLD));
	wake_up_all(&h->uchan->wait);
	vdoor_uchan_kick(h->uchan);
}

/* May something have been written through it, for all that is known? */
static bool may_be_dirty(const struct vdoor_handle *h)
{
	return h->target.flags & VOS_HANDLE_WRITE;
}

static void drop_answered(struct vos_call *call)
{
	struct vdoor_handle *h = call->priv;
	struct vdoor_uchan *uc = h->uchan;
	bool dirty = may_be_dirty(h);

	if (!call->status && call->cqe.result >= 0)
		dirty = dirty && call->cqe.out[0];
	vos_call_put(call);
	atomic_dec(&uc->telling);
	told(h, dirty);
	vdoor_uchan_put(uc);
}

/* TELLING. Return: 0; -ENOBUFS, -ERESTARTSYS: it has to be done by others, later. */
static int tell_drop(struct vdoor_handle *h, u32 flags)
{
	struct vos_call *call = vdoor_uchan_call(h->uchan, VOS_OP_HANDLE_DROP, 0,
						 flags | VOS_GET_NOCRED);
	int rc = PTR_ERR_OR_ZERO(call);

	if (rc == -ENOBUFS || rc == -ERESTARTSYS)
		return rc;
	if (rc) {	/* no link: nobody is there to be told */
		told(h, may_be_dirty(h));
		return 0;
	}
	call->sqe.arg[0] = h->uchan->id | (u64)vdoor_handle_slot(h) << 32;
	call->sqe.arg[1] = h->gen;
	call->priv = h;
	call->done = drop_answered;
	vdoor_uchan_get(h->uchan);
	atomic_inc(&h->uchan->telling);
	vos_call_submit(call);
	return 0;
}

/* If no word names it any more. Return: as tell_drop(). */
static int tell(struct vdoor_handle *h, u32 flags)
{
	int rc = 0;

	if (!claim(h, VDOOR_HANDLE_DROPPING, VDOOR_HANDLE_TELLING))
		return 0;
	/* The service has not heard of a window, nor of what is in a channel that it closed. */
	if (h->window)
		told(h, false);
	else if (READ_ONCE(h->uchan->closed))
		told(h, may_be_dirty(h));
	else
		rc = tell_drop(h, flags);
	if (rc)
		WARN_ON_ONCE(!claim(h, VDOOR_HANDLE_TELLING, VDOOR_HANDLE_DROPPING));
	return rc;
}

/*
 * vdoor_handle_close_window - it has ended; who reads it, reads on. Process context.
 */
void vdoor_handle_close_window(struct vdoor_handle *h)
{
	struct vdoor_window *w = h->window;
	unsigned long flags;

	if (!w)
		return;
	spin_lock_irqsave(&h->uchan->door->lock, flags);
	vdoor_window_end(w);
	h->window = NULL;
	spin_unlock_irqrestore(&h->uchan->door->lock, flags);
	vdoor_window_put(w);
}

/* Its log has what the dead service may have lost; it is kept until a successor has that. */
static bool awaits_replay(const struct vdoor_handle *h)
{
	const struct vdoor_uchan *uc = h->uchan;

	return h->dirty && vdoor_uchan_dead(uc) && vdoor_uchan_has_log(uc) &&
	       !READ_ONCE(uc->replayed);
}

/* What was written is on the disk, or lost. Return: false: it awaits a replay after all. */
static bool settle(struct vdoor_handle *h)
{
	const struct vdoor_provider *p = h->uchan->provider;
	int err = 0;

	if (!h->target.priv)
		return true;
	if (h->dirty && p->sync)
		err = p->sync(&h->target);
	if (err && awaits_replay(h))
		return false;
	if (p->gone)
		p->gone(&h->target, err);
	h->target.priv = NULL;
	return true;
}

/* If the service has been told. The provider may wait for the disk. */
static void end(struct vdoor_handle *h)
{
	if (awaits_replay(h) || !claim(h, VDOOR_HANDLE_TOLD, VDOOR_HANDLE_ENDING))
		return;
	if (!settle(h)) {
		WARN_ON_ONCE(!claim(h, VDOOR_HANDLE_ENDING, VDOOR_HANDLE_TOLD));
		return;
	}
	vdoor_handle_close_window(h);
	/* All that was written through it is durable: its log may go. */
	vos_store(&h->uchan->head->slot[vdoor_handle_slot(h)].gen, 0);
	WARN_ON_ONCE(!claim(h, VDOOR_HANDLE_ENDING, VDOOR_HANDLE_FREE));
}

/*
 * vdoor_handles_tell - tell the service of handles that no word names, of some at a time
 *
 * By the channel's work, which each answer brings back. Return: 0; -ENOBUFS no call is to
 * be had now.
 */
int vdoor_handles_tell(struct vdoor_uchan *uc)
{
	int rc = 0;
	u32 i;

	for (i = 0; i < VOS_UCHAN_SLOTS && !rc && atomic_read(&uc->telling) < MAX_TELLING; i++)
		rc = tell(&uc->handle[i], VOS_GET_NOWAIT);
	return rc;
}

/*
 * vdoor_handles_end - free the handles that the service does not know any more
 * By the channel's work. Return: are there any others?
 */
bool vdoor_handles_end(struct vdoor_uchan *uc)
{
	bool others = false;
	u32 i;

	for (i = 0; i < VOS_UCHAN_SLOTS; i++) {
		end(&uc->handle[i]);
		others |= READ_ONCE(uc->handle[i].state) != VDOOR_HANDLE_FREE;
	}
	return others;
}

/* See vdoor_provider.h. */
u32 vdoor_target_get(struct vdoor_target *t)
{
	struct vdoor_handle *h = container_of(t, struct vdoor_handle, target);

	vdoor_uchan_get(h->uchan);
	return h->gen;
}
EXPORT_SYMBOL_GPL(vdoor_target_get);

void vdoor_target_put(struct vdoor_target *t)
{
	vdoor_uchan_put(container_of(t, struct vdoor_handle, target)->uchan);
}
EXPORT_SYMBOL_GPL(vdoor_target_put);

/* See vdoor_provider.h. */
void vdoor_end_window(struct vdoor_target *t, u32 gen)
{
	struct vdoor_handle *h = container_of(t, struct vdoor_handle, target);
	struct vos_door *door = h->uchan->door;
	unsigned long flags;

	spin_lock_irqsave(&door->lock, flags);
	if (h->gen == gen && h->window)
		vdoor_window_end(h->window);
	spin_unlock_irqrestore(&door->lock, flags);
	vdoor_handle_revoke(h, gen);
}
EXPORT_SYMBOL_GPL(vdoor_end_window);

/* No word names it; return: was it in use? */
static bool call_back(struct vdoor_handle *h, u32 gen)
{
	struct vos_door *door = h->uchan->door;
	unsigned long flags;
	bool used = false;

	spin_lock_irqsave(&door->lock, flags);
	if (h->gen == gen) {
		used = h->state == VDOOR_HANDLE_LIVE;
		/* One that is not complete yet, or that no word names yet. */
		h->unwanted = true;
		vdoor_handle_detach(h);
	}
	spin_unlock_irqrestore(&door->lock, flags);
	return used;
}

static bool is_known(const struct vdoor_handle *h, u32 gen)
{
	enum vdoor_handle_state state = READ_ONCE(h->state);

	/* If that is another's, which has come since, so is the generation that we see. */
	smp_rmb();
	return READ_ONCE(h->gen) == gen && state >= VDOOR_HANDLE_MAKING &&
	       state <= VDOOR_HANDLE_TELLING;
}

/* See vdoor_provider.h. */
int vdoor_recall(struct vdoor_target *t, u32 gen, bool *dirty)
{
	struct vdoor_handle *h = container_of(t, struct vdoor_handle, target);
	unsigned long flags;
	bool used;
	int rc;

	vdoor_handle_revoke(h, gen);
	used = call_back(h, gen);
	*dirty = false;
	if (tell(h, VOS_GET_KILLABLE))
		return -EINTR;
	rc = wait_event_killable(h->uchan->wait, !is_known(h, gen));
	if (rc)
		return -EINTR;
	spin_lock_irqsave(&h->uchan->door->lock, flags);
	if (h->gen == gen && (h->state == VDOOR_HANDLE_TOLD || h->state == VDOOR_HANDLE_ENDING))
		*dirty = h->dirty;
	spin_unlock_irqrestore(&h->uchan->door->lock, flags);
	return used;
}
EXPORT_SYMBOL_GPL(vdoor_recall);
