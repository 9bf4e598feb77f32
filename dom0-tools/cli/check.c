/* SPDX-License-Identifier: GPL-2.0-only */
/* virtuos check: what the host lacks for the configuration, with a remedy for each lack. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libxl_utils.h>

#include "../common/printable.h"
#include "../common/xen.h"
#include "check.h"
#include "cli.h"
#include "owners.h"

#define OVERHEAD_MIB	8	/* per domain, Xen's own */

static int lacks;

static void print_line(const char *begin, const char *fmt, va_list ap)
{
	char line[VD_ERR_MAX];

	vsnprintf(line, sizeof(line), fmt, ap);
	vd_printable(line, strlen(line));
	printf("%s%s\n", begin, line);
}

void check_good(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	print_line("ok      ", fmt, ap);
	va_end(ap);
}

void check_lack(const char *remedy, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	print_line("LACKS   ", fmt, ap);
	va_end(ap);
	printf("        remedy: %s\n", remedy);
	lacks++;
}

int check_count(void)
{
	return lacks;
}

static void check_version(struct vd_host *h)
{
	const libxl_version_info *v = libxl_get_version_info(h->ctx);

	if (!v)
		check_lack("install and boot xen-system-amd64", "Xen does not tell its version");
	else if (v->xen_version_major < 4 ||
		 (v->xen_version_major == 4 && v->xen_version_minor < 17))
		check_lack("boot Xen 4.17 or later; older ones are not tried",
		     "Xen %d.%d", v->xen_version_major, v->xen_version_minor);
	else
		check_good("Xen %d.%d%s", v->xen_version_major, v->xen_version_minor,
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

static const char *xen_options(struct vd_host *h)
{
	const libxl_version_info *v = libxl_get_version_info(h->ctx);

	return v && v->commandline ? v->commandline : "";
}

static bool is_bounded(struct vd_host *h)
{
	const libxl_version_info *v = libxl_get_version_info(h->ctx);

	return v && vd_xen_bounds_grant_frames(v->xen_version_major, v->xen_version_minor);
}

static void check_iommu(struct vd_host *h, const struct vd_config *c, const libxl_physinfo *info)
{
	int root;

	if (info->cap_hvm_directio) {
		check_good("IOMMU: Xen can pass devices through");
	} else if (c && !needs_pci(c)) {
		check_good("no IOMMU, and no PCI device in the configuration needs one");
	} else {
		root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
		check_no_iommu(root, xen_options(h));
		if (root >= 0)
			close(root);
	}
}

static void check_types(const struct vd_config *c, const libxl_physinfo *info)
{
	if (info->cap_pv)
		check_good("Xen runs PV domains");
	else
		check_lack("boot a Xen built with PV support", "Xen cannot run PV domains");
	if (c && c->primary.pvh && !info->cap_hvm)
		check_lack("switch VT-x or AMD-V on, or set primary_type = \"pv\"",
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
		check_good("memory: %llu MiB free, %llu MiB needed", free_mib, need);
	else
		check_lack("give dom0 less (dom0_mem=1024M,max:1024M on Xen's command line), or lower *_memory",
		     "memory: %llu MiB free, %llu MiB needed", free_mib, need);
}

static bool is_up(struct vd_host *h, const struct vd_config *c)
{
	struct vd_status s;

	return !vd_status_load(h->xs, c->primary.name, c->primary.name, &s);
}

static void check_host(struct vd_host *h, const struct vd_config *c, bool up)
{
	libxl_physinfo info;

	libxl_physinfo_init(&info);
	if (libxl_get_physinfo(h->ctx, &info)) {
		check_lack("are you root in domain 0?", "Xen does not tell what it can do");
	} else {
		check_iommu(h, c, &info);
		check_types(c, &info);
		check_xen_options(c, xen_options(h), is_bounded(h));
		if (up)
			check_good("memory: the system is up");
		else
			check_memory(c, &info);
	}
	libxl_physinfo_dispose(&info);
}

static void check_devices(struct vd_host *host, const struct vd_config *c, bool up)
{
	struct hw h;

	if (!needs_pci(c))
		return;
	if (vd_pciback_load())
		check_good("xen-pciback is there");
	else
		check_lack("use a dom0 kernel with CONFIG_XEN_PCIDEV_BACKEND (Debian's has it): modprobe xen-pciback",
			   "xen-pciback cannot be loaded");
	if (hw_read(&h, "/")) {
		check_lack("are you root in domain 0?",
			   "what the devices are used for cannot be found out: %s", strerror(errno));
		return;
	}
	owners_read(&h, host->xs);
	check_pci(c, &h, up);
	hw_free(&h);
}

/* A domain of another tool, xl for example, with a name that this system needs. */
static void check_names(struct vd_host *h, const struct vd_config *c)
{
	const char *name;
	uint32_t domid;
	int i;

	for (i = -1; i < c->n_services; i++) {
		name = i < 0 ? c->primary.name : c->service[i].name;
		if (!libxl_name_to_domid(h->ctx, name, &domid))
			check_lack("give it another name, or shut that domain down (xl list)",
				   "%s: a domain of this name runs already (id %u)", name, domid);
	}
}

static void check_systems(struct vd_host *h, const struct vd_config *c)
{
	char path[VD_PATH_MAX], err[VD_ERR_MAX];
	struct vd_config *other;
	unsigned int i, n;
	char **systems = vd_state_systems(h->xs, &n);

	for (i = 0; systems && i < n; i++) {
		vd_run_path(path, systems[i], "cfg");
		other = vd_config_read(path, err);
		if (other)
			check_other(c, other);
		vd_config_free(other);
	}
	free(systems);
}

/* What an idle system needs, and one that is up has already. */
static void check_free(struct vd_host *h, const struct vd_config *c)
{
	int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	check_names(h, c);
	check_systems(h, c);
	check_disks(c, root);
	check_addresses(c, root);
	if (root >= 0)
		close(root);
}

static void check_tools(void)
{
	if (access("/dev/xen/gntdev", R_OK | W_OK))
		check_lack("modprobe xen-gntdev", "/dev/xen/gntdev is not there; virtuos exec needs it");
	else
		check_good("grant device for virtuos exec");
	if (access("/run/xenconsoled.pid", F_OK) && access("/var/run/xenconsoled.pid", F_OK) &&
	    access("/run/xen/xenconsoled.pid", F_OK))
		check_lack("systemctl start xen", "xenconsoled does not run; domains have no console");
	else
		check_good("xenconsoled runs");
}

static struct vd_config *check_config(const char *path)
{
	char err[VD_ERR_MAX];
	struct vd_config *c = vd_config_read(path, err);

	if (!c) {
		check_lack("correct the line named", "configuration: %s", err);
		return NULL;
	}
	if (vd_config_check_files(c, err))
		check_lack("install the virtuos package with its kernels, or name your own",
		     "configuration: %s", err);
	else
		check_good("configuration %s", path);
	return c;
}

static void check_running(struct vd_host *h, const struct vd_config *c)
{
	bool up = c && is_up(h, c);

	check_version(h);
	check_host(h, c, up);
	if (c)
		check_devices(h, c, up);
	if (c && !up)
		check_free(h, c);
	check_tools();
}

int cmd_check(int argc, char **argv)
{
	struct vd_config *c;
	struct vd_host h;

	if (argc > 2 || (argc == 2 && *argv[1] == '-'))
		return BAD_USAGE;
	c = check_config(argc == 2 ? argv[1] : VD_DEFAULT_CONFIG);
	if (vd_host_open(&h)) {
		check_lack("boot Debian's \"with Xen hypervisor\" entry and run this as root in domain 0",
		     "this is not domain 0 of a Xen host");
	} else {
		check_running(&h, c);
		vd_host_close(&h);
	}
	vd_config_free(c);
	if (lacks)
		printf("This host is not fit: %d lack(s).\n", lacks);
	else
		printf("This host is fit.\n");
	return lacks ? 1 : 0;
}
