/* SPDX-License-Identifier: GPL-2.0-only */
/* What is known of each domain: see rows.h. */
#include <stdlib.h>
#include <string.h>
#include <xen/io/xenbus.h>

#include "rows.h"

static const char *link_text(struct xs_handle *xs, const struct vd_status *p,
			     const struct vd_status *s)
{
	struct vd_link l = { .primary = p->domid, .service = s->domid,
			     .devid = (unsigned int)s->devid };

	if (!strcmp(s->role, "primary") || s->domid == VD_NO_DOMID || s->devid < 0)
		return "-";
	switch (vd_link_state(xs, &l)) {
	case XenbusStateConnected:
		return "connected";
	case XenbusStateClosing:
	case XenbusStateClosed:
		return "closed";
	default:
		return "connecting";
	}
}

static void fill_row(struct vd_host *h, const struct vd_status *primary,
		     struct row *r)
{
	libxl_shutdown_reason reason;
	libxl_dominfo info;

	r->link = link_text(h->xs, primary, &r->st);
	r->state = r->st.state;
	r->memory_mib = 0;
	r->uptime = -1;
	if (r->st.domid == VD_NO_DOMID)
		return;
	/* virtuosd may be a moment behind, or dead. */
	if (!strcmp(r->state, "running") &&
	    vd_domain_life(h, r->st.domid, r->st.uuid, &reason) != VD_ALIVE)
		r->state = "dead";
	libxl_dominfo_init(&info);
	if (!libxl_domain_info(h->ctx, &info, r->st.domid))
		r->memory_mib = (info.current_memkb + info.outstanding_memkb) >> 10;
	libxl_dominfo_dispose(&info);
	r->uptime = (vd_now_ms() - r->st.started) / 1000;
}

void rows_each(struct vd_host *h, const char *system,
	       void (*fn)(const char *system, const struct row *r, void *arg), void *arg)
{
	struct vd_status primary;
	unsigned int i, n;
	char **names = vd_state_domains(h->xs, system, &n);
	struct row r;
	int pass;

	vd_status_load(h->xs, system, system, &primary);
	for (pass = 0; pass < 2; pass++) {
		for (i = 0; names && i < n; i++) {
			if (!strcmp(names[i], system) != !pass)
				continue;
			if (vd_status_load(h->xs, system, names[i], &r.st))
				continue;
			fill_row(h, &primary, &r);
			fn(system, &r, arg);
		}
	}
	free(names);
}
