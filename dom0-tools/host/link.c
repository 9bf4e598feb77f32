/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The xenbus device "virtuos": one front directory in the primary, one back directory in the
 * service domain. Both are written and removed in one transaction each.
 *
 * Permissions are those of libxl's own devices. Each side owns its directory, the other one may
 * read it, and no third domain may.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xen/io/xenbus.h>

#include "host.h"
#include "../common/rendezvous.h"

#define MAX_TRIES	50	/* transactions collide with other writers */

struct link_paths {
	char front[VD_PATH_MAX], back[VD_PATH_MAX];
};

static void make_paths(const struct vd_link *l, struct link_paths *p)
{
	snprintf(p->front, VD_PATH_MAX, "/local/domain/%u/device/virtuos/%u", l->primary,
		 l->devid);
	snprintf(p->back, VD_PATH_MAX, "/local/domain/%u/backend/virtuos/%u/%u",
		 l->service, l->primary, l->devid);
}

static bool make_dir(struct xs_handle *xs, xs_transaction_t t, const char *path,
		     uint32_t owner, uint32_t reader)
{
	struct xs_permissions perms[2] = {
		{ .id = owner, .perms = XS_PERM_NONE },
		{ .id = reader, .perms = XS_PERM_READ },
	};

	return xs_mkdir(xs, t, path) && xs_set_permissions(xs, t, path, perms, 2);
}

static int write_front(struct xs_handle *xs, xs_transaction_t t, const struct vd_link *l,
		       const struct link_paths *p, const struct vd_domain_config *s)
{
	if (!make_dir(xs, t, p->front, l->primary, l->service) ||
	    vd_xs_write(xs, t, p->front, "backend", "%s", p->back) ||
	    vd_xs_write(xs, t, p->front, "backend-id", "%u", l->service) ||
	    vd_xs_write(xs, t, p->front, "service", "%s", s->name) ||
	    vd_xs_write(xs, t, p->front, "role", "%s", vd_role_name(s->role)))
		return -1;
	return vd_xs_write(xs, t, p->front, "state", "%d", XenbusStateInitialising);
}

static int write_back(struct xs_handle *xs, xs_transaction_t t, const struct vd_link *l,
		      const struct link_paths *p, const struct vd_domain_config *s)
{
	if (!make_dir(xs, t, p->back, l->service, l->primary) ||
	    vd_xs_write(xs, t, p->back, "frontend", "%s", p->front) ||
	    vd_xs_write(xs, t, p->back, "frontend-id", "%u", l->primary) ||
	    vd_xs_write(xs, t, p->back, "online", "1") ||
	    vd_xs_write(xs, t, p->back, "service", "%s", s->name) ||
	    vd_xs_write(xs, t, p->back, "role", "%s", vd_role_name(s->role)))
		return -1;
	return vd_xs_write(xs, t, p->back, "state", "%d", XenbusStateInitialising);
}

int vd_link_write(struct vd_host *h, const struct vd_link *l,
		  const struct vd_domain_config *service)
{
	struct link_paths p;
	xs_transaction_t t;
	int tries;

	make_paths(l, &p);
	for (tries = 0; tries < MAX_TRIES; tries++) {
		t = xs_transaction_start(h->xs);
		if (t == XBT_NULL)
			break;
		if (write_back(h->xs, t, l, &p, service) ||
		    write_front(h->xs, t, l, &p, service)) {
			xs_transaction_end(h->xs, t, true);
			break;
		}
		if (xs_transaction_end(h->xs, t, false))
			return 0;
		if (errno != EAGAIN)
			break;
	}
	vd_log("%s: cannot write its nodes to xenstore: %s", service->name,
	       strerror(errno));
	return -1;
}

void vd_link_remove(struct vd_host *h, const struct vd_link *l)
{
	struct link_paths p;
	unsigned int n = 0;
	char parent[VD_PATH_MAX], **left;

	make_paths(l, &p);
	/* Remove the front end first: the primary must see the death. */
	xs_rm(h->xs, XBT_NULL, p.front);
	xs_rm(h->xs, XBT_NULL, p.back);
	snprintf(parent, sizeof(parent), "/local/domain/%u/backend/virtuos/%u",
		 l->service, l->primary);
	left = xs_directory(h->xs, XBT_NULL, parent, &n);
	if (left && !n)
		xs_rm(h->xs, XBT_NULL, parent);
	free(left);
}

void vd_link_failed_path(const struct vd_link *l, char path[VD_PATH_MAX])
{
	struct link_paths p;

	make_paths(l, &p);
	if (snprintf(path, VD_PATH_MAX, "%s/failed", p.front) >= VD_PATH_MAX)
		*path = 0;
}

char *vd_link_failed(struct xs_handle *xs, const struct vd_link *l)
{
	char path[VD_PATH_MAX];

	vd_link_failed_path(l, path);
	return xs_read(xs, XBT_NULL, path, NULL);
}

int vd_link_state(struct xs_handle *xs, const struct vd_link *l)
{
	struct link_paths p;

	make_paths(l, &p);
	return (int)vd_xs_read_long(xs, 0, "%s/state", p.front);
}

/* Return: true if the primary uses this device and has not given it up. */
static bool in_use(struct xs_handle *xs, const struct vd_link *l)
{
	struct link_paths p;
	char *failed;

	make_paths(l, &p);
	/* The back directory may be the service's own invention; this is not its to write. */
	if (vd_xs_read_long(xs, -1, "%s/backend-id", p.front) != (long)l->service ||
	    vd_link_state(xs, l) != XenbusStateConnected)
		return false;
	failed = vd_link_failed(xs, l);
	free(failed);
	return !failed;
}

static bool uses_some(struct xs_handle *xs, uint32_t service, uint32_t primary)
{
	struct vd_link l = { .primary = primary, .service = service };
	char path[VD_PATH_MAX], **devids;
	unsigned int i, n = 0;
	bool any = false;

	snprintf(path, sizeof(path), "/local/domain/%u/backend/virtuos/%u", service, primary);
	devids = xs_directory(xs, XBT_NULL, path, &n);
	for (i = 0; devids && i < n && !any; i++) {
		l.devid = (unsigned int)strtoul(devids[i], NULL, 10);
		any = in_use(xs, &l);
	}
	free(devids);
	return any;
}

int vd_link_others(struct xs_handle *xs, const struct vd_link *l)
{
	char path[VD_PATH_MAX], **primaries;
	unsigned int i, n = 0;
	uint32_t primary;
	int others = 0;

	snprintf(path, sizeof(path), "/local/domain/%u/backend/virtuos", l->service);
	primaries = xs_directory(xs, XBT_NULL, path, &n);
	for (i = 0; primaries && i < n; i++) {
		primary = (uint32_t)strtoul(primaries[i], NULL, 10);
		if (primary != l->primary && uses_some(xs, l->service, primary))
			others++;
	}
	free(primaries);
	return others;
}

int vd_exec_dir(struct vd_host *h, uint32_t primary)
{
	struct xs_permissions perms = { .id = primary, .perms = XS_PERM_NONE };
	char path[VD_PATH_MAX];

	snprintf(path, sizeof(path), "/local/domain/%u/%s", primary, VX_EXEC_DIR);
	if (xs_mkdir(h->xs, XBT_NULL, path) &&
	    xs_set_permissions(h->xs, XBT_NULL, path, &perms, 1))
		return 0;
	vd_log("cannot write %s: %s", path, strerror(errno));
	return -1;
}
