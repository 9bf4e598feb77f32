/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is known of a running system, in xenstore below /virtuos/<primary's name>, where
 * it lives exactly as long as the domains can: until dom0 reboots. Only virtuosd writes
 * it; the CLI reads it.
 */
#ifndef VIRTUOS_STATE_H
#define VIRTUOS_STATE_H

#include "host.h"

#define VD_STATE_ROOT	"/virtuos"
#define VD_RUN_DIR	"/run/virtuos"
#define VD_LOG_DIR	"/var/log/virtuos"

struct vd_status {
	char name[VD_NAME_MAX + 1];
	char role[16];
	char state[16];		/* building, running, stopping, waiting, stopped, failed */
	char reason[64];	/* of the last death, "" = none yet */
	char uuid[37];
	uint32_t domid;		/* VD_NO_DOMID = none */
	long generation;	/* incarnations so far */
	long devid;		/* of its link to the primary, -1 = none */
	long restarts;		/* after a death, not counting the first start */
	bool degraded;		/* fails more often than start_limit_* allow */
	int64_t started;	/* vd_now_ms() */
};

void vd_state_dir(char dir[VD_PATH_MAX], const char *system);
void vd_run_path(char path[VD_PATH_MAX], const char *system, const char *suffix);

int vd_status_save(struct vd_host *h, const char *system, const struct vd_status *s);
/* 0, or -1 when there is no such domain. */
int vd_status_load(struct xs_handle *xs, const char *system, const char *name,
		   struct vd_status *s);
/* Write a service's state where its primary can read it: protocol.md, section 2. */
void vd_service_tell(struct vd_host *h, uint32_t primary, const struct vd_status *s);
/* Names of the systems, or of a system's domains; free() the array. */
char **vd_state_systems(struct xs_handle *xs, unsigned int *n);
char **vd_state_domains(struct xs_handle *xs, const char *system, unsigned int *n);
/* The system that has a domain of this name; "" when none has. */
void vd_state_find(struct xs_handle *xs, const char *domain,
		   char system[VD_NAME_MAX + 1]);
void vd_state_remove(struct vd_host *h, const char *system);

/* The next link number; never given out twice. -1 on error. */
long vd_state_next_devid(struct vd_host *h, const char *system);

#endif
