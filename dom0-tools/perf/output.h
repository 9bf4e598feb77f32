/* SPDX-License-Identifier: GPL-2.0-only */
/* Where a finished text goes. */
#ifndef VIRTUOS_PERF_OUTPUT_H
#define VIRTUOS_PERF_OUTPUT_H

#include "text.h"

/**
 * vp_output - write a text
 * @t: the text
 * @path: of a file, which has the old contents or the new ones at any moment; NULL: stdout
 *
 * Return: 0 or -1 (said).
 */
int vp_output(const struct vp_text *t, const char *path);

#endif
