/* SPDX-License-Identifier: GPL-2.0 */
/* User memory for what a file system does with a user pointer (window.c). */
#ifndef VST_WINDOW_H
#define VST_WINDOW_H

#include <linux/types.h>

#define VST_WINDOW_SIZE		16384ul

void __user *vst_window_open(const void *data, u32 len);
void vst_window_close(void __user *window);
int vst_window_init(void);
void vst_window_exit(void);

#endif
