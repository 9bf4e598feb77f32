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

/**
 * vd_log_times - choose if log lines begin with the time, as in a log file
 * @on: true: they do
 */
void vd_log_times(bool on);

/**
 * vd_log_hook - pass each log line to a function, too
 * @hook: gets the text only; NULL: no function
 */
void vd_log_hook(void (*hook)(const char *line));

/**
 * vd_log - print one line to stderr
 * @fmt: as for printf()
 */
void vd_log(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/**
 * vd_alert - log what an administrator has to know, to syslog as an error, too
 * @fmt: as for printf()
 */
void vd_alert(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* host.c */

/**
 * vd_host_open - connect to libxl and xenstore
 * @h: filled
 *
 * Return: 0 or -1 (logged).
 */
int vd_host_open(struct vd_host *h);

/**
 * vd_host_close - end what vd_host_open() made
 * @h: the connections
 */
void vd_host_close(struct vd_host *h);

/**
 * vd_now_ms - get the time of CLOCK_BOOTTIME
 *
 * Return: the time in ms.
 */
int64_t vd_now_ms(void);		/* CLOCK_BOOTTIME: survives clock changes */

/* xs.c: xenstore with formatted paths. */

/**
 * vd_xs_read - read a node
 * @xs: xenstore
 * @t: transaction or XBT_NULL
 * @fmt: the path, as for printf()
 *
 * Return: the value, to be freed, or NULL with errno set.
 */
char *vd_xs_read(struct xs_handle *xs, xs_transaction_t t, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * vd_xs_write - write a node
 * @xs: xenstore
 * @t: transaction or XBT_NULL
 * @dir: path of its directory
 * @key: its name there
 * @fmt: the value, as for printf()
 *
 * Return: 0 or -1.
 */
int vd_xs_write(struct xs_handle *xs, xs_transaction_t t, const char *dir,
		const char *key, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/**
 * vd_xs_rm - remove a node
 * @xs: xenstore
 * @t: transaction or XBT_NULL
 * @fmt: the path, as for printf()
 */
void vd_xs_rm(struct xs_handle *xs, xs_transaction_t t, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * vd_xs_read_long - read a node that holds a number
 * @xs: xenstore
 * @dflt: what stands for a missing number
 * @fmt: the path, as for printf()
 *
 * Return: the number or @dflt.
 */
long vd_xs_read_long(struct xs_handle *xs, long dflt, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* domain.c */
enum vd_life { VD_ALIVE, VD_SHUT_DOWN, VD_GONE };

/**
 * vd_domain_create - build a domain, paused; on failure nothing of it is left
 * @h: the host
 * @c: the system
 * @d: the domain
 * @domid: set to its id
 *
 * Return: 0 or -1 (logged).
 */
int vd_domain_create(struct vd_host *h, const struct vd_config *c,
		     const struct vd_domain_config *d, uint32_t *domid);

/**
 * vd_domain_destroy - destroy a domain at once, in any state, and free its PCI devices
 * @h: the host
 * @domid: the domain; it is no error if it does not exist
 *
 * Return: 0 or -1 (logged).
 */
int vd_domain_destroy(struct vd_host *h, uint32_t domid);

/**
 * vd_domain_life - check that a domain is alive
 * @h: the host
 * @domid: its id
 * @uuid: what it must have for its uuid
 * @reason: set if it is shut down
 *
 * Return: its state; VD_GONE if the id belongs to another domain.
 */
enum vd_life vd_domain_life(struct vd_host *h, uint32_t domid, const char *uuid,
			    libxl_shutdown_reason *reason);

/**
 * vd_domain_uuid - get a domain's uuid as text
 * @h: the host
 * @domid: the domain
 * @uuid: set to the text
 *
 * Return: 0 or -1.
 */
int vd_domain_uuid(struct vd_host *h, uint32_t domid, char uuid[37]);

/* pci.c */

/**
 * vd_pci_claim - make a domain's devices assignable
 * @h: the host
 * @d: the domain
 * @state: xenstore directory where devices are noted that a driver had
 *
 * Return: 0 or -1 (logged).
 */
int vd_pci_claim(struct vd_host *h, const struct vd_domain_config *d,
		 const char *state);

/**
 * vd_pci_give_back - give devices back to their former drivers
 * @h: the host
 * @state: as for vd_pci_claim()
 */
void vd_pci_give_back(struct vd_host *h, const char *state);

/**
 * vd_pci_detach - remove a domain's PCI devices in xenstore, before it is destroyed
 * @h: the host
 * @domid: the domain
 *
 * Otherwise libxl waits ten seconds for a dead front end.
 */
void vd_pci_detach(struct vd_host *h, uint32_t domid);

/**
 * vd_pci_wait_free - wait until xen-pciback has freed a domain's devices, after its end
 * @domid: the domain
 *
 * Return: 0 or -1 (logged).
 */
int vd_pci_wait_free(uint32_t domid);

/**
 * vd_pciback_load - load xen-pciback
 *
 * Return: true if it is there.
 */
bool vd_pciback_load(void);

/* link.c: the xenbus nodes of one service for one primary. */
struct vd_link {
	uint32_t primary, service;	/* domain ids */
	unsigned int devid;		/* never used twice in a system's life */
};

/**
 * vd_link_write - write the nodes of a link
 * @h: the host
 * @l: the link
 * @service: the service domain
 *
 * Return: 0 or -1 (logged).
 */
int vd_link_write(struct vd_host *h, const struct vd_link *l,
		  const struct vd_domain_config *service);

/**
 * vd_link_remove - remove the nodes of a link
 * @h: the host
 * @l: the link
 */
void vd_link_remove(struct vd_host *h, const struct vd_link *l);

/**
 * vd_link_state - get the XenbusState of a link's front end
 * @xs: xenstore
 * @l: the link
 *
 * Return: the state; 0: none.
 */
int vd_link_state(struct xs_handle *xs, const struct vd_link *l);

/**
 * vd_link_failed_path - get the node by which a front end gives its link up while the domain
 * lives
 * @l: the link
 * @path: set to the path
 */
void vd_link_failed_path(const struct vd_link *l, char path[VD_PATH_MAX]);

/**
 * vd_link_failed - get the reason for which a front end has given its link up
 * @xs: xenstore
 * @l: the link
 *
 * Return: "hang" or "violation", to be freed; NULL: it has not.
 */
char *vd_link_failed(struct xs_handle *xs, const struct vd_link *l);

/**
 * vd_link_others - count the other primaries that use a link's service domain
 * @xs: xenstore
 * @l: the link
 *
 * Return: number of those that have not given their link up.
 */
int vd_link_others(struct xs_handle *xs, const struct vd_link *l);

/**
 * vd_exec_dir - make the node by which exec sessions meet, writable by the primary
 * @h: the host
 * @primary: its domain id
 *
 * Return: 0 or -1 (logged).
 */
int vd_exec_dir(struct vd_host *h, uint32_t primary);

#endif
