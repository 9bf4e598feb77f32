// SPDX-License-Identifier: GPL-2.0
/*
 * Doors: their state area, and how they are shut.
 *
 * Invariant: once door->closed or door->paused is set for the next reader of the words, no word
 * is set any more. A thread that sets a word tests both afterwards, under door->lock.
 */
#include <linux/cred.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include "door_priv.h"

/**
 * vdoor_word_service - get the service that a word is of
 * @word: the word
 *
 * Return: VOS_DOOR_*.
 */
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

/**
 * vdoor_new - make a door for the caller's address space and descriptors
 *
 * Context: process.
 * Return: the door with one reference, or NULL.
 */
struct vdoor *vdoor_new(void)
{
	struct vdoor *door = kzalloc(sizeof(*door), GFP_KERNEL_ACCOUNT);

	if (!door)
		return NULL;
	if (!rcu_access_pointer(current->mm->virtuos_door))
		vdoor_claim_exec();
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

/**
 * vdoor_get - take a reference on a door
 * @door: the door; the caller has a reference
 *
 * Context: any.
 */
void vdoor_get(struct vdoor *door)
{
	kref_get(&door->ref);
}

static void door_free(struct kref *ref)
{
	struct vdoor *door = container_of(ref, struct vdoor, ref);
	u32 i;

	for (i = 0; i < VDOOR_STATE_PAGES; i++)
		put_page(door->pages + i);
	vdoor_drop_accounts(door);
	kfree(door->cred);
	kfree_rcu(door, rcu);
}

/**
 * vdoor_put - put a reference on a door
 * @door: the door
 *
 * Context: any.
 */
void vdoor_put(struct vdoor *door)
{
	kref_put(&door->ref, door_free);
}

/**
 * vdoor_of - get the door of an address space
 * @mm: the address space; the caller keeps it
 *
 * Context: any.
 * Return: the door with a reference, or NULL.
 */
struct vdoor *vdoor_of(const struct mm_struct *mm)
{
	struct vdoor *door;

	rcu_read_lock();
	door = rcu_dereference(mm->virtuos_door);
	if (door && !kref_get_unless_zero(&door->ref))
		door = NULL;
	rcu_read_unlock();
	return door;
}

/**
 * vdoor_usable - test whether a door may set words
 * @door: the door
 *
 * Context: any.
 * Return: true: it is neither closed nor paused.
 */
bool vdoor_usable(const struct vdoor *door)
{
	return !READ_ONCE(door->closed) && !READ_ONCE(door->paused);
}

/**
 * vdoor_uchan_of - get the door's channel to a service
 * @door: the door
 * @service: VOS_DOOR_*, or any other number
 *
 * Context: any.
 * Return: the channel with a reference, or NULL.
 */
struct vdoor_uchan *vdoor_uchan_of(struct vdoor *door, u32 service)
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

/* Count a word of a handle less. If it was the last, the handle ends. */
static void unname(struct vdoor *door, u64 word)
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

static void revoke_word(struct vdoor *door, unsigned int fd)
{
	u64 word = door->state->word[fd];

	lockdep_assert_held(&door->lock);
	if (!word)
		return;
	WRITE_ONCE(door->state->word[fd], 0);
	unname(door, word);
}

/**
 * vdoor_revoke_word - take back the word of a descriptor
 * @door: the door
 * @fd: the descriptor
 *
 * Context: any; files->file_lock may be held.
 */
void vdoor_revoke_word(struct vdoor *door, unsigned int fd)
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

static void revoke_all(struct vdoor *door, u32 service)
{
	u32 fd;

	lockdep_assert_held(&door->lock);
	for (fd = 0; fd < VOS_DOOR_FDS; fd++)
		if (speaks_of(door->state->word[fd], service))
			revoke_word(door, fd);
}

/**
 * vdoor_revoke_all - take back all words of a service
 * @door: the door
 * @service: VOS_DOOR_*, or VOS_DOOR_SERVICES for all, and for words that trap
 *
 * Context: any.
 */
void vdoor_revoke_all(struct vdoor *door, u32 service)
{
	unsigned long flags;

	spin_lock_irqsave(&door->lock, flags);
	revoke_all(door, service);
	spin_unlock_irqrestore(&door->lock, flags);
}

/**
 * vdoor_leave - take a channel that is of no use from the door, if it has one
 * @door: the door
 * @service: VOS_DOOR_*
 *
 * A caller that waits for completions afterwards finds no channel.
 *
 * Context: any.
 */
void vdoor_leave(struct vdoor *door, u32 service)
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

/**
 * vdoor_shut - let nothing pass the door from here on, for good
 * @door: the door
 *
 * The process sees it at its next call. The channels' work tells the services soon.
 *
 * Context: any.
 */
void vdoor_shut(struct vdoor *door)
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

/**
 * vdoor_end - shut the door, for no thread that used it goes on
 * @door: the door
 *
 * Positions that threads have moved over what they did not come to write are moved back.
 *
 * Context: any.
 */
void vdoor_end(struct vdoor *door)
{
	unsigned long flags;

	spin_lock_irqsave(&door->lock, flags);
	door->ended = true;
	spin_unlock_irqrestore(&door->lock, flags);
	vdoor_shut(door);
}

/**
 * vdoor_close - shut the door, and wait until the services take no more calls
 * @door: the door
 *
 * If the caller is killed, it returns early.
 *
 * Context: process.
 */
void vdoor_close(struct vdoor *door)
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
