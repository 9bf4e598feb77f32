/* SPDX-License-Identifier: GPL-2.0-only */
/* The domains of one system: see machine.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "machine_priv.h"

#define SERVICE_STOP_MS	15000	/* it has to sync and unmount */

struct dom *machine_find(struct machine *m, const char *name)
{
	int i;

	for (i = 0; i < m->n_doms; i++)
		if (!strcmp(m->dom[i].cfg->name, name))
			return &m->dom[i];
	return NULL;
}

static void timer(struct machine *m, struct dom *d)
{
	switch (d->phase) {
	case PH_WORKING:
		if (!d->worker.pid)
			break;
		vd_log("%s: took longer than %d s, giving up", d->cfg->name,
		       WORK_MS / 1000);
		worker_kill(&d->worker);
		break;
	case PH_STOPPING:
		vd_log("%s: does not shut down, destroying it", d->cfg->name);
		dom_clear_away(m, d, d->want, 0);
		break;
	case PH_WAITING:
		d->start_at = 0;
		dom_work(m, d, false);
		break;
	case PH_RUNNING:
		vd_log("%s: has run for %ld s, not degraded any more", d->cfg->name,
		       m->config->start_limit_interval);
		dom_forget_deaths(d);
		dom_save(m, d);
		break;
	default:
		break;
	}
}

/* If @when is due, clear it and return true. Otherwise make *next no later than that. */
static bool due(int64_t *when, int64_t now, int64_t *next)
{
	if (!*when)
		return false;
	if (now < *when) {
		if (*next < 0 || *when - now < *next)
			*next = *when - now;
		return false;
	}
	*when = 0;
	return true;
}

int machine_timers(struct machine *m)
{
	int64_t now = vd_now_ms(), next = -1;
	struct dom *d;
	int i;

	for (i = 0; i < m->n_doms; i++) {
		d = &m->dom[i];
		if (due(&d->relink_at, now, &next)) {
			dom_relink(m, d, now);
			dom_save(m, d);
			next = 0;	/* the next turn handles what it has set */
		}
		if (due(&d->deadline, now, &next)) {
			timer(m, d);
			next = 0;
		}
	}
	return next > 60000 ? 60000 : (int)next;
}

bool machine_stable(const struct machine *m)
{
	int i;

	for (i = 0; i < m->n_doms; i++) {
		const struct dom *d = &m->dom[i];

		if (d->phase == PH_WORKING || d->phase == PH_STOPPING ||
		    (d->phase == PH_WAITING && d->build_failures))
			return false;
	}
	return true;
}

/* ---- what people ask for ---- */

static void start(struct machine *m, struct dom *d)
{
	if (d->phase != PH_STOPPED && d->phase != PH_FAILED && d->phase != PH_WAITING)
		return;
	d->want = true;
	d->start_at = 0;
	d->build_failures = 0;
	d->gave_up = false;
	dom_forget_deaths(d);
	dom_work(m, d, false);
}

/* Service domains come first, so that the primary finds them booting already. */
void machine_up(struct machine *m)
{
	int i;

	for (i = 1; i < m->n_doms; i++)
		start(m, &m->dom[i]);
	start(m, &m->dom[0]);
}

int machine_kill(struct machine *m, struct dom *d)
{
	if (d->phase != PH_RUNNING && d->phase != PH_STOPPING) {
		vd_log("%s: is %s, not running", d->cfg->name, dom_phase_name(d));
		return -1;
	}
	/* Pause it first, before any message is written. */
	libxl_domain_pause(m->host.ctx, d->st.domid, NULL);
	dom_unlink_all(m, d);
	dom_note_death(d, "killed");
	dom_clear_away(m, d, dom_restart_wanted(m, d, LIBXL_SHUTDOWN_REASON_CRASH), 0);
	return 0;
}

static void stop(struct machine *m, struct dom *d, bool again)
{
	int64_t ms = dom_is_primary(d) ? m->config->restart_timeout * 1000 : SERVICE_STOP_MS;

	d->want = again;
	if (libxl_domain_shutdown(m->host.ctx, d->st.domid, NULL)) {
		dom_clear_away(m, d, again, 0);
		return;
	}
	dom_set_phase(m, d, PH_STOPPING, ms);
}

