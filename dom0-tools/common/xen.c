// SPDX-License-Identifier: GPL-2.0-only
/* See xen.h. What the options mean is in Xen's docs/misc/xen-command-line.pandoc. */
#include <stdlib.h>
#include <string.h>

#include "xen.h"

#define FRAMES_DEFAULT	64	/* Xen's */

const char *vd_xen_option(const char *options, const char *name)
{
	size_t n = strlen(name);
	const char *found = NULL;

	while (*options) {
		options += strspn(options, " ");
		if (!strncmp(options, name, n) && options[n] == '=')
			found = options + n + 1;
		options += strcspn(options, " ");
	}
	return found;
}

long vd_xen_grant_frames(const char *options)
{
	const char *value = vd_xen_option(options, "gnttab_max_frames");

	return value ? strtol(value, NULL, 0) : FRAMES_DEFAULT;
}

bool vd_xen_bounds_grant_frames(int major, int minor)
{
	return major < 4 || (major == 4 && minor < 18);
}
