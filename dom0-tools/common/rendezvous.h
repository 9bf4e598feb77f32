/* SPDX-License-Identifier: MIT */
/* What client and agent must agree on to meet in xenstore. */
#ifndef VEXEC_RENDEZVOUS_H
#define VEXEC_RENDEZVOUS_H

#include <stdbool.h>
#include <string.h>

/* Below the guest's /local/domain/<id>. */
#define VX_EXEC_DIR	"data/virtuos/exec"

/*
 * libxenvchan builds "<path>/event-channel" in 64 bytes; with a domain id of five
 * digits this is all that is left for a name.
 */
#define VX_NAME_MAX	5

static inline bool vx_name_ok(const char *name)
{
	size_t n = strlen(name);

	return n && n <= VX_NAME_MAX &&
	       strspn(name, "0123456789abcdefghijklmnopqrstuvwxyz") == n;
}

#endif
