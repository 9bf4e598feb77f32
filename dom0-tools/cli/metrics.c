/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * virtuos metrics: all systems as OpenMetrics text.
 *
 * What is known in domain 0 comes always. What a primary says comes if it says so in time.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../perf/metrics.h"
#include "../perf/output.h"
#include "../perf/stream.h"
#include "cli.h"
#include "exec.h"
#include "rows.h"

#define LIMIT_S		5
#define MOST_LIMIT_S	600

/* The systems and their domains; the strings are in @row and the list of systems. */
struct all {
	char **system;
	unsigned int systems;
	struct row *row;
	struct vp_domain *domain;
	size_t domains;
	struct vp_snapshot *snapshot;
	struct vp_primary *primary;
};

struct options {
	const char *output;
	long limit;	/* seconds */
};

static void *must(void *p)
{
	if (p)
		return p;
	vd_log("out of memory");
	exit(1);
}

static void add_row(const char *system, const struct row *r, void *arg)
{
	struct all *a = arg;

	a->row = must(reallocarray(a->row, a->domains + 1, sizeof(*a->row)));
	a->domain = must(reallocarray(a->domain, a->domains + 1, sizeof(*a->domain)));
	a->row[a->domains] = *r;
	/* It may point into *r. */
	if (r->state == r->st.state)
		a->row[a->domains].state = NULL;
	a->domain[a->domains++] = (struct vp_domain){ .system = system };
}

/* When no row moves any more. */
static void fill_domain(const struct row *r, struct vp_domain *d)
{
	d->name = r->st.name;
	d->role = r->st.role;
	d->state = r->state ? r->state : r->st.state;
	d->service = strcmp(r->st.role, "primary");
	d->connected = !strcmp(r->link, "connected");
	d->degraded = r->st.degraded;
	d->restarts = r->st.restarts;
	d->builds = r->st.generation;
	d->uptime = r->uptime;
	d->memory = r->memory_mib << 20;
}

static bool runs(const struct all *a, const char *system)
{
	size_t i;

	for (i = 0; i < a->domains; i++)
		if (!strcmp(a->domain[i].name, system))
			return !strcmp(a->domain[i].state, "running");
	return false;
}

static bool ask(const char *system, long limit, struct vp_snapshot *s)
{
	const char *const words[] = { PERF_PROGRAM, "snapshot", "-n", "1", NULL };
	struct vp_stream stream = { 0 };
	struct exec_pipe p;
	bool ok;

	if (exec_open(system, words, limit * 1000, &p))
		return false;
	stream.fd = p.fd;
	ok = vp_stream_next(&stream, s);
	if (!ok)
		vp_stream_complain(&stream);
	vp_stream_free(&stream);
	exec_close(&p);
	return ok;
}

static void gather(struct vd_host *h, const struct options *o, struct all *a)
{
	unsigned int i;
	size_t k;

	a->system = vd_state_systems(h->xs, &a->systems);
	for (i = 0; i < a->systems; i++)
		rows_each(h, a->system[i], add_row, a);
	for (k = 0; k < a->domains; k++)
		fill_domain(&a->row[k], &a->domain[k]);
	a->snapshot = must(calloc(a->systems + 1, sizeof(*a->snapshot)));
	a->primary = must(calloc(a->systems + 1, sizeof(*a->primary)));
	for (i = 0; i < a->systems; i++) {
		a->primary[i].system = a->system[i];
		if (runs(a, a->system[i]) && ask(a->system[i], o->limit, &a->snapshot[i]))
			a->primary[i].snapshot = &a->snapshot[i];
	}
}

static void release(struct all *a)
{
	unsigned int i;

	for (i = 0; i < a->systems; i++)
		vp_snapshot_free(&a->snapshot[i]);
	free(a->system);
	free(a->row);
	free(a->domain);
	free(a->snapshot);
	free(a->primary);
}

static bool parse(int argc, char **argv, struct options *o)
{
	char *end = NULL;
	int i;

	for (i = 1; i + 1 < argc; i += 2) {
		if (!strcmp(argv[i], "--output"))
			o->output = argv[i + 1];
		else if (!strcmp(argv[i], "--timeout"))
			o->limit = strtol(argv[i + 1], &end, 10);
		else
			return false;
	}
	return i == argc && (!end || !*end) && o->limit > 0 && o->limit <= MOST_LIMIT_S;
}

int cmd_metrics(int argc, char **argv)
{
	struct options o = { .limit = LIMIT_S };
	struct vp_text t = { 0 };
	struct all a = { 0 };
	struct vd_host h;
	int r;

	if (!parse(argc, argv, &o))
		return BAD_USAGE;
	if (vd_host_open(&h))
		return 1;
	gather(&h, &o, &a);
	vd_host_close(&h);
	vp_metrics(a.domain, a.domains, a.primary, a.systems, &t);
	r = vp_output(&t, o.output);
	vp_text_free(&t);
	release(&a);
	return r ? 1 : 0;
}
