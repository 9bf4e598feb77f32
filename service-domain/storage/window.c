// SPDX-License-Identifier: GPL-2.0
/*
 * What a file system does with a user pointer: FIEMAP and some ioctls. A worker does it in an mm
 * that has nothing but windows, one for each such call. So a hostile argument reaches the
 * windows at most.
 *
 * Invariant: between vst_window_open() and vst_window_close() a worker has the mm, and one window.
 */
#include <linux/err.h>
#include <linux/idr.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/sched/mm.h>
#include <linux/uaccess.h>
#include "veng.h"
#include "window.h"

#define WINDOWS_ADDR	0x10000000ul
#define WINDOWS_MAX	64

static struct mm_struct *windows_mm;
static DEFINE_IDA(windows);

static int map_window(unsigned long addr, const void *data, u32 len)
{
	unsigned long at = vm_mmap(NULL, addr, VST_WINDOW_SIZE, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, 0);

	if (at != addr)
		return IS_ERR_VALUE(at) ? (int)at : -ENOMEM;
	return copy_to_user((void __user *)addr, data, len) ? -ENOMEM : 0;
}

/**
 * vst_window_open - take the mm and map a window in it
 * @data: copied to its beginning; the rest is zero
 * @len: bytes, up to VST_WINDOW_SIZE
 *
 * Context: worker.
 * Return: the window; or ERR_PTR(-ENOMEM, -EBUSY), then nothing is to be closed.
 */
void __user *vst_window_open(const void *data, u32 len)
{
	int nr = ida_alloc_max(&windows, WINDOWS_MAX - 1, GFP_KERNEL), err;
	unsigned long addr = WINDOWS_ADDR + nr * VST_WINDOW_SIZE;

	if (nr < 0)
		return (void __user __force *)ERR_PTR(nr == -ENOSPC ? -EBUSY : nr);
	kthread_use_mm(windows_mm);
	err = map_window(addr, data, len);
	if (!err)
		return (void __user *)addr;
	vst_window_close((void __user *)addr);
	return (void __user __force *)ERR_PTR(err);
}

/**
 * vst_window_close - unmap a window and leave the mm
 * @window: as vst_window_open() returned it
 *
 * Context: the same worker.
 */
void vst_window_close(void __user *window)
{
	unsigned long addr = (unsigned long)window;

	vm_munmap(addr, VST_WINDOW_SIZE);
	kthread_unuse_mm(windows_mm);
	ida_free(&windows, (addr - WINDOWS_ADDR) / VST_WINDOW_SIZE);
}

/**
 * vst_window_init - make the mm of the windows
 *
 * Return: 0 or -ENOMEM.
 */
int vst_window_init(void)
{
	windows_mm = veng_mm_new();
	return windows_mm ? 0 : -ENOMEM;
}

/**
 * vst_window_exit - put the mm; no window is open
 */
void vst_window_exit(void)
{
	mmput(windows_mm);
	ida_destroy(&windows);
}
