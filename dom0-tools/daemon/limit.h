/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How soon a domain that died is started again, and when it counts as degraded: a
 * window over its deaths, as systemd's StartLimitIntervalSec= and StartLimitBurst=.
 * Arithmetic only; used by machine.c, for each domain.
 *
 * Invariant: the pauses before the limit is reached add up to half of restart_timeout
 * at most, whatever the limit. The other half is for the starts themselves, so that
 * calls which wait in the primary are not given up on our account.
 */
#ifndef VIRTUOS_LIMIT_H
#define VIRTUOS_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"

struct limit_death {
	int64_t at;
	int64_t pause;		/* before the start that followed */
};

struct limit {
	struct limit_death death[VD_MAX_BURST + 1];	/* within the interval, oldest first */
	int n;
	bool degraded;		/* until it lives for an interval, or limit_reset() */
};

/**
 * limit_death - count a death
 * @l: the domain's
 * @c: the limits
 * @now: time of the death in ms
 *
 * Sets l->degraded if there were more starts than the limit allows.
 *
 * Return: the time in ms to wait before the next start.
 */
int64_t limit_death(struct limit *l, const struct vd_config *c, int64_t now);

/**
 * limit_reset - forget all deaths
 * @l: the domain's
 */
void limit_reset(struct limit *l);

#endif
