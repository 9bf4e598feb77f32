/* SPDX-License-Identifier: GPL-2.0-only */
/* What is known of each domain of a system, for the commands that show it. */
#ifndef VIRTUOS_CLI_ROWS_H
#define VIRTUOS_CLI_ROWS_H

#include "../host/state.h"

/**
 * struct row - a domain
 * @st: as virtuosd has noted it
 * @link: "-" for the primary and for what is not running
 * @state: @st's, or "dead"
 * @memory_mib: what it has; 0: it does not run
 * @uptime: seconds; -1: it does not run
 */
struct row {
	struct vd_status st;
	const char *link;
	const char *state;
	uint64_t memory_mib;
	long long uptime;
};

/**
 * rows_each - do something for each domain of a system
 * @h: the host
 * @system: name of the system
 * @fn: is called with each, the primary first, then the others as xenstore lists them
 * @arg: for @fn
 */
void rows_each(struct vd_host *h, const char *system,
	       void (*fn)(const char *system, const struct row *r, void *arg), void *arg);

#endif
