// SPDX-License-Identifier: GPL-2.0
/*
 * Which files have handles, and where their positions are.
 *
 * A handle does not keep its file open, lest closing be delayed: it keeps words,
 * and a word stands only while its descriptor does. Before the last word goes the
 * handle is detached: its position comes home and the file is not looked at again.
 * A file that has had a handle says so itself before its memory goes (FMODE_DOOR), in
 * case that the kernel has ways to lose a descriptor that we do not know.
 *
 * Invariant: handles on the list of attached files are LIVE with words, under
 * attached_lock; h->file is followed only then, or by whoever has the file in hand.
 */
#include <linux/export.h>
#include <linux/fs.h>
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

/*
 * vdoor_handle_find - the caller's handle for @file, if there is one
 * With the door's mutex, so that none is made meanwhile; it may go at any time.
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

/*
 * vdoor_handle_lease - let the process move the file's position
 * One door at a time may: others' read() and write() trap. With the door's lock.
 */
void vdoor_handle_lease(struct vdoor_handle *h)
{
	lockdep_assert_held(&h->uchan->door->lock);
	spin_lock(&attached_lock);
	if (!h->leased && h->state == VDOOR_HANDLE_LIVE && !find_attached(h->file, true)) {
		h->leased = true;
		atomic_inc(&nr_leased);
		/* The next fdput_pos() hands the position out. */
		vos_store(&h->uchan->head->pos[vdoor_handle_slot(h)], VOS_POS_HOME);
	}
	spin_unlock(&attached_lock);
}

static void fetch_pos(struct vdoor_handle *h)
{
	u64 untrusted;

	lockdep_assert_held(&attached_lock);
	untrusted = vos_exchange(&h->uchan->head->pos[vdoor_handle_slot(h)], VOS_POS_HOME);

	if (untrusted <= LLONG_MAX)
		h->file->f_pos = untrusted;
}

/*
 * vdoor_handle_attach - the handle is complete: what happens to its file it hears of
 * @file: whose it is, with FMODE_DOOR; the caller has it
 *
 * With the door's lock. Until the first word, the caller's hold on the file is its word.
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
 * vdoor_handle_detach - its last word is about to go, the file still stands
 * With the door's lock. Idempotent.
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
		h->leased = false;
		atomic_dec(&nr_leased);
	}
	spin_unlock(&attached_lock);
	if (h->window)
		vdoor_window_end(h->window);
	WRITE_ONCE(h->state, VDOOR_HANDLE_DROPPING);
}

/*
 * vdoor_handle_revoke - no descriptor names the handle any more
 * @h: whose channel the caller keeps
 * @gen: its generation; another's words stay. Any context.
 */
void vdoor_handle_revoke(struct vdoor_handle *h, u32 gen)
{
	struct vos_door *door = h->uchan->door;
	u32 slot = vdoor_handle_slot(h), service = h->uchan->service, fd;

	for (fd = 0; fd < VOS_DOOR_FDS; fd++) {
		u64 word = READ_ONCE(door->state->word[fd]);

		if (VOS_WORD_KIND(word) >= VOS_KIND_STREAM && VOS_WORD_SLOT(word) == slot &&
		    VOS_WORD_GEN(word) == gen && vdoor_word_service(word) == service)
			vdoor_revoke_word(door, fd);
	}
}

/*
 * A walk over the attached handles for a file, or for an object. The list may change
 * between two steps, and handles may stay on it without words (one that is being made
 * has its maker, who will look again at what it has put down): so each step goes to the
 * next in order of coming, and those that come after the walk has begun are not its
 * business. So it is over after as many steps as handles there were.
 */
struct walk {
	struct vdoor_handle *(*next)(const struct walk *w);
	const void *key;
	u64 after;
	u64 until;
};

/* The first of @a and @b that the walk has still to see; each may be NULL. */
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

/* Return: the next handle, its channel counted; or NULL, and the walk is over. */
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

/* Take the words of all handles that the walk comes to. */
static void revoke_along(struct walk *w)
{
	struct vdoor_handle *h;
	u32 gen;

	while ((h = step(w, &gen))) {
		vdoor_handle_revoke(h, gen);
		vdoor_uchan_put(h->uchan);
	}
}

/*
 * vdoor_handle_file_changed - whatever is known of @file is not true any more
 * The caller has the file. Any context but under files->file_lock.
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

/*
 * vdoor_handle_file_gone - nobody has @file any more, and its memory is about to go
 *
 * All descriptors have gone, and their words with them; a handle that still stands for
 * the file shows that the kernel loses descriptors in a way that hooks.c is not told of.
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

/* Under f_pos_lock, where there is one: @file->f_pos is about to be used. */
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

void vdoor_handle_pos_give(struct file *file)
{
	struct vdoor_handle *h;
	unsigned long flags;

	if (!atomic_read(&nr_leased))
		return;
	spin_lock_irqsave(&attached_lock, flags);
	h = find_attached(file, true);
	if (h)
		vos_store(&h->uchan->head->pos[vdoor_handle_slot(h)], file->f_pos);
	spin_unlock_irqrestore(&attached_lock, flags);
}
