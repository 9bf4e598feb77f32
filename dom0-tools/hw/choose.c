/* SPDX-License-Identifier: GPL-2.0-only */
/* Which device can be handed over, and what stands against it: see hw.h. */
#include <stdio.h>
#include <string.h>

#include "hw_priv.h"

#define SLOT	10	/* "0000:03:00" of "0000:03:00.0" */

/* Why dom0 must have both devices or neither; NULL: each can be handed over alone. */
static const char *shared(const struct hw_device *a, const struct hw_device *b)
{
	if (a->group >= 0 && a->group == b->group)
		return "IOMMU group";
	if (!strncmp(a->bdf, b->bdf, SLOT))
		return "slot";
	if (*a->bridge && !strcmp(a->bridge, b->bridge))
		return "conventional PCI bridge";
	return NULL;
}

/* A driver of dom0's works a device, whatever for. A bridge's driver touches no other device. */
static bool has_driver(const struct hw_device *d)
{
	return *d->driver && strcmp(d->driver, "pciback") && strcmp(d->driver, "pcieport") &&
	       strcmp(d->driver, "shpchp");
}

/* Of cards and controllers it is known what dom0 does with them; of others, if a driver does. */
static bool is_busy(const struct hw_device *d)
{
	return *d->use || *d->domain || (d->kind == HW_OTHER && has_driver(d));
}

static bool busy_neighbour(const struct hw *h, const struct hw_device *d, char why[HW_WHY])
{
	const struct hw_device *other;
	const char *what;
	size_t i;

	for (i = 0; i < h->n; i++) {
		other = &h->device[i];
		what = other == d ? NULL : shared(d, other);
		if (!what || !is_busy(other))
			continue;
		snprintf(why, HW_WHY, "shares its %s with %s, which is in use: %.100s", what,
			 other->bdf, *other->use ? other->use :
			 *other->domain ? other->domain : other->driver);
		return true;
	}
	return false;
}

bool hw_refusal(const struct hw *h, const struct hw_device *d, char why[HW_WHY])
{
	*why = 0;
	if (*d->use)
		snprintf(why, HW_WHY, "domain 0 uses it: %s", d->use);
	else if (*d->domain)
		snprintf(why, HW_WHY, "domain %s has it", d->domain);
	else if (!*d->resets)
		snprintf(why, HW_WHY, "it cannot be reset, so it cannot be handed over safely");
	else if (d->kind == HW_DISK && has_driver(d) && !*d->names)
		snprintf(why, HW_WHY, "no disk is on it");
	else
		return busy_neighbour(h, d, why);
	return true;
}

static bool is_forced(const struct hw_forced *forced, const char *bdf)
{
	size_t i;

	for (i = 0; i < forced->n; i++)
		if (!strcmp(forced->bdf[i], bdf))
			return true;
	return false;
}

const struct hw_device *hw_choose(const struct hw *h, enum hw_kind kind,
				  const struct hw_forced *forced)
{
	const struct hw_device *best = NULL, *d;
	char why[HW_WHY];
	size_t i;

	for (i = 0; i < h->n; i++) {
		d = &h->device[i];
		if (d->kind != kind)
			continue;
		if (is_forced(forced, d->bdf))
			return d;
		if (!best && !hw_refusal(h, d, why))
			best = d;
	}
	return best;
}
