/* SPDX-License-Identifier: GPL-2.0-only */
/* Links between the primary and its services: see machine_priv.h. */
#include "machine_priv.h"

/**
 * dom_link_ends - get the two ends of a service's link
 * @m: the system
 * @s: the service domain
 *
 * Return: the link; it need not exist.
 */
struct vd_link dom_link_ends(struct machine *m, const struct dom *s)
{
	struct vd_link l = {
		.primary = m->dom[0].st.domid,
		.service = s->st.domid,
		.devid = (unsigned int)s->st.devid,
	};

	return l;
}

/**
 * dom_is_linked - test whether a service is linked to the primary
 * @m: the system
 * @s: the service domain
 *
 * Return: true if so.
 */
bool dom_is_linked(struct machine *m, const struct dom *s)
{
	return s->st.devid >= 0 && s->st.domid != VD_NO_DOMID &&
	       m->dom[0].st.domid != VD_NO_DOMID;
}

/**
 * dom_watch_link - watch for the front end to give a link up, or do so no more
 * @m: the system
 * @l: the link
 * @on: watch
 */
void dom_watch_link(struct machine *m, const struct vd_link *l, bool on)
{
	char path[VD_PATH_MAX];

	vd_link_failed_path(l, path);
	if (on)
		xs_watch(m->host.xs, path, "failed");
	else
		xs_unwatch(m->host.xs, path, "failed");
}

/**
 * dom_unlink - remove the link of a service to the primary, if there is one
 * @m: the system
 * @s: the service domain
 */
void dom_unlink(struct machine *m, struct dom *s)
{
	struct vd_link l = dom_link_ends(m, s);

	if (dom_is_linked(m, s)) {
		dom_watch_link(m, &l, false);
		vd_link_remove(&m->host, &l);
	}
	s->st.devid = -1;
	s->relink_at = 0;
}

/**
 * dom_link - link a service to the primary, if both domains are there
 * @m: the system
 * @s: the service domain
 *
 * Return: 0 or -1 (logged).
 */
int dom_link(struct machine *m, struct dom *s)
{
	struct vd_link l;

	if (m->dom[0].st.domid == VD_NO_DOMID || s->st.domid == VD_NO_DOMID)
		return 0;	/* the second of the two domains does it */
	s->st.devid = vd_state_next_devid(&m->host, m->config->primary.name);
	if (s->st.devid < 0) {
		vd_log("%s: no link number from xenstore", s->cfg->name);
		return -1;
	}
	l = dom_link_ends(m, s);
	if (vd_link_write(&m->host, &l, s->cfg)) {
		s->st.devid = -1;
		return -1;
	}
	dom_watch_link(m, &l, true);
	s->linked_at = vd_now_ms();
	return 0;
}

/**
 * dom_relink - link a service to the primary again
 * @m: the system
 * @s: the service domain, which is not linked
 * @at: when, in milliseconds as by vd_now_ms(); what has passed means now
 *
 * What fails is tried again a second later.
 */
void dom_relink(struct machine *m, struct dom *s, int64_t at)
{
	int64_t now = vd_now_ms();

	s->relink_at = 0;
	if (at > now)
		s->relink_at = at;
	else if (dom_link(m, s))
		s->relink_at = now + LINK_PAUSE;
}

/**
 * dom_unlink_all - remove all links that end at a domain
 * @m: the system
 * @d: the domain
 */
void dom_unlink_all(struct machine *m, struct dom *d)
{
	int i;

	for (i = 1; i < m->n_doms; i++)
		if (dom_is_primary(d) || &m->dom[i] == d)
			dom_unlink(m, &m->dom[i]);
}

/**
 * dom_link_all - make all links that end at a domain
 * @m: the system
 * @d: the domain
 *
 * Return: 0, or not 0 (logged): one of them failed.
 */
int dom_link_all(struct machine *m, struct dom *d)
{
	int i, r = 0;

	for (i = 1; i < m->n_doms; i++) {
		if (!dom_is_primary(d) && &m->dom[i] != d)
			continue;
		r |= dom_link(m, &m->dom[i]);
		if (&m->dom[i] != d)
			dom_save(m, &m->dom[i]);
	}
	return r;
}
