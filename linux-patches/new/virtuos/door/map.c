// SPDX-License-Identifier: GPL-2.0
/*
 * Mapping the door's memory into its process: the state area to be read, user
 * channels to be read and written. The mappings belong to that address space
 * alone: fork() leaves them out, core dumps and get_user_pages() do, too.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include "door_priv.h"

/* No inheritance, no growing, no dumps, no page pinned by others. */
#define MAP_FLAGS (VM_DONTCOPY | VM_DONTEXPAND | VM_DONTDUMP | VM_IO)

static int map_pages(struct vm_area_struct *vma, struct page **pages, unsigned long n)
{
	vm_flags_set(vma, MAP_FLAGS);
	return vm_map_pages_zero(vma, pages, n);
}

static int state_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct vos_door *door = file->private_data;
	struct page *pages[VDOOR_STATE_PAGES];
	u32 i;

	if (vma->vm_flags & VM_WRITE)
		return -EPERM;
	vm_flags_clear(vma, VM_MAYWRITE);
	for (i = 0; i < VDOOR_STATE_PAGES; i++)
		pages[i] = door->pages + i;
	return map_pages(vma, pages, VDOOR_STATE_PAGES);
}

static int state_release(struct inode *inode, struct file *file)
{
	vdoor_put(file->private_data);
	return 0;
}

static const struct file_operations state_fops = {
	.owner = THIS_MODULE,
	.mmap = state_mmap,
	.release = state_release,
};

static int uchan_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct vdoor_uchan *uc = file->private_data;

	return map_pages(vma, uc->area.pages, uc->area.nr_pages);
}

static int uchan_release(struct inode *inode, struct file *file)
{
	vdoor_uchan_put(file->private_data);
	return 0;
}

static const struct file_operations uchan_fops = {
	.owner = THIS_MODULE,
	.mmap = uchan_mmap,
	.release = uchan_release,
};

/* Map through a file that no descriptor names. @priv's reference goes along. */
static unsigned long map_file(const struct file_operations *fops, void *priv,
			      unsigned long prot, unsigned long len)
{
	bool writable = prot & PROT_WRITE;
	struct file *file = anon_inode_getfile("[virtuos]", fops, priv,
					       writable ? O_RDWR : O_RDONLY);
	unsigned long addr;

	if (IS_ERR(file)) {
		if (fops == &uchan_fops)
			vdoor_uchan_put(priv);
		else
			vdoor_put(priv);
		return PTR_ERR(file);
	}
	addr = vm_mmap(file, 0, len, prot, MAP_SHARED, 0);
	fput(file);
	return addr;
}

/*
 * vdoor_map - the state area, for the caller to read
 * Return: its address, or -errno.
 */
unsigned long vdoor_map(struct vos_door *door)
{
	vdoor_get(door);
	return map_file(&state_fops, door, PROT_READ, VDOOR_STATE_PAGES * PAGE_SIZE);
}

/*
 * vdoor_uchan_map - a user channel, for the caller to read and write
 * Return: its address, or -errno.
 */
unsigned long vdoor_uchan_map(struct vdoor_uchan *uc)
{
	vdoor_uchan_get(uc);
	return map_file(&uchan_fops, uc, PROT_READ | PROT_WRITE,
			(unsigned long)uc->area.nr_pages << PAGE_SHIFT);
}
