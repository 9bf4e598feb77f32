// SPDX-License-Identifier: GPL-2.0
/*
 * Which files have handles, and where their positions are.
 *
 * If a handle kept its file open, it would delay closing. So it keeps words, and a word stands
 * only while its descriptor does. Before the last word goes the handle is detached: its
 * position is taken back, and the file is not used again. The kernel might lose a descriptor in
 * a way that hooks.c does not know. So a file that has had a handle (FMODE_DOOR) calls
 * vdoor_handle_file_gone() before its memory goes.
 *
 * Invariant: handles on the list of attached files are LIVE with words, under attached_lock.
 * Only under that lock, or by a caller that has the file, is h->file followed.
 */
#include <linux/export.h>
#include <linux/fs.h>
#include <linux/fsnotify_backend.h>
#include <linux/hashtable.h>
#include "door_priv.h"

static DEFINE_HASHTABLE(attached, 8);
static DEFINE_SPINLOCK(attached_lock);
static atomic_t nr_leased = ATOMIC_INIT(0);
static u64 last_order;		/* under attached_lock */

static struct vdoor_handle *find_attached(const struct file *file, bool leased)
{
	struct vdoor_handle *h;

	lockdep_assert_held(&attached_lock);
	hash_for_each_possible(attached, h, attached, (unsigned long)file)
		if (h->file == file && (!leased || h->leased))
			return h;
	return NULL;
}

/**
 * vdoor_handle_find - find the handle for a file in a channel
 * @uc: the caller's
 * @file: the file
 *
 * The mutex keeps others from making one meanwhile. The handle may go at any time.
 *
 * Context: process; the door's mutex is held.
 * Return: the handle or NULL.
 */
struct vdoor_handle *vdoor_handle_find(struct vdoor_uchan *uc, const struct file *file)
{
	struct vdoor_handle *h, *found = NULL;
	unsigned long flags;

	lockdep_assert_held(&uc->door->mutex);
	spin_lock_irqsave(&attached_lock, flags);
	hash_for_each_possible(attached, h, attached, (unsigned long)file)
		if (h->file == file && h->uchan == uc)
			found = h;
	spin_unlock_irqrestore(&attached_lock, flags);
	return found;
}

/**
 * vdoor_handle_lease - let the process move the file's position
 * @h: the handle
 *
 * One door at a time may: other processes' read() and write() trap.
 *
 * Context: the door's lock is held.
 */
void vdoor_handle_lease(struct vdoor_handle *h)
{
	lockdep_assert_held(&h->uchan->door->lock);
	spin_lock(&attached_lock);
	if (!h->leased && h->state == VDOOR_HANDLE_LIVE && !find_attached(h->file, true)) {
		h->leased = true;
		h->given = -1;
		atomic_inc(&nr_leased);
		/* The next fdput_pos() hands the position out. */
		vos_store(&h->uchan->head->pos[vdoor_handle_slot(h)], VOS_POS_KERNEL);
	}
	spin_unlock(&attached_lock);
}

static void fetch_pos(struct vdoor_handle *h)
{
	u64 untrusted;

	lockdep_assert_held(&attached_lock);
	untrusted = vos_exchange(&h->uchan->head->pos[vdoor_handle_slot(h)], VOS_POS_KERNEL);
	if (untrusted <= LLONG_MAX)
		h->file->f_pos = untrusted;
}

/**
 * vdoor_handle_attach - complete a handle; from now on it hears what happens to its file
 * @h: the handle
 * @file: its file, with FMODE_DOOR; the caller has it
 *
 * Until the first word, the caller's hold on the file counts as a word.
 *
 * Context: the door's lock is held.
 */
void vdoor_handle_attach(struct vdoor_handle *h, struct file *file)
{
	lockdep_assert_held(&h->uchan->door->lock);
	WARN_ON_ONCE(!(file->f_mode & FMODE_DOOR));
	h->words = 1;
	WRITE_ONCE(h->state, VDOOR_HANDLE_LIVE);
	spin_lock(&attached_lock);
	h->order = ++last_order;
	hash_add(attached, &h->attached, (unsigned long)file);
	spin_unlock(&attached_lock);
}

