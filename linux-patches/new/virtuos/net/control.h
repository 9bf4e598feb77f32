/* SPDX-License-Identifier: GPL-2.0 */
/* Which control messages a program may get from a network domain. See control.c. */
#ifndef VNET_CONTROL_H
#define VNET_CONTROL_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stdbool.h>
#include <stddef.h>
#endif

bool vnet_control_allowed(int level, int type, size_t len, bool cut);

#endif
