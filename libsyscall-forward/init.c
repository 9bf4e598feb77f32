// SPDX-License-Identifier: MIT
/*
 * Start and end of the library. Both do little, for /etc/ld.so.preload puts it into every
 * process.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

#include "copy.h"

static char stats[256];

static void read_environment(void)
{
	const char *spin = getenv("VIRTUOS_DOOR_SPIN_US");
	unsigned long us = spin ? strtoul(spin, NULL, 10) : fwd_spin_us;

	fwd_spin_us = us < 1000 ? us : 1000;
	/* Programs that set their title overwrite their environment, so this takes a copy. */
	if (getenv("VIRTUOS_DOOR_STATS"))
		strncpy(stats, getenv("VIRTUOS_DOOR_STATS"), sizeof(stats) - 1);
}

static bool switched_off(void)
{
	const char *door = getenv("VIRTUOS_DOOR");

	return door && !strcmp(door, "off");
}

/* The caller of a privileged program may switch the door off, and set nothing else. */
__attribute__((constructor)) static void start(void)
{
	int saved = errno;

	fwd_copy_init();
	fwd_trap_init();
	fwd_seccomp_init();
	if (!getauxval(AT_SECURE))
		read_environment();
	vos_store(&fwd_door_off, switched_off() ? 1u : 0u);
	errno = saved;
}

__attribute__((destructor)) static void end(void)
{
	if (*stats)
		fwd_stats_at_exit(stats);
}
