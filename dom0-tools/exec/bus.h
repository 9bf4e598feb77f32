/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The few xenstore requests that the agent needs, straight over /dev/xen/xenbus.
 *
 * Why not libxenstore: its static library is built without threads and cannot be
 * waited on with poll(), and the agent must be static to run in any userland.
 *
 * Invariant: one request at a time; watch events that come in between are only
 * remembered as "something changed", which is all the agent asks for.
 */
#ifndef VEXEC_BUS_H
#define VEXEC_BUS_H

#include <stdbool.h>
#include <stddef.h>

#define BUS_PAYLOAD_MAX	4096

struct bus {
	int fd;			/* poll() it for POLLIN */
	bool changed;		/* a watch fired; the caller clears it */
	unsigned int req;
};

/* All return 0, or -1 with errno set. */
int vx_bus_open(struct bus *b);
int vx_bus_watch(struct bus *b, const char *path);
int vx_bus_rm(struct bus *b, const char *path);
/* Is there such a node, that we may read? */
bool vx_bus_exists(struct bus *b, const char *path);
/* Children as strings one after the other; *len bytes. @buf: BUS_PAYLOAD_MAX + 1. */
int vx_bus_directory(struct bus *b, const char *path, char *buf, size_t *len);
/* Take the events that are there; does not block when poll() said POLLIN. */
int vx_bus_events(struct bus *b);

#endif
