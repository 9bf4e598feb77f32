/* SPDX-License-Identifier: GPL-2.0-only */
/* virtuos list: what is up, for people and (--json) for programs. */
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "rows.h"

/* Told only of a domain that is there. */
static enum vd_kernel kernel_of(const struct row *r)
{
	return r->st.domid == VD_NO_DOMID ? VD_KERNEL_UNKNOWN : vd_kernel_judge(r->st.kernel);
}

static const char *older_json(const struct row *r)
{
	switch (kernel_of(r)) {
	case VD_KERNEL_INSTALLED:
		return "false";
	case VD_KERNEL_OLDER:
		return "true";
	default:
		return "null";
	}
}

static void print_json(const char *system, const struct row *r, bool first)
{
	/* Names are a-z, 0-9 and _; reasons and states are our own words. */
	printf("%s\n  {\"system\": \"%s\", \"domain\": \"%s\", \"role\": \"%s\", ",
	       first ? "" : ",", system, r->st.name, r->st.role);
	if (r->st.domid == VD_NO_DOMID)
		printf("\"id\": null, ");
	else
		printf("\"id\": %u, ", r->st.domid);
	printf("\"state\": \"%s\", \"link\": \"%s\", ", r->state,
	       *r->link == '-' ? "none" : r->link);
	if (r->uptime < 0)
		printf("\"uptime\": null, ");
	else
		printf("\"uptime\": %lld, ", r->uptime);
	printf("\"degraded\": %s, ", r->st.degraded ? "true" : "false");
	printf("\"generation\": %ld, \"restarts\": %ld, \"memory_mib\": %llu, ",
	       r->st.generation, r->st.restarts, (unsigned long long)r->memory_mib);
	printf("\"devid\": %ld, \"last_death\": \"%s\", \"uuid\": \"%s\", ", r->st.devid,
	       r->st.reason, r->st.uuid);
	printf("\"older_kernel\": %s}", older_json(r));
}

static void print_text(const struct row *r, bool first)
{
	char id[16] = "-", up[32] = "-";

	if (first)
		printf("%-12s %-8s %5s %-9s %-10s %9s %4s %8s  %s\n", "DOMAIN", "ROLE",
		       "ID", "STATE", "LINK", "UPTIME", "GEN", "MEMORY", "LAST DEATH");
	if (r->st.domid != VD_NO_DOMID)
		snprintf(id, sizeof(id), "%u", r->st.domid);
	if (r->uptime >= 0)
		snprintf(up, sizeof(up), "%lld:%02lld:%02lld", r->uptime / 3600,
			 r->uptime / 60 % 60, r->uptime % 60);
	printf("%-12s %-8s %5s %-9s %-10s %9s %4ld %4llu MiB  %s%s%s\n", r->st.name,
	       r->st.role, id, r->state, r->link, up, r->st.generation,
	       (unsigned long long)r->memory_mib, *r->st.reason ? r->st.reason : "-",
	       r->st.degraded ? " (degraded: dies again and again)" : "",
	       kernel_of(r) == VD_KERNEL_OLDER ? " (older kernel: virtuos restart takes the new one)" : "");
}

/* How the list is printed, and whether nothing has been yet. */
struct list {
	bool json;
	bool first;
};

static void print_row(const char *system, const struct row *r, void *arg)
{
	struct list *l = arg;

	if (l->json)
		print_json(system, r, l->first);
	else
		print_text(r, l->first);
	l->first = false;
}

int cmd_list(int argc, char **argv)
{
	struct list l = { .json = argc == 2 && !strcmp(argv[1], "--json"), .first = true };
	unsigned int i, n;
	struct vd_host h;
	char **systems;

	if (argc > 2 || (argc == 2 && !l.json))
		return BAD_USAGE;
	if (vd_host_open(&h))
		return 1;
	systems = vd_state_systems(h.xs, &n);
	if (l.json)
		printf("[");
	for (i = 0; systems && i < n; i++)
		rows_each(&h, systems[i], print_row, &l);
	if (l.json)
		printf("%s]\n", l.first ? "" : "\n");
	else if (l.first)
		fprintf(stderr, "Nothing is up (virtuos up).\n");
	free(systems);
	vd_host_close(&h);
	return 0;
}