/*
 * Keep the file of a handle that a thread is writing through: see rest.c. The words and the
 * position have been taken back.
 */
static void keep_written(struct vdoor_handle *h)
{
	/* Pairs with the process's barrier: see vos_uchan_head.writing[]. */
	vos_mb();
	if (h->target.flags & VOS_HANDLE_WRITE && vdoor_handle_is_written(h) &&
	    atomic_long_inc_not_zero(&h->file->f_count)) {
		h->kept = h->file;
		h->kept_since = jiffies;
	}
}

/**
 * vdoor_handle_detach - detach a handle whose last word is about to go
 * @h: the handle; its file still stands
 *
 * Idempotent.
 *
 * Context: the door's lock is held.
 */
void vdoor_handle_detach(struct vdoor_handle *h)
{
	lockdep_assert_held(&h->uchan->door->lock);
	if (h->state != VDOOR_HANDLE_LIVE)
		return;
	spin_lock(&attached_lock);
	hash_del(&h->attached);
	if (h->leased) {
		fetch_pos(h);
		if (h->uchan->door->ended && h->target.flags & VOS_HANDLE_WRITE)
			vdoor_ended_give_back(h);
		h->leased = false;
		atomic_dec(&nr_leased);
	}
	spin_unlock(&attached_lock);
	keep_written(h);
	if (h->window)
		vdoor_window_end(h->window);
	WRITE_ONCE(h->state, VDOOR_HANDLE_DROPPING);
}

/**
 * vdoor_handle_revoke - take back all words that name a handle
 * @h: the handle; the caller keeps its channel
 * @gen: its generation; words of another handle stay
 *
 * Context: any.
 */
void vdoor_handle_revoke(struct vdoor_handle *h, u32 gen)
{
	struct vdoor *door = h->uchan->door;
	u32 slot = vdoor_handle_slot(h), service = h->uchan->service, fd;

	for (fd = 0; fd < VOS_DOOR_FDS; fd++) {
		u64 word = READ_ONCE(door->state->word[fd]);

		if (VOS_WORD_KIND(word) >= VOS_KIND_STREAM && VOS_WORD_SLOT(word) == slot &&
		    VOS_WORD_GEN(word) == gen && vdoor_word_service(word) == service)
			vdoor_revoke_word(door, fd);
	}
}

/*
 * A walk over the attached handles for a file, or for an object. The list may change between
 * two steps. Handles may stay on it without words: one that is being made has its maker, which
 * tests again what it has written.
 *
 * So each step goes to the next handle in order of coming. Handles that come after the walk has
 * begun are not its business. So it ends after at most as many steps as there were handles.
 */
struct walk {
	struct vdoor_handle *(*next)(const struct walk *w);
	const void *key;
	u64 after;
	u64 until;
};

/* Get the first of @a and @b that the walk has still to visit; each may be NULL. */
static struct vdoor_handle *sooner(const struct walk *w, struct vdoor_handle *a,
				   struct vdoor_handle *b)
{
	if (b->order <= w->after || b->order > w->until)
		return a;
	return a && a->order < b->order ? a : b;
}

static struct vdoor_handle *next_of_file(const struct walk *w)
{
	struct vdoor_handle *h, *found = NULL;

	hash_for_each_possible(attached, h, attached, (unsigned long)w->key)
		if (h->file == w->key)
			found = sooner(w, found, h);
	return found;
}

/*
 * Go to the next handle.
 * Return: the handle, its channel counted; or NULL, and the walk is over.
 */
static struct vdoor_handle *step(struct walk *w, u32 *gen)
{
	struct vdoor_handle *h;
	unsigned long flags;

	spin_lock_irqsave(&attached_lock, flags);
	if (!w->until)
		w->until = last_order;
	h = w->next(w);
	if (h) {
		vdoor_uchan_get(h->uchan);
		w->after = h->order;
		*gen = h->gen;
	}
	spin_unlock_irqrestore(&attached_lock, flags);
	return h;
}

/* Take the words of all handles that the walk visits. */
static void revoke_along(struct walk *w)
{
	struct vdoor_handle *h;
	u32 gen;

	while ((h = step(w, &gen))) {
		vdoor_handle_revoke(h, gen);
		vdoor_uchan_put(h->uchan);
	}
}

