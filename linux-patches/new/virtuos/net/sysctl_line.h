/* SPDX-License-Identifier: GPL-2.0 */
/* The parser of lists of settings. It is tested outside the kernel, too. */
#ifndef VNET_SYSCTL_LINE_H
#define VNET_SYSCTL_LINE_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stdbool.h>
#endif

/**
 * struct vnet_sysctl_line - an entry of a folder of settings
 * @folder: it is a folder itself
 * @mode: permissions
 * @name: within the text that was parsed
 * @target: the name of what a link leads to, as @name; NULL: it is no link
 */
struct vnet_sysctl_line {
	bool folder;
	unsigned short mode;
	char *name;
	char *target;
};

char *vnet_sysctl_line(char *text, struct vnet_sysctl_line *line);

#endif
