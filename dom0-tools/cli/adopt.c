/* SPDX-License-Identifier: GPL-2.0-only */
/* virtuos adopt: make an existing installation the primary's root file system, and back. */
#include <stdio.h>
#include <string.h>

#include "../mkroot/adopt.h"
#include "cli.h"
#include "rootfs.h"

#define OLDEST_DEBIAN	12
#define NEWEST_DEBIAN	13

/* The library is made for their C library, and units are named as there. */
static enum adopt_look look(const char *path, char why[MKROOT_WHY])
{
	struct rootfs r;

	*why = 0;
	switch (rootfs_read(path, &r)) {
	case ROOTFS_NONE:
		snprintf(why, MKROOT_WHY, "has no ext4 file system");
		return ADOPT_NO_ROOT;
	case ROOTFS_UNKNOWN:
		snprintf(why, MKROOT_WHY, "debugfs cannot be run: is e2fsprogs installed?");
		return ADOPT_UNFIT;
	case ROOTFS_READ:
		break;
	}
	if (!*r.id) {
		snprintf(why, MKROOT_WHY, "has no root file system: there is no /usr/lib/os-release");
		return ADOPT_NO_ROOT;
	}
	if (strcmp(r.id, "debian") || r.version < OLDEST_DEBIAN || r.version > NEWEST_DEBIAN)
		snprintf(why, MKROOT_WHY, "is not Debian %d or %d, but %s %ld", OLDEST_DEBIAN, NEWEST_DEBIAN, r.id,
			 r.version);
	else if (r.machine != ROOTFS_X86_64)
		snprintf(why, MKROOT_WHY, "is not for amd64 (ELF machine %u)", r.machine);
	return *why ? ADOPT_UNFIT : ADOPT_FIT;
}

int cmd_adopt(int argc, char **argv)
{
	struct adopt_options o;

	if (!mkroot_adopt_parse(&o, argc, argv))
		return BAD_USAGE;
	o.look = look;
	return mkroot_adopt_run(&o) ? 1 : 0;
}
