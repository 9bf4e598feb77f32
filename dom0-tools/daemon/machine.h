/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The system that one virtuosd keeps running: its domains and what to do about them.
 *
 * Invariant: at most one worker per domain; all xenstore nodes that link domains are
 * written and removed here, by the one process that knows all domains.
 *
 * Policy. A domain that dies is destroyed and, as its policy says, built anew:
 *   always      whatever the cause;
 *   on-failure  unless it powered itself off;
 *   never       not.
 * A reboot asked for by the guest is always followed. The first deaths are answered at
 * once; limit.h says what comes then. A domain beyond the limit is degraded: with
 * "always" it is tried every restart_max_delay, with "on-failure" no more. One that runs
 * for start_limit_interval, or is restarted by order, is well again.
 *
 * Nobody can tell from outside which end of a connection is at fault. What a primary says
 * of one costs a service domain its life only if no other primary is served by it.
 * When the primary dies, the service domains stay up and are linked to the next one.
 */
#ifndef VIRTUOS_MACHINE_H
#define VIRTUOS_MACHINE_H

#include "../host/state.h"
#include "limit.h"
#include "worker.h"

enum phase {
	PH_STOPPED,		/* no domain, none wanted */
	PH_WORKING,		/* a worker destroys or builds it */
	PH_RUNNING,
	PH_STOPPING,		/* asked to shut down; destroyed at the deadline */
	PH_WAITING,		/* to be built at the deadline */
	PH_FAILED		/* could not be built */
};

struct dom {
	const struct vd_domain_config *cfg;
	struct vd_status st;
	struct worker worker;
	enum phase phase;
	int64_t deadline;	/* 0 = none */
	bool want;		/* build it (again) when the old one is gone */
	int64_t start_at;	/* not before; 0 = as soon as possible */
	struct limit starts;	/* what it died of was no order */
	struct limit links;	/* connections that its primary gave up */
	int64_t relink_at;	/* its connection is due then; 0 = none is */
	int build_failures;	/* in a row */
	bool gave_up;		/* beyond the limit, and not to be tried again */
	bool hopeless;		/* going down, and it cannot be destroyed */
	bool destroyed;		/* the worker has got so far */
	struct {
		uint32_t primary;
		enum phase phase;
		bool degraded;
	} told;			/* what the primary has read */
};

struct machine {
	struct vd_host host;
	struct vd_config *config;
	char state[VD_PATH_MAX];
	struct dom dom[VD_MAX_SERVICES + 1];	/* [0] is the primary */
	int n_doms;
	bool going_down;
	bool gone;		/* going_down has come to its end */
};

/* Take over what is there: a running system that another virtuosd left, or nothing. */
int machine_init(struct machine *m, struct vd_config *config);
/* Was there anything to take over? */
bool machine_is_up(const struct machine *m);

void machine_up(struct machine *m);
void machine_down(struct machine *m);
int machine_kill(struct machine *m, struct dom *d);
int machine_restart(struct machine *m, struct dom *d);
struct dom *machine_find(struct machine *m, const char *name);

/* xenstore says that some domain died. */
void machine_check_deaths(struct machine *m);
void machine_worker_event(struct machine *m, struct dom *d);
/* Do what is due; returns the ms until the next is (-1: nothing). */
int machine_timers(struct machine *m);
/* No domain is being worked on. */
bool machine_settled(const struct machine *m);

#endif
