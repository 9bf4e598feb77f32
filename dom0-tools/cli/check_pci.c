/* SPDX-License-Identifier: GPL-2.0-only */
/* virtuos check: the PCI devices of a configuration. See check.h. */
#include <string.h>

#include "check.h"

static const char *remedy_for(const struct hw_device *d)
{
	if (*d->use)
		return "virtuos scan shows what can be had; or have domain 0 stop using it";
	if (*d->domain)
		return "shut that domain down (xl list), or choose another device (virtuos scan)";
	if (!*d->resets)
		return "use a device with function-level reset, or one alone behind a bridge";
	return "virtuos scan shows what can be had; or have both handed over";
}

static void check_device(const char *name, const char *bdf, const struct hw *h, bool up)
{
	const struct hw_device *d = hw_find(h, bdf);
	char why[HW_WHY];

	if (!d)
		check_lack("lspci -D shows what there is; correct the _pci line",
			   "%s: PCI device %s does not exist", name, bdf);
	else if ((!up || !*d->resets) && hw_refusal(h, d, why))
		check_lack(remedy_for(d), "%s: PCI device %s: %s", name, bdf, why);
	else
		check_good("%s: PCI device %s", name, bdf);
}

void check_pci(const struct vd_config *c, const struct hw *h, bool up)
{
	const libxl_device_pci *pci;
	char bdf[HW_BDF];
	int i, j;

	for (i = 0; i < c->n_services; i++)
		for (j = 0; j < c->service[i].n_pci; j++) {
			pci = &c->service[i].pci[j];
			snprintf(bdf, sizeof(bdf), "%04x:%02x:%02x.%x",
				 (unsigned int)pci->domain & 0xffff, pci->bus, pci->dev & 0x1f,
				 pci->func & 7);
			check_device(c->service[i].name, bdf, h, up);
		}
}
