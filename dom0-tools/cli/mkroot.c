/* SPDX-License-Identifier: GPL-2.0-only */
/* virtuos mkroot: make the primary's root file system. */
#include "../mkroot/mkroot.h"
#include "cli.h"
#include "rootfs.h"

/* Programs of another processor would not run. */
static int check_made(const char *path)
{
	struct rootfs r;

	if (rootfs_read(path, &r) != ROOTFS_READ || !r.machine || r.machine == ROOTFS_X86_64)
		return 0;
	vd_log("%s: what was made is for another processor (ELF machine %u)", path, r.machine);
	return -1;
}

int cmd_mkroot(int argc, char **argv)
{
	struct mkroot_options o;

	if (!mkroot_parse(&o, argc, argv))
		return BAD_USAGE;
	o.check = check_made;
	return mkroot_make(&o) ? 1 : 0;
}
