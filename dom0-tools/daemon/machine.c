/* SPDX-License-Identifier: GPL-2.0-only */
/* The domains of one system: see machine.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "console.h"
#include "machine.h"

#define WORK_MS		120000	/* a worker that takes longer is stuck */
#define SERVICE_STOP_MS	15000	/* it has to sync and unmount */
#define BUILD_TRIES	3	/* libxl fails now and then when much goes on in dom0 */
#define BUILD_RETRY_MS	1000

static const char *const phase_names[] = {
	"stopped", "building", "running", "stopping", "waiting", "failed",
};

static bool is_primary(const struct dom *d)
{
	return d->cfg->role == VD_ROLE_PRIMARY;
}

/* Tell the primary the state of its services. */
static void tell_primary(struct machine *m, struct dom *d)
{
	uint32_t primary = m->dom[0].st.domid;

	if (is_primary(d) || primary == VD_NO_DOMID)
		return;
	if (d->told.primary == primary && d->told.phase == d->phase &&
	    d->told.degraded == d->st.degraded)
		return;
	d->told.primary = primary;
	d->told.phase = d->phase;
	d->told.degraded = d->st.degraded;
	vd_service_tell(&m->host, primary, &d->st);
}

static void save(struct machine *m, struct dom *d)
{
	snprintf(d->st.state, sizeof(d->st.state), "%s", phase_names[d->phase]);
	vd_status_save(&m->host, m->config->primary.name, &d->st);
	tell_primary(m, d);
}

static void set_phase(struct machine *m, struct dom *d, enum phase phase, int64_t ms)
{
	d->phase = phase;
	d->deadline = ms ? vd_now_ms() + ms : 0;
	save(m, d);
}

static void forget_deaths(struct dom *d)
{
	limit_reset(&d->starts);
	limit_reset(&d->links);
	d->st.degraded = false;
}

/* It runs; one that is degraded has to do so for a while before it counts as well. */
static void set_running(struct machine *m, struct dom *d)
{
	int64_t interval = m->config->start_limit_interval * 1000;

	if (!interval)
		forget_deaths(d);
	set_phase(m, d, PH_RUNNING, d->st.degraded ? interval : 0);
}

struct dom *machine_find(struct machine *m, const char *name)
{
	int i;

	for (i = 0; i < m->n_doms; i++)
		if (!strcmp(m->dom[i].cfg->name, name))
			return &m->dom[i];
	return NULL;
}

/* ---- links ---- */

static struct vd_link link_of(struct machine *m, const struct dom *s)
{
	struct vd_link l = {
		.primary = m->dom[0].st.domid,
		.service = s->st.domid,
		.devid = (unsigned int)s->st.devid,
	};

	return l;
}

static bool linked(struct machine *m, const struct dom *s)
{
	return s->st.devid >= 0 && s->st.domid != VD_NO_DOMID &&
	       m->dom[0].st.domid != VD_NO_DOMID;
}

/* Watch for the front end to give the link up. */
static void watch_link(struct machine *m, const struct vd_link *l, bool on)
{
	char path[VD_PATH_MAX];

	vd_link_failed_path(l, path);
	if (on)
		xs_watch(m->host.xs, path, "failed");
	else
		xs_unwatch(m->host.xs, path, "failed");
}

static void unlink_service(struct machine *m, struct dom *s)
{
	struct vd_link l = link_of(m, s);

	if (linked(m, s)) {
		watch_link(m, &l, false);
		vd_link_remove(&m->host, &l);
	}
	s->st.devid = -1;
	s->relink_at = 0;
}

static int link_service(struct machine *m, struct dom *s)
{
	struct vd_link l;

	if (m->dom[0].st.domid == VD_NO_DOMID || s->st.domid == VD_NO_DOMID)
		return 0;	/* the second of the two domains does it */
	s->st.devid = vd_state_next_devid(&m->host, m->config->primary.name);
	if (s->st.devid < 0) {
		vd_log("%s: no link number from xenstore", s->cfg->name);
		return -1;
	}
	l = link_of(m, s);
	if (vd_link_write(&m->host, &l, s->cfg)) {
		s->st.devid = -1;
		return -1;
	}
	watch_link(m, &l, true);
	return 0;
}

/* All links that end at @d. */
static void unlink_all(struct machine *m, struct dom *d)
{
	int i;

	for (i = 1; i < m->n_doms; i++)
		if (is_primary(d) || &m->dom[i] == d)
			unlink_service(m, &m->dom[i]);
}

