/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is known of a running system, in xenstore below /virtuos/<primary's name>, where
 * it lives exactly as long as the domains can: until dom0 reboots. Only virtuosd writes
 * it; the CLI reads it.
 */
#ifndef VIRTUOS_STATE_H
#define VIRTUOS_STATE_H

#include "host.h"

#define VOS_STATE_ROOT	"/virtuos"
#define VOS_RUN_DIR	"/run/virtuos"
#define VOS_LOG_DIR	"/var/log/virtuos"

struct vos_status {
	char name[VOS_NAME_MAX + 1];
	char role[16];
	char state[16];		/* building, running, stopping, waiting, stopped, failed */
	char reason[64];	/* of the last death, "" = none yet */
	char uuid[37];
	uint32_t domid;		/* VOS_NO_DOMID = none */
	long generation;	/* incarnations so far */
	long devid;		/* of its link to the primary, -1 = none */
	long restarts;		/* after a death, not counting the first start */
	bool degraded;		/* fails more often than start_limit_* allow */
	int64_t started;	/* vos_now_ms() */
};

void vos_state_dir(char dir[VOS_PATH_MAX], const char *system);
void vos_run_path(char path[VOS_PATH_MAX], const char *system, const char *suffix);

int vos_status_save(struct vos_host *h, const char *system, const struct vos_status *s);
/* 0, or -1 when there is no such domain. */
int vos_status_load(struct xs_handle *xs, const char *system, const char *name,
		    struct vos_status *s);
/* Write a service's state where its primary can read it: protocol.md, section 2. */
void vos_service_tell(struct vos_host *h, uint32_t primary, const struct vos_status *s);
/* Names of the systems, or of a system's domains; free() the array. */
char **vos_state_systems(struct xs_handle *xs, unsigned int *n);
char **vos_state_domains(struct xs_handle *xs, const char *system, unsigned int *n);
/* The system that has a domain of this name; "" when none has. */
void vos_state_find(struct xs_handle *xs, const char *domain,
		    char system[VOS_NAME_MAX + 1]);
void vos_state_remove(struct vos_host *h, const char *system);

/* The next link number; never given out twice. -1 on error. */
long vos_state_next_devid(struct vos_host *h, const char *system);

#endif
