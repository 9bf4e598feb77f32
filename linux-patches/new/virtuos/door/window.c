// SPDX-License-Identifier: GPL-2.0
/*
 * Windows: a file's pages in the primary's page cache, mapped for its process to read and
 * write. Reads and writes there cost no call.
 *
 * The file is mapped by a struct file of the window's own, so that closing the process's
 * descriptor is not delayed. Truncation and reclaim find the pages by that mapping like those
 * of any other.
 *
 * Invariant: while a word names a window, the provider keeps the file's size from changing. A
 * window is unmapped only after its last word has gone and when no thread reads it. Until then
 * bytes beyond the file's end, or that cannot be read, show as zeros. They do not kill the
 * reader.
 */
#include <linux/cred.h>
#include <linux/export.h>
#include <linux/file.h>
#include <linux/filelock.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/mount.h>
#include <linux/pagemap.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include "door_priv.h"

#define TIDY_AT_ONCE	16

static const struct vm_operations_struct window_ops;

static void window_free(struct kref *ref)
{
	struct vdoor_window *w = container_of(ref, struct vdoor_window, ref);

	vdoor_uchan_put(w->uchan);
	kfree(w);
}

/**
 * vdoor_window_put - put a reference on a window
 * @w: the window
 *
 * Context: any.
 */
void vdoor_window_put(struct vdoor_window *w)
{
	kref_put(&w->ref, window_free);
}

/**
 * vdoor_window_end - end a window: no word names it any more, or is about to
 * @w: the window
 *
 * Idempotent.
 *
 * Context: the door's lock is held.
 */
void vdoor_window_end(struct vdoor_window *w)
{
	lockdep_assert_held(&w->uchan->door->lock);
	if (w->ended)
		return;
	WRITE_ONCE(w->ended, true);
	if (w->mapped)
		atomic_inc(&w->uchan->door->ended_windows);
}

/* Count the part of a mapping that is split. */
static void window_open(struct vm_area_struct *vma)
{
	struct vdoor_window *w = vma->vm_private_data;

	kref_get(&w->ref);
	vma->vm_ops = w->ops;
	if (w->ops->open)
		w->ops->open(vma);
	vma->vm_ops = &window_ops;
}

static void window_close(struct vm_area_struct *vma)
{
	struct vdoor_window *w = vma->vm_private_data;
	struct vdoor *door = w->uchan->door;
	unsigned long flags;

	vma->vm_ops = w->ops;
	if (w->ops->close)
		w->ops->close(vma);
	spin_lock_irqsave(&door->lock, flags);
	if (w->mapped && w->ended)
		atomic_dec(&door->ended_windows);
	w->mapped = false;
	spin_unlock_irqrestore(&door->lock, flags);
	vdoor_window_put(w);
}

/*
 * Show zeros and end the window. The reader has checked size and word. So either the file has
 * changed meanwhile, or the disk cannot be read. The reader checks the word again and uses the
 * trap door.
 */
static vm_fault_t show_zeros(struct vm_fault *vmf, struct vdoor_window *w)
{
	struct vdoor_handle *h = &w->uchan->handle[w->slot];

	vdoor_end_window(&h->target, w->gen);
	vmf->page = alloc_page(GFP_HIGHUSER | __GFP_ZERO | __GFP_ACCOUNT);
	return vmf->page ? 0 : VM_FAULT_OOM;
}

static vm_fault_t window_fault(struct vm_fault *vmf)
{
	struct vdoor_window *w = vmf->vma->vm_private_data;
	vm_fault_t rc = w->ops->fault(vmf);

	if (!(rc & VM_FAULT_ERROR) || rc & VM_FAULT_OOM)
		return rc;
	return show_zeros(vmf, w);
}

static vm_fault_t window_map_pages(struct vm_fault *vmf, pgoff_t start, pgoff_t end)
{
	struct vdoor_window *w = vmf->vma->vm_private_data;

	return w->ops->map_pages ? w->ops->map_pages(vmf, start, end) : 0;
}