int machine_restart(struct machine *m, struct dom *d)
{
	switch (d->phase) {
	case PH_RUNNING:
		dom_forget_deaths(d);
		/* Unlink its peers first: an ordered end has no calls in flight. */
		dom_unlink_all(m, d);
		stop(m, d, true);
		return 0;
	case PH_STOPPED:
	case PH_FAILED:
	case PH_WAITING:
		start(m, d);
		return 0;
	default:
		vd_log("%s: is %s already", d->cfg->name, dom_phase_name(d));
		return -1;
	}
}

static bool is_down(const struct dom *d)
{
	return d->phase == PH_STOPPED ||
	       (d->phase == PH_FAILED && (d->hopeless || d->st.domid == VD_NO_DOMID));
}

static void bring_down(struct machine *m, struct dom *d)
{
	d->want = false;
	switch (d->phase) {
	case PH_RUNNING:
		stop(m, d, false);
		break;
	case PH_WAITING:
		dom_set_phase(m, d, PH_STOPPED, 0);
		break;
	case PH_FAILED:
		if (is_down(d))
			break;
		d->hopeless = true;	/* one more try only */
		dom_clear_away(m, d, false, 0);
		break;
	default:
		break;		/* under way; its end calls this again */
	}
}

/**
 * machine_next_step_down - stop the primary first; when no primary needs them, the services
 * @m: the system, which is going down
 *
 * It is called again when a domain has ended.
 */
void machine_next_step_down(struct machine *m)
{
	bool all = true;
	int i;

	if (m->gone)
		return;
	bring_down(m, &m->dom[0]);
	if (!is_down(&m->dom[0]))
		return;
	for (i = 1; i < m->n_doms; i++) {
		bring_down(m, &m->dom[i]);
		all = all && is_down(&m->dom[i]);
	}
	if (!all)
		return;
	vd_pci_give_back(&m->host, m->state);
	vd_state_remove(&m->host, m->config->primary.name);
	m->gone = true;
}

void machine_down(struct machine *m)
{
	m->going_down = true;
	machine_next_step_down(m);
}

/* ---- taking over ---- */

static void add_dom(struct machine *m, const struct vd_domain_config *cfg)
{
	struct dom *d = &m->dom[m->n_doms++];

	d->cfg = cfg;
	d->worker.fd = -1;
	if (vd_status_load(m->host.xs, m->config->primary.name, cfg->name, &d->st)) {
		d->st.domid = VD_NO_DOMID;
		d->st.devid = -1;
		snprintf(d->st.role, sizeof(d->st.role), "%s", vd_role_name(cfg->role));
	}
}

/* Take over what an earlier virtuosd left of one domain. */
static void adopt(struct machine *m, struct dom *d)
{
	struct vd_link l = dom_link_ends(m, d);

	d->starts.degraded = d->st.degraded;
	if (!dom_is_primary(d) && dom_is_linked(m, d))
		dom_watch_link(m, &l, true);
	if (!strcmp(d->st.state, "running") || !strcmp(d->st.state, "stopping")) {
		dom_set_running(m, d);
	} else if (!strcmp(d->st.state, "building") || !strcmp(d->st.state, "waiting")) {
		vd_log("%s: was being built when virtuosd ended, building it anew",
		       d->cfg->name);
		dom_unlink_all(m, d);
		d->want = true;
		dom_work(m, d, true);
	} else if (!strcmp(d->st.state, "failed")) {
		d->phase = PH_FAILED;
	}
}

bool machine_is_up(const struct machine *m)
{
	int i;

	for (i = 0; i < m->n_doms; i++)
		if (m->dom[i].phase != PH_STOPPED)
			return true;
	return false;
}

int machine_init(struct machine *m, struct vd_config *config)
{
	struct xs_permissions perms = { .id = 0, .perms = XS_PERM_NONE };
	int i;

	memset(m, 0, sizeof(*m));
	m->config = config;
	vd_state_dir(m->state, config->primary.name);
	if (vd_host_open(&m->host))
		return -1;
	if (!xs_mkdir(m->host.xs, XBT_NULL, VD_STATE_ROOT) ||
	    !xs_set_permissions(m->host.xs, XBT_NULL, VD_STATE_ROOT, &perms, 1) ||
	    !xs_watch(m->host.xs, "@releaseDomain", "death")) {
		vd_log("cannot use xenstore: %s", strerror(errno));
		vd_host_close(&m->host);
		return -1;
	}
	add_dom(m, &config->primary);
	for (i = 0; i < config->n_services; i++)
		add_dom(m, &config->service[i]);
	for (i = 0; i < m->n_doms; i++)
		adopt(m, &m->dom[i]);
	machine_check_deaths(m);
	return 0;
}
