/* SPDX-License-Identifier: GPL-2.0-only */
/* The command line of a domain's kernel: see config.h. */
#include <stdio.h>

#include "config_priv.h"

/* The first storage domain is where the primary's root file system lives. */
static const char *root_service(const struct vd_config *c)
{
	int i;

	for (i = 0; i < c->n_services; i++)
		if (c->service[i].role == VD_ROLE_STORAGE)
			return c->service[i].name;
	return NULL;
}

/* What the domain's init loads, as one word. */
static void print_features(FILE *f, unsigned int features)
{
	const char *name, *separator = " virtuos.features=";
	int n;

	for (n = 0; (name = vd_feature_name(n)); n++) {
		if (!(features & 1U << n))
			continue;
		fprintf(f, "%s%s", separator, name);
		separator = ",";
	}
}

int vd_config_cmdline(const struct vd_config *c, const struct vd_domain_config *d,
		      char *buf, size_t size)
{
	const char *root = root_service(c);
	FILE *f = fmemopen(buf, size, "w");
	long end;

	if (!f)
		return -1;
	setbuf(f, NULL);
	/* A domain whose kernel panicked must die at once, and as a crash. */
	fprintf(f, "console=hvc0 panic=-1 xen_legacy_crash");
	/*
	 * Bounce buffers are hardly needed behind an IOMMU: 8 MiB are enough. The usual
	 * 64 MiB would be half of a service domain's memory and 2 s of its boot.
	 */
	if (d->role != VD_ROLE_PRIMARY)
		fprintf(f, " oops=panic swiotlb=4096");
	if (d->role == VD_ROLE_PRIMARY && root)
		fprintf(f, " root=virtuosfs:%s rw", root);
	if (d->role == VD_ROLE_PRIMARY)
		fprintf(f, " virtuos.restart_timeout=%ld", c->restart_timeout);
	if (d->ip)
		fprintf(f, " ip=%s", d->ip);
	/*
	 * No dummy interface and no sit0 is there unless a program makes one. sit0 would get the
	 * number 2 in one incarnation and 3 in another, as the NIC is found later or sooner.
	 */
	if (d->role == VD_ROLE_NETWORK)
		fprintf(f, " dummy.numdummies=0 fb_tunnels=none");
	print_features(f, d->features);
	if (d->role == VD_ROLE_STORAGE) {
		if (vd_nvme_used(&d->nvme))
			vd_nvme_print(f, d);
		if (d->device)
			fprintf(f, " virtuos.disk=%s", d->device);
		fprintf(f, " virtuos.fstype=%s", d->fstype);
		if (d->mountopts)
			fprintf(f, " virtuos.mountopts=%s", d->mountopts);
	}
	if (d->extra)
		fprintf(f, " %s", d->extra);
	end = ferror(f) ? -1 : ftell(f);
	fclose(f);
	if (end < 0 || (size_t)end >= size)
		return -1;
	buf[end] = 0;
	return 0;
}
