/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The configuration of one partitioned system: one primary and its service domains.
 *
 * vd_config_read() reads and checks everything that can be checked without Xen; a
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

#define VD_DEFAULT_CONFIG	"/etc/virtuos/virtuos.cfg"
#define VD_MAX_SERVICES		16
#define VD_MAX_DEVICES		16
#define VD_NAME_MAX		31
#define VD_MAX_BURST		64
#define VD_ERR_MAX		512
#define VD_CMDLINE_MAX		1024
#define VD_MAX_CPU		1023
#define VD_MAX_GRANT_FRAMES	4096	/* for 8 GiB of granted pages */
#define VD_CPUMAP_BYTES		((VD_MAX_CPU + 1) / 8)

enum vd_role { VD_ROLE_PRIMARY, VD_ROLE_NETWORK, VD_ROLE_STORAGE };
enum vd_restart { VD_RESTART_ALWAYS, VD_RESTART_ON_FAILURE, VD_RESTART_NEVER };

/* A virtual network interface, in xl's syntax "mac=..,bridge=..". NULL = default. */
struct vd_vif {
	uint8_t mac[6];
	bool has_mac;
	char *bridge, *script, *ip, *vifname, *backend;
};

/* A disk on another machine: what nvme.c knows the words of. NULL = not given. */
enum vd_nvme_word {
	VD_NVME_TRANSPORT, VD_NVME_TRADDR, VD_NVME_TRSVCID, VD_NVME_NQN, VD_NVME_NSID,
	VD_NVME_PARTITION, VD_NVME_HOSTNQN, VD_NVME_HOSTID, VD_NVME_KATO, VD_NVME_HDR_DIGEST,
	VD_NVME_DATA_DIGEST, VD_NVME_WORDS
};

struct vd_nvme {
	char *word[VD_NVME_WORDS];
};

struct vd_domain_config {
	char name[VD_NAME_MAX + 1];
	enum vd_role role;
	enum vd_restart restart;
	bool pvh;
	char *kernel, *ramdisk;
	char *extra;			/* appended to the kernel command line */
	long memory;			/* MiB */
	long vcpus;
	long grant_frames;		/* the primary's grant table; 0: Xen's default */
	uint8_t cpumap[VD_CPUMAP_BYTES];
	bool pinned;			/* cpumap is meaningful */
	libxl_device_pci pci[VD_MAX_DEVICES];
	int n_pci;
	libxl_device_disk disk[VD_MAX_DEVICES];
	int n_disk;
	struct vd_vif vif[VD_MAX_DEVICES];
	int n_vif;
	/* service domains only */
	char *ip;			/* the kernel's ip= value, or NULL */
	unsigned int features;		/* network: bits by number of vd_feature_name() */
	char *device, *fstype, *mountopts;	/* storage; device: NULL: the namespace of nvme */
	struct vd_nvme nvme;		/* storage */
};

struct vd_config {
	char *path;
	struct vd_domain_config primary;
	struct vd_domain_config service[VD_MAX_SERVICES];
	int n_services;
	/* seconds, but for the burst; virtuos.cfg(5) tells how they belong together */
	long restart_timeout;
	long start_limit_interval;	/* 0 = no limit */
	long start_limit_burst;
	long restart_max_delay;
};

/**
 * vd_config_read - read and check a configuration file
 * @path: of the file
 * @err: on error, set to one line
 *
 * Return: the configuration or NULL.
 */
struct vd_config *vd_config_read(const char *path, char err[VD_ERR_MAX]);

/**
 * vd_config_parse - check a configuration in memory
 * @path: for messages only
 * @text: the configuration
 * @len: its bytes
 * @err: on error, set to one line
 *
 * Return: the configuration or NULL.
 */
struct vd_config *vd_config_parse(const char *path, const char *text, size_t len,
				  char err[VD_ERR_MAX]);

/**
 * vd_config_check_files - check what depends on this machine's files: kernels, ramdisks
 * @c: the configuration
 * @err: on error, set to one line
 *
 * Return: 0 or -1.
 */
int vd_config_check_files(const struct vd_config *c, char err[VD_ERR_MAX]);

/**
 * vd_config_free - free a configuration
 * @c: the configuration or NULL
 */
void vd_config_free(struct vd_config *c);

/**
 * vd_role_name - get the name of a role
 * @role: the role
 *
 * Return: the name.
 */
const char *vd_role_name(enum vd_role role);

/**
 * vd_feature_name - get the name of what a network domain can load before it serves
 * @n: number of the feature, from 0
 *
 * Return: the name, or NULL: there is no such feature.
 */
const char *vd_feature_name(int n);

/**
 * vd_restart_name - get the name of a restart policy
 * @policy: the policy
 *
 * Return: the name.
 */
const char *vd_restart_name(enum vd_restart policy);

/**
 * vd_nvme_used - test whether a domain's disk is on another machine
 * @v: the disk
 *
 * Return: true if so.
 */
bool vd_nvme_used(const struct vd_nvme *v);

/**
 * vd_nvme_same - test whether two domains have one disk on another machine
 * @a: one
 * @b: the other
 *
 * Return: true if so.
 */
bool vd_nvme_same(const struct vd_domain_config *a, const struct vd_domain_config *b);

/**
 * vd_config_cmdline - compose the kernel command line of a domain
 * @c: the configuration
 * @d: the domain
 * @buf: set to the line
 * @size: room in @buf
 *
 * Return: 0, or -1: it does not fit.
 */
int vd_config_cmdline(const struct vd_config *c, const struct vd_domain_config *d,
		      char *buf, size_t size);

#endif
