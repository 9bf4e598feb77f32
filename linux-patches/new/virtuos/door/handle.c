// SPDX-License-Identifier: GPL-2.0
/*
 * Handles: which files a process may use past the kernel, and where their
 * positions are.
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
#include <linux/slab.h>
#include "internal.h"

static DEFINE_HASHTABLE(attached, 8);
static DEFINE_SPINLOCK(attached_lock);
static atomic_t nr_leased = ATOMIC_INIT(0);
static u64 last_order;		/* under attached_lock */

/* Under attached_lock. */
static struct vos_handle *find_attached(const struct file *file, bool leased)
{
	struct vos_handle *h;

	hash_for_each_possible(attached, h, attached, (unsigned long)file)
		if (h->file == file && (!leased || h->leased))
			return h;
	return NULL;
}

/*
 * vos_handle_find - the caller's handle for @file, if there is one
 * Under door->mutex, so that none is made meanwhile; it may go at any time.
 */
struct vos_handle *vos_handle_find(struct vos_uchan *uc, const struct file *file)
{
	struct vos_handle *h, *found = NULL;
	unsigned long flags;

	spin_lock_irqsave(&attached_lock, flags);
	hash_for_each_possible(attached, h, attached, (unsigned long)file)
		if (h->file == file && h->uchan == uc)
			found = h;
	spin_unlock_irqrestore(&attached_lock, flags);
	return found;
}

static struct vos_handle *free_slot(struct vos_uchan *uc)
{
	u32 i;

	for (i = 0; i < VOS_UCHAN_SLOTS; i++)
		if (READ_ONCE(uc->handle[i].state) == VOS_HANDLE_FREE)
			return &uc->handle[i];
	return NULL;
}

static int tell_add(struct vos_handle *h)
{
	const struct vos_door_target *t = &h->target;
	struct vos_call *call = vos_uchan_call(h->uchan, VOS_OP_HANDLE_ADD, 0, 0);
	int rc;

	if (IS_ERR(call))
		return PTR_ERR(call) == -ERESTARTSYS ? -EINTR : -EAGAIN;
	if (t->epoch && t->epoch != vos_call_epoch(call)) {
		vos_call_put(call);
		return -EAGAIN;
	}
	call->sqe.arg[0] = h->uchan->id | (u64)vos_handle_slot(h) << 32;
	call->sqe.arg[1] = h->gen | (u64)t->flags << 32;
	call->sqe.arg[2] = t->node;
	call->sqe.obj = t->obj;
	call->sqe.gen = t->gen;
	rc = vos_call(call);
	if (rc == -EINTR)
		return rc;
	if (!rc && call->cqe.result < 0)
		rc = -EAGAIN;
	vos_call_put(call);
	return rc ? -EAGAIN : 0;
}

/*
 * Never that of another handle, not even of another channel's: a thread may still have
 * a word of a channel, or of a door, that is gone.
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

/* It has ended; who reads it, reads on. Process context. */
void vos_handle_close_window(struct vos_handle *h)
{
	struct vos_window *w = h->window;
	unsigned long flags;

	if (!w)
		return;
	spin_lock_irqsave(&h->uchan->door->lock, flags);
	vos_window_end(w);
	h->window = NULL;
	spin_unlock_irqrestore(&h->uchan->door->lock, flags);
	vos_window_put(w);
}

/* What the handle stands for, before the service or a word knows of it. */
static int set_up(struct vos_handle *h, struct file *file)
{
	const struct vos_door_provider *p = h->uchan->provider;
	int rc = 0;

	if (h->target.window) {
		struct vos_window *w = vos_window_new(h, file);

		if (IS_ERR(w))
			return PTR_ERR(w);
		h->window = w;
	}
	if (p->attach)
		rc = p->attach(file, &h->target);
	if (rc)
		vos_handle_close_window(h);
	return rc;
}

/*
 * vos_handle_new - a handle for @file, known to the service, named by no word yet
 * @t: what it stands for
 *
 * Under door->mutex; the caller has the file.
 * Return: the handle, which vos_handle_unname() gives back, or ERR_PTR: -EAGAIN,
 * -EINTR; with a window also what kept it from being mapped.
 */
