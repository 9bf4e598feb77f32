/* SPDX-License-Identifier: GPL-2.0-only */
/* Names of services and operations, for what includes linux/types.h, as virtuos/abi.h cannot. */
#ifndef VIRTUOS_PERF_OPCODE_H
#define VIRTUOS_PERF_OPCODE_H

#include <stdint.h>

enum vp_door { VP_DOOR_NET, VP_DOOR_STORAGE, VP_DOORS };

/**
 * vp_door_name - get the name of a service
 * @door: the service
 *
 * Return: its name; NULL: there is none of that number.
 */
const char *vp_door_name(unsigned int door);

/**
 * vp_opcode_name - get the name of an operation
 * @opcode: its number
 *
 * Return: its name, or "?".
 */
const char *vp_opcode_name(uint8_t opcode);

#endif
