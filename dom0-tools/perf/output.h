/* SPDX-License-Identifier: GPL-2.0-only */
/* Where a finished text goes. */
#ifndef VIRTUOS_PERF_OUTPUT_H
#define VIRTUOS_PERF_OUTPUT_H

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>

#include "text.h"

/**
 * struct vp_output - a file that is written
 * @f: write here; NULL: it is not open
 * @path: the file, as it is named
 * @beside: the new file, until it takes the old one's place; "": there is none
 */
struct vp_output {
	FILE *f;
	const char *path;
	char beside[PATH_MAX];
};

/**
 * vp_output_open - begin to write a file, before what it will hold is known
 * @o: filled
 * @path: of the file. A regular one has the old contents until vp_output_close(); a device, a
 *	pipe and what a symbolic link leads to are written as they are
 *
 * Return: 0 or -1 (said).
 */
int vp_output_open(struct vp_output *o, const char *path);

/**
 * vp_output_close - end writing
 * @o: the file; nothing is done if it is not open
 * @keep: false: the file is to be what it was before
 *
 * Return: 0, or -1: not all is written, and the file is what it was before (said).
 */
int vp_output_close(struct vp_output *o, bool keep);

/**
 * vp_output - write a text
 * @t: the text
 * @path: as for vp_output_open(); NULL: stdout
 *
 * Return: 0 or -1 (said).
 */
int vp_output(const struct vp_text *t, const char *path);

#endif
