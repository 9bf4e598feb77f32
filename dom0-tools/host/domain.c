/* SPDX-License-Identifier: GPL-2.0-only */
/* Creating and destroying domains by libxl: see host.h. */
#include <stdlib.h>
#include <string.h>
#include <libxl_utils.h>

#include "../common/xen.h"
#include "host.h"

#define MIB_SLACK	8	/* what Xen itself needs for a small domain, MiB */

static void *must(void *p)
{
	if (!p) {
		vd_log("out of memory");
		exit(1);
	}
	return p;
}

static char *copy(const char *s)
{
	return s ? must(strdup(s)) : NULL;
}

static void fill_affinity(struct vd_host *h, const struct vd_domain_config *d,
			  libxl_domain_build_info *b)
{
	int i, cpu;

	if (!d->pinned)
		return;
	b->num_vcpu_hard_affinity = (int)d->vcpus;
	b->vcpu_hard_affinity = must(calloc((size_t)d->vcpus,
					    sizeof(*b->vcpu_hard_affinity)));
	for (i = 0; i < d->vcpus; i++) {
		libxl_bitmap_init(&b->vcpu_hard_affinity[i]);
		if (libxl_cpu_bitmap_alloc(h->ctx, &b->vcpu_hard_affinity[i], 0))
			must(NULL);
		for (cpu = 0; cpu <= VD_MAX_CPU; cpu++)
			if (d->cpumap[cpu / 8] & (1u << (cpu % 8)))
				libxl_bitmap_set(&b->vcpu_hard_affinity[i], cpu);
	}
}

static int fill_build(struct vd_host *h, const struct vd_config *c,
		      const struct vd_domain_config *d, libxl_domain_config *dc)
{
	libxl_domain_build_info *b = &dc->b_info;
	char cmdline[VD_CMDLINE_MAX];
	int i;

	libxl_domain_build_info_init_type(b, dc->c_info.type);
	b->max_vcpus = (int)d->vcpus;
	if (libxl_cpu_bitmap_alloc(h->ctx, &b->avail_vcpus, (int)d->vcpus))
		must(NULL);
	for (i = 0; i < d->vcpus; i++)
		libxl_bitmap_set(&b->avail_vcpus, i);
	b->max_memkb = (uint64_t)d->memory * 1024;
	b->target_memkb = b->max_memkb;
	if (d->grant_frames)
		b->max_grant_frames = (uint32_t)d->grant_frames;
	/*
	 * Pollers read the clock all the time. If Xen does not trust the time stamp
	 * counter, it makes each read a trap. That is for domains that move to another
	 * host; these do not.
	 */
	b->tsc_mode = LIBXL_TSC_MODE_NATIVE;
	/*
	 * With that, Xen shows a domain that the counter is invariant, if it is. Then
	 * Linux takes it for its clock, and programs read it without a system call.
	 */
	libxl_defbool_set(&b->disable_migrate, true);
	libxl_defbool_set(&b->claim_mode, true);
	b->kernel = copy(d->kernel);
	b->ramdisk = copy(d->ramdisk);
	if (vd_config_cmdline(c, d, cmdline, sizeof(cmdline))) {
		vd_log("%s: the kernel command line is too long", d->name);
		return -1;
	}
	b->cmdline = copy(cmdline);
	fill_affinity(h, d, b);
	/* A domain with real devices must see their holes in its memory map. */
	if (d->n_pci && dc->c_info.type == LIBXL_DOMAIN_TYPE_PV)
		libxl_defbool_set(&b->u.pv.e820_host, true);
	return 0;
}

static void fill_nic(const struct vd_vif *v, libxl_devid id, libxl_device_nic *nic)
{
	libxl_device_nic_init(nic);
	nic->devid = id;
	nic->nictype = LIBXL_NIC_TYPE_VIF;
	if (v->has_mac)
		memcpy(nic->mac, v->mac, sizeof(nic->mac));
	nic->bridge = copy(v->bridge);
	nic->script = copy(v->script);
	nic->ip = copy(v->ip);
	nic->ifname = copy(v->vifname);
	nic->backend_domname = copy(v->backend);
}

