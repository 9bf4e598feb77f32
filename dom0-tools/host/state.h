/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is known of a running system, in xenstore below /virtuos/<primary's name>, where
 * it lives exactly as long as the domains can: until dom0 reboots. Only virtuosd writes
 * it; the CLI reads it.
 */
#ifndef VIRTUOS_STATE_H
#define VIRTUOS_STATE_H

#include "host.h"
#include "kernel.h"

#define VD_STATE_ROOT	"/virtuos"
#define VD_RUN_DIR	"/run/virtuos"
#define VD_LOG_DIR	"/var/log/virtuos"

struct vd_status {
	char name[VD_NAME_MAX + 1];
	char role[16];
	char state[16];		/* building, running, stopping, waiting, stopped, failed */
	char reason[64];	/* of the last death, "" = none yet */
	char uuid[37];
	char kernel[VD_KERNEL_NOTE];	/* what it was started with */
	uint32_t domid;		/* VD_NO_DOMID = none */
	long generation;	/* incarnations so far */
	long devid;		/* of its link to the primary, -1 = none */
	long restarts;		/* after a death, not counting the first start */
	bool degraded;		/* fails more often than start_limit_* allow */
	int64_t started;	/* vd_now_ms() */
};

/**
 * vd_state_dir - get a system's directory in xenstore
 * @dir: set to the path
 * @system: name of the system
 */
void vd_state_dir(char dir[VD_PATH_MAX], const char *system);

/**
 * vd_run_path - get the path of a system's file in VD_RUN_DIR
 * @path: set to the path
 * @system: name of the system
 * @suffix: of the file
 */
void vd_run_path(char path[VD_PATH_MAX], const char *system, const char *suffix);

/**
 * vd_status_save - write a domain's state
 * @h: the host
 * @system: name of the system
 * @s: the state
 *
 * Return: 0 or -1 (logged).
 */
int vd_status_save(struct vd_host *h, const char *system, const struct vd_status *s);

/**
 * vd_status_load - read a domain's state
 * @xs: xenstore
 * @system: name of the system
 * @name: of the domain
 * @s: filled
 *
 * Return: 0, or -1: there is no such domain.
 */
int vd_status_load(struct xs_handle *xs, const char *system, const char *name,
		   struct vd_status *s);

/**
 * vd_service_tell - write a service's state where its primary can read it
 * @h: the host
 * @primary: its domain id
 * @s: the state
 *
 * See protocol.md, section 2.
 */
void vd_service_tell(struct vd_host *h, uint32_t primary, const struct vd_status *s);

/**
 * vd_state_systems - list the systems
 * @xs: xenstore
 * @n: set to their number
 *
 * Return: array of names, to be freed as one.
 */
char **vd_state_systems(struct xs_handle *xs, unsigned int *n);

/**
 * vd_state_domains - list a system's domains
 * @xs: xenstore
 * @system: name of the system
 * @n: set to their number
 *
 * Return: array of names, to be freed as one.
 */
char **vd_state_domains(struct xs_handle *xs, const char *system, unsigned int *n);

/**
 * vd_state_find - find the system that has a domain of a name
 * @xs: xenstore
 * @domain: the name
 * @system: set to the system's name; "": no system has it
 */
void vd_state_find(struct xs_handle *xs, const char *domain,
		   char system[VD_NAME_MAX + 1]);

/**
 * vd_state_remove - remove a system's state
 * @h: the host
 * @system: name of the system
 */
void vd_state_remove(struct vd_host *h, const char *system);

/**
 * vd_state_next_devid - get a link number that was never used before
 * @h: the host
 * @system: name of the system
 *
 * Return: the number, or -1.
 */
long vd_state_next_devid(struct vd_host *h, const char *system);

#endif
