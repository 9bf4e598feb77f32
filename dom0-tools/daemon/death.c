/* SPDX-License-Identifier: GPL-2.0-only */
/* What follows when a domain dies, or its connection: see machine.h. */
#include <stdlib.h>
#include <string.h>

#include "console.h"
#include "machine_priv.h"

/**
 * dom_restart_wanted - test whether a domain's policy has it built anew
 * @m: the system
 * @d: the domain
 * @reason: why it ended
 *
 * Return: true if so.
 */
bool dom_restart_wanted(const struct machine *m, const struct dom *d,
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

/**
 * dom_note_death - log a domain's death, and keep its reason
 * @d: the domain
 * @reason: as text
 */
void dom_note_death(struct dom *d, const char *reason)
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
	bool again = dom_restart_wanted(m, d, reason);
	int64_t wait = 0;

	if (d->phase == PH_STOPPING)
		again = d->want;	/* asked for: restart or down */
	dom_unlink_all(m, d);
	dom_note_death(d, text);
	console_tail(d->cfg->name);
	if (again && d->phase == PH_RUNNING)
		again = count_death(m, d, &wait);
	dom_clear_away(m, d, again, wait);
}

/* Make the connection anew, without the domain: at once, or when the limit allows. */
static void renew_link(struct machine *m, struct dom *d, const char *why)
{
	bool was = d->links.degraded;
	int64_t wait = limit_death(&d->links, m->config, vd_now_ms());

	vd_log("%s: %s, says its primary; it serves others and lives on", d->cfg->name, why);
	dom_unlink(m, d);
	if (d->links.degraded && !was)
		degrade(m, d, "its connection failed", "connected again now and then");
	dom_relink(m, d, vd_now_ms() + wait);
	dom_set_running(m, d);
}

/* The primary has a user again for a connection that its last one had ended: no fault of anyone. */
static void link_again(struct machine *m, struct dom *d)
{
	dom_unlink(m, d);
	dom_relink(m, d, d->linked_at + LINK_PAUSE);
	dom_save(m, d);
}

/*
 * Handle a service that lives, but not for its primary: it hangs, or one of them lies. virtuosd
 * cannot tell which one is at fault. So it destroys the domain only when all primaries that it
 * serves report it.
 */
static void check_link(struct machine *m, struct dom *d)
{
	struct vd_link l = dom_link_ends(m, d);
	char *said = dom_is_linked(m, d) ? vd_link_failed(m->host.xs, &l) : NULL;
	const char *why = said && !strcmp(said, "hang") ? "hangs" : "connection failed";

	if (said && !strcmp(said, "again"))
		link_again(m, d);
	else if (said && vd_link_others(m->host.xs, &l))
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
		else if (!dom_is_primary(d) && d->phase == PH_RUNNING)
			check_link(m, d);
	}
}
