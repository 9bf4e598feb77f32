/* SPDX-License-Identifier: GPL-2.0-only */
/* The systems' state in xenstore: see state.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "state.h"

#define MAX_TRIES	50	/* transactions collide with other writers */

void vd_state_dir(char dir[VD_PATH_MAX], const char *system)
{
	snprintf(dir, VD_PATH_MAX, VD_STATE_ROOT "/%s", system);
}

void vd_run_path(char path[VD_PATH_MAX], const char *system, const char *suffix)
{
	snprintf(path, VD_PATH_MAX, VD_RUN_DIR "/%s.%s", system, suffix);
}

static int write_all(struct xs_handle *xs, xs_transaction_t t, const char *dir,
		     const struct vd_status *s)
{
	if (vd_xs_write(xs, t, dir, "role", "%s", s->role) ||
	    vd_xs_write(xs, t, dir, "state", "%s", s->state) ||
	    vd_xs_write(xs, t, dir, "reason", "%s", s->reason) ||
	    vd_xs_write(xs, t, dir, "uuid", "%s", s->uuid) ||
	    vd_xs_write(xs, t, dir, "kernel", "%s", s->kernel) ||
	    vd_xs_write(xs, t, dir, "domid", "%ld",
			s->domid == VD_NO_DOMID ? -1L : (long)s->domid) ||
	    vd_xs_write(xs, t, dir, "generation", "%ld", s->generation) ||
	    vd_xs_write(xs, t, dir, "devid", "%ld", s->devid) ||
	    vd_xs_write(xs, t, dir, "restarts", "%ld", s->restarts) ||
	    vd_xs_write(xs, t, dir, "degraded", "%d", s->degraded))
		return -1;
	return vd_xs_write(xs, t, dir, "started", "%lld", (long long)s->started);
}

int vd_status_save(struct vd_host *h, const char *system, const struct vd_status *s)
{
	char dir[VD_PATH_MAX];
	xs_transaction_t t;
	int tries;

	snprintf(dir, sizeof(dir), VD_STATE_ROOT "/%s/domain/%s", system, s->name);
	for (tries = 0; tries < MAX_TRIES; tries++) {
		t = xs_transaction_start(h->xs);
		if (t == XBT_NULL)
			break;
		if (write_all(h->xs, t, dir, s)) {
			xs_transaction_end(h->xs, t, true);
			break;
		}
		if (xs_transaction_end(h->xs, t, false))
			return 0;
		if (errno != EAGAIN)
			break;
	}
	vd_log("%s: cannot note its state in xenstore: %s", s->name, strerror(errno));
	return -1;
}

static void load_text(struct xs_handle *xs, const char *dir, const char *key, char *buf,
		      size_t size)
{
	char *text = vd_xs_read(xs, XBT_NULL, "%s/%s", dir, key);

	snprintf(buf, size, "%s", text ? text : "");
	free(text);
}

int vd_status_load(struct xs_handle *xs, const char *system, const char *name,
		   struct vd_status *s)
{
	char dir[VD_PATH_MAX];
	long domid;

	memset(s, 0, sizeof(*s));
	snprintf(s->name, sizeof(s->name), "%s", name);
	snprintf(dir, sizeof(dir), VD_STATE_ROOT "/%s/domain/%s", system, name);
	load_text(xs, dir, "role", s->role, sizeof(s->role));
	load_text(xs, dir, "state", s->state, sizeof(s->state));
	load_text(xs, dir, "reason", s->reason, sizeof(s->reason));
	load_text(xs, dir, "uuid", s->uuid, sizeof(s->uuid));
	load_text(xs, dir, "kernel", s->kernel, sizeof(s->kernel));
	domid = vd_xs_read_long(xs, -1, "%s/domid", dir);
	s->domid = domid < 0 ? VD_NO_DOMID : (uint32_t)domid;
	s->generation = vd_xs_read_long(xs, 0, "%s/generation", dir);
	s->devid = vd_xs_read_long(xs, -1, "%s/devid", dir);
	s->restarts = vd_xs_read_long(xs, 0, "%s/restarts", dir);
	s->degraded = vd_xs_read_long(xs, 0, "%s/degraded", dir);
	s->started = vd_xs_read_long(xs, 0, "%s/started", dir);
	return *s->state ? 0 : -1;
}

/* False if the primary is not there any more: nothing may be left in its place. */
static bool tell(struct xs_handle *xs, xs_transaction_t t, uint32_t primary,
		 const struct vd_status *s)
{
	struct xs_permissions perms[2] = {
		{ .id = 0, .perms = XS_PERM_NONE },
		{ .id = primary, .perms = XS_PERM_READ },
	};
	char *there = vd_xs_read(xs, t, "/local/domain/%u/domid", primary);
	char dir[VD_PATH_MAX];

	free(there);
	if (!there)
		return false;
	snprintf(dir, sizeof(dir), "/local/domain/%u/virtuos/service/%s", primary, s->name);
	return xs_mkdir(xs, t, dir) && xs_set_permissions(xs, t, dir, perms, 2) &&
	       !vd_xs_write(xs, t, dir, "degraded", "%d", s->degraded) &&
	       !vd_xs_write(xs, t, dir, "state", "%s", s->state);
}

void vd_service_tell(struct vd_host *h, uint32_t primary, const struct vd_status *s)
{
	xs_transaction_t t;
	int tries;
	bool ok;

	for (tries = 0; tries < MAX_TRIES; tries++) {
		t = xs_transaction_start(h->xs);
		if (t == XBT_NULL)
			return;
		ok = tell(h->xs, t, primary, s);
		if (xs_transaction_end(h->xs, t, !ok) || errno != EAGAIN)
			return;
	}
}

char **vd_state_systems(struct xs_handle *xs, unsigned int *n)
{
	*n = 0;
	return xs_directory(xs, XBT_NULL, VD_STATE_ROOT, n);
}

char **vd_state_domains(struct xs_handle *xs, const char *system, unsigned int *n)
{
	char path[VD_PATH_MAX];

	*n = 0;
	snprintf(path, sizeof(path), VD_STATE_ROOT "/%s/domain", system);
	return xs_directory(xs, XBT_NULL, path, n);
}

void vd_state_find(struct xs_handle *xs, const char *domain,
		   char system[VD_NAME_MAX + 1])
{
	struct vd_status s;
	unsigned int i, n;
	char **systems = vd_state_systems(xs, &n);

	*system = 0;
	for (i = 0; systems && i < n && !*system; i++)
		if (!vd_status_load(xs, systems[i], domain, &s))
			snprintf(system, VD_NAME_MAX + 1, "%s", systems[i]);
	free(systems);
}

void vd_state_remove(struct vd_host *h, const char *system)
{
	unsigned int n = 0;
	char **left;

	vd_xs_rm(h->xs, XBT_NULL, VD_STATE_ROOT "/%s", system);
	left = vd_state_systems(h->xs, &n);
	if (left && !n)
		xs_rm(h->xs, XBT_NULL, VD_STATE_ROOT);
	free(left);
}

long vd_state_next_devid(struct vd_host *h, const char *system)
{
	char dir[VD_PATH_MAX];
	long n;

	vd_state_dir(dir, system);
	n = vd_xs_read_long(h->xs, 0, "%s/devid", dir) + 1;
	return vd_xs_write(h->xs, XBT_NULL, dir, "devid", "%ld", n) ? -1 : n;
}
