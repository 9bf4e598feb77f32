/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * OpenMetrics text: see metrics.h. The format wants all samples of a family behind its head, so
 * there is one loop over everything for each family.
 */
#include <inttypes.h>
#include <string.h>

#include "metrics.h"

/* The head of a family; a counter's samples have "_total" behind its name. */
struct family {
	const char *name;
	const char *type;
	const char *unit;	/* the end of @name, too; NULL: none */
	const char *help;
};

static void head(const struct family *f, struct vp_text *t)
{
	vp_text_add(t, "# TYPE %s %s\n", f->name, f->type);
	if (f->unit)
		vp_text_add(t, "# UNIT %s %s\n", f->name, f->unit);
	vp_text_add(t, "# HELP %s %s\n", f->name, f->help);
}

static void label(struct vp_text *t, const char *key, const char *value, bool first)
{
	vp_text_add(t, "%c%s=", first ? '{' : ',', key);
	vp_text_json(t, value);		/* escapes " and \ alike */
}

static void sample(const struct family *f, struct vp_text *t)
{
	vp_text_add(t, "%s%s", f->name, *f->type == 'c' ? "_total" : "");
}

/* ---- what domain 0 knows ---- */

enum domain_value { D_CONNECTED, D_DEGRADED, D_RESTARTS, D_BUILDS, D_UPTIME, D_MEMORY, D_VALUES };

/* By enum domain_value. */
static const struct family domain_family[D_VALUES] = {
	{ "virtuos_domain_connected", "gauge", NULL,
	  "Whether a service is connected to its primary." },
	{ "virtuos_domain_degraded", "gauge", NULL, "Whether a domain dies again and again." },
	{ "virtuos_domain_restarts", "counter", NULL, "Starts of a domain after a death." },
	{ "virtuos_domain_builds", "counter", NULL, "Incarnations of a domain." },
	{ "virtuos_domain_uptime_seconds", "gauge", "seconds", "Time since a domain was started." },
	{ "virtuos_domain_memory_bytes", "gauge", "bytes", "Memory of a domain." },
};

static bool domain_value(const struct vp_domain *d, unsigned int what, long long *v)
{
	switch (what) {
	case D_CONNECTED:	*v = d->connected; return d->service;
	case D_DEGRADED:	*v = d->degraded; return true;
	case D_RESTARTS:	*v = d->restarts; return true;
	case D_BUILDS:		*v = d->builds; return true;
	case D_UPTIME:		*v = d->uptime; return d->uptime >= 0;
	default:		*v = (long long)d->memory; return d->uptime >= 0;
	}
}

static void domain_labels(const struct vp_domain *d, struct vp_text *t)
{
	label(t, "system", d->system, true);
	label(t, "domain", d->name, false);
	label(t, "role", d->role, false);
}

static void add_states(const struct vp_domain *d, struct vp_text *t)
{
	static const char *const states[] = {
		"building", "running", "stopping", "waiting", "stopped", "failed", "dead",
	};
	unsigned int i;

	for (i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		vp_text_add(t, "virtuos_domain_state");
		domain_labels(d, t);
		label(t, "state", states[i], false);
		vp_text_add(t, "} %d\n", !strcmp(d->state, states[i]));
	}
}

static void add_domains(const struct vp_domain *domain, size_t n, struct vp_text *t)
{
	static const struct family state = { "virtuos_domain_state", "gauge", NULL,
					     "1 for the state that a domain is in." };
	const struct family *f;
	unsigned int what;
	long long v;
	size_t i;

	if (!n)
		return;
	head(&state, t);
	for (i = 0; i < n; i++)
		add_states(&domain[i], t);
	for (what = 0; what < D_VALUES; what++) {
		f = &domain_family[what];
		head(f, t);
		for (i = 0; i < n; i++) {
			if (!domain_value(&domain[i], what, &v))
				continue;
			sample(f, t);
			domain_labels(&domain[i], t);
			vp_text_add(t, "} %lld\n", v);
		}
	}
}

/* ---- what primaries say ---- */

/* How a number becomes the sample's. */
enum scale { COUNT, TICKS, NS };

struct service_family {
	struct family f;
	enum vp_value value;
	enum scale scale;
};