static void fill_devices(struct vd_host *h, const struct vd_domain_config *d,
			 libxl_domain_config *dc)
{
	int i;

	dc->pcidevs = must(calloc(VD_MAX_DEVICES, sizeof(*dc->pcidevs)));
	dc->disks = must(calloc(VD_MAX_DEVICES, sizeof(*dc->disks)));
	dc->nics = must(calloc(VD_MAX_DEVICES, sizeof(*dc->nics)));
	for (i = 0; i < d->n_pci; i++)
		libxl_device_pci_copy(h->ctx, &dc->pcidevs[i], &d->pci[i]);
	for (i = 0; i < d->n_disk; i++)
		libxl_device_disk_copy(h->ctx, &dc->disks[i], &d->disk[i]);
	for (i = 0; i < d->n_vif; i++)
		fill_nic(&d->vif[i], i, &dc->nics[i]);
	dc->num_pcidevs = d->n_pci;
	dc->num_disks = d->n_disk;
	dc->num_nics = d->n_vif;
}

static int fill_config(struct vd_host *h, const struct vd_config *c,
		       const struct vd_domain_config *d, libxl_domain_config *dc)
{
	libxl_domain_create_info *ci = &dc->c_info;

	ci->type = d->pvh ? LIBXL_DOMAIN_TYPE_PVH : LIBXL_DOMAIN_TYPE_PV;
	ci->name = copy(d->name);
	libxl_uuid_generate(&ci->uuid);
	libxl_defbool_set(&ci->driver_domain, d->role != VD_ROLE_PRIMARY);
	libxl_defbool_set(&ci->run_hotplug_scripts, true);
	/* virtuosd decides what follows a death; nothing may linger. */
	dc->on_poweroff = LIBXL_ACTION_ON_SHUTDOWN_DESTROY;
	dc->on_reboot = LIBXL_ACTION_ON_SHUTDOWN_DESTROY;
	dc->on_crash = LIBXL_ACTION_ON_SHUTDOWN_DESTROY;
	dc->on_watchdog = LIBXL_ACTION_ON_SHUTDOWN_DESTROY;
	if (fill_build(h, c, d, dc))
		return -1;
	fill_devices(h, d, dc);
	return 0;
}

/* Report too little memory; libxl's own message for this is hard to read. */
static int check_memory(struct vd_host *h, const struct vd_domain_config *d)
{
	libxl_physinfo info;
	uint64_t free_mib;

	libxl_physinfo_init(&info);
	if (libxl_get_physinfo(h->ctx, &info)) {
		vd_log("cannot ask Xen for its free memory");
		return -1;
	}
	free_mib = (info.free_pages + info.scrub_pages) >> 8;
	libxl_physinfo_dispose(&info);
	if (free_mib >= (uint64_t)d->memory + MIB_SLACK)
		return 0;
	vd_log("%s: needs %ld MiB, Xen has %llu MiB free (give dom0 less: dom0_mem= on Xen's command line)",
	       d->name, d->memory, (unsigned long long)free_mib);
	return -1;
}

/* Tell of too many grant frames, which libxl's error does not name. */
static void explain_failure(struct vd_host *h, const struct vd_domain_config *d)
{
	const libxl_version_info *v = libxl_get_version_info(h->ctx);

	if (!v || !v->commandline ||
	    !vd_xen_bounds_grant_frames(v->xen_version_major, v->xen_version_minor))
		return;
	if (d->grant_frames > vd_xen_grant_frames(v->commandline))
		vd_log("%s: Xen %d.%d was booted for %ld grant frames, primary_max_grant_frames is %ld",
		       d->name, v->xen_version_major, v->xen_version_minor,
		       vd_xen_grant_frames(v->commandline), d->grant_frames);
}