struct vos_handle *vos_handle_new(struct vos_uchan *uc, struct file *file,
				  const struct vos_door_target *t)
{
	struct vos_handle *h = free_slot(uc);
	unsigned long flags;
	int rc;

	if (!h)
		return ERR_PTR(-EAGAIN);
	h->uchan = uc;
	h->gen = next_gen();
	h->words = 0;
	h->leased = false;
	h->file = file;
	h->target = *t;
	INIT_LIST_HEAD(&h->target.link);
	WRITE_ONCE(h->state, VOS_HANDLE_MAKING);
	rc = set_up(h, file);
	if (rc) {
		WRITE_ONCE(h->state, VOS_HANDLE_FREE);
		return ERR_PTR(rc);
	}
	rc = h->window ? 0 : tell_add(h);
	if (rc) {
		/* It may have heard of it all the same. */
		WRITE_ONCE(h->state, VOS_HANDLE_DROPPING);
		vos_handle_drop_all(uc);
		return ERR_PTR(rc);
	}
	/* Before it is on the list, so that the file's end looks there. */
	spin_lock(&file->f_lock);
	file->f_mode |= FMODE_DOOR;
	spin_unlock(&file->f_lock);
	spin_lock_irqsave(&uc->door->lock, flags);
	/* Until its first word, the caller's hold on the file is its word. */
	h->words = 1;
	WRITE_ONCE(h->state, VOS_HANDLE_LIVE);
	spin_lock(&attached_lock);
	h->order = ++last_order;
	hash_add(attached, &h->attached, (unsigned long)file);
	spin_unlock(&attached_lock);
	spin_unlock_irqrestore(&uc->door->lock, flags);
	return h;
}

/*
 * vos_handle_lease - let the process move the file's position
 * One door at a time may: others' read() and write() trap. Under door->lock.
 */
void vos_handle_lease(struct vos_handle *h)
{
	spin_lock(&attached_lock);
	if (!h->leased && h->state == VOS_HANDLE_LIVE && !find_attached(h->file, true)) {
		h->leased = true;
		atomic_inc(&nr_leased);
		/* The next fdput_pos() hands the position out. */
		WRITE_ONCE(h->uchan->head->pos[vos_handle_slot(h)], VOS_POS_HOME);
	}
	spin_unlock(&attached_lock);
}

static void fetch_pos(struct vos_handle *h)
{
	u64 untrusted = xchg(&h->uchan->head->pos[vos_handle_slot(h)], VOS_POS_HOME);

	if (untrusted <= LLONG_MAX)
		h->file->f_pos = untrusted;
}

/*
 * vos_handle_detach - its last word is about to go, the file still stands
 * Under door->lock. Idempotent.
 */
void vos_handle_detach(struct vos_handle *h)
{
	if (h->state != VOS_HANDLE_LIVE)
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
		vos_window_end(h->window);
	WRITE_ONCE(h->state, VOS_HANDLE_DROPPING);
}

/* Give back what vos_handle_new() gave: its caller lets go of the file. */
void vos_handle_unname(struct vos_handle *h)
{
	struct vos_uchan *uc = h->uchan;
	unsigned long flags;
	bool last = false;

	spin_lock_irqsave(&uc->door->lock, flags);
	if (h->state == VOS_HANDLE_LIVE) {
		if (h->words == 1)
			vos_handle_detach(h);
		last = !--h->words;
	} else if (h->state == VOS_HANDLE_DROPPING) {
		last = true;	/* recalled before it had a word */
	}
	spin_unlock_irqrestore(&uc->door->lock, flags);
	if (last)
		vos_handle_drop_all(uc);
}

/* Return: 0, or -EINTR; *dirty: something may be written and not durable. */
static int tell_drop(struct vos_handle *h, bool *dirty)
{
	struct vos_call *call = vos_uchan_call(h->uchan, VOS_OP_HANDLE_DROP, 0,
					       VOS_GET_KILLABLE | VOS_GET_NOCRED);
	int rc;

	*dirty = h->target.flags & VOS_HANDLE_WRITE;
	if (IS_ERR(call))	/* no link: nobody is there to be told */
		return PTR_ERR(call) == -ERESTARTSYS ? -EINTR : 0;
	call->sqe.arg[0] = h->uchan->id | (u64)vos_handle_slot(h) << 32;
	call->sqe.arg[1] = h->gen;
	rc = vos_call(call);
	if (rc == -EINTR)
		return rc;
	if (!rc && call->cqe.result >= 0)
		*dirty = *dirty && call->cqe.out[0];
	vos_call_put(call);
	return 0;
}

