/* SPDX-License-Identifier: GPL-2.0-only */
/* The counters of two domains whose switches are counted: by switches.c, and by ../model. */
#ifndef CONFIGS_H
#define CONFIGS_H

#include <stdint.h>

static const struct config {
	const char *name;
	uint8_t running[2];	/* counters of pong, of ping */
	uint8_t pce[2];		/* loaded even if none runs */
	uint8_t stopped;	/* counters that have values, in both */
} configs[] = {
	{ "none", { 0, 0 }, { 0, 0 }, 0 },
	{ "stopped-alone", { 0, 0 }, { 0, 1 }, 0 },
	{ "one-alone", { 0, 1 }, { 0, 1 }, 0 },
	{ "four-alone", { 0, 4 }, { 0, 1 }, 0 },
	{ "one", { 1, 1 }, { 1, 1 }, 0 },
	{ "four", { 4, 4 }, { 1, 1 }, 0 },
	{ "seven", { 7, 7 }, { 1, 1 }, 0 },
	{ "left", { 0, 0 }, { 1, 1 }, 4 },
};

#endif
