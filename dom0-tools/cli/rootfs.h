/* SPDX-License-Identifier: GPL-2.0-only */
/* What is in a primary's root file system, read without mounting it. */
#ifndef VIRTUOS_CLI_ROOTFS_H
#define VIRTUOS_CLI_ROOTFS_H

#include <stdbool.h>

#define ROOTFS_X86_64	62	/* ELF's number */

enum rootfs_state { ROOTFS_READ, ROOTFS_NONE, ROOTFS_UNKNOWN };

/**
 * struct rootfs - a root file system
 * @id: of the distribution, as os-release(5) has it
 * @version: of the distribution; 0: not known
 * @machine: ELF's number of the processor that its shell is for; 0: not known
 * @has_agent: the agent of virtuos exec is there
 */
struct rootfs {
	char id[32];
	long version;
	unsigned int machine;
	bool has_agent;
};

/**
 * rootfs_read - read what is in an ext4 file system
 * @path: absolute, of its device or image file
 * @r: filled
 *
 * debugfs(8) reads it, and writes nothing.
 *
 * Return: ROOTFS_NONE: there is no ext4 file system. ROOTFS_UNKNOWN: there is no debugfs.
 */
enum rootfs_state rootfs_read(const char *path, struct rootfs *r);

#endif
