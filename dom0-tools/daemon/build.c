/* SPDX-License-Identifier: GPL-2.0-only */
/* What a domain's worker reports, and what follows: see machine.h. */
#include <stdio.h>
#include <string.h>

#include "machine_priv.h"

#define BUILD_TRIES	3	/* libxl fails now and then when much goes on in dom0 */
#define BUILD_RETRY_MS	1000

/* Take a domain that the worker has built: make it known, connect it, let it run. */
static int bring_to_life(struct machine *m, struct dom *d)
{
	d->st.started = vd_now_ms();
	d->st.generation++;
	if (d->st.generation > 1)
		d->st.restarts++;
	if (dom_link_all(m, d))
		return -1;
	if (dom_is_primary(d) && vd_exec_dir(&m->host, d->st.domid))
		return -1;
	dom_save(m, d);
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
		d->st.kernel[0] = 0;
		d->creating = false;
		dom_save(m, d);
	} else if (!strcmp(line, "creating")) {
		d->creating = true;
	} else if (!strncmp(line, "kernel ", 7)) {
		snprintf(d->st.kernel, sizeof(d->st.kernel), "%.*s", VD_KERNEL_NOTE - 1, line + 7);
	} else if (sscanf(line, "created %u %36s", &domid, uuid) == 2) {
		d->st.domid = domid;
		snprintf(d->st.uuid, sizeof(d->st.uuid), "%s", uuid);
		dom_save(m, d);
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
	/* A worker that is killed leaves a domain that it has not reported. */
	bool half_built = (d->st.domid != VD_NO_DOMID || d->creating) && d->destroyed;
	bool well = !d->st.degraded;
	int64_t wait;
	bool again = build_again(m, d, &wait);

	d->want = again;
	d->start_at = again ? vd_now_ms() + wait : 0;
	dom_unlink_all(m, d);
	if (again && !(well && d->st.degraded))
		vd_log("%s: could not be built, trying again", d->cfg->name);
	else
		vd_alert("%s: %s%s", d->cfg->name, d->destroyed ? "could not be built" :
			 "its old domain could not be destroyed",
			 again ? "; degraded, tried again now and then" : "");
	if (half_built)
		dom_work(m, d, true);
	else if (again)
		dom_set_phase(m, d, PH_WAITING, wait);
	else
		dom_set_phase(m, d, PH_FAILED, 0);
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
		dom_set_running(m, d);
	} else if (d->want && !m->going_down) {
		dom_set_phase(m, d, PH_WAITING, left > 0 ? left : 1);
	} else {
		dom_set_phase(m, d, d->gave_up ? PH_FAILED : PH_STOPPED, 0);
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
		machine_next_step_down(m);
}