/**
 * vdoor_handle_file_changed - take back all words of a file that has changed
 * @file: the file; the caller has it
 *
 * Context: any but under files->file_lock.
 */
void vdoor_handle_file_changed(struct file *file)
{
	struct walk w = { .next = next_of_file, .key = file };
	u32 i;

	revoke_along(&w);
	for (i = 0; i < VOS_DOOR_SERVICES; i++) {
		const struct vdoor_provider *p = vdoor_provider_of(i);

		if (p && p->changed)
			p->changed(file);
	}
}

static struct vdoor_handle *next_watched(const struct walk *w)
{
	struct vdoor_handle *h, *found = NULL;
	int bucket;

	hash_for_each(attached, bucket, h, attached)
		if (h->target.kind == VOS_KIND_FILE && fsnotify_file_is_watched(h->file))
			found = sooner(w, found, h);
	return found;
}

/**
 * vdoor_handles_watched - take back all words of files that are watched
 *
 * Context: any.
 */
void vdoor_handles_watched(void)
{
	struct walk w = { .next = next_watched };

	revoke_along(&w);
}

/**
 * vdoor_handle_file_gone - take all handles off a file whose memory is about to go
 * @file: the file; no task has it any more
 *
 * All descriptors have gone, and their words with them. If a handle still stands for the file,
 * the kernel loses descriptors in a way that hooks.c is not told of.
 *
 * Context: any.
 */
void vdoor_handle_file_gone(struct file *file)
{
	struct walk w = { .next = next_of_file, .key = file };
	struct vdoor_handle *h;
	unsigned long flags;
	u32 gen;

	while ((h = step(&w, &gen))) {
		WARN_ON_ONCE(true);
		vdoor_handle_revoke(h, gen);
		spin_lock_irqsave(&h->uchan->door->lock, flags);
		if (h->gen == gen)
			vdoor_handle_detach(h);
		spin_unlock_irqrestore(&h->uchan->door->lock, flags);
		vdoor_uchan_put(h->uchan);
	}
}

struct object {
	const struct vos_session *session;
	u32 index;
};

static struct vdoor_handle *next_of_object(const struct walk *w)
{
	const struct object *o = w->key;
	struct vdoor_handle *h, *found = NULL;
	int bucket;

	hash_for_each(attached, bucket, h, attached)
		if (h->target.obj == o->index && h->uchan->link->session == o->session &&
		    h->target.kind != VOS_KIND_FILE)
			found = sooner(w, found, h);
	return found;
}

/* See vdoor_provider.h. */
void vdoor_object_changed(struct vos_session *session, u32 obj)
{
	const struct object o = { session, obj };
	struct walk w = { .next = next_of_object, .key = &o };

	revoke_along(&w);
}
EXPORT_SYMBOL_GPL(vdoor_object_changed);

/**
 * vdoor_handle_pos_take - take a file's position back, for f_pos is about to be used
 * @file: the file; its f_pos_lock is held if it has one
 *
 * Context: any.
 */
void vdoor_handle_pos_take(struct file *file)
{
	struct vdoor_handle *h;
	unsigned long flags;

	if (!atomic_read(&nr_leased))
		return;
	spin_lock_irqsave(&attached_lock, flags);
	h = find_attached(file, true);
	if (h)
		fetch_pos(h);
	spin_unlock_irqrestore(&attached_lock, flags);
}

/**
 * vdoor_handle_pos_give - give a file's position to the process that has it leased
 * @file: the file; its f_pos_lock is held if it has one
 *
 * Context: any.
 */
void vdoor_handle_pos_give(struct file *file)
{
	struct vdoor_handle *h;
	unsigned long flags;

	if (!atomic_read(&nr_leased))
		return;
	spin_lock_irqsave(&attached_lock, flags);
	h = find_attached(file, true);
	if (h) {
		h->given = file->f_pos;
		vos_store(&h->uchan->head->pos[vdoor_handle_slot(h)], file->f_pos);
	}
	spin_unlock_irqrestore(&attached_lock, flags);
}
