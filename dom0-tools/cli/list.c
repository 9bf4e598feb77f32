/* SPDX-License-Identifier: GPL-2.0-only */
/* virtuos list: what is up, for people and (--json) for programs. */
#include <stdlib.h>
#include <string.h>
#include <xen/io/xenbus.h>

#include "cli.h"

struct row {
	struct vd_status st;
	const char *link;	/* "-" for the primary and for what is not running */
	const char *state;
	uint64_t memory_mib;
	long long uptime;	/* seconds, -1 = not running */
};

static const char *link_text(struct xs_handle *xs, const struct vd_status *p,
			     const struct vd_status *s)
{
	struct vd_link l = { .primary = p->domid, .service = s->domid,
			     .devid = (unsigned int)s->devid };

	if (!strcmp(s->role, "primary") || s->domid == VD_NO_DOMID || s->devid < 0)
		return "-";
	switch (vd_link_state(xs, &l)) {
	case XenbusStateConnected:
		return "connected";
	case XenbusStateClosing:
	case XenbusStateClosed:
		return "closed";
	default:
		return "connecting";
	}
}

static void fill_row(struct vd_host *h, const struct vd_status *primary,
		     struct row *r)
{
	libxl_shutdown_reason reason;
	libxl_dominfo info;

	r->link = link_text(h->xs, primary, &r->st);
	r->state = r->st.state;
	r->memory_mib = 0;
	r->uptime = -1;
	if (r->st.domid == VD_NO_DOMID)
		return;
	/* virtuosd may be a moment behind, or dead. */
	if (!strcmp(r->state, "running") &&
	    vd_domain_life(h, r->st.domid, r->st.uuid, &reason) != VD_ALIVE)
		r->state = "dead";
	libxl_dominfo_init(&info);
	if (!libxl_domain_info(h->ctx, &info, r->st.domid))
		r->memory_mib = (info.current_memkb + info.outstanding_memkb) >> 10;
	libxl_dominfo_dispose(&info);
	r->uptime = (vd_now_ms() - r->st.started) / 1000;
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
	printf("\"devid\": %ld, \"last_death\": \"%s\", \"uuid\": \"%s\"}", r->st.devid,
	       r->st.reason, r->st.uuid);
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
	printf("%-12s %-8s %5s %-9s %-10s %9s %4ld %4llu MiB  %s%s\n", r->st.name,
	       r->st.role, id, r->state, r->link, up, r->st.generation,
	       (unsigned long long)r->memory_mib, *r->st.reason ? r->st.reason : "-",
	       r->st.degraded ? " (degraded: dies again and again)" : "");
}

/* The primary first, then the others as xenstore lists them. */
static bool list_system(struct vd_host *h, const char *system, bool json, bool first)
{
	struct vd_status primary;
	unsigned int i, n;
	char **names = vd_state_domains(h->xs, system, &n);
	struct row r;
	int pass;

	vd_status_load(h->xs, system, system, &primary);
	for (pass = 0; pass < 2; pass++) {
		for (i = 0; names && i < n; i++) {
			if (!strcmp(names[i], system) != !pass)
				continue;
			if (vd_status_load(h->xs, system, names[i], &r.st))
				continue;
			fill_row(h, &primary, &r);
			if (json)
				print_json(system, &r, first);
			else
				print_text(&r, first);
			first = false;
		}
	}
	free(names);
	return first;
}

int cmd_list(int argc, char **argv)
{
	bool json = argc == 2 && !strcmp(argv[1], "--json"), first = true;
	unsigned int i, n;
	struct vd_host h;
	char **systems;

	if (argc > 2 || (argc == 2 && !json))
		return BAD_USAGE;
	if (vd_host_open(&h))
		return 1;
	systems = vd_state_systems(h.xs, &n);
	if (json)
		printf("[");
	for (i = 0; systems && i < n; i++)
		first = list_system(&h, systems[i], json, first);
	if (json)
		printf("%s]\n", first ? "" : "\n");
	else if (first)
		fprintf(stderr, "Nothing is up (virtuos up).\n");
	free(systems);
	vd_host_close(&h);
	return 0;
}
