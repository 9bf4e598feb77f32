/* SPDX-License-Identifier: GPL-2.0-only */
/* Texts for a report: what a command prints, and ends of log files; without secrets. */
#ifndef VIRTUOS_CAPTURE_H
#define VIRTUOS_CAPTURE_H

#include <stdio.h>

#define CAPTURE_MAX	(1024 * 1024)	/* bytes of one text */

/**
 * capture_command - write what a command prints, on both of its outputs
 * @argv: the command and its arguments, then NULL
 * @seconds: it is killed after so many
 * @out: where to
 * @why: set to a few words, if it did not end with 0
 *
 * Return: 0, or -1: see @why. What was printed until then is written.
 */
int capture_command(const char *const argv[], int seconds, FILE *out, char why[64]);

/**
 * capture_file - write a file, or the end of it if it is longer than CAPTURE_MAX
 * @path: of the file
 * @out: where to
 *
 * Return: 0, or -1 with errno.
 */
int capture_file(const char *path, FILE *out);

#endif
