// SPDX-License-Identifier: GPL-2.0
/*
 * The ends of handles: the service forgets them, their providers are told.
 *
 *	DROPPING -> TELLING	the first of these: the channel's work, or a recall
 *	TELLING -> TOLD		the service's answer, or the death of its link
 *	TOLD -> RELEASING -> FREE  the channel's work; in between the provider may wait
 *	RELEASING -> TOLD	it has to wait for a replay (replay.c)
 *
 * Only a task that recalls a file waits for the service's answer, and it can be killed.
 *
 * Invariant: a handle's state changes under its door's lock. The thread that changes it to
 * TELLING or RELEASING is the one that goes on with it.
 */
#include <linux/export.h>
#include <linux/file.h>
#include <linux/sched/signal.h>
#include "door_priv.h"

/*
 * Most handles of a channel that the service is told of at a time. Other calls want slots as
 * well.
 */
#define MAX_TELLING	16

static bool claim(struct vdoor_handle *h, enum vdoor_handle_state from, enum vdoor_handle_state to)
{
	struct vdoor *door = h->uchan->door;
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

/*
 * Note that the service does not know the handle any more. Any context; the caller keeps the
 * channel.
 */
static void told(struct vdoor_handle *h, bool dirty)
{
	h->dirty = dirty;
	WARN_ON_ONCE(!claim(h, VDOOR_HANDLE_TELLING, VDOOR_HANDLE_TOLD));
	wake_up_all(&h->uchan->wait);
	vdoor_uchan_kick(h->uchan);
}

/* Test whether something may have been written through the handle. */
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

/*
 * Tell the service to drop a handle that is TELLING.
 * Return: 0. -ENOBUFS, -ERESTARTSYS: another thread has to do it, later.
 */
static int tell_drop(struct vdoor_handle *h, u32 flags)
{
	struct vos_call *call = vdoor_uchan_call(h->uchan, VOS_OP_HANDLE_DROP, 0,
						 flags | VOS_GET_NOCRED);
	int rc = PTR_ERR_OR_ZERO(call);

	if (rc == -ENOBUFS || rc == -ERESTARTSYS)
		return rc;
	if (rc) {	/* no link, so no service to be told */
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

/*
 * Tell the service of a handle that no word names any more.
 * Return: as tell_drop().
 */
static int tell(struct vdoor_handle *h, u32 flags)
{
	int rc = 0;

	if (!claim(h, VDOOR_HANDLE_DROPPING, VDOOR_HANDLE_TELLING))
		return 0;
	/* The service does not know windows, nor handles of a channel that it has closed. */
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

/**
 * vdoor_handle_close_window - put the window of a handle, if it has one
 * @h: the handle
 *
 * The window ends. A reader in it reads on.
 *
 * Context: process.
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

/*
 * Test whether a handle waits for a replay. The channel's log has what the dead service may
 * have lost. The log is kept until a successor has that.
 */
static bool awaits_replay(const struct vdoor_handle *h)
{
	const struct vdoor_uchan *uc = h->uchan;

	if (!h->dirty || !vdoor_uchan_dead(uc) || !vdoor_uchan_has_log(uc))
		return false;
	/* Pairs with end_kept(): what is not waited for has its @lost. */
	return !smp_load_acquire(&uc->replayed);
}

/* Get why something that was written through a handle is lost, or 0. */
static int loss(const struct vdoor_handle *h)
{
	if (!h->dirty)
		return 0;
	return READ_ONCE(h->uchan->lost) ? -EIO : READ_ONCE(h->lost);
}

/*
 * Sync what was written through a handle, or report it as lost.
 * Return: true. false: it waits for a replay after all.
 */
static bool release_target(struct vdoor_handle *h)
{
	const struct vdoor_provider *p = h->uchan->provider;
	int err = loss(h);

	if (!h->target.priv)
		return true;
	if (!err && h->dirty && p->sync)
		/* If its domain dies meanwhile, a successor answers, after the replay. */
		err = p->sync(&h->target) ?: loss(h);
	if (err && awaits_replay(h))
		return false;
	if (p->gone)
		p->gone(&h->target, err);
	h->target.priv = NULL;
	return true;
}

/* End a handle, if the service has been told. The provider may wait for the disk. */
static void end(struct vdoor_handle *h)
{
	if (!vdoor_rest_done(h) || awaits_replay(h) ||
	    !claim(h, VDOOR_HANDLE_TOLD, VDOOR_HANDLE_RELEASING))
		return;
	if (!release_target(h)) {
		WARN_ON_ONCE(!claim(h, VDOOR_HANDLE_RELEASING, VDOOR_HANDLE_TOLD));
		return;
	}
	vdoor_handle_close_window(h);
	/* All that was written through the handle is durable: its log may go. */
	vos_store(&h->uchan->head->slot[vdoor_handle_slot(h)].gen, 0);
	WARN_ON_ONCE(!claim(h, VDOOR_HANDLE_RELEASING, VDOOR_HANDLE_FREE));
}

/**
 * vdoor_handles_tell - tell the service of handles that no word names, some at a time
 * @uc: their channel
 *
 * Each answer queues the channel's work again.
 *
 * Context: the channel's work.
 * Return: 0. -ENOBUFS: no call is free now.
 */
int vdoor_handles_tell(struct vdoor_uchan *uc)
{
	int rc = 0;
	u32 i;

	for (i = 0; i < VOS_UCHAN_SLOTS && !rc && atomic_read(&uc->telling) < MAX_TELLING; i++)
		rc = tell(&uc->handle[i], VOS_GET_NOWAIT);
	return rc;
}

/**
 * vdoor_handles_end - free the handles that the service does not know any more
 * @uc: their channel
 *
 * Context: the channel's work.
 * Return: true: there are other handles.
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
	struct vdoor *door = h->uchan->door;
	unsigned long flags;

	spin_lock_irqsave(&door->lock, flags);
	if (h->gen == gen && h->window)
		vdoor_window_end(h->window);
	spin_unlock_irqrestore(&door->lock, flags);
	vdoor_handle_revoke(h, gen);
}
EXPORT_SYMBOL_GPL(vdoor_end_window);

/*
 * Note that a handle is recalled. No word names it any more.
 * Return: true: it was in use.
 */
static bool call_back(struct vdoor_handle *h, u32 gen)
{
	struct vdoor *door = h->uchan->door;
	unsigned long flags;
	bool used = false;

	spin_lock_irqsave(&door->lock, flags);
	if (h->gen == gen) {
		used = h->state == VDOOR_HANDLE_LIVE;
		/* It may not be complete yet, or no word names it yet. */
		h->unwanted = true;
		vdoor_handle_detach(h);
	}
	spin_unlock_irqrestore(&door->lock, flags);
	return used;
}

static bool is_known(const struct vdoor_handle *h, u32 gen)
{
	enum vdoor_handle_state state = READ_ONCE(h->state);

	/* If the state is that of a later handle, so is the generation read next. */
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
	if (h->gen == gen && (h->state == VDOOR_HANDLE_TOLD || h->state == VDOOR_HANDLE_RELEASING))
		*dirty = h->dirty;
	spin_unlock_irqrestore(&h->uchan->door->lock, flags);
	return used;
}
EXPORT_SYMBOL_GPL(vdoor_recall);

/**
 * vdoor_recall_fd - recall the file of a descriptor from the storage domain, if it is there
 * @fd: the caller's descriptor
 *
 * Context: process.
 * Return: 0; -EBADF; -ENOENT: no service has it; and as the provider does.
 */
int vdoor_recall_fd(unsigned int fd)
{
	struct file *file = fget(fd);
	int rc = -ENOENT;
	u32 i;

	if (!file)
		return -EBADF;
	for (i = 0; i < VOS_DOOR_SERVICES && rc == -ENOENT; i++) {
		const struct vdoor_provider *p = vdoor_provider_of(i);

		if (p && p->recall)
			rc = p->recall(file);
	}
	fput(file);
	return rc;
}
