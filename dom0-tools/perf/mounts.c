/* SPDX-License-Identifier: GPL-2.0-only */
/* File systems of the kernel's: see mounts.h. */
#include <sys/mount.h>
#include <unistd.h>

#include "mounts.h"

int vp_mounts_need(const char *type, const char *at, const char *file)
{
	return access(file, F_OK) ? mount(type, at, type, 0, NULL) : 0;
}
