/* SPDX-License-Identifier: GPL-2.0-only */
/* The keys of each domain: see config.h, which says what they mean. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_priv.h"

static const char *const role_names[] = { "network", "storage", NULL };
static const char *const restart_names[] = { "always", "on-failure", "never", NULL };
static const char *const type_names[] = { "pv", "pvh", NULL };

/* service-domain/init/filesystems.sh loads them. */
static const char *const fstype_names[] = { "ext4", "xfs", "btrfs", "squashfs", "erofs", NULL };

/* service-domain/init/features.sh says what each is made of. */
static const char *const feature_names[] = {
	"bonding", "bridge", "nftables", "shaping", "tun", "wireguard",
};

#define N_FEATURES	((int)(sizeof(feature_names) / sizeof(*feature_names)))

const char *vd_role_name(enum vd_role role)
{
	return role == VD_ROLE_PRIMARY ? "primary" : role_names[role - VD_ROLE_NETWORK];
}

const char *vd_feature_name(int n)
{
	return n < N_FEATURES ? feature_names[n] : NULL;
}

const char *vd_restart_name(enum vd_restart policy)
{
	return restart_names[policy];
}

const char *vd_key_of(char buf[KEY_MAX + 1], const struct vd_domain_config *d, const char *what)
{
	snprintf(buf, KEY_MAX + 1, "%s_%s",
		 d->role == VD_ROLE_PRIMARY ? "primary" : d->name, what);
	return buf;
}

bool vd_name_ok(const char *s)
{
	size_t n = strlen(s);

	return n && n <= VD_NAME_MAX && *s >= 'a' && *s <= 'z' &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_") == n;
}

/* A path with a default below /usr/lib/virtuos. */
static int get_path(struct parse *p, const struct vd_domain_config *d, const char *what,
		    const char *file, char **value)
{
	char key[KEY_MAX + 1];
	int r = vd_get_string(p, vd_key_of(key, d, what), value);

	if (r < 0)
		return -1;
	if (r && **value != '/')
		return vd_fail_key(p, key, "must be an absolute path");
	if (!r && asprintf(value, "/usr/lib/virtuos/%s/%s", vd_role_name(d->role),
			   file) < 0) {
		*value = NULL;
		return vd_fail_key(p, key, "out of memory");
	}
	return 0;
}

static int get_cpus(struct parse *p, struct vd_domain_config *d)
{
	char key[KEY_MAX + 1], *text = NULL;
	const char *why;
	int r = vd_get_string(p, vd_key_of(key, d, "cpus"), &text);

	if (r > 0 && strcmp(text, "all")) {
		if (vd_parse_cpus(text, d->cpumap, &why))
			r = vd_fail_key(p, key, "%s", why);
		d->pinned = true;
	}
	free(text);
	return r < 0 ? -1 : 0;
}

static int get_restart(struct parse *p, struct vd_domain_config *d, enum vd_restart dflt)
{
	char key[KEY_MAX + 1];
	int n = (int)dflt;

	if (vd_get_choice(p, vd_key_of(key, d, "restart"), restart_names, &n) < 0)
		return -1;
	d->restart = (enum vd_restart)n;
	return 0;
}

/* What the primary and the service domains have in common. */
static int get_common(struct parse *p, struct vd_domain_config *d, long memory, long min)
{
	char key[KEY_MAX + 1];

	d->memory = memory;
	d->vcpus = 1;
	if (get_path(p, d, "kernel", "vmlinuz", &d->kernel) ||
	    get_path(p, d, "ramdisk", "initrd.img", &d->ramdisk) ||
	    vd_get_number(p, vd_key_of(key, d, "memory"), min, 16 * 1024 * 1024, &d->memory) < 0 ||
	    vd_get_number(p, vd_key_of(key, d, "vcpus"), 1, 128, &d->vcpus) < 0 ||
	    get_cpus(p, d) ||
	    vd_get_string(p, vd_key_of(key, d, "extra"), &d->extra) < 0)
		return -1;
	return 0;
}

int vd_get_primary(struct parse *p, struct vd_config *c)
{
	struct vd_domain_config *d = &c->primary;
	char *name = NULL;
	int type = 0, r;

	d->role = VD_ROLE_PRIMARY;
	r = vd_get_string(p, "primary", &name);
	if (r > 0 && !vd_name_ok(name))
		r = vd_fail_key(p, "primary",
				"a domain name is a-z, then a-z, 0-9 or _; at most %d",
				VD_NAME_MAX);
	snprintf(d->name, sizeof(d->name), "%s", r > 0 ? name : "primary");
	free(name);
	if (r < 0 || get_common(p, d, 512, 64) ||
	    vd_get_number(p, "primary_max_grant_frames", 4, VD_MAX_GRANT_FRAMES,
			  &d->grant_frames) < 0)
		return -1;
	if (vd_get_choice(p, "primary_type", type_names, &type) < 0)
		return -1;
	d->pvh = type == 1;
	return get_restart(p, d, VD_RESTART_ON_FAILURE);
}

