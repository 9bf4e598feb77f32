// SPDX-License-Identifier: GPL-2.0
/*
 * Doors: their state area, and how they are shut.
 *
 * Invariant: once door->closed or door->paused is seen by the next reader of the
 * words, no word is set any more: whoever sets one looks at both afterwards, under
 * door->lock.
 */
#include <linux/cred.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include "internal.h"

u32 vos_word_service(u64 word)
{
	switch (VOS_WORD_KIND(word)) {
	case VOS_KIND_FILE:
	case VOS_KIND_WINDOW:
		return VOS_DOOR_STORAGE;
	default:
		return VOS_DOOR_NET;
	}
}

static void door_work(struct work_struct *work)
{
	struct vos_door *door = container_of(work, struct vos_door, work);
	u32 i;

	mutex_lock(&door->mutex);
	if (door->closed)
		vos_door_close_channels(door);
	for (i = 0; i < VOS_DOOR_SERVICES; i++)
		if (door->uchan[i])
			vos_handle_drop_all(door->uchan[i]);
	mutex_unlock(&door->mutex);
	vos_door_put(door);
}

/*
 * vos_door_new - a door for the caller's address space and descriptors
 * Return: the door with one reference, or NULL.
 */
struct vos_door *vos_door_new(void)
{
	struct vos_door *door = kzalloc(sizeof(*door), GFP_KERNEL_ACCOUNT);

	if (!door)
		return NULL;
	door->cred = kzalloc(sizeof(*door->cred), GFP_KERNEL_ACCOUNT);
	door->pages = alloc_pages(GFP_KERNEL_ACCOUNT | __GFP_ZERO, get_order(VOS_STATE_PAGES *
									 PAGE_SIZE));
	if (!door->cred || !door->pages) {
		if (door->pages)
			__free_pages(door->pages, get_order(VOS_STATE_PAGES * PAGE_SIZE));
		kfree(door->cred);
		kfree(door);
		return NULL;
	}
	/* Single pages: the process's mappings keep each by itself. */
	split_page(door->pages, get_order(VOS_STATE_PAGES * PAGE_SIZE));
	door->state = page_address(door->pages);
	kref_init(&door->ref);
	mutex_init(&door->mutex);
	spin_lock_init(&door->lock);
	INIT_WORK(&door->work, door_work);
	door->mm = current->mm;
	door->files = current->files;
	vos_cred_value(door->cred, current_cred());
	return door;
}

void vos_door_get(struct vos_door *door)
{
	kref_get(&door->ref);
}

static void door_free(struct kref *ref)
{
	struct vos_door *door = container_of(ref, struct vos_door, ref);
	u32 i;

	for (i = 0; i < VOS_STATE_PAGES; i++)
		put_page(door->pages + i);
	kfree(door->cred);
	kfree_rcu(door, rcu);
}

void vos_door_put(struct vos_door *door)
{
	kref_put(&door->ref, door_free);
}

/*
 * vos_door_of - the door of an address space that the caller keeps
 * Any context. Return: the door with a reference, or NULL.
 */
struct vos_door *vos_door_of(const struct mm_struct *mm)
{
	struct vos_door *door;

	rcu_read_lock();
	door = rcu_dereference(mm->virtuos_door);
	if (door && !kref_get_unless_zero(&door->ref))
		door = NULL;
	rcu_read_unlock();
	return door;
}

bool vos_door_usable(const struct vos_door *door)
{
	return !READ_ONCE(door->closed) && !READ_ONCE(door->paused);
}

/* The door's thread has something to do. Any context. */
static void kick_work(struct vos_door *door)
{
	vos_door_get(door);
	if (!queue_work(vos_wait_wq, &door->work))
		vos_door_put(door);
}

/* Under door->lock: the word is gone; was it the handle's last? */
static bool unname(struct vos_door *door, u64 word)
{
	struct vos_uchan *uc = door->uchan[vos_word_service(word)];
	struct vos_handle *h;

	if (VOS_WORD_KIND(word) < VOS_KIND_STREAM || !uc ||
	    VOS_WORD_SLOT(word) >= VOS_UCHAN_SLOTS)
		return false;
	h = &uc->handle[VOS_WORD_SLOT(word)];
	if (h->gen != VOS_WORD_GEN(word) || h->state != VOS_HANDLE_LIVE || !h->words)
		return false;
	/* While the descriptor still stands, so does the file. */
	if (h->words == 1)
		vos_handle_detach(h);
	h->words--;
	return !h->words;
}

/*
 * vos_door_take_word - descriptor @fd is not known any more
 * Any context; files->file_lock may be held.
 */
void vos_door_take_word(struct vos_door *door, unsigned int fd)
{
	unsigned long flags;
	bool last = false;
	u64 word;

	if (fd >= VOS_DOOR_FDS || !READ_ONCE(door->state->word[fd]))
		return;
	spin_lock_irqsave(&door->lock, flags);
	word = door->state->word[fd];
	WRITE_ONCE(door->state->word[fd], 0);
	last = unname(door, word);
	spin_unlock_irqrestore(&door->lock, flags);
	if (last)
		kick_work(door);
}

/*
 * vos_door_take_words - no descriptor of @service is known any more
 * @service: VOS_DOOR_*, or VOS_DOOR_SERVICES for all, and for what traps
 */
void vos_door_take_words(struct vos_door *door, u32 service)
{
	bool any = false;
	unsigned long flags;
	u32 fd;

	spin_lock_irqsave(&door->lock, flags);
	for (fd = 0; fd < VOS_DOOR_FDS; fd++) {
		u64 word = door->state->word[fd];

		if (!word)
			continue;
		if (service < VOS_DOOR_SERVICES && (VOS_WORD_KIND(word) < VOS_KIND_STREAM ||
						    vos_word_service(word) != service))
			continue;
		WRITE_ONCE(door->state->word[fd], 0);
		any |= unname(door, word);
	}
	spin_unlock_irqrestore(&door->lock, flags);
	if (any)
		kick_work(door);
}

/*
 * vos_door_shut - nothing passes from here on, for good
 *
 * The process sees it at its next call; the service is told by the door's thread,
 * or by vos_door_close_channels(). Any context.
 */
void vos_door_shut(struct vos_door *door)
{
	WRITE_ONCE(door->closed, true);
	if (!READ_ONCE(door->state->closed))
		WRITE_ONCE(door->state->closed, 1);
	vos_door_take_words(door, VOS_DOOR_SERVICES);
	kick_work(door);
}

/* Under door->mutex: the services take no more calls of this door. Idempotent. */
void vos_door_close_channels(struct vos_door *door)
{
	u32 i;

	for (i = 0; i < VOS_DOOR_SERVICES; i++) {
		struct vos_uchan *uc = door->uchan[i];

		if (uc && !vos_uchan_close(uc)) {
			unsigned long flags;

			vos_uchan_end_handles(uc);
			spin_lock_irqsave(&door->lock, flags);
			door->uchan[i] = NULL;
			spin_unlock_irqrestore(&door->lock, flags);
			vos_uchan_put(uc);
		}
	}
}