/*
 * Let a page become writable. A page of zeros belongs to no file, so what is written there is
 * lost on purpose.
 */
static vm_fault_t window_page_mkwrite(struct vm_fault *vmf)
{
	struct vdoor_window *w = vmf->vma->vm_private_data;

	if (page_folio(vmf->page)->mapping && w->ops->page_mkwrite)
		return w->ops->page_mkwrite(vmf);
	lock_page(vmf->page);
	return VM_FAULT_LOCKED;
}

static const struct vm_operations_struct window_ops = {
	.page_mkwrite = window_page_mkwrite,
	.open = window_open,
	.close = window_close,
	.fault = window_fault,
	.map_pages = window_map_pages,
};

/*
 * Make the mapping of @file at w->base the window's. If another thread has mapped something
 * else there meanwhile, that is left alone.
 */
static int adopt_mapping(struct vdoor_window *w, const struct file *file)
{
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;
	int rc = -EAGAIN;

	if (mmap_write_lock_killable(mm))
		return -EINTR;
	vma = vma_lookup(mm, w->base);
	if (vma && vma->vm_file == file && vma->vm_ops && vma->vm_ops->fault) {
		vm_flags_set(vma, VM_DONTCOPY | VM_DONTEXPAND | VM_DONTDUMP);
		w->ops = vma->vm_ops;
		vma->vm_private_data = w;
		vma->vm_ops = &window_ops;
		kref_get(&w->ref);
		w->mapped = true;
		rc = 0;
	}
	mmap_write_unlock(mm);
	return rc;
}

/* Opening the window's own file would break a lease that the program has, or wait for it. */
static bool has_lease(struct inode *inode)
{
	const struct file_lock_context *ctx = locks_inode_context(inode);

	return ctx && !list_empty_careful(&ctx->flc_lease);
}

/*
 * The window's own file is no open file of the program. Leases and execve() test for others
 * that have the file open, and a remount for writers. The program's descriptor counts there.
 * A watch that ends the window would see its file closed. Programs take that for the writer's
 * close().
 */
static void do_not_count(struct file *own)
{
	own->f_mode = (own->f_mode & ~FMODE_FSNOTIFY_MASK) | FMODE_NONOTIFY;
	if (own->f_mode & FMODE_WRITER) {
		own->f_mode &= ~FMODE_WRITER;
		put_write_access(file_inode(own));
		mnt_put_write_access(own->f_path.mnt);
	} else if ((own->f_mode & (FMODE_READ | FMODE_WRITE)) == FMODE_READ) {
		own->f_mode &= ~FMODE_READ;
		i_readcount_dec(file_inode(own));
	}
}

static int map_window(struct vdoor_window *w, struct file *file)
{
	struct file *own;
	int rc;

	if (has_lease(file_inode(file)))
		return -EAGAIN;
	own = dentry_open(&file->f_path, (w->write ? O_RDWR : O_RDONLY) | O_LARGEFILE | O_NONBLOCK,
			  current_cred());
	if (IS_ERR(own))
		return PTR_ERR(own);
	w->base = vm_mmap(own, 0, w->size, w->write ? PROT_READ | PROT_WRITE : PROT_READ,
			  MAP_SHARED, 0);
	rc = IS_ERR_VALUE(w->base) ? (int)w->base : adopt_mapping(w, own);
	do_not_count(own);
	fput(own);
	return rc;
}

/**
 * vdoor_window_new - map all of a file for the caller
 * @h: handle that the window will belong to, as its target says
 * @file: the file
 *
 * Programs lock memory that they know of. If the process locks all its memory, it gets no
 * window.
 *
 * Context: process.
 * Return: the window, with a reference, or ERR_PTR. -EAGAIN: the process locks its memory, or
 *	the file has a lease.
 */
struct vdoor_window *vdoor_window_new(struct vdoor_handle *h, struct file *file)
{
	struct vdoor_window *w;
	int rc;

