/* SPDX-License-Identifier: GPL-2.0-only */
/* virtuos check: what the host lacks for the configuration, with a remedy for each lack. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

#define OVERHEAD_MIB	8	/* per domain, Xen's own */

static int lacks;

static void good(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void lack(const char *remedy, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void good(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	printf("ok      ");
	vprintf(fmt, ap);
	printf("\n");
	va_end(ap);
}

static void lack(const char *remedy, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	printf("LACKS   ");
	vprintf(fmt, ap);
	printf("\n        remedy: %s\n", remedy);
	va_end(ap);
	lacks++;
}

static void check_version(struct vd_host *h)
{
	const libxl_version_info *v = libxl_get_version_info(h->ctx);

	if (!v)
		lack("install and boot xen-hypervisor-4.17-amd64", "Xen does not tell its version");
	else if (v->xen_version_major < 4 ||
		 (v->xen_version_major == 4 && v->xen_version_minor < 17))
		lack("boot Xen 4.17 or later; older ones are not tried",
		     "Xen %d.%d", v->xen_version_major, v->xen_version_minor);
	else
		good("Xen %d.%d%s", v->xen_version_major, v->xen_version_minor,
		     v->xen_version_extra);
}

static bool needs_pci(const struct vd_config *c)
{
	int i;

	for (i = 0; i < c->n_services; i++)
		if (c->service[i].n_pci)
			return true;
	return false;
}

static void check_iommu(const struct vd_config *c, const libxl_physinfo *info)
{
	if (info->cap_hvm_directio)
		good("IOMMU: Xen can pass devices through");
	else if (c && !needs_pci(c))
		good("no IOMMU, and no PCI device in the configuration needs one");
	else
		lack("switch VT-d or AMD-Vi on in the firmware and boot Xen with iommu=1; or use vif/disk instead of pci",
		     "IOMMU: none that Xen uses");
	if (info->cap_pv)
		good("Xen runs PV domains");
	else
		lack("boot a Xen built with PV support", "Xen cannot run PV domains");
	if (c && c->primary.pvh && !info->cap_hvm)
		lack("switch VT-x or AMD-V on, or set primary_type = \"pv\"",
		     "primary_type is pvh, but there is no hardware virtualisation");
}

static void check_memory(const struct vd_config *c, const libxl_physinfo *info)
{
	unsigned long long free_mib = (info->free_pages + info->scrub_pages) >> 8;
	unsigned long long need;
	int i;

	if (!c)
		return;
	need = (unsigned long long)c->primary.memory + OVERHEAD_MIB;
	for (i = 0; i < c->n_services; i++)
		need += (unsigned long long)c->service[i].memory + OVERHEAD_MIB;
	if (free_mib >= need)
		good("memory: %llu MiB free, %llu MiB needed", free_mib, need);
	else
		lack("give dom0 less (dom0_mem=1024M,max:1024M on Xen's command line), or lower *_memory",
		     "memory: %llu MiB free, %llu MiB needed", free_mib, need);
}

static bool is_up(struct vd_host *h, const struct vd_config *c)
{
	struct vd_status s;

	return !vd_status_load(h->xs, c->primary.name, c->primary.name, &s);
}

static void check_host(struct vd_host *h, const struct vd_config *c)
{
	libxl_physinfo info;

	libxl_physinfo_init(&info);
	if (libxl_get_physinfo(h->ctx, &info)) {
		lack("are you root in domain 0?", "Xen does not tell what it can do");
	} else {
		check_iommu(c, &info);
		if (c && is_up(h, c))
			good("memory: the system is up");
		else
			check_memory(c, &info);
	}
	libxl_physinfo_dispose(&info);
}

static void check_pci_device(const struct vd_domain_config *d,
			     const libxl_device_pci *pci)
{
	char path[VD_PATH_MAX];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%04x:%02x:%02x.%x",
		 (unsigned int)pci->domain & 0xffff, pci->bus, pci->dev, pci->func);
	if (access(path, F_OK)) {
		lack("lspci -D shows what there is; correct the _pci line",
		     "%s: PCI device %s does not exist", d->name, path + 21);
		return;
	}
	good("%s: PCI device %s", d->name, path + 21);
	strncat(path, "/reset", sizeof(path) - strlen(path) - 1);
	if (access(path, F_OK))
		lack("use a device with function-level reset, or one alone behind a bridge",
		     "%s: that device cannot be reset, so it cannot be handed over safely", d->name);
}

static void check_devices(const struct vd_config *c)
{
	int i, j;

	if (!needs_pci(c))
		return;
	if (vd_pciback_load())
		good("xen-pciback is there");
	else
		lack("use a dom0 kernel with CONFIG_XEN_PCIDEV_BACKEND (Debian's has it): modprobe xen-pciback",
		     "xen-pciback cannot be loaded");
	for (i = 0; i < c->n_services; i++)
		for (j = 0; j < c->service[i].n_pci; j++)
			check_pci_device(&c->service[i], &c->service[i].pci[j]);
}

static void check_tools(void)
{
	if (access("/dev/xen/gntdev", R_OK | W_OK))
		lack("modprobe xen-gntdev", "/dev/xen/gntdev is not there; virtuos exec needs it");
	else
		good("grant device for virtuos exec");
	if (access("/run/xenconsoled.pid", F_OK) && access("/var/run/xenconsoled.pid", F_OK) &&
	    access("/run/xen/xenconsoled.pid", F_OK))
		lack("systemctl start xen", "xenconsoled does not run; domains have no console");
	else
		good("xenconsoled runs");
}

static struct vd_config *check_config(const char *path)
{
	char err[VD_ERR_MAX];
	struct vd_config *c = vd_config_read(path, err);

	if (!c) {
		lack("correct the line named", "configuration: %s", err);
		return NULL;
	}
	if (vd_config_check_files(c, err))
		lack("install the virtuos package with its kernels, or name your own",
		     "configuration: %s", err);
	else
		good("configuration %s", path);
	return c;
}

int cmd_check(int argc, char **argv)
{
	struct vd_config *c;
	struct vd_host h;

	if (argc > 2 || (argc == 2 && *argv[1] == '-'))
		return BAD_USAGE;
	c = check_config(argc == 2 ? argv[1] : VD_DEFAULT_CONFIG);
	if (vd_host_open(&h)) {
		lack("boot Debian's \"with Xen hypervisor\" entry and run this as root in domain 0",
		     "this is not domain 0 of a Xen host");
	} else {
		check_version(&h);
		check_host(&h, c);
		if (c)
			check_devices(c);
		check_tools();
		vd_host_close(&h);
	}
	vd_config_free(c);
	if (lacks)
		printf("This host is not fit: %d lack(s).\n", lacks);
	else
		printf("This host is fit.\n");
	return lacks ? 1 : 0;
}
