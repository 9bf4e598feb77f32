/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The system that one virtuosd keeps running: its domains and what it does about them.
 *
 * Invariant: at most one worker per domain. All xenstore nodes that link domains are written
 * and removed here, by the one process that knows all domains.
 *
 * Policy. A domain that dies is destroyed and, as its policy says, built anew:
 *	always      whatever the cause;
 *	on-failure  unless it powered itself off;
 *	never       not.
 * If the guest asks for a reboot, it is always followed. The first deaths are answered at once;
 * limit.h has what comes then. A domain beyond the limit is degraded. With "always" it is tried
 * every restart_max_delay, with "on-failure" no more. If it runs for start_limit_interval, or
 * is restarted by order, it is not degraded any more.
 *
 * virtuosd cannot tell which end of a connection is at fault. If a primary reports a
 * connection, its service domain is destroyed only if it serves no other primary. When the
 * primary dies, the service domains stay up and are linked to the next one.
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
	struct limit starts;	/* deaths that were not ordered */
	struct limit links;	/* connections that its primary gave up */
	int64_t relink_at;	/* its connection is due then; 0 = none is */
	int64_t linked_at;	/* when it was made last */
	int build_failures;	/* in a row */
	bool gave_up;		/* beyond the limit, and not to be tried again */
	bool hopeless;		/* going down, and it cannot be destroyed */
	bool destroyed;		/* the worker has destroyed it */
	bool creating;		/* a domain of its name is the worker's */
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
	bool gone;		/* all domains are down */
};

/**
 * machine_init - take over what is there: a running system of an earlier virtuosd, or nothing
 * @m: filled
 * @config: of the system
 *
 * Return: 0 or -1 (logged).
 */
int machine_init(struct machine *m, struct vd_config *config);

/**
 * machine_is_up - check if any domain is not stopped
 * @m: the system
 *
 * Return: true if so. After machine_init() it means that there was a system to take over.
 */
bool machine_is_up(const struct machine *m);

/**
 * machine_up - start all domains that are not there
 * @m: the system
 */
void machine_up(struct machine *m);

/**
 * machine_down - begin to stop all domains
 * @m: the system
 */
void machine_down(struct machine *m);

/**
 * machine_kill - destroy a domain at once, and treat that as a crash
 * @m: the system
 * @d: the domain
 *
 * Return: 0, or -1 (logged): it does not run.
 */
int machine_kill(struct machine *m, struct dom *d);

/**
 * machine_restart - stop a domain if it runs, and start it
 * @m: the system
 * @d: the domain
 *
 * Return: 0 or -1 (logged).
 */
int machine_restart(struct machine *m, struct dom *d);

/**
 * machine_find - find a domain
 * @m: the system
 * @name: its name
 *
 * Return: the domain or NULL.
 */
struct dom *machine_find(struct machine *m, const char *name);

/**
 * machine_check_deaths - handle domains that have died, when xenstore reports a death
 * @m: the system
 */
void machine_check_deaths(struct machine *m);

/**
 * machine_worker_event - read what a domain's worker has written, and act on it
 * @m: the system
 * @d: the domain
 */
void machine_worker_event(struct machine *m, struct dom *d);

/**
 * machine_timers - do what is due
 * @m: the system
 *
 * Return: the time in ms until more is due; -1: nothing is.
 */
int machine_timers(struct machine *m);

/**
 * machine_stable - check that no domain is about to change
 * @m: the system
 *
 * Return: true if none is.
 */
bool machine_stable(const struct machine *m);

#endif