static const struct service_family service_family[] = {
	{ { "virtuos_service_outages", "counter", NULL, "Service domains lost." },
	  VP_DIED, COUNT },
	{ { "virtuos_service_calls", "counter", NULL, "Calls that the service has answered." },
	  VP_SERVICE_CALLS, COUNT },
	{ { "virtuos_service_cpu_seconds", "counter", "seconds",
	    "What the service's domain has run." }, VP_RUNNING_NS, NS },
	{ { "virtuos_service_called_seconds", "counter", "seconds",
	    "Processor time of the service for calls." }, VP_SERVICE_TICKS, TICKS },
	{ { "virtuos_service_poll_seconds", "counter", "seconds",
	    "Processor time of the service's turns that found nothing." }, VP_POLL_TICKS, TICKS },
	{ { "virtuos_service_wait_seconds", "counter", "seconds",
	    "Time that calls waited in the service." }, VP_SERVICE_WAIT_TICKS, TICKS },
	{ { "virtuos_service_claimed_seconds", "counter", "seconds",
	    "The part of the time for calls that the kernel has charged to threads." },
	  VP_CLAIMED_TICKS, TICKS },
	{ { "virtuos_service_unclaimed_seconds", "counter", "seconds",
	    "The part of the time for calls that no thread was charged with." },
	  VP_UNCLAIMED_TICKS, TICKS },
	{ { "virtuos_service_unclaimed_calls", "counter", NULL,
	    "Calls that no thread was charged with." }, VP_UNCLAIMED_CALLS, COUNT },
	{ { "virtuos_service_refused_seconds", "counter", "seconds",
	    "Time that the service charged beyond what can have passed." },
	  VP_COST_REFUSED, TICKS },
	{ { "virtuos_service_sends", "counter", NULL, "Events sent to the service." },
	  VP_SENDS, COUNT },
	{ { "virtuos_service_interrupts", "counter", NULL, "Interrupts by the service." },
	  VP_INTERRUPTS, COUNT },
	{ { "virtuos_service_bytes", "counter", "bytes",
	    "Bytes of the buffers that calls named." }, VP_BYTES, COUNT },
};

static void service_labels(const struct vp_primary *p, const struct vp_service *s,
			   struct vp_text *t)
{
	if (p->system)
		label(t, "system", p->system, true);
	label(t, "service", s->name, !p->system);
}

static void add_service(const struct service_family *f, const struct vp_primary *p,
			const struct vp_service *s, struct vp_text *t)
{
	uint64_t v = s->value[f->value];

	if (!(s->known & 1u << f->value) || (f->scale == TICKS && !p->snapshot->tsc_khz))
		return;
	sample(&f->f, t);
	service_labels(p, s, t);
	if (f->scale == TICKS)
		v = vp_snapshot_ns(p->snapshot, v);
	if (f->scale == COUNT)
		vp_text_add(t, "} %" PRIu64 "\n", v);
	else
		vp_text_add(t, "} %" PRIu64 ".%09" PRIu64 "\n", v / 1000000000,
			    v % 1000000000);
}

static void add_family(const struct service_family *f, const struct vp_primary *primary,
		       size_t n, struct vp_text *t)
{
	const struct vp_snapshot *s;
	unsigned int i;
	size_t k;

	head(&f->f, t);
	for (k = 0; k < n; k++) {
		s = primary[k].snapshot;
		for (i = 0; s && i < s->services; i++)
			add_service(f, &primary[k], &s->service[i], t);
	}
}

static void add_up(const struct vp_primary *primary, size_t n, struct vp_text *t)
{
	static const struct family primaries = { "virtuos_primary_up", "gauge", NULL,
						 "Whether a primary answers." };
	static const struct family services = { "virtuos_service_up", "gauge", NULL,
						"Whether the primary can use a service." };
	const struct vp_snapshot *s;
	unsigned int i;
	size_t k;

	head(&primaries, t);
	for (k = 0; k < n; k++) {
		sample(&primaries, t);
		if (primary[k].system)
			label(t, "system", primary[k].system, true);
		vp_text_add(t, "%s %d\n", primary[k].system ? "}" : "", !!primary[k].snapshot);
	}
	head(&services, t);
	for (k = 0; k < n; k++) {
		s = primary[k].snapshot;
		for (i = 0; s && i < s->services; i++) {
			sample(&services, t);
			service_labels(&primary[k], &s->service[i], t);
			vp_text_add(t, "} %d\n", !strcmp(s->service[i].state, "up"));
		}
	}
}

void vp_metrics(const struct vp_domain *domain, size_t domains,
		const struct vp_primary *primary, size_t primaries, struct vp_text *t)
{
	unsigned int i;

	add_domains(domain, domains, t);
	if (primaries)
		add_up(primary, primaries, t);
	for (i = 0; primaries && i < sizeof(service_family) / sizeof(service_family[0]); i++)
		add_family(&service_family[i], primary, primaries, t);
	vp_text_add(t, "# EOF\n");
}
