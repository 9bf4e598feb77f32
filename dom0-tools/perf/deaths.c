/* SPDX-License-Identifier: GPL-2.0-only */
/* Service domains that have died: see deaths.h. */
#include <inttypes.h>

#include "deaths.h"

#define PATH_SIZE	512

static uint64_t read_died(const char *sys, const char *service)
{
	char path[PATH_SIZE];
	uint64_t n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s/died", sys, service);
	f = fopen(path, "re");
	if (!f)
		return 0;
	if (fscanf(f, "%" SCNu64, &n) != 1)
		n = 0;
	fclose(f);
	return n;
}

struct vp_deaths vp_deaths_read(const char *sys)
{
	struct vp_deaths d;
	unsigned int i;

	for (i = 0; i < VP_DOORS; i++)
		d.died[i] = read_died(sys, vp_door_name(i));
	return d;
}

void vp_deaths_say(const char *name, const struct vp_deaths *before, const struct vp_deaths *after,
		   FILE *f)
{
	unsigned int i;
	uint64_t n;

	for (i = 0; i < VP_DOORS; i++) {
		n = after->died[i] > before->died[i] ? after->died[i] - before->died[i] : 0;
		if (n)
			fprintf(f, "%s: the %s domain died meanwhile (%" PRIu64 "): its work on calls that it did not answer is missing\n",
				name, vp_door_name(i), n);
	}
}
