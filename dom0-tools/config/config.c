/* SPDX-License-Identifier: GPL-2.0-only */
/* Read and check the configuration: see config.h. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config_priv.h"

#define MAX_FILE	(256 * 1024)

static int service_names(struct parse *p, struct vd_config *c)
{
	const char *items[VD_MAX_SERVICES];
	int i, j, n, r = vd_get_list(p, "services", VD_MAX_SERVICES, items, &n);

	if (r < 0)
		return -1;
	if (!n)
		return vd_fail_key(p, "services", "missing or empty: name at least one service domain");
	for (i = 0; i < n; i++) {
		if (!vd_name_ok(items[i]))
			return vd_fail_key(p, "services", "\"%s\": a domain name is a-z, then a-z, 0-9 or _; at most %d",
					   items[i], VD_NAME_MAX);
		if (!strcmp(items[i], c->primary.name) || !strcmp(items[i], "primary"))
			return vd_fail_key(p, "services", "\"%s\" is the primary's name", items[i]);
		for (j = 0; j < i; j++)
			if (!strcmp(items[i], items[j]))
				return vd_fail_key(p, "services", "\"%s\" is given twice",
						   items[i]);
		snprintf(c->service[i].name, sizeof(c->service[i].name), "%s", items[i]);
	}
	c->n_services = n;
	return 0;
}

/* No two domains may own the same device. */
static int check_shared_pci(struct parse *p, struct vd_config *c)
{
	struct vd_domain_config *a, *b;
	char key[KEY_MAX + 1];
	int i, j, x, y;

	for (i = 0; i < c->n_services; i++)
		for (j = 0; j < i; j++)
			for (x = 0; x < c->service[i].n_pci; x++)
				for (y = 0; y < c->service[j].n_pci; y++) {
					a = &c->service[i];
					b = &c->service[j];
					if (a->pci[x].domain != b->pci[y].domain ||
					    a->pci[x].bus != b->pci[y].bus ||
					    a->pci[x].dev != b->pci[y].dev ||
					    a->pci[x].func != b->pci[y].func)
						continue;
					return vd_fail_key(p, vd_key_of(key, a, "pci"),
							   "entry %d belongs to %s already",
							   x + 1, b->name);
				}
	return 0;
}

/* No two domains may mount the same file system. */
static int check_shared_nvme(struct parse *p, const struct vd_config *c)
{
	char key[KEY_MAX + 1];
	int i, j;

	for (i = 0; i < c->n_services; i++)
		for (j = 0; j < i; j++)
			if (vd_nvme_same(&c->service[i], &c->service[j]))
				return vd_fail_key(p, vd_key_of(key, &c->service[i], "nvme"),
						   "belongs to %s already", c->service[j].name);
	return 0;
}

static int check_unknown(struct parse *p)
{
	int i;

	for (i = 0; i < p->n_keys; i++)
		if (!p->keys[i].used)
			return vd_fail_key(p, p->keys[i].name, "unknown key");
	return 0;
}

/* Get the limits by which domains that die are started again. */
static int get_limits(struct parse *p, struct vd_config *c)
{
	c->restart_timeout = 30;
	c->start_limit_interval = 300;
	c->start_limit_burst = 7;
	c->restart_max_delay = 60;
	if (vd_get_number(p, "restart_timeout", 1, 3600, &c->restart_timeout) < 0 ||
	    vd_get_number(p, "start_limit_interval", 0, 86400, &c->start_limit_interval) < 0 ||
	    vd_get_number(p, "start_limit_burst", 1, VD_MAX_BURST, &c->start_limit_burst) < 0 ||
	    vd_get_number(p, "restart_max_delay", 1, 86400, &c->restart_max_delay) < 0)
		return -1;
	return 0;
}

static int get_all(struct parse *p, struct vd_config *c)
{
	char cmdline[VD_CMDLINE_MAX], key[KEY_MAX + 1];
	int i;

	if (vd_get_primary(p, c) || service_names(p, c) || get_limits(p, c))
		return -1;
	for (i = 0; i < c->n_services; i++)
		if (vd_get_service(p, &c->service[i]))
			return -1;
	if (check_unknown(p) || check_shared_pci(p, c) || check_shared_nvme(p, c))
		return -1;
	for (i = -1; i < c->n_services; i++) {
		struct vd_domain_config *d = i < 0 ? &c->primary : &c->service[i];

		if (vd_config_cmdline(c, d, cmdline, sizeof(cmdline)))
			return vd_fail_key(p, vd_key_of(key, d, "extra"), "the kernel command line gets too long");
	}
	return 0;
}