static int link_all(struct machine *m, struct dom *d)
{
	int i, r = 0;

	for (i = 1; i < m->n_doms; i++) {
		if (!is_primary(d) && &m->dom[i] != d)
			continue;
		r |= link_service(m, &m->dom[i]);
		if (&m->dom[i] != d)
			save(m, &m->dom[i]);
	}
	return r;
}

/* ---- work ---- */

static void next_step_down(struct machine *m);

static void run_worker(struct machine *m, struct dom *d, bool destroy_name)
{
	struct worker_job job = {
		.config = m->config, .domain = d->cfg, .state = m->state,
		.destroy = d->st.domid, .destroy_name = destroy_name,
		.create = d->want && !d->start_at,
	};

	d->destroyed = false;
	set_phase(m, d, PH_WORKING, WORK_MS);
	if (worker_start(&d->worker, &m->host, &job))
		set_phase(m, d, PH_FAILED, 0);
}

/*
 * Unlink the domain from its peers and have it destroyed. If @again, build it anew @wait ms
 * later.
 */
static void clear_away(struct machine *m, struct dom *d, bool again, int64_t wait)
{
	unlink_all(m, d);
	d->want = again;
	d->start_at = wait ? vd_now_ms() + wait : 0;
	run_worker(m, d, false);
}

static bool restart_wanted(const struct machine *m, const struct dom *d,
			   libxl_shutdown_reason reason)
{
	if (m->going_down)
		return false;
	if (reason == LIBXL_SHUTDOWN_REASON_REBOOT)
		return true;
	if (d->cfg->restart == VD_RESTART_ON_FAILURE)
		return reason != LIBXL_SHUTDOWN_REASON_POWEROFF;
	return d->cfg->restart == VD_RESTART_ALWAYS;
}

/* The domain failed more often than the limit allows: note and log @what it did. */
static void degrade(struct machine *m, struct dom *d, const char *what, const char *next)
{
	const struct vd_config *c = m->config;

	d->st.degraded = true;
	vd_alert("%s: degraded: %s more than %ld times within %ld s; %s", d->cfg->name, what,
		 c->start_limit_burst, c->start_limit_interval, next);
}

/*
 * Count the death of a domain that is to be started again after @wait ms. Return: false if it
 * is not.
 */
static bool count_death(struct machine *m, struct dom *d, int64_t *wait)
{
	bool always = d->cfg->restart == VD_RESTART_ALWAYS, was = d->starts.degraded;

	*wait = limit_death(&d->starts, m->config, vd_now_ms());
	if (d->starts.degraded && !was)
		degrade(m, d, "died", always ? "tried again now and then" :
			"not started again before \"virtuos restart\"");
	d->gave_up = d->starts.degraded && !always;
	if (d->gave_up)
		return false;
	if (*wait)
		vd_log("%s: died %d times, next start in %lld ms", d->cfg->name,
		       d->starts.n, (long long)*wait);
	return true;
}

static void note_death(struct dom *d, const char *reason)
{
	snprintf(d->st.reason, sizeof(d->st.reason), "%s", reason);
	vd_log("%s: domain %u is dead (%s)", d->cfg->name, d->st.domid, reason);
}

static const char *reason_text(enum vd_life life, libxl_shutdown_reason reason)
{
	if (life == VD_GONE)
		return "destroyed";
	if (reason == LIBXL_SHUTDOWN_REASON_UNKNOWN)
		return "dying";
	return libxl_shutdown_reason_to_string(reason);
}

static void handle_death(struct machine *m, struct dom *d, const char *text,
			 libxl_shutdown_reason reason)
{
	bool again = restart_wanted(m, d, reason);
	int64_t wait = 0;

	if (d->phase == PH_STOPPING)
		again = d->want;	/* asked for: restart or down */
	unlink_all(m, d);
	note_death(d, text);
	console_tail(d->cfg->name);
	if (again && d->phase == PH_RUNNING)
		again = count_death(m, d, &wait);
	clear_away(m, d, again, wait);
}