	if (current->mm->def_flags & VM_LOCKED)
		return ERR_PTR(-EAGAIN);
	w = kzalloc(sizeof(*w), GFP_KERNEL_ACCOUNT);
	if (!w)
		return ERR_PTR(-ENOMEM);
	kref_init(&w->ref);
	vdoor_uchan_get(h->uchan);
	w->uchan = h->uchan;
	w->slot = vdoor_handle_slot(h);
	w->gen = h->gen;
	w->size = h->target.window;
	w->write = h->target.window_write;
	rc = map_window(w, file);
	if (!rc)
		return w;
	vdoor_window_put(w);
	return ERR_PTR(rc);
}

/**
 * vdoor_window_tell - fill in the caller's struct vos_door_window
 * @w: the window
 * @arg: address of the structure
 *
 * Context: process.
 * Return: 0 or -EFAULT.
 */
int vdoor_window_tell(struct vdoor_window *w, unsigned long arg)
{
	struct vos_door_window info;

	if (copy_from_user(&info, (void __user *)arg, sizeof(info)))
		return -EFAULT;
	WRITE_ONCE(w->users, u64_to_user_ptr(info.users));
	info.base = w->base;
	info.size = w->size;
	info.slot = w->slot;
	info.gen = w->gen;
	return copy_to_user((void __user *)arg, &info, sizeof(info)) ? -EFAULT : 0;
}

/* See vdoor_provider.h. */
bool vdoor_wrote(struct vdoor_target *t)
{
	struct vdoor_handle *h = container_of(t, struct vdoor_handle, target);
	u8 __peer *wrote = &h->uchan->head->wrote[vdoor_handle_slot(h)];

	return vos_load(wrote) && vos_take(wrote);
}
EXPORT_SYMBOL_GPL(vdoor_wrote);

/* Find windows of the caller that have ended; take references. */
static unsigned int find_ended(struct vdoor_window **found)
{
	struct vm_area_struct *vma;
	unsigned int n = 0;

	VMA_ITERATOR(vmi, current->mm, 0);

	if (mmap_read_lock_killable(current->mm))
		return 0;
	for_each_vma(vmi, vma) {
		struct vdoor_window *w = vma->vm_private_data;

		if (n == TIDY_AT_ONCE)
			break;
		if (vma->vm_ops == &window_ops && READ_ONCE(w->ended) && !READ_ONCE(w->leaving)) {
			kref_get(&w->ref);
			found[n++] = w;
		}
	}
	mmap_read_unlock(current->mm);
	return n;
}

/* Test whether threads read the window. If no process has been told of it, none does. */
static bool is_read(const struct vdoor_window *w)
{
	u32 __user *users = READ_ONCE(w->users);
	u32 n;

	return users && (get_user(n, users) || n);
}

/*
 * Unmap a window that has ended. One thread does so at a time. Once it is unmapped, no thread
 * does again: its addresses may be something else's then.
 *
 * A reader that is_read() has seen may have found @leaving set and gone without tidying up. So
 * this tests once more.
 */
static void tidy_one(struct vdoor_window *w)
{
	do {
		if (xchg(&w->leaving, true))
			return;
		if (!is_read(w)) {
			if (vm_munmap(w->base, w->size))
				WRITE_ONCE(w->leaving, false);
			return;
		}
		xchg(&w->leaving, false);
	} while (!is_read(w));
}

/**
 * vdoor_windows_tidy - unmap the caller's windows that have ended and have no reader
 * @door: the caller's
 *
 * Context: process.
 */
void vdoor_windows_tidy(struct vdoor *door)
{
	struct vdoor_window *found[TIDY_AT_ONCE];
	unsigned int n, i;

	/* Pairs with the reader's barrier: it counts itself before it reads the word. */
	smp_mb();
	if (!atomic_read(&door->ended_windows))
		return;
	n = find_ended(found);
	for (i = 0; i < n; i++) {
		tidy_one(found[i]);
		vdoor_window_put(found[i]);
	}
}
