// SPDX-License-Identifier: GPL-2.0
/*
 * Writes whose descriptor goes meanwhile. A thread has begun to write through a handle, and has
 * perhaps moved the file's position. It must end its write in that file, whatever file another
 * thread's dup2() puts in its place. In a system call the kernel's reference to the file sees
 * to that.
 *
 * So the thread says in the channel's head that it writes. A handle that is detached meanwhile
 * keeps its file. What the service did not take the process has written by VOS_DOOR_REST.
 *
 * The process could say so for ever. It keeps a file of its own open then, as any descriptor
 * would.
 *
 * Invariant: @kept changes under the door's lock. A handle that has it set is not freed.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/uaccess.h>
#include <linux/uio.h>
#include "door_priv.h"

#define KEPT_AT_MOST	(60 * HZ)	/* a thread may have ended in the midst of its write */

/**
 * vdoor_rest_done - put the file that a handle has kept, if no thread writes through it
 * @h: the handle
 *
 * Context: process.
 * Return: true. false: a thread still does.
 */
bool vdoor_rest_done(struct vdoor_handle *h)
{
	struct vdoor *door = h->uchan->door;
	struct file *file = NULL;
	unsigned long flags;
	bool done;

	if (!READ_ONCE(h->kept))
		return true;
	spin_lock_irqsave(&door->lock, flags);
	if (READ_ONCE(h->uchan->must_close) || !vdoor_handle_is_written(h) ||
	    time_after(jiffies, h->kept_since + KEPT_AT_MOST))
		swap(file, h->kept);
	done = !h->kept;
	spin_unlock_irqrestore(&door->lock, flags);
	if (file)
		fput(file);
	return done;
}

/**
 * vdoor_rest_tidy - put the files of handles that no thread writes through any more
 * @uc: their channel
 *
 * Context: process.
 * Return: true: there are others.
 */
bool vdoor_rest_tidy(struct vdoor_uchan *uc)
{
	bool others = false;
	u32 i;

	for (i = 0; i < VOS_UCHAN_SLOTS; i++)
		others |= !vdoor_rest_done(&uc->handle[i]);
	return others;
}

/* Get the file that a word stood for, while its handle has it. Return: the file or NULL. */
static struct file *file_of(struct vdoor_uchan *uc, u64 word)
{
	struct vdoor_handle *h = &uc->handle[VOS_WORD_SLOT(word) % VOS_UCHAN_SLOTS];
	struct file *file = NULL;
	unsigned long flags;

	spin_lock_irqsave(&uc->door->lock, flags);
	if (h->gen == VOS_WORD_GEN(word) && VOS_WORD_SLOT(word) < VOS_UCHAN_SLOTS)
		file = h->state == VDOOR_HANDLE_LIVE ? h->file : h->kept;
	if (file && !atomic_long_inc_not_zero(&file->f_count))
		file = NULL;
	spin_unlock_irqrestore(&uc->door->lock, flags);
	return file;
}

static long write_rest(struct file *file, const struct vos_door_rest *r)
{
	struct iov_iter from;
	loff_t pos = r->pos;
	int rc;

	if (!r->len)
		return 0;
	rc = import_ubuf(ITER_SOURCE, (void __user *)r->data, r->len, &from);
	return rc ?: vfs_iter_write(file, &from, &pos, 0);
}

/* Give back what a thread has reserved and not written, if no other has moved the position. */
static void give_back(struct file *file, u64 end, u64 pos)
{
	if (mutex_lock_killable(&file->f_pos_lock))
		return;
	vdoor_handle_pos_take(file);
	if (file->f_pos == end)
		file->f_pos = pos;
	vdoor_handle_pos_give(file);
	mutex_unlock(&file->f_pos_lock);
}

/**
 * vdoor_rest - write what a thread has begun to write, in the file that it began with
 * @door: the caller's
 * @arg: address of a struct vos_door_rest
 *
 * Context: process.
 * Return: bytes written, or what pwrite() fails with. -ESTALE: the file is not known any more.
 */
long vdoor_rest(struct vdoor *door, unsigned long arg)
{
	struct vdoor_uchan *uc;
	struct vos_door_rest r;
	struct file *file;
	long rc;

	if (copy_from_user(&r, (void __user *)arg, sizeof(r)))
		return -EFAULT;
	if (r.pos > LLONG_MAX || r.end > LLONG_MAX || r.len > LLONG_MAX - r.pos)
		return -EINVAL;
	uc = vdoor_uchan_of(door, VOS_DOOR_STORAGE);
	if (!uc)
		return -ESTALE;
	file = file_of(uc, r.word);
	vdoor_uchan_put(uc);
	if (!file)
		return -ESTALE;
	rc = write_rest(file, &r);
	if (r.end)
		give_back(file, r.end, r.pos + max(rc, 0));
	fput(file);
	return rc;
}
