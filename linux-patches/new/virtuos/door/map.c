// SPDX-License-Identifier: GPL-2.0
/*
 * Mapping of the door's memory into its process: the state area to be read, user channels and
 * account pages to be read and written. The mappings belong to that address space alone: core
 * dumps and get_user_pages() leave them out, and so does fork(), but for account pages.
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
	struct vdoor *door = file->private_data;
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

static vm_fault_t account_fault(struct vm_fault *vmf)
{
	struct vdoor_account_page *p = vmf->vma->vm_file->private_data;

	vmf->page = vdoor_account_page_get_for(p, vmf->vma->vm_mm);
	return vmf->page ? 0 : VM_FAULT_OOM;
}

static const struct vm_operations_struct account_vm_ops = {
	.fault = account_fault,
};

/*
 * A thread that comes out of fork() may count before it asks for a slot. So the child has the
 * mapping, too, and memory of its own there.
 */
static int account_mmap(struct file *file, struct vm_area_struct *vma)
{
	vm_flags_set(vma, VM_WIPEONFORK | VM_DONTEXPAND | VM_DONTDUMP | VM_IO);
	vma->vm_ops = &account_vm_ops;
	return 0;
}

static int account_release(struct inode *inode, struct file *file)
{
	vdoor_account_page_put(file->private_data);
	return 0;
}

static const struct file_operations account_fops = {
	.owner = THIS_MODULE,
	.mmap = account_mmap,
	.release = account_release,
};

static void put_unmapped(const struct file_operations *fops, void *priv)
{
	if (fops == &uchan_fops)
		vdoor_uchan_put(priv);
	else if (fops == &account_fops)
		vdoor_account_page_put(priv);
	else
		vdoor_put(priv);
}

/* Map through a file that no descriptor names. It takes @priv's reference over. */
static unsigned long map_file(const struct file_operations *fops, void *priv,
			      unsigned long prot, unsigned long len)
{
	bool writable = prot & PROT_WRITE;
	struct file *file = anon_inode_getfile("[virtuos]", fops, priv,
					       writable ? O_RDWR : O_RDONLY);
	unsigned long addr;

	if (IS_ERR(file)) {
		put_unmapped(fops, priv);
		return PTR_ERR(file);
	}
	addr = vm_mmap(file, 0, len, prot, MAP_SHARED, 0);
	fput(file);
	return addr;
}

/**
 * vdoor_map - map the state area for the caller to read
 * @door: the door
 *
 * Context: process.
 * Return: its address, or -errno.
 */
unsigned long vdoor_map(struct vdoor *door)
{
	vdoor_get(door);
	return map_file(&state_fops, door, PROT_READ, VDOOR_STATE_PAGES * PAGE_SIZE);
}

/**
 * vdoor_uchan_map - map a user channel for the caller to read and write
 * @uc: the channel
 *
 * Context: process.
 * Return: its address, or -errno.
 */
unsigned long vdoor_uchan_map(struct vdoor_uchan *uc)
{
	vdoor_uchan_get(uc);
	return map_file(&uchan_fops, uc, PROT_READ | PROT_WRITE,
			(unsigned long)uc->area.nr_pages << PAGE_SHIFT);
}

/**
 * vdoor_account_map - map an account page for the caller to read and write
 * @p: the page; a reference of the caller's goes to the mapping, or is put
 *
 * Context: process.
 * Return: its address, or -errno.
 */
unsigned long vdoor_account_map(struct vdoor_account_page *p)
{
	return map_file(&account_fops, p, PROT_READ | PROT_WRITE, PAGE_SIZE);
}
