/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The state of systems as OpenMetrics text. No I/O.
 *
 * Only counters and gauges are used. So node_exporter's textfile collector, which reads the
 * older format, takes it as well.
 */
#ifndef VIRTUOS_PERF_METRICS_H
#define VIRTUOS_PERF_METRICS_H

#include "snapshot.h"
#include "text.h"

/**
 * struct vp_domain - what domain 0 knows of a domain
 * @system: name of its system
 * @name: of the domain
 * @role: primary, network, storage
 * @state: as virtuos list shows it
 * @connected: it is a service, and the primary uses it
 * @service: it is one
 * @degraded: it dies again and again
 * @restarts: after a death
 * @builds: incarnations so far
 * @uptime: seconds; -1: it does not run
 * @memory: bytes
 */
struct vp_domain {
	const char *system;
	const char *name;
	const char *role;
	const char *state;
	bool connected;
	bool service;
	bool degraded;
	long restarts;
	long builds;
	long long uptime;
	uint64_t memory;
};

/**
 * struct vp_primary - what a primary says
 * @system: its name; NULL: this machine
 * @snapshot: what it says; NULL: it does not answer
 */
struct vp_primary {
	const char *system;
	const struct vp_snapshot *snapshot;
};

/**
 * vp_metrics - write everything
 * @domain: the domains
 * @domains: their number
 * @primary: the primaries
 * @primaries: their number
 * @t: the text is added there
 */
void vp_metrics(const struct vp_domain *domain, size_t domains,
		const struct vp_primary *primary, size_t primaries, struct vp_text *t);

#endif
