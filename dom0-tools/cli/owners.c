/* SPDX-License-Identifier: GPL-2.0-only */
/* Which domains have which PCI devices: see owners.h. */
#include <string.h>

#include "../host/host.h"
#include "owners.h"

/* libxl notes the owner of a device in its own part of xenstore. */
void owners_read(struct hw *h, struct xs_handle *xs)
{
	char key[HW_BDF], *c;
	long domid;
	size_t i;

	for (i = 0; i < h->n; i++) {
		memcpy(key, h->device[i].bdf, HW_BDF);
		for (c = key; *c; c++)
			if (*c == ':' || *c == '.')
				*c = '-';
		domid = vd_xs_read_long(xs, -1, "/libxl/pci/%s/domid", key);
		if (domid >= 0)
			snprintf(h->device[i].domain, sizeof(h->device[i].domain), "%ld", domid);
	}
}
