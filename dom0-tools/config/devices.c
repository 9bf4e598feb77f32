/* SPDX-License-Identifier: GPL-2.0-only */
/* The device lists of a domain: PCI devices, disks, network interfaces. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_priv.h"

/* libxlu reports to a FILE; ours is dropped, for the key's line is what people need. */
static bool same_pci(const libxl_device_pci *a, const libxl_device_pci *b)
{
	return a->domain == b->domain && a->bus == b->bus && a->dev == b->dev &&
	       a->func == b->func;
}

/* Strict about the address, which libxlu is not: [DDDD:]BB:DD.F, then options. */
static bool bdf_ok(const char *s)
{
	static const char hex[] = "0123456789abcdefABCDEF";
	size_t n = strspn(s, hex);

	if (n == 4 && s[4] == ':') {
		s += 5;
		n = strspn(s, hex);
	}
	if (n != 2 || s[2] != ':')
		return false;
	s += 3;
	if (strspn(s, hex) != 2 || s[0] > '1' || s[2] != '.')
		return false;
	return s[3] >= '0' && s[3] <= '7' && (s[4] == 0 || s[4] == ',');
}

int vd_get_pci(struct parse *p, const char *key, struct vd_domain_config *d)
{
	const char *items[VD_MAX_DEVICES];
	libxl_device_pci *pci;
	int i, j, n;

	if (vd_get_list(p, key, VD_MAX_DEVICES, items, &n) < 0)
		return -1;
	for (i = 0; i < n; i++) {
		pci = &d->pci[i];
		libxl_device_pci_init(pci);
		d->n_pci = i + 1;
		if (!bdf_ok(items[i]))
			return vd_fail_key(p, key, "\"%s\" is not a PCI address such as \"0000:03:00.0\"",
					   items[i]);
		if (xlu_pci_parse_spec_string(p->xlu, pci, items[i]))
			return vd_fail_key(p, key, "bad option in \"%s\"", items[i]);
		for (j = 0; j < i; j++)
			if (same_pci(pci, &d->pci[j]))
				return vd_fail_key(p, key, "\"%s\" is given twice", items[i]);
	}
	return 0;
}

int vd_get_disks(struct parse *p, const char *key, struct vd_domain_config *d)
{
	const char *items[VD_MAX_DEVICES];
	libxl_device_disk *disk;
	int i, n;

	if (vd_get_list(p, key, VD_MAX_DEVICES, items, &n) < 0)
		return -1;
	for (i = 0; i < n; i++) {
		disk = &d->disk[i];
		libxl_device_disk_init(disk);
		d->n_disk = i + 1;
		if (xlu_disk_parse(p->xlu, 1, &items[i], disk))
			return vd_fail_key(p, key, "\"%s\" is not a disk specification (man xl-disk-configuration)",
					   items[i]);
		if (!disk->vdev || !disk->pdev_path)
			return vd_fail_key(p, key, "\"%s\" lacks target or vdev", items[i]);
	}
	return 0;
}

static int parse_mac(const char *s, uint8_t mac[6])
{
	unsigned int b[6];
	int i, used = 0;

	if (sscanf(s, "%2x:%2x:%2x:%2x:%2x:%2x%n", &b[0], &b[1], &b[2], &b[3], &b[4],
		   &b[5], &used) != 6 || s[used] || strlen(s) != 17)
		return -1;
	for (i = 0; i < 6; i++)
		mac[i] = (uint8_t)b[i];
	return mac[0] & 1 ? -1 : 0;
}

static int set_once(char **field, const char *value)
{
	if (*field || !*value)
		return -1;
	*field = strdup(value);
	return *field ? 0 : -1;
}

static int vif_option(struct vd_vif *v, const char *name, const char *value)
{
	if (!strcmp(name, "mac")) {
		if (v->has_mac || parse_mac(value, v->mac))
			return -1;
		v->has_mac = true;
		return 0;
	}
	if (!strcmp(name, "bridge"))
		return set_once(&v->bridge, value);
	if (!strcmp(name, "script"))
		return set_once(&v->script, value);
	if (!strcmp(name, "ip"))
		return set_once(&v->ip, value);
	if (!strcmp(name, "vifname"))
		return set_once(&v->vifname, value);
	if (!strcmp(name, "backend"))
		return set_once(&v->backend, value);
	return -1;
}

static int parse_vif(struct vd_vif *v, const char *text, char bad[64])
{
	char *copy = strdup(text), *pos = copy, *item, *eq;
	int r = copy ? 0 : -1;

	snprintf(bad, 64, "%s", "out of memory");
	while (!r && (item = strsep(&pos, ","))) {
		item += strspn(item, " \t");
		snprintf(bad, 64, "%s", item);
		eq = strchr(item, '=');
		if (!eq) {
			r = -1;
			break;
		}
		*eq = 0;
		r = vif_option(v, item, eq + 1);
	}
	free(copy);
	return r;
}

int vd_get_vifs(struct parse *p, const char *key, struct vd_domain_config *d)
{
	const char *items[VD_MAX_DEVICES];
	char bad[64];
	int i, n;

	if (vd_get_list(p, key, VD_MAX_DEVICES, items, &n) < 0)
		return -1;
	for (i = 0; i < n; i++) {
		d->n_vif = i + 1;
		if (parse_vif(&d->vif[i], items[i], bad))
			return vd_fail_key(p, key, "bad option \"%s\" (known: mac, bridge, script, ip, vifname, backend)",
					   bad);
	}
	return 0;
}
