/* SPDX-License-Identifier: GPL-2.0-only */
/* Phases of a domain, and what its state tells others: see machine_priv.h. */
#include <string.h>

#include "machine_priv.h"

static const char *const phase_names[] = {
	"stopped", "building", "running", "stopping", "waiting", "failed",
};

/**
 * dom_is_primary - test whether a domain is the primary
 * @d: the domain
 *
 * Return: true if so; false: it is a service domain.
 */
bool dom_is_primary(const struct dom *d)
{
	return d->cfg->role == VD_ROLE_PRIMARY;
}

/**
 * dom_phase_name - get the word for a domain's phase
 * @d: the domain
 *
 * Return: the word that `virtuos list` shows.
 */
const char *dom_phase_name(const struct dom *d)
{
	return phase_names[d->phase];
}

/* Tell the primary the state of its services. */
static void tell_primary(struct machine *m, struct dom *d)
{
	uint32_t primary = m->dom[0].st.domid;

	if (dom_is_primary(d) || primary == VD_NO_DOMID)
		return;
	if (d->told.primary == primary && d->told.phase == d->phase &&
	    d->told.degraded == d->st.degraded)
		return;
	d->told.primary = primary;
	d->told.phase = d->phase;
	d->told.degraded = d->st.degraded;
	vd_service_tell(&m->host, primary, &d->st);
}

/**
 * dom_save - write a domain's state to xenstore, and tell the primary
 * @m: the system
 * @d: the domain
 */
void dom_save(struct machine *m, struct dom *d)
{
	snprintf(d->st.state, sizeof(d->st.state), "%s", dom_phase_name(d));
	vd_status_save(&m->host, m->config->primary.name, &d->st);
	tell_primary(m, d);
}

/**
 * dom_set_phase - begin a phase
 * @m: the system
 * @d: the domain
 * @phase: which
 * @ms: machine_timers() handles its end after so long; 0: it has none
 */
void dom_set_phase(struct machine *m, struct dom *d, enum phase phase, int64_t ms)
{
	d->phase = phase;
	d->deadline = ms ? vd_now_ms() + ms : 0;
	dom_save(m, d);
}

/**
 * dom_forget_deaths - count from nothing again; the domain is not degraded any more
 * @d: the domain
 */
void dom_forget_deaths(struct dom *d)
{
	limit_reset(&d->starts);
	limit_reset(&d->links);
	d->st.degraded = false;
}

/**
 * dom_set_running - note that a domain runs
 * @m: the system
 * @d: the domain
 *
 * One that is degraded has to do so for a while before it counts as well.
 */
void dom_set_running(struct machine *m, struct dom *d)
{
	int64_t interval = m->config->start_limit_interval * 1000;

	if (!interval)
		dom_forget_deaths(d);
	dom_set_phase(m, d, PH_RUNNING, d->st.degraded ? interval : 0);
}

/**
 * dom_work - have a worker destroy what there is of a domain, and build it if it is wanted now
 * @m: the system
 * @d: the domain
 * @destroy_name: destroy any domain of its name as well
 */
void dom_work(struct machine *m, struct dom *d, bool destroy_name)
{
	struct worker_job job = {
		.config = m->config, .domain = d->cfg, .state = m->state,
		.destroy = d->st.domid, .destroy_name = destroy_name,
		.create = d->want && !d->start_at,
	};

	d->destroyed = false;
	dom_set_phase(m, d, PH_WORKING, WORK_MS);
	if (worker_start(&d->worker, &m->host, &job))
		dom_set_phase(m, d, PH_FAILED, 0);
}

/**
 * dom_clear_away - unlink a domain from its peers and have it destroyed
 * @m: the system
 * @d: the domain
 * @again: build it anew
 * @wait: so many ms later
 */
void dom_clear_away(struct machine *m, struct dom *d, bool again, int64_t wait)
{
	dom_unlink_all(m, d);
	d->want = again;
	d->start_at = wait ? vd_now_ms() + wait : 0;
	dom_work(m, d, false);
}
