/* SPDX-License-Identifier: GPL-2.0-only */
/* Names of services and operations: see opcode.h. */
#include <stddef.h>
#include <virtuos/door.h>
#include <virtuos/ops.h>

#include "opcode.h"

static_assert((int)VP_DOOR_NET == (int)VOS_DOOR_NET, "the same numbers");
static_assert((int)VP_DOOR_STORAGE == (int)VOS_DOOR_STORAGE, "the same numbers");
static_assert((int)VP_DOORS == (int)VOS_DOOR_SERVICES, "as many");

const char *vp_door_name(unsigned int door)
{
	static const char *const names[VP_DOORS] = {
		[VP_DOOR_NET] = "net",
		[VP_DOOR_STORAGE] = "storage",
	};

	return door < VP_DOORS ? names[door] : NULL;
}

const char *vp_opcode_name(uint8_t opcode)
{
	return vos_opcode_name(opcode);
}
