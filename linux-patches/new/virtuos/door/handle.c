// SPDX-License-Identifier: GPL-2.0
/*
 * Handles in the making: which file a process may use past the kernel, and what the service is
 * told of it. attached.c and drop.c have what happens to them afterwards.
 *
 * Invariant: a handle is made under its door's mutex. Until it is complete, it is its maker's
 * alone. If the maker is killed, no task has the handle until the service has answered.
 */
#include <linux/export.h>
#include <linux/fs.h>
#include <linux/slab.h>
#include "door_priv.h"

static struct vdoor_handle *free_slot(struct vdoor_uchan *uc)
{
	u32 i;

	lockdep_assert_held(&uc->door->mutex);
	for (i = 0; i < VOS_UCHAN_SLOTS; i++)
		if (READ_ONCE(uc->handle[i].state) == VDOOR_HANDLE_FREE)
			return &uc->handle[i];
	return NULL;
}

/* Drop a handle that must not be used. The service may know of it, or the provider. */
static void give_up(struct vdoor_handle *h)
{
	struct vdoor *door = h->uchan->door;
	unsigned long flags;

	spin_lock_irqsave(&door->lock, flags);
	WARN_ON_ONCE(h->state != VDOOR_HANDLE_MAKING);
	WRITE_ONCE(h->state, VDOOR_HANDLE_DROPPING);
	spin_unlock_irqrestore(&door->lock, flags);
	vdoor_uchan_kick(h->uchan);
}

/* Give a handle up whose answer comes after the maker was killed. Any context. */
static void add_orphan(struct vos_call *call)
{
	struct vdoor_handle *h = call->priv;
	struct vdoor_uchan *uc = h->uchan;

	vos_call_put(call);
	give_up(h);
	vdoor_uchan_put(uc);
}

static void fill_add(struct vos_call *call, struct vdoor_handle *h)
{
	const struct vdoor_target *t = &h->target;

	call->sqe.arg[0] = h->uchan->id | (u64)vdoor_handle_slot(h) << 32;
	call->sqe.arg[1] = h->gen | (u64)t->flags << 32;
	call->sqe.arg[2] = t->node;
	call->sqe.obj = t->obj;
	call->sqe.gen = t->gen;
	call->priv = h;
	call->orphan = add_orphan;
}

/*
 * Tell the service of a handle.
 * Return: 0; -EAGAIN; -EINTR. -EINPROGRESS: killed, and add_orphan() does the rest.
 */
static int tell_add(struct vdoor_handle *h)
{
	struct vos_call *call = vdoor_uchan_call(h->uchan, VOS_OP_HANDLE_ADD, 0, 0);
	u32 epoch = h->target.epoch;
	int rc;

	if (IS_ERR(call))
		return PTR_ERR(call) == -ERESTARTSYS ? -EINTR : -EAGAIN;
	if (epoch && epoch != call->epoch) {
		vos_call_put(call);
		return -EAGAIN;
	}
	fill_add(call, h);
	vdoor_uchan_get(h->uchan);
	rc = vos_call(call);
	if (rc == -EINTR)
		return -EINPROGRESS;
	if (!rc && call->cqe.result < 0)
		rc = -EAGAIN;
	vos_call_put(call);
	vdoor_uchan_put(h->uchan);
	return rc ? -EAGAIN : 0;
}

/*
 * Get a generation that no other handle has, in no channel. A thread may still have a word of a
 * channel, or of a door, that is gone.
 */
static u32 next_gen(void)
{
	static atomic_t last;
	u32 gen;

	do {
		gen = atomic_inc_return(&last);
	} while (!gen);
	return gen;
}

/* Set up what the handle stands for, before the service or a word knows of it. */
static int set_up(struct vdoor_handle *h, struct file *file)
{
	const struct vdoor_provider *p = h->uchan->provider;
	int rc = 0;

	if (h->target.window) {
		struct vdoor_window *w = vdoor_window_new(h, file);

		if (IS_ERR(w))
			return PTR_ERR(w);
		h->window = w;
	}
	if (p->attach)
		rc = p->attach(file, &h->target);
	if (rc)
		vdoor_handle_close_window(h);
	return rc;
}

/* Fill in a handle whose slot is the caller's. No other party knows of it. */
static void init(struct vdoor_handle *h, struct vdoor_uchan *uc, struct file *file,
		 const struct vdoor_target *t)
{
	WARN_ON_ONCE(h->window);
	h->uchan = uc;
	h->gen = next_gen();
	h->words = 0;
	h->leased = false;
	h->unwanted = false;
	h->dirty = false;
	h->file = file;
	h->target = *t;
	INIT_LIST_HEAD(&h->target.link);
	/* A reader that sees this sees its generation: is_known(). */
	smp_store_release(&h->state, VDOOR_HANDLE_MAKING);
}

/*
 * Put a handle on the list of attached files.
 * Return: 0. -EAGAIN: it has been recalled before it was complete.
 */
static int make_live(struct vdoor_handle *h, struct file *file)
{
	struct vdoor *door = h->uchan->door;
	unsigned long flags;
	bool wanted;

	/* Set before it is on the list, so that the file's end examines the list. */
	spin_lock(&file->f_lock);
	file->f_mode |= FMODE_DOOR;
	spin_unlock(&file->f_lock);
	spin_lock_irqsave(&door->lock, flags);
	wanted = !h->unwanted;
	if (wanted)
		vdoor_handle_attach(h, file);
	spin_unlock_irqrestore(&door->lock, flags);
	if (!wanted)
		give_up(h);
	return wanted ? 0 : -EAGAIN;
}

/**
 * vdoor_handle_new - make a handle for a file, known to the service, named by no word yet
 * @uc: the channel; the caller keeps it
 * @file: the file; the caller has it
 * @t: what the handle stands for
 *
 * Context: process; the door's mutex is held.
 * Return: the handle, which vdoor_handle_unname() gives back, or ERR_PTR: -EAGAIN, -EINTR. With
 * a window also the reason for which it could not be mapped.
 */
struct vdoor_handle *vdoor_handle_new(struct vdoor_uchan *uc, struct file *file,
				      const struct vdoor_target *t)
{
	struct vdoor_handle *h = free_slot(uc);
	int rc;

	if (!h)
		return ERR_PTR(-EAGAIN);
	init(h, uc, file, t);
	rc = set_up(h, file);
	if (rc) {
		WRITE_ONCE(h->state, VDOOR_HANDLE_FREE);
		return ERR_PTR(rc);
	}
	rc = h->window ? 0 : tell_add(h);
	if (rc == -EINPROGRESS)
		return ERR_PTR(-EINTR);
	if (rc)
		give_up(h);
	else
		rc = make_live(h, file);
	return rc ? ERR_PTR(rc) : h;
}

/**
 * vdoor_handle_unname - give back what vdoor_handle_new() returned
 * @h: the handle; its caller puts the file afterwards
 *
 * Context: any.
 */
void vdoor_handle_unname(struct vdoor_handle *h)
{
	struct vdoor *door = h->uchan->door;
	unsigned long flags;
	bool named = false;

	spin_lock_irqsave(&door->lock, flags);
	/* The handle may have been recalled before it had a word. */
	if (h->state == VDOOR_HANDLE_LIVE) {
		if (h->words == 1)
			vdoor_handle_detach(h);
		named = --h->words;
	}
	spin_unlock_irqrestore(&door->lock, flags);
	if (!named)
		vdoor_uchan_kick(h->uchan);
}
