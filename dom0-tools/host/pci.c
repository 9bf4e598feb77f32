/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * PCI devices: taking them from dom0's drivers for xen-pciback, and cutting them off
 * a dead domain without libxl's waits.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "host.h"

#define PCIBACK		"/sys/bus/pci/drivers/pciback"
#define FREE_WAIT_MS	10000
#define FREE_TICK_MS	10

static void bdf_text(const libxl_device_pci *pci, char text[16])
{
	snprintf(text, 16, "%04x:%02x:%02x.%x", (unsigned int)pci->domain & 0xffff,
		 pci->bus, pci->dev, pci->func);
}

/* The form that libxl uses for its keys below /libxl/pci. */
static void bdf_key(const char *bdf, char key[16])
{
	char *c;

	snprintf(key, 16, "%s", bdf);
	for (c = key; *c; c++)
		if (*c == ':' || *c == '.')
			*c = '-';
}

static bool exists(const char *dir, const char *name)
{
	char path[VD_PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return !access(path, F_OK);
}

bool vd_pciback_load(void)
{
	pid_t pid;
	int status;

	if (!access(PCIBACK, F_OK))
		return true;
	pid = fork();
	if (!pid) {
		execlp("modprobe", "modprobe", "-q", "xen-pciback", (char *)NULL);
		_exit(127);
	}
	if (pid > 0)
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	return !access(PCIBACK, F_OK);
}

/* libxl notes the owner; a note about a domain that is gone only stands in the way. */
static void drop_stale_owner(struct vd_host *h, const char *bdf)
{
	char key[16];
	long domid;

	bdf_key(bdf, key);
	domid = vd_xs_read_long(h->xs, -1, "/libxl/pci/%s/domid", key);
	if (domid >= 0 && libxl_domain_info(h->ctx, NULL, (uint32_t)domid))
		vd_xs_rm(h->xs, XBT_NULL, "/libxl/pci/%s/domid", key);
}

static int claim_one(struct vd_host *h, const struct vd_domain_config *d,
		     const libxl_device_pci *config, const char *state)
{
	libxl_device_pci pci = *config;		/* libxl may change it */
	char bdf[16], dir[VD_PATH_MAX];

	bdf_text(&pci, bdf);
	if (!exists("/sys/bus/pci/devices", bdf)) {
		vd_log("%s: PCI device %s does not exist", d->name, bdf);
		return -1;
	}
	drop_stale_owner(h, bdf);
	if (exists(PCIBACK, bdf))
		return 0;
	if (libxl_device_pci_assignable_add(h->ctx, &pci, 1)) {
		vd_log("%s: PCI device %s cannot be given to xen-pciback", d->name, bdf);
		return -1;
	}
	snprintf(dir, sizeof(dir), "%s/pci", state);
	return vd_xs_write(h->xs, XBT_NULL, dir, bdf, "%s", d->name);
}

int vd_pci_claim(struct vd_host *h, const struct vd_domain_config *d, const char *state)
{
	int i;

	if (d->n_pci && !vd_pciback_load()) {
		vd_log("%s: xen-pciback is not there (modprobe xen-pciback failed)", d->name);
		return -1;
	}
	for (i = 0; i < d->n_pci; i++)
		if (claim_one(h, d, &d->pci[i], state))
			return -1;
	return 0;
}

static int parse_bdf(const char *bdf, libxl_device_pci *pci)
{
	unsigned int domain, bus, dev, func;

	if (sscanf(bdf, "%x:%x:%x.%x", &domain, &bus, &dev, &func) != 4)
		return -1;
	libxl_device_pci_init(pci);
	pci->domain = (int)domain;
	pci->bus = (uint8_t)bus;
	pci->dev = (uint8_t)dev;
	pci->func = (uint8_t)func;
	return 0;
}

void vd_pci_give_back(struct vd_host *h, const char *state)
{
	char dir[VD_PATH_MAX], **bdfs;
	libxl_device_pci pci;
	unsigned int i, n = 0;

	snprintf(dir, sizeof(dir), "%s/pci", state);
	bdfs = xs_directory(h->xs, XBT_NULL, dir, &n);
	for (i = 0; bdfs && i < n; i++) {
		if (parse_bdf(bdfs[i], &pci))
			continue;
		if (libxl_device_pci_assignable_remove(h->ctx, &pci, 1))
			vd_log("PCI device %s could not be given back to its driver",
			       bdfs[i]);
		libxl_device_pci_dispose(&pci);
	}
	free(bdfs);
	xs_rm(h->xs, XBT_NULL, dir);
}

void vd_pci_detach(struct vd_host *h, uint32_t domid)
{
	char back[VD_PATH_MAX], key[16], *bdf;
	long i, n;

	snprintf(back, sizeof(back), "/local/domain/0/backend/pci/%u/0", domid);
	n = vd_xs_read_long(h->xs, 0, "%s/num_devs", back);
	for (i = 0; i < n && i < VD_MAX_DEVICES; i++) {
		bdf = vd_xs_read(h->xs, XBT_NULL, "%s/dev-%ld", back, i);
		if (!bdf)
			continue;
		bdf_key(bdf, key);
		vd_xs_rm(h->xs, XBT_NULL, "/libxl/pci/%s/domid", key);
		free(bdf);
	}
	if (!n)
		return;
	/* xen-pciback sees its front end vanish, resets the device and lets go. */
	vd_xs_rm(h->xs, XBT_NULL, "/local/domain/%u/device/pci/0", domid);
	vd_xs_rm(h->xs, XBT_NULL, "/local/domain/0/backend/pci/%u", domid);
	vd_xs_rm(h->xs, XBT_NULL, "/libxl/%u/device/pci", domid);
}

int vd_pci_wait_free(uint32_t domid)
{
	const struct timespec tick = { .tv_nsec = FREE_TICK_MS * 1000000L };
	char name[32];
	int ms;

	snprintf(name, sizeof(name), "pci-%u-0", domid);
	for (ms = 0; ms < FREE_WAIT_MS; ms += FREE_TICK_MS) {
		if (!exists("/sys/bus/xen-backend/devices", name))
			return 0;
		nanosleep(&tick, NULL);
	}
	vd_log("xen-pciback still holds the devices of domain %u", domid);
	return -1;
}
