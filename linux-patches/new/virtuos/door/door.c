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
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include "door_priv.h"

u32 vdoor_word_service(u64 word)
{
	switch (VOS_WORD_KIND(word)) {
	case VOS_KIND_FILE:
	case VOS_KIND_WINDOW:
		return VOS_DOOR_STORAGE;
	default:
		return VOS_DOOR_NET;
	}
}

/*
 * vdoor_new - a door for the caller's address space and descriptors
 * Return: the door with one reference, or NULL.
 */
struct vos_door *vdoor_new(void)
{
	struct vos_door *door = kzalloc(sizeof(*door), GFP_KERNEL_ACCOUNT);

	if (!door)
		return NULL;
	door->cred = kzalloc(sizeof(*door->cred), GFP_KERNEL_ACCOUNT);
	door->pages = alloc_pages(GFP_KERNEL_ACCOUNT | __GFP_ZERO, get_order(VDOOR_STATE_PAGES *
									 PAGE_SIZE));
	if (!door->cred || !door->pages) {
		if (door->pages)
			__free_pages(door->pages, get_order(VDOOR_STATE_PAGES * PAGE_SIZE));
		kfree(door->cred);
		kfree(door);
		return NULL;
	}
	/* Single pages: the process's mappings keep each by itself. */
	split_page(door->pages, get_order(VDOOR_STATE_PAGES * PAGE_SIZE));
	door->state = page_address(door->pages);
	kref_init(&door->ref);
	mutex_init(&door->mutex);
	spin_lock_init(&door->lock);
	door->mm = current->mm;
	door->files = current->files;
	vos_cred_value(door->cred, current_cred());
	return door;
}

void vdoor_get(struct vos_door *door)
{
	kref_get(&door->ref);
}

static void door_free(struct kref *ref)
{
	struct vos_door *door = container_of(ref, struct vos_door, ref);
	u32 i;

	for (i = 0; i < VDOOR_STATE_PAGES; i++)
		put_page(door->pages + i);
	kfree(door->cred);
	kfree_rcu(door, rcu);
}

void vdoor_put(struct vos_door *door)
{
	kref_put(&door->ref, door_free);
}

/*
 * vdoor_of - the door of an address space that the caller keeps
 * Any context. Return: the door with a reference, or NULL.
 */
struct vos_door *vdoor_of(const struct mm_struct *mm)
{
	struct vos_door *door;

	rcu_read_lock();
	door = rcu_dereference(mm->virtuos_door);
	if (door && !kref_get_unless_zero(&door->ref))
		door = NULL;
	rcu_read_unlock();
	return door;
}

bool vdoor_usable(const struct vos_door *door)
{
	return !READ_ONCE(door->closed) && !READ_ONCE(door->paused);
}

/*
 * vdoor_uchan_of - the door's channel to a service
 * Any context. Return: it, with a reference, or NULL.
 */
struct vdoor_uchan *vdoor_uchan_of(struct vos_door *door, u32 service)
{
	struct vdoor_uchan *uc = NULL;
	unsigned long flags;

	spin_lock_irqsave(&door->lock, flags);
	if (service < VOS_DOOR_SERVICES)
		uc = door->uchan[service];
	if (uc)
		vdoor_uchan_get(uc);
	spin_unlock_irqrestore(&door->lock, flags);
	return uc;
}

/* The word is gone; if it was the handle's last, that ends. */
static void unname(struct vos_door *door, u64 word)
{
	struct vdoor_uchan *uc = door->uchan[vdoor_word_service(word)];
	struct vdoor_handle *h;

	lockdep_assert_held(&door->lock);
	if (VOS_WORD_KIND(word) < VOS_KIND_STREAM || !uc ||
	    VOS_WORD_SLOT(word) >= VOS_UCHAN_SLOTS)
		return;
	h = &uc->handle[VOS_WORD_SLOT(word)];
	if (h->gen != VOS_WORD_GEN(word) || h->state != VDOOR_HANDLE_LIVE || !h->words)
		return;
	/* While the descriptor still stands, so does the file. */
	if (h->words == 1)
		vdoor_handle_detach(h);
	if (!--h->words)
		vdoor_uchan_kick(uc);
}