static int get_address(struct parse *p, struct vd_domain_config *d)
{
	char key[KEY_MAX + 1], *text = NULL;
	const char *why;
	int r = vd_get_string(p, vd_key_of(key, d, "address"), &text);

	if (r > 0) {
		d->ip = vd_parse_address(text, &why);
		if (!d->ip)
			r = vd_fail_key(p, key, "%s", why);
	}
	free(text);
	return r < 0 ? -1 : 0;
}

static int get_features(struct parse *p, struct vd_domain_config *d)
{
	const char *items[N_FEATURES];
	char key[KEY_MAX + 1];
	int n, i, f;

	if (vd_get_list(p, vd_key_of(key, d, "features"), N_FEATURES, items, &n) < 0)
		return -1;
	for (i = 0; i < n; i++) {
		for (f = 0; f < N_FEATURES && strcmp(items[i], feature_names[f]); f++)
			;
		if (f == N_FEATURES)
			return vd_fail_key(p, key, "\"%s\" is not a feature; virtuos.cfg(5) lists them",
					   items[i]);
		d->features |= 1U << f;
	}
	return 0;
}

static int get_network(struct parse *p, struct vd_domain_config *d)
{
	return get_address(p, d) || get_features(p, d) ? -1 : 0;
}

/* These words go into a kernel command line: no blanks, no quotes. */
static int get_word(struct parse *p, struct vd_domain_config *d, const char *what,
		    char **value)
{
	char key[KEY_MAX + 1];
	int r = vd_get_string(p, vd_key_of(key, d, what), value);

	if (r > 0 && strpbrk(*value, " \t\"'"))
		return vd_fail_key(p, key, "must not contain blanks or quotes");
	return r;
}

static int get_fstype(struct parse *p, struct vd_domain_config *d)
{
	char key[KEY_MAX + 1];
	int n = 0;

	if (vd_get_choice(p, vd_key_of(key, d, "fstype"), fstype_names, &n) < 0)
		return -1;
	d->fstype = strdup(fstype_names[n]);
	return d->fstype ? 0 : vd_fail_key(p, key, "out of memory");
}

static int get_storage(struct parse *p, struct vd_domain_config *d)
{
	char key[KEY_MAX + 1];
	int r;

	if (get_address(p, d) || vd_get_nvme(p, d))
		return -1;
	r = get_word(p, d, "device", &d->device);
	if (r < 0)
		return -1;
	if (!r && !vd_nvme_used(&d->nvme))
		return vd_fail_key(p, vd_key_of(key, d, "device"), "missing: which device holds the file system?");
	if (r && strncmp(d->device, "/dev/", 5))
		return vd_fail_key(p, vd_key_of(key, d, "device"), "must be /dev/..., as the storage domain sees it");
	/* Linux numbers namespaces as it finds them, so such a name is another disk's at times. */
	if (r && vd_nvme_used(&d->nvme))
		return vd_fail_key(p, vd_key_of(key, d, "device"), "the disk is what nsid= and partition= of %s_nvme name",
				   d->name);
	if (get_fstype(p, d))
		return -1;
	return get_word(p, d, "mountopts", &d->mountopts) < 0 ? -1 : 0;
}

static int get_role(struct parse *p, struct vd_domain_config *d)
{
	char key[KEY_MAX + 1];
	int n, r = vd_get_choice(p, vd_key_of(key, d, "role"), role_names, &n);

	if (r < 0)
		return -1;
	if (!r)
		return vd_fail_key(p, key, "missing: \"network\" or \"storage\"");
	d->role = n ? VD_ROLE_STORAGE : VD_ROLE_NETWORK;
	return 0;
}

int vd_get_service(struct parse *p, struct vd_domain_config *d)
{
	char key[KEY_MAX + 1];
	int r;

	d->role = VD_ROLE_NETWORK;	/* so that keys get the name's prefix */
	if (get_role(p, d) || get_common(p, d, d->role == VD_ROLE_NETWORK ? 96 : 128, 32) ||
	    get_restart(p, d, VD_RESTART_ALWAYS) ||
	    vd_get_pci(p, vd_key_of(key, d, "pci"), d) ||
	    vd_get_vifs(p, vd_key_of(key, d, "vif"), d) ||
	    vd_get_disks(p, vd_key_of(key, d, "disk"), d))
		return -1;
	r = d->role == VD_ROLE_NETWORK ? get_network(p, d) : get_storage(p, d);
	if (r)
		return r;
	if (d->role == VD_ROLE_NETWORK && d->n_disk)
		return vd_fail_key(p, vd_key_of(key, d, "disk"), "a network domain takes no disks");
	return 0;
}