/* Make the connection anew, without the domain: at once, or when the limit allows. */
static void renew_link(struct machine *m, struct dom *d, const char *why)
{
	bool was = d->links.degraded;
	int64_t wait = limit_death(&d->links, m->config, vd_now_ms());

	vd_log("%s: %s, says its primary; it serves others and lives on", d->cfg->name, why);
	unlink_service(m, d);
	if (d->links.degraded && !was)
		degrade(m, d, "its connection failed", "connected again now and then");
	if (wait)
		d->relink_at = vd_now_ms() + wait;
	else
		link_service(m, d);
	set_running(m, d);
}

/*
 * Handle a service that lives, but not for its primary: it hangs, or one of them lies. virtuosd
 * cannot tell which one is at fault. So it destroys the domain only when all primaries that it
 * serves report it.
 */
static void check_link(struct machine *m, struct dom *d)
{
	struct vd_link l = link_of(m, d);
	char *said = linked(m, d) ? vd_link_failed(m->host.xs, &l) : NULL;
	const char *why = said && !strcmp(said, "hang") ? "hangs" : "connection failed";

	if (said && vd_link_others(m->host.xs, &l))
		renew_link(m, d, why);
	else if (said)
		handle_death(m, d, why, LIBXL_SHUTDOWN_REASON_WATCHDOG);
	free(said);
}

void machine_check_deaths(struct machine *m)
{
	libxl_shutdown_reason reason;
	enum vd_life life;
	struct dom *d;
	int i;

	for (i = 0; i < m->n_doms; i++) {
		d = &m->dom[i];
		if (d->phase != PH_RUNNING && d->phase != PH_STOPPING)
			continue;
		life = vd_domain_life(&m->host, d->st.domid, d->st.uuid, &reason);
		if (life != VD_ALIVE)
			handle_death(m, d, reason_text(life, reason), reason);
		else if (!is_primary(d) && d->phase == PH_RUNNING)
			check_link(m, d);
	}
}

/* Take a domain that the worker has built: make it known, connect it, let it run. */
static int bring_to_life(struct machine *m, struct dom *d)
{
	d->st.started = vd_now_ms();
	d->st.generation++;
	if (d->st.generation > 1)
		d->st.restarts++;
	if (link_all(m, d))
		return -1;
	if (is_primary(d) && vd_exec_dir(&m->host, d->st.domid))
		return -1;
	save(m, d);
	if (libxl_domain_unpause(m->host.ctx, d->st.domid, NULL)) {
		vd_log("%s: cannot be unpaused", d->cfg->name);
		return -1;
	}
	return 0;
}

static void worker_line(struct machine *m, struct dom *d, const char *line)
{
	char uuid[37];
	uint32_t domid;

	if (!strncmp(line, "log ", 4)) {
		vd_log("%s", line + 4);
	} else if (!strcmp(line, "destroyed")) {
		d->destroyed = true;
		d->st.domid = VD_NO_DOMID;
		d->st.uuid[0] = 0;
		save(m, d);
	} else if (sscanf(line, "created %u %36s", &domid, uuid) == 2) {
		d->st.domid = domid;
		snprintf(d->st.uuid, sizeof(d->st.uuid), "%s", uuid);
		save(m, d);
	}
}

/* Decide if a domain is to be built again after several failures, and after which @wait. */
static bool build_again(struct machine *m, struct dom *d, int64_t *wait)
{
	*wait = BUILD_RETRY_MS;
	if (!d->destroyed || m->going_down)
		return false;
	if (++d->build_failures < BUILD_TRIES)
		return true;
	/* A domain that has never run is left to the administrator that ordered it. */
	if (!d->st.generation || d->cfg->restart != VD_RESTART_ALWAYS)
		return false;
	d->build_failures = 0;
	d->starts.degraded = true;
	d->st.degraded = true;
	*wait = m->config->restart_max_delay * 1000;
	return true;
}

static void build_failed(struct machine *m, struct dom *d)
{
	bool half_built = d->st.domid != VD_NO_DOMID && d->destroyed;
	bool well = !d->st.degraded;
	int64_t wait;
	bool again = build_again(m, d, &wait);

	d->want = again;
	d->start_at = again ? vd_now_ms() + wait : 0;
	unlink_all(m, d);
	if (again && !(well && d->st.degraded))
		vd_log("%s: could not be built, trying again", d->cfg->name);
	else
		vd_alert("%s: %s%s", d->cfg->name, d->destroyed ? "could not be built" :
			 "its old domain could not be destroyed",
			 again ? "; degraded, tried again now and then" : "");
	if (half_built)
		run_worker(m, d, true);
	else if (again)
		set_phase(m, d, PH_WAITING, wait);
	else
		set_phase(m, d, PH_FAILED, 0);
}

