/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tools do to the Xen host: domains, PCI devices, xenstore. Everything here
 * can be called from a process of its own at any time; nothing keeps state in memory.
 *
 * Functions return 0, or -1 after saying what went wrong by vd_log().
 */
#ifndef VIRTUOS_HOST_H
#define VIRTUOS_HOST_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <libxl.h>
#include <xenstore.h>

#include "config.h"

#define VD_NO_DOMID	((uint32_t)-1)
#define VD_PATH_MAX	256

struct vd_host {
	xentoollog_logger *logger;
	libxl_ctx *ctx;
	struct xs_handle *xs;
};

/* log.c: one line to stderr; with the time when it goes to a log file. */
void vd_log_times(bool on);
/* Where else a line goes (NULL: nowhere); called with the text only. */
void vd_log_hook(void (*hook)(const char *line));
void vd_log(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* What an administrator has to know: the same, and to syslog as an error. */
void vd_alert(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* host.c */
int vd_host_open(struct vd_host *h);
void vd_host_close(struct vd_host *h);
int64_t vd_now_ms(void);		/* CLOCK_BOOTTIME: survives clock changes */

/* xs.c: xenstore with formatted paths. */
char *vd_xs_read(struct xs_handle *xs, xs_transaction_t t, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int vd_xs_write(struct xs_handle *xs, xs_transaction_t t, const char *dir,
		const char *key, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
void vd_xs_rm(struct xs_handle *xs, xs_transaction_t t, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
long vd_xs_read_long(struct xs_handle *xs, long dflt, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* domain.c */
enum vd_life { VD_ALIVE, VD_SHUT_DOWN, VD_GONE };

/* Build the domain, paused. On failure nothing of it is left. */
int vd_domain_create(struct vd_host *h, const struct vd_config *c,
		     const struct vd_domain_config *d, uint32_t *domid);
/*
 * Destroy at once, whatever state it is in, and free its PCI devices for the next one.
 * A domain that does not exist (any more) is no error.
 */
int vd_domain_destroy(struct vd_host *h, uint32_t domid);
/* Is the domain with this id the one with this uuid, and alive? */
enum vd_life vd_domain_life(struct vd_host *h, uint32_t domid, const char *uuid,
			    libxl_shutdown_reason *reason);
/* 37 bytes for the text form. */
int vd_domain_uuid(struct vd_host *h, uint32_t domid, char uuid[37]);

/* pci.c */
/* Make a domain's devices assignable; what had to be taken is noted under @state. */
int vd_pci_claim(struct vd_host *h, const struct vd_domain_config *d,
		 const char *state);
/* Give back to their former drivers what was taken. */
void vd_pci_give_back(struct vd_host *h, const char *state);
/*
 * Before the domain is destroyed: cut the devices off it in xenstore, so that libxl
 * does not wait (ten seconds) for a dead front end.
 */
void vd_pci_detach(struct vd_host *h, uint32_t domid);
/* After it: wait until xen-pciback has let go. */
int vd_pci_wait_free(uint32_t domid);
bool vd_pciback_load(void);

/* link.c: the xenbus nodes of one service for one primary. */
struct vd_link {
	uint32_t primary, service;	/* domain ids */
	unsigned int devid;		/* never used twice in a system's life */
};

int vd_link_write(struct vd_host *h, const struct vd_link *l,
		  const struct vd_domain_config *service);
void vd_link_remove(struct vd_host *h, const struct vd_link *l);
/* XenbusState of the front end, 0 = none. */
int vd_link_state(struct xs_handle *xs, const struct vd_link *l);
/* Where a front end says that it has given the link up though the domain lives, and
 * what it says ("hang", "violation"): to be freed, NULL = nothing. */
void vd_link_failed_path(const struct vd_link *l, char path[VD_PATH_MAX]);
char *vd_link_failed(struct xs_handle *xs, const struct vd_link *l);
/* How many other primaries the service domain serves that have not given it up. */
int vd_link_others(struct xs_handle *xs, const struct vd_link *l);
/* The node by which exec sessions meet, writable by the primary. */
int vd_exec_dir(struct vd_host *h, uint32_t primary);

#endif