int vd_domain_create(struct vd_host *h, const struct vd_config *c,
		     const struct vd_domain_config *d, uint32_t *domid)
{
	libxl_domain_config dc;
	uint32_t other;
	int rc;

	*domid = VD_NO_DOMID;
	if (!libxl_name_to_domid(h->ctx, d->name, &other)) {
		vd_log("%s: a domain of this name exists already (id %u)", d->name, other);
		return -1;
	}
	if (check_memory(h, d))
		return -1;
	libxl_domain_config_init(&dc);
	rc = fill_config(h, c, d, &dc);
	if (!rc) {
		rc = libxl_domain_create_new(h->ctx, &dc, domid, NULL, NULL);
		if (rc) {
			vd_log("%s: libxl could not create the domain (error %d)",
			       d->name, rc);
			explain_failure(h, d);
		}
	}
	if (rc && *domid != VD_NO_DOMID && *domid) {
		vd_domain_destroy(h, *domid);
		*domid = VD_NO_DOMID;
	}
	libxl_domain_config_dispose(&dc);
	return rc ? -1 : 0;
}

/* Remove what is left of a domain that another tool destroyed. */
static void remove_remains(struct vd_host *h, uint32_t domid)
{
	char *vm = vd_xs_read(h->xs, XBT_NULL, "/local/domain/%u/vm", domid);

	vd_pci_detach(h, domid);
	if (vm && !strncmp(vm, "/vm/", 4))
		xs_rm(h->xs, XBT_NULL, vm);
	free(vm);
	vd_xs_rm(h->xs, XBT_NULL, "/local/domain/%u", domid);
	vd_xs_rm(h->xs, XBT_NULL, "/libxl/%u", domid);
}

int vd_domain_destroy(struct vd_host *h, uint32_t domid)
{
	int rc = 0;

	if (!libxl_domain_info(h->ctx, NULL, domid)) {
		/* Pause it at once; what follows takes a while. */
		libxl_domain_pause(h->ctx, domid, NULL);
		vd_pci_detach(h, domid);
		rc = libxl_domain_destroy(h->ctx, domid, NULL);
		if (rc && libxl_domain_info(h->ctx, NULL, domid))
			rc = 0;		/* gone after all */
		if (rc)
			vd_log("domain %u could not be destroyed (error %d)", domid, rc);
	} else {
		remove_remains(h, domid);
	}
	if (vd_pci_wait_free(domid))
		rc = -1;
	return rc ? -1 : 0;
}

int vd_domain_uuid(struct vd_host *h, uint32_t domid, char uuid[37])
{
	libxl_dominfo info;

	libxl_dominfo_init(&info);
	if (libxl_domain_info(h->ctx, &info, domid))
		return -1;
	snprintf(uuid, 37, LIBXL_UUID_FMT, LIBXL_UUID_BYTES(info.uuid));
	libxl_dominfo_dispose(&info);
	return 0;
}

enum vd_life vd_domain_life(struct vd_host *h, uint32_t domid, const char *uuid,
			    libxl_shutdown_reason *reason)
{
	enum vd_life life = VD_ALIVE;
	libxl_dominfo info;
	char now[37];

	*reason = LIBXL_SHUTDOWN_REASON_UNKNOWN;
	libxl_dominfo_init(&info);
	if (libxl_domain_info(h->ctx, &info, domid))
		return VD_GONE;
	snprintf(now, sizeof(now), LIBXL_UUID_FMT, LIBXL_UUID_BYTES(info.uuid));
	if (strcmp(now, uuid)) {
		life = VD_GONE;		/* another domain has the id by now */
	} else if (info.dying) {
		life = VD_SHUT_DOWN;
	} else if (info.shutdown) {
		life = VD_SHUT_DOWN;
		*reason = info.shutdown_reason;
	}
	libxl_dominfo_dispose(&info);
	return life;
}
