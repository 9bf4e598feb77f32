/* SPDX-License-Identifier: GPL-2.0-only */
/* Which domains have which PCI devices. */
#ifndef VIRTUOS_CLI_OWNERS_H
#define VIRTUOS_CLI_OWNERS_H

#include <xenstore.h>

#include "../hw/hw.h"

/**
 * owners_read - find out which devices domains have
 * @h: the host; the domain of each device is filled
 * @xs: xenstore
 */
void owners_read(struct hw *h, struct xs_handle *xs);

#endif
