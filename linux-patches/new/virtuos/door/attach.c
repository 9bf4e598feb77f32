// SPDX-License-Identifier: GPL-2.0
/* ATTACH: what a descriptor is, and its word. */
#include <linux/export.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/fs.h>
#include "door_priv.h"

static const struct vdoor_provider *providers[VOS_DOOR_SERVICES];

int vdoor_provide(const struct vdoor_provider *p)
{
	return cmpxchg(&providers[p->service], NULL, p) ? -EBUSY : 0;
}
EXPORT_SYMBOL_GPL(vdoor_provide);

void vdoor_withdraw(const struct vdoor_provider *p)
{
	cmpxchg(&providers[p->service], p, NULL);
}
EXPORT_SYMBOL_GPL(vdoor_withdraw);

/**
 * vdoor_provider_of - get the provider of a service
 * @service: VOS_DOOR_*, or any other number
 *
 * Context: any.
 * Return: the provider or NULL.
 */
const struct vdoor_provider *vdoor_provider_of(u32 service)
{
	return service < VOS_DOOR_SERVICES ? READ_ONCE(providers[service]) : NULL;
}

/*
 * Ask the providers about @file.
 * Return: 0: @t is filled. -ENOENT: no provider has it. -EAGAIN: not now.
 */
static int examine(struct file *file, struct vdoor_target *t)
{
	u32 i;

	memset(t, 0, sizeof(*t));
	for (i = 0; i < VOS_DOOR_SERVICES; i++) {
		const struct vdoor_provider *p = vdoor_provider_of(i);
		int rc = p ? p->examine(file, t) : -ENOENT;

		if (rc != -ENOENT)
			return rc;
	}
	return -ENOENT;
}

/* Test whether a word may name the handle. */
static bool is_nameable(const struct vdoor *door, const struct vdoor_handle *h)
{
	const struct vdoor_uchan *uc = h->uchan;

	lockdep_assert_held(&door->lock);
	return h->state == VDOOR_HANDLE_LIVE && door->uchan[uc->service] == uc &&
	       !READ_ONCE(uc->must_close) && !vdoor_uchan_dead(uc) &&
	       !(h->window && h->window->ended);
}

/*
 * Write the word of @fd, if the descriptor still names @file and the door is open.
 * @h: what the word names, or NULL
 */
static bool set_word(struct vdoor *door, unsigned int fd, const struct file *file,
		     struct vdoor_handle *h, u64 word)
{
	struct files_struct *files = current->files;
	bool done = false;
	unsigned long flags;

	spin_lock(&files->file_lock);
	spin_lock_irqsave(&door->lock, flags);
	if (files_lookup_fd_locked(files, fd) == file && vdoor_usable(door) &&
	    !door->state->word[fd] && (!h || is_nameable(door, h))) {
		if (h) {
			h->words++;
			if (h->target.word & VOS_WORD_POS)
				vdoor_handle_lease(h);
			if (!h->leased)
				word &= ~(u64)VOS_WORD_POS;
		}
		WRITE_ONCE(door->state->word[fd], word);
		done = true;
	}
	spin_unlock_irqrestore(&door->lock, flags);
	spin_unlock(&files->file_lock);
	return done;
}

/* Test whether what the service was told of the file is still true. */
static bool still_true(struct file *file, const struct vdoor_target *t)
{
	struct vdoor_target now;

	return !examine(file, &now) && now.kind == t->kind && now.word == t->word &&
	       now.obj == t->obj && now.gen == t->gen &&
	       (!t->window || now.window == t->window);
}

static int attach_handle(struct vdoor *door, struct vdoor_uchan *uc, unsigned int fd,
			 struct file *file, const struct vdoor_target *t)
{
	struct vdoor_handle *h = vdoor_handle_find(uc, file);
	struct vdoor_handle *fresh = NULL;
	u32 kind, flags;