static void worker_done(struct machine *m, struct dom *d, bool ok)
{
	bool built = d->st.domid != VD_NO_DOMID;
	int64_t left = d->start_at - vd_now_ms();

	if (!ok) {
		build_failed(m, d);
	} else if (built) {
		if (bring_to_life(m, d)) {
			build_failed(m, d);
			return;
		}
		vd_log("%s: domain %u runs, generation %ld", d->cfg->name, d->st.domid,
		       d->st.generation);
		d->build_failures = 0;
		set_running(m, d);
	} else if (d->want && !m->going_down) {
		set_phase(m, d, PH_WAITING, left > 0 ? left : 1);
	} else {
		set_phase(m, d, d->gave_up ? PH_FAILED : PH_STOPPED, 0);
	}
}

void machine_worker_event(struct machine *m, struct dom *d)
{
	char line[1100];
	bool ok;
	int r;

	while ((r = worker_read(&d->worker, line, sizeof(line), &ok)) > 0)
		worker_line(m, d, line);
	if (r < 0)
		worker_done(m, d, ok);
	/* The domain may have died during the build. */
	machine_check_deaths(m);
	if (m->going_down)
		next_step_down(m);
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
		clear_away(m, d, d->want, 0);
		break;
	case PH_WAITING:
		d->start_at = 0;
		run_worker(m, d, false);
		break;
	case PH_RUNNING:
		vd_log("%s: has run for %ld s, not degraded any more", d->cfg->name,
		       m->config->start_limit_interval);
		forget_deaths(d);
		save(m, d);
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
			link_service(m, d);
			save(m, d);
		}
		if (due(&d->deadline, now, &next)) {
			timer(m, d);
			next = 0;	/* the next turn handles what it has set */
		}
	}
	return next > 60000 ? 60000 : (int)next;
}

bool machine_settled(const struct machine *m)
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
	forget_deaths(d);
	run_worker(m, d, false);
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
		vd_log("%s: is %s, not running", d->cfg->name, phase_names[d->phase]);
		return -1;
	}
	/* Pause it first, before any message is written. */
	libxl_domain_pause(m->host.ctx, d->st.domid, NULL);
	unlink_all(m, d);
	note_death(d, "killed");
	clear_away(m, d, restart_wanted(m, d, LIBXL_SHUTDOWN_REASON_CRASH), 0);
	return 0;
}

static void stop(struct machine *m, struct dom *d, bool again)
{
	int64_t ms = is_primary(d) ? m->config->restart_timeout * 1000 : SERVICE_STOP_MS;

	d->want = again;
	if (libxl_domain_shutdown(m->host.ctx, d->st.domid, NULL)) {
		clear_away(m, d, again, 0);
		return;
	}
	set_phase(m, d, PH_STOPPING, ms);
}

int machine_restart(struct machine *m, struct dom *d)
{
	switch (d->phase) {
	case PH_RUNNING:
		forget_deaths(d);
		/* Unlink its peers first: an ordered end has no calls in flight. */
		unlink_all(m, d);
		stop(m, d, true);
		return 0;
	case PH_STOPPED:
	case PH_FAILED:
	case PH_WAITING:
		start(m, d);
		return 0;
	default:
		vd_log("%s: is %s already", d->cfg->name, phase_names[d->phase]);
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
		set_phase(m, d, PH_STOPPED, 0);
		break;
	case PH_FAILED:
		if (is_down(d))
			break;
		d->hopeless = true;	/* one more try only */
		clear_away(m, d, false, 0);
		break;
	default:
		break;		/* under way; its end calls this again */
	}
}

/* Stop the primary first; when no primary needs them, the service domains. */
static void next_step_down(struct machine *m)
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
	next_step_down(m);
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
	struct vd_link l = link_of(m, d);

	d->starts.degraded = d->st.degraded;
	if (!is_primary(d) && linked(m, d))
		watch_link(m, &l, true);
	if (!strcmp(d->st.state, "running") || !strcmp(d->st.state, "stopping")) {
		set_running(m, d);
	} else if (!strcmp(d->st.state, "building") || !strcmp(d->st.state, "waiting")) {
		vd_log("%s: was being built when virtuosd ended, building it anew",
		       d->cfg->name);
		unlink_all(m, d);
		d->want = true;
		run_worker(m, d, true);
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