static void drop(struct vos_handle *h)
{
	const struct vos_door_provider *p = h->uchan->provider;
	bool dirty = false;

	if (!h->window && tell_drop(h, &dirty))
		return;		/* killed: the door's thread will try again */
	if (h->target.priv && p->gone)
		p->gone(&h->target, dirty);
	h->target.priv = NULL;
	vos_handle_close_window(h);
	/* All that was written through it is durable: its log may go. */
	vos_store(&h->uchan->head->slot[vos_handle_slot(h)].gen, 0);
	WRITE_ONCE(h->state, VOS_HANDLE_FREE);
}

/*
 * vos_handle_drop_all - tell the service of all handles that have ended
 * Process context.
 */
void vos_handle_drop_all(struct vos_uchan *uc)
{
	u32 i;

	mutex_lock(&uc->drop_mutex);
	for (i = 0; i < VOS_UCHAN_SLOTS; i++)
		if (READ_ONCE(uc->handle[i].state) == VOS_HANDLE_DROPPING)
			drop(&uc->handle[i]);
	mutex_unlock(&uc->drop_mutex);
}

/* All words of @h, whose uchan and door the caller keeps. */
static void take_words_of(struct vos_handle *h, u32 gen)
{
	struct vos_door *door = h->uchan->door;
	u32 slot = vos_handle_slot(h), service = h->uchan->service, fd;

	for (fd = 0; fd < VOS_DOOR_FDS; fd++) {
		u64 word = READ_ONCE(door->state->word[fd]);

		if (VOS_WORD_KIND(word) >= VOS_KIND_STREAM && VOS_WORD_SLOT(word) == slot &&
		    VOS_WORD_GEN(word) == gen && vos_word_service(word) == service)
			vos_door_take_word(door, fd);
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
	struct vos_handle *(*next)(const struct walk *w);
	const void *key;
	u64 after;
	u64 until;
};

/* The first of @a and @b that the walk has still to see; each may be NULL. */
static struct vos_handle *sooner(const struct walk *w, struct vos_handle *a,
				 struct vos_handle *b)
{
	if (b->order <= w->after || b->order > w->until)
		return a;
	return a && a->order < b->order ? a : b;
}

static struct vos_handle *next_of_file(const struct walk *w)
{
	struct vos_handle *h, *found = NULL;

	hash_for_each_possible(attached, h, attached, (unsigned long)w->key)
		if (h->file == w->key)
			found = sooner(w, found, h);
	return found;
}

/* Return: the next handle, its channel counted; or NULL, and the walk is over. */
static struct vos_handle *step(struct walk *w, u32 *gen)
{
	struct vos_handle *h;
	unsigned long flags;

	spin_lock_irqsave(&attached_lock, flags);
	if (!w->until)
		w->until = last_order;
	h = w->next(w);
	if (h) {
		vos_uchan_get(h->uchan);
		w->after = h->order;
		*gen = h->gen;
	}
	spin_unlock_irqrestore(&attached_lock, flags);
	return h;
}

/* Take the words of all handles that the walk comes to. */
static void take_words_along(struct walk *w)
{
	struct vos_handle *h;
	u32 gen;

	while ((h = step(w, &gen))) {
		take_words_of(h, gen);
		vos_uchan_put(h->uchan);
	}
}

/*
 * vos_handle_file_changed - whatever is known of @file is not true any more
 * The caller has the file. Any context but under files->file_lock.
 */
void vos_handle_file_changed(struct file *file)
{
	struct walk w = { .next = next_of_file, .key = file };
	u32 i;

	take_words_along(&w);
	for (i = 0; i < VOS_DOOR_SERVICES; i++) {
		const struct vos_door_provider *p = vos_door_provider_of(i);

		if (p && p->changed)
			p->changed(file);
	}
}

/*
 * vos_handle_file_gone - nobody has @file any more, and its memory is about to go
 *
 * All descriptors have gone, and their words with them; a handle that still stands for
 * the file shows that the kernel loses descriptors in a way that hooks.c is not told of.
 */
void vos_handle_file_gone(struct file *file)
{
	struct walk w = { .next = next_of_file, .key = file };
	struct vos_handle *h;
	unsigned long flags;
	u32 gen;

	while ((h = step(&w, &gen))) {
		WARN_ON_ONCE(true);
		take_words_of(h, gen);
		spin_lock_irqsave(&h->uchan->door->lock, flags);
		if (h->gen == gen)
			vos_handle_detach(h);
		spin_unlock_irqrestore(&h->uchan->door->lock, flags);
		vos_uchan_put(h->uchan);
	}
}

struct object {
	const struct vos_session *session;
	u32 index;
};

static struct vos_handle *next_of_object(const struct walk *w)
{
	const struct object *o = w->key;
	struct vos_handle *h, *found = NULL;
	int bucket;

	hash_for_each(attached, bucket, h, attached)
		if (h->target.obj == o->index && h->uchan->link->session == o->session &&
		    h->target.kind != VOS_KIND_FILE)
			found = sooner(w, found, h);
	return found;
}

/* See vos_door.h. */
void vos_door_object_changed(struct vos_session *session, u32 obj)
{
	const struct object o = { session, obj };
	struct walk w = { .next = next_of_object, .key = &o };

	take_words_along(&w);
}
EXPORT_SYMBOL_GPL(vos_door_object_changed);

/* Under f_pos_lock, where there is one: @file->f_pos is about to be used. */
void vos_handle_pos_take(struct file *file)
{
	struct vos_handle *h;
	unsigned long flags;

	if (!atomic_read(&nr_leased))
		return;
	spin_lock_irqsave(&attached_lock, flags);
	h = find_attached(file, true);
	if (h)
		fetch_pos(h);
	spin_unlock_irqrestore(&attached_lock, flags);
}

void vos_handle_pos_give(struct file *file)
{
	struct vos_handle *h;
	unsigned long flags;

	if (!atomic_read(&nr_leased))
		return;
	spin_lock_irqsave(&attached_lock, flags);
	h = find_attached(file, true);
	if (h)
		WRITE_ONCE(h->uchan->head->pos[vos_handle_slot(h)], file->f_pos);
	spin_unlock_irqrestore(&attached_lock, flags);
}

/* See vos_door.h. */
u32 vos_door_target_get(struct vos_door_target *t)
{
	struct vos_handle *h = container_of(t, struct vos_handle, target);

	vos_uchan_get(h->uchan);
	return h->gen;
}
EXPORT_SYMBOL_GPL(vos_door_target_get);

void vos_door_target_put(struct vos_door_target *t)
{
	vos_uchan_put(container_of(t, struct vos_handle, target)->uchan);
}
EXPORT_SYMBOL_GPL(vos_door_target_put);

/* See vos_door.h. */
void vos_door_end_window(struct vos_door_target *t, u32 gen)
{
	struct vos_handle *h = container_of(t, struct vos_handle, target);
	struct vos_door *door = h->uchan->door;
	unsigned long flags;

	spin_lock_irqsave(&door->lock, flags);
	if (h->gen == gen && h->window)
		vos_window_end(h->window);
	spin_unlock_irqrestore(&door->lock, flags);
	take_words_of(h, gen);
}
EXPORT_SYMBOL_GPL(vos_door_end_window);

/* See vos_door.h. */
int vos_door_recall(struct vos_door_target *t, u32 gen, bool *dirty)
{
	struct vos_handle *h = container_of(t, struct vos_handle, target);
	struct vos_uchan *uc = h->uchan;
	bool used = h->gen == gen && READ_ONCE(h->state) == VOS_HANDLE_LIVE;
	int rc = 0;

	*dirty = false;
	take_words_of(h, gen);
	mutex_lock(&uc->drop_mutex);
	if (h->gen != gen)
		rc = 0;		/* has gone, and its slot is another's */
	else if (h->state == VOS_HANDLE_LIVE || h->state == VOS_HANDLE_DROPPING) {
		unsigned long flags;

		spin_lock_irqsave(&uc->door->lock, flags);
		/* One in the making, which no word names yet. */
		if (h->state == VOS_HANDLE_LIVE)
			vos_handle_detach(h);
		spin_unlock_irqrestore(&uc->door->lock, flags);
		rc = tell_drop(h, dirty);
	}
	mutex_unlock(&uc->drop_mutex);
	return rc ?: used;
}
EXPORT_SYMBOL_GPL(vos_door_recall);
