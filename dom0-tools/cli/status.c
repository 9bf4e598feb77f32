/* SPDX-License-Identifier: GPL-2.0-only */
/* virtuos status: the state of a system, as a word for people and an exit status for programs. */
#include <stdlib.h>
#include <string.h>
#include <xen/io/xenbus.h>

#include "cli.h"

enum well { WELL, CHANGING, DEGRADED };

static const char *const well_names[] = { "running", "changing", "degraded" };

static bool is_connected(struct xs_handle *xs, const struct vd_status *primary,
			 const struct vd_status *s)
{
	struct vd_link l = { .primary = primary->domid, .service = s->domid,
			     .devid = (unsigned int)s->devid };

	return !strcmp(s->role, "primary") ||
	       (s->devid >= 0 && vd_link_state(xs, &l) == XenbusStateConnected);
}

/* Check one domain; print a line for each fault. */
static enum well check_service(struct xs_handle *xs, const struct vd_status *primary,
			       const struct vd_status *s)
{
	bool failed = !strcmp(s->state, "failed") || !strcmp(s->state, "stopped");
	bool runs = !strcmp(s->state, "running");

	if (s->degraded || failed)
		printf("%s: %s%s, last death: %s\n", s->name, s->state,
		       s->degraded ? " (degraded)" : "", *s->reason ? s->reason : "-");
	else if (!runs)
		printf("%s: %s\n", s->name, s->state);
	else if (!is_connected(xs, primary, s))
		printf("%s: not connected\n", s->name);
	else
		return WELL;
	return s->degraded || failed ? DEGRADED : CHANGING;
}

static enum well check_system(struct xs_handle *xs, const char *system)
{
	struct vd_status primary, s;
	enum well all = WELL, one;
	unsigned int i, n;
	char **names = vd_state_domains(xs, system, &n);

	vd_status_load(xs, system, system, &primary);
	for (i = 0; names && i < n; i++) {
		if (vd_status_load(xs, system, names[i], &s))
			continue;
		one = check_service(xs, &primary, &s);
		all = one > all ? one : all;
	}
	free(names);
	printf("%s: %s\n", system, well_names[all]);
	return all;
}

int cmd_status(int argc, char **argv)
{
	const char *name = argc == 2 ? argv[1] : NULL;
	struct xs_handle *xs;
	bool any = false, well = true;
	unsigned int i, n;
	char **systems;

	if (argc > 2 || (name && *name == '-'))
		return BAD_USAGE;
	xs = open_xenstore();
	if (!xs)
		return 1;
	systems = vd_state_systems(xs, &n);
	for (i = 0; systems && i < n; i++) {
		if (name && strcmp(name, systems[i]))
			continue;
		any = true;
		well = check_system(xs, systems[i]) == WELL && well;
	}
	free(systems);
	xs_close(xs);
	if (!any)
		printf("%s\n", name ? "not up" : "nothing is up");
	return !any ? EXIT_NOT_UP : well ? 0 : 1;
}
