/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The configuration of one partitioned system: one primary and its service domains.
 *
 * vos_config_read() reads and checks everything that can be checked without Xen; a
 * configuration that it returns is complete and consistent. Errors are one line,
 * "file:line: key: what".
 *
 * Used by virtuos and virtuosd; the unit tests feed it hostile files.
 */
#ifndef VIRTUOS_CONFIG_H
#define VIRTUOS_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <libxl.h>

#define VOS_DEFAULT_CONFIG	"/etc/virtuos/virtuos.cfg"
#define VOS_MAX_SERVICES	16
#define VOS_MAX_DEVICES		16
#define VOS_NAME_MAX		31
#define VOS_MAX_BURST		64
#define VOS_ERR_MAX		512
#define VOS_CMDLINE_MAX		1024
#define VOS_MAX_CPU		1023
#define VOS_CPUMAP_BYTES	((VOS_MAX_CPU + 1) / 8)

enum vos_role { VOS_ROLE_PRIMARY, VOS_ROLE_NETWORK, VOS_ROLE_STORAGE };
enum vos_restart { VOS_RESTART_ALWAYS, VOS_RESTART_ON_FAILURE, VOS_RESTART_NEVER };

/* A virtual network interface, in xl's syntax "mac=..,bridge=..". NULL = default. */
struct vos_vif {
	uint8_t mac[6];
	bool has_mac;
	char *bridge, *script, *ip, *vifname, *backend;
};

struct vos_domain_config {
	char name[VOS_NAME_MAX + 1];
	enum vos_role role;
	enum vos_restart restart;
	bool pvh;
	char *kernel, *ramdisk;
	char *extra;			/* appended to the kernel command line */
	long memory;			/* MiB */
	long vcpus;
	uint8_t cpumap[VOS_CPUMAP_BYTES];
	bool pinned;			/* cpumap is meaningful */
	libxl_device_pci pci[VOS_MAX_DEVICES];
	int n_pci;
	libxl_device_disk disk[VOS_MAX_DEVICES];
	int n_disk;
	struct vos_vif vif[VOS_MAX_DEVICES];
	int n_vif;
	/* service domains only */
	char *ip;			/* network: the kernel's ip= value, or NULL */
	char *device, *fstype, *mountopts;	/* storage */
};

struct vos_config {
	char *path;
	struct vos_domain_config primary;
	struct vos_domain_config service[VOS_MAX_SERVICES];
	int n_services;
	/* seconds, but for the burst; virtuos.cfg(5) tells how they belong together */
	long restart_timeout;
	long start_limit_interval;	/* 0 = no limit */
	long start_limit_burst;
	long restart_max_delay;
};

/* Read from a file. NULL on error, with one line in @err. */
struct vos_config *vos_config_read(const char *path, char err[VOS_ERR_MAX]);
/* The same from memory; @path is only for messages. */
struct vos_config *vos_config_parse(const char *path, const char *text, size_t len,
				    char err[VOS_ERR_MAX]);
/* Check what depends on this machine's files: kernels, ramdisks. 0 or -1 and @err. */
int vos_config_check_files(const struct vos_config *c, char err[VOS_ERR_MAX]);
void vos_config_free(struct vos_config *c);

const char *vos_role_name(enum vos_role role);
const char *vos_restart_name(enum vos_restart policy);

/* The kernel command line of a domain. 0, or -1 when it does not fit. */
int vos_config_cmdline(const struct vos_config *c, const struct vos_domain_config *d,
		       char *buf, size_t size);

#endif
