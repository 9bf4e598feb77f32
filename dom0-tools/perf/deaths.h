/* SPDX-License-Identifier: GPL-2.0-only */
/* Service domains that have died, as the primary's kernel counts them. */
#ifndef VIRTUOS_PERF_DEATHS_H
#define VIRTUOS_PERF_DEATHS_H

#include <stdint.h>
#include <stdio.h>

#include "opcode.h"

/**
 * struct vp_deaths - how many domains each service has lost since boot
 * @died: the numbers; 0 for a service that the primary does not have
 */
struct vp_deaths {
	uint64_t died[VP_DOORS];
};

/**
 * vp_deaths_read - read the numbers
 * @sys: /sys/kernel/virtuos, but for tests
 *
 * Return: the numbers.
 */
struct vp_deaths vp_deaths_read(const char *sys);

/**
 * vp_deaths_say - tell of the domains that have died between two readings
 * @name: each line begins with it
 * @before: the first reading
 * @after: the second one
 * @f: gets a line for each service that has lost a domain, and nothing for others
 */
void vp_deaths_say(const char *name, const struct vp_deaths *before, const struct vp_deaths *after,
		   FILE *f);

#endif
