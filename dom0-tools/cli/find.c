/* SPDX-License-Identifier: GPL-2.0-only */
/* Find a system or a domain by name: see cli.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

struct xs_handle *open_xenstore(void)
{
	struct xs_handle *xs = xs_open(0);

	if (!xs)
		vd_log("cannot open xenstore (%s); is this domain 0 of a Xen host, and are you root?",
		       strerror(errno));
	return xs;
}

int find_system(struct xs_handle *xs, const char *name, char system[VD_NAME_MAX + 1])
{
	unsigned int i, n;
	char **systems = vd_state_systems(xs, &n);
	int r = -1;

	if (!n) {
		vd_log("nothing is up (virtuos up)");
	} else if (!*name && n == 1) {
		snprintf(system, VD_NAME_MAX + 1, "%s", systems[0]);
		r = 0;
	} else if (!*name) {
		vd_log("several systems are up; name one (virtuos list)");
	} else {
		for (i = 0; i < n && r; i++)
			r = strcmp(systems[i], name) ? -1 : 0;
		if (r)
			vd_log("%s: no such system is up (virtuos list)", name);
		else
			snprintf(system, VD_NAME_MAX + 1, "%s", name);
	}
	free(systems);
	return r;
}

int find_domain(struct xs_handle *xs, const char *name, char system[VD_NAME_MAX + 1],
		struct vd_status *s)
{
	vd_state_find(xs, name, system);
	if (*system && !vd_status_load(xs, system, name, s))
		return 0;
	vd_log("%s: no such domain of a system that is up (virtuos list)", name);
	return -1;
}