/* libxlu's first complaint, without its newline. */
static void first_line(char *err, const char *report, const char *path)
{
	size_t n = strcspn(report, "\n");

	if (n)
		snprintf(err, VD_ERR_MAX, "%.*s", (int)n, report);
	else
		snprintf(err, VD_ERR_MAX, "%s: cannot be parsed", path);
}

static int parse_with(struct parse *p, struct vd_config *c, const char *text, size_t len,
		      FILE *report)
{
	int r;

	if (memchr(text, 0, len)) {
		snprintf(p->err, VD_ERR_MAX, "%s: contains a NUL byte", p->path);
		return -1;
	}
	p->xlu = xlu_cfg_init(report, p->path);
	p->keys = calloc(MAX_KEYS, sizeof(*p->keys));
	if (!p->xlu || !p->keys) {
		snprintf(p->err, VD_ERR_MAX, "%s: out of memory", p->path);
		return -1;
	}
	r = xlu_cfg_readdata(p->xlu, text, (int)len);
	if (r)
		return -1;	/* the report has the reason */
	return vd_scan_keys(p, text, len) || get_all(p, c) ? -1 : 0;
}

struct vd_config *vd_config_parse(const char *path, const char *text, size_t len,
				  char err[VD_ERR_MAX])
{
	struct vd_config *c = calloc(1, sizeof(*c));
	struct parse p = { .path = path, .err = err };
	char *report_text = NULL;
	size_t report_len = 0;
	FILE *report = open_memstream(&report_text, &report_len);
	int r = -1;

	*err = 0;
	if (c && report && (c->path = strdup(path)))
		r = parse_with(&p, c, text, len, report);
	if (report)
		fclose(report);
	if (r && !*err)
		first_line(err, report_text ? report_text : "", path);
	free(report_text);
	free(p.keys);
	if (p.xlu)
		xlu_cfg_destroy(p.xlu);
	if (!r)
		return c;
	vd_config_free(c);
	return NULL;
}

struct vd_config *vd_config_read(const char *path, char err[VD_ERR_MAX])
{
	struct vd_config *c = NULL;
	FILE *f = fopen(path, "re");
	char *text = malloc(MAX_FILE + 1);
	size_t n;

	if (!f || !text) {
		snprintf(err, VD_ERR_MAX, "%s: %s", path, strerror(errno));
		goto out;
	}
	n = fread(text, 1, MAX_FILE + 1, f);
	if (ferror(f))
		snprintf(err, VD_ERR_MAX, "%s: %s", path, strerror(errno));
	else if (n > MAX_FILE)
		snprintf(err, VD_ERR_MAX, "%s: larger than %d bytes", path, MAX_FILE);
	else
		c = vd_config_parse(path, text, n, err);
out:
	if (f)
		fclose(f);
	free(text);
	return c;
}

static int check_file(const struct vd_config *c, const struct vd_domain_config *d,
		      const char *what, const char *file, char err[VD_ERR_MAX])
{
	char key[KEY_MAX + 1];
	struct stat st;

	if (!stat(file, &st) && S_ISREG(st.st_mode) && !access(file, R_OK))
		return 0;
	snprintf(err, VD_ERR_MAX, "%s: %s: %s: no such regular file", c->path,
		 vd_key_of(key, d, what), file);
	return -1;
}

int vd_config_check_files(const struct vd_config *c, char err[VD_ERR_MAX])
{
	int i;

	for (i = -1; i < c->n_services; i++) {
		const struct vd_domain_config *d = i < 0 ? &c->primary : &c->service[i];

		if (check_file(c, d, "kernel", d->kernel, err) ||
		    check_file(c, d, "ramdisk", d->ramdisk, err))
			return -1;
	}
	return 0;
}

static void free_domain(struct vd_domain_config *d)
{
	int i;

	for (i = 0; i < d->n_pci; i++)
		libxl_device_pci_dispose(&d->pci[i]);
	for (i = 0; i < d->n_disk; i++)
		libxl_device_disk_dispose(&d->disk[i]);
	for (i = 0; i < d->n_vif; i++) {
		free(d->vif[i].bridge);
		free(d->vif[i].script);
		free(d->vif[i].ip);
		free(d->vif[i].vifname);
		free(d->vif[i].backend);
	}
	free(d->kernel);
	free(d->ramdisk);
	free(d->extra);
	free(d->ip);
	free(d->device);
	free(d->fstype);
	free(d->mountopts);
	vd_nvme_free(&d->nvme);
}

void vd_config_free(struct vd_config *c)
{
	int i;

	if (!c)
		return;
	free_domain(&c->primary);
	for (i = 0; i < VD_MAX_SERVICES; i++)
		free_domain(&c->service[i]);
	free(c->path);
	free(c);
}