	if (!h) {
		fresh = vdoor_handle_new(uc, file, t);
		if (IS_ERR(fresh))
			return PTR_ERR(fresh);
		h = fresh;
	}
	kind = h->window ? VOS_KIND_WINDOW : t->kind;
	flags = h->window && !h->window->write ? t->word & ~VOS_WORD_WRITE : t->word;
	if (set_word(door, fd, file, h, VOS_WORD(kind | flags, vdoor_handle_slot(h), h->gen)) &&
	    !still_true(file, t))
		vdoor_revoke_word(door, fd);
	if (fresh)
		vdoor_handle_unname(fresh);
	return kind;
}

/*
 * Attach a file with a window if it may have one. If the window cannot be mapped, attach the
 * file as any other. -EBUSY: it can have one as soon as a caller has used the trap door.
 */
static int attach_either(struct vdoor *door, struct vdoor_uchan *uc, unsigned int fd,
			 struct file *file, struct vdoor_target *t, bool only_window)
{
	int rc = attach_handle(door, uc, fd, file, t);

	if (rc == -EBUSY)
		return -EAGAIN;
	if (rc >= 0 || !t->window || rc == -EINTR)
		return rc;
	t->window = 0;
	return only_window ? -EAGAIN : attach_handle(door, uc, fd, file, t);
}

static int attach_file(struct vdoor *door, unsigned int fd, struct file *file,
		       unsigned long flags)
{
	bool only_window = flags & VOS_ATTACH_WINDOW;
	struct vdoor_target t;
	struct vdoor_uchan *uc;
	int rc = examine(file, &t);

	if (rc == -EAGAIN)
		return rc;
	if (rc || t.kind == VOS_KIND_TRAP) {
		set_word(door, fd, file, NULL, VOS_KIND_TRAP);
		return VOS_KIND_TRAP;
	}
	if (only_window && !t.window)
		return -EAGAIN;
	uc = vdoor_uchan_of(door, t.kind == VOS_KIND_FILE ? VOS_DOOR_STORAGE : VOS_DOOR_NET);
	/* The kind says which channel to ask for. */
	if (!uc)
		return t.kind;
	rc = t.kind;
	if (!vdoor_uchan_dead(uc) && !READ_ONCE(uc->must_close))
		rc = attach_either(door, uc, fd, file, &t, only_window);
	vdoor_uchan_put(uc);
	return rc;
}

/**
 * vdoor_attach - examine a descriptor and set its word
 * @door: the caller's
 * @fd: the descriptor
 * @flags: VOS_ATTACH_*
 *
 * Context: process; the door's mutex is held.
 * Return: VOS_KIND_*; -EBADF. -EAGAIN: not now.
 */
int vdoor_attach(struct vdoor *door, unsigned int fd, unsigned long flags)
{
	struct file *file;
	int rc;

	lockdep_assert_held(&door->mutex);
	if (fd >= VOS_DOOR_FDS)
		return VOS_KIND_TRAP;
	file = fget(fd);
	if (!file)
		return -EBADF;
	rc = attach_file(door, fd, file, flags);
	fput(file);
	return rc;
}

/**
 * vdoor_window - get the window that a descriptor has
 * @door: the caller's
 * @fd: the descriptor
 * @w: set to the window, with a reference
 *
 * Context: process; the door's mutex is held.
 * Return: 0; -EBADF. -EAGAIN: it has none.
 */
int vdoor_window(struct vdoor *door, unsigned int fd, struct vdoor_window **w)
{
	struct vdoor_uchan *uc = vdoor_uchan_of(door, VOS_DOOR_STORAGE);
	struct file *file = fget(fd);
	struct vdoor_handle *h;
	unsigned long flags;

	lockdep_assert_held(&door->mutex);
	*w = NULL;
	h = uc && file ? vdoor_handle_find(uc, file) : NULL;
	if (h) {
		spin_lock_irqsave(&door->lock, flags);
		if (h->state == VDOOR_HANDLE_LIVE && h->file == file && h->window) {
			*w = h->window;
			kref_get(&h->window->ref);
		}
		spin_unlock_irqrestore(&door->lock, flags);
	}
	if (uc)
		vdoor_uchan_put(uc);
	if (!file)
		return -EBADF;
	fput(file);
	return *w ? 0 : -EAGAIN;
}
