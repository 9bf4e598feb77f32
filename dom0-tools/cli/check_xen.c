/* SPDX-License-Identifier: GPL-2.0-only */
/* virtuos check: how Xen was booted, and on what firmware. See check.h. */
#include <stdlib.h>
#include <string.h>

#include "../common/xen.h"
#include "../hw/tree.h"
#include "check.h"

/* Two connections of a service take ten frames; what processes open takes the rest. */
#define FRAMES_EACH	16

static bool is_off(const char *value)
{
	static const char *const off[] = { "0", "off", "no", "false", "disable" };
	size_t i, n = value ? strcspn(value, " ,") : 0;

	for (i = 0; i < sizeof(off) / sizeof(off[0]); i++)
		if (n == strlen(off[i]) && !strncmp(value, off[i], n))
			return true;
	return false;
}

void check_xen_options(const struct vd_config *c, const char *options, bool bounded)
{
	long own = c ? c->primary.grant_frames : 0;
	long xens = vd_xen_grant_frames(options);
	long frames = own ? own : xens;
	long need = (long)(c ? c->n_services : 1) * FRAMES_EACH;

	if (own && bounded && own > xens)
		check_lack("boot Xen with a larger gnttab_max_frames=, or lower primary_max_grant_frames",
			   "grant table: primary_max_grant_frames is %ld, this Xen gives at most %ld",
			   own, xens);
	else if (frames < need)
		check_lack(own || !bounded ? "set a larger primary_max_grant_frames" :
			   "boot Xen with a larger gnttab_max_frames=",
			   "grant table: %ld frames, %ld needed", frames, need);
	else
		check_good("grant table: %ld frames", frames);
}

void check_no_iommu(int root, const char *options)
{
	if (is_off(vd_xen_option(options, "iommu")))
		check_lack("remove iommu= from Xen's command line (GRUB_CMDLINE_XEN_DEFAULT)",
			   "IOMMU: switched off on Xen's command line");
	else if (!hw_exists(root, "sys/firmware/acpi/tables/DMAR") &&
		 !hw_exists(root, "sys/firmware/acpi/tables/IVRS"))
		check_lack("switch VT-d or AMD-Vi on in the firmware; or use vif and disk instead of pci",
			   "IOMMU: the firmware tells of none");
	else
		check_lack("boot Xen with iommu=1 and see xl dmesg; or use vif and disk instead of pci",
			   "IOMMU: there is one, but Xen does not use it");
}
