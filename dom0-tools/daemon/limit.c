/* SPDX-License-Identifier: GPL-2.0-only */
/* The limit on a domain's starts: see limit.h. */
#include <string.h>

#include "limit.h"

#define FREE_DEATHS	3	/* in an interval, that are answered at once */
#define FIRST_PAUSE_MS	1000	/* before the next start; then twice as much each time */

void limit_reset(struct limit *l)
{
	memset(l, 0, sizeof(*l));
}

/* Forget deaths that are older than the interval, and one more than the limit needs. */
static void expire(struct limit *l, const struct vd_config *c, int64_t now)
{
	int old = 0;

	while (old < l->n && l->death[old].at <= now - c->start_limit_interval * 1000)
		old++;
	if (l->n - old > c->start_limit_burst)
		old = l->n - (int)c->start_limit_burst;
	l->n -= old;
	memmove(l->death, l->death + old, (size_t)l->n * sizeof(l->death[0]));
}

/* Before the limit is reached; the newest death is in the list. */
static int64_t pause_ms(const struct limit *l, const struct vd_config *c)
{
	int64_t left = c->restart_timeout * 1000 / 2, pause = FIRST_PAUSE_MS;
	int i;

	if (l->n <= FREE_DEATHS)
		return 0;
	for (i = 0; i < l->n; i++)
		left -= l->death[i].pause;
	for (i = FREE_DEATHS + 1; i < l->n && pause < left; i++)
		pause *= 2;
	return pause < left ? pause : left;
}

int64_t limit_death(struct limit *l, const struct vd_config *c, int64_t now)
{
	struct limit_death *d;

	expire(l, c, now);
	d = &l->death[l->n++];
	*d = (struct limit_death){ .at = now };
	if (c->start_limit_interval && l->n > c->start_limit_burst)
		l->degraded = true;
	if (l->degraded)
		return c->restart_max_delay * 1000;
	d->pause = pause_ms(l, c);
	return d->pause;
}