static void revoke_word(struct vos_door *door, unsigned int fd)
{
	u64 word = door->state->word[fd];

	lockdep_assert_held(&door->lock);
	if (!word)
		return;
	WRITE_ONCE(door->state->word[fd], 0);
	unname(door, word);
}

/*
 * vdoor_revoke_word - descriptor @fd is not known any more
 * Any context; files->file_lock may be held.
 */
void vdoor_revoke_word(struct vos_door *door, unsigned int fd)
{
	unsigned long flags;

	if (fd >= VOS_DOOR_FDS || !READ_ONCE(door->state->word[fd]))
		return;
	spin_lock_irqsave(&door->lock, flags);
	revoke_word(door, fd);
	spin_unlock_irqrestore(&door->lock, flags);
}

static bool speaks_of(u64 word, u32 service)
{
	return service == VOS_DOOR_SERVICES ||
	       (VOS_WORD_KIND(word) >= VOS_KIND_STREAM && vdoor_word_service(word) == service);
}

static void revoke_all(struct vos_door *door, u32 service)
{
	u32 fd;

	lockdep_assert_held(&door->lock);
	for (fd = 0; fd < VOS_DOOR_FDS; fd++)
		if (speaks_of(door->state->word[fd], service))
			revoke_word(door, fd);
}

/*
 * vdoor_revoke_all - no descriptor of @service is known any more
 * @service: VOS_DOOR_*, or VOS_DOOR_SERVICES for all, and for what traps
 * Any context.
 */
void vdoor_revoke_all(struct vos_door *door, u32 service)
{
	unsigned long flags;

	spin_lock_irqsave(&door->lock, flags);
	revoke_all(door, service);
	spin_unlock_irqrestore(&door->lock, flags);
}

/*
 * vdoor_leave - the door has no channel to @service any more, if it had one
 * For one that is of no use: who waits for completions finds none. Any context.
 */
void vdoor_leave(struct vos_door *door, u32 service)
{
	struct vdoor_uchan *uc;
	unsigned long flags;

	spin_lock_irqsave(&door->lock, flags);
	revoke_all(door, service);
	uc = door->uchan[service];
	door->uchan[service] = NULL;
	if (uc)
		vdoor_uchan_end(uc);
	spin_unlock_irqrestore(&door->lock, flags);
}

/*
 * vdoor_shut - nothing passes from here on, for good
 *
 * The process sees it at its next call; the services are told soon. Any context.
 */
void vdoor_shut(struct vos_door *door)
{
	unsigned long flags;
	u32 i;

	spin_lock_irqsave(&door->lock, flags);
	WRITE_ONCE(door->closed, true);
	if (!READ_ONCE(door->state->closed))
		WRITE_ONCE(door->state->closed, 1);
	revoke_all(door, VOS_DOOR_SERVICES);
	for (i = 0; i < VOS_DOOR_SERVICES; i++)
		if (door->uchan[i])
			vdoor_uchan_end(door->uchan[i]);
	spin_unlock_irqrestore(&door->lock, flags);
}

/*
 * vdoor_close - shut it, and wait until the services take no more calls
 * Process context. Returns early when killed.
 */
void vdoor_close(struct vos_door *door)
{
	struct vdoor_uchan *uc[VOS_DOOR_SERVICES];
	u32 i;

	for (i = 0; i < VOS_DOOR_SERVICES; i++)
		uc[i] = vdoor_uchan_of(door, i);
	vdoor_shut(door);
	for (i = 0; i < VOS_DOOR_SERVICES; i++) {
		if (!uc[i])
			continue;
		wait_event_killable(uc[i]->wait, READ_ONCE(uc[i]->closed));
		vdoor_uchan_put(uc[i]);
	}
}
