/* SPDX-License-Identifier: GPL-2.0-only */
/* File systems of the kernel's that a small userland does not mount. */
#ifndef VIRTUOS_PERF_MOUNTS_H
#define VIRTUOS_PERF_MOUNTS_H

/**
 * vp_mounts_need - mount a file system unless it is there
 * @type: of the file system; it is mounted for as long as the machine runs
 * @at: where
 * @file: in it, by which one sees that it is there
 *
 * Return: 0 or -1.
 */
int vp_mounts_need(const char *type, const char *at, const char *file);

#endif
