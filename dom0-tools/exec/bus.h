/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The few xenstore requests that the agent needs, straight over /dev/xen/xenbus.
 *
 * libxenstore does not do: its static library is built without threads, and poll() cannot wait
 * on it. The agent must be static to run in any userland.
 *
 * Invariant: one request at a time. Watch events that come in between are only remembered as
 * "something changed", which is all the agent needs.
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

/**
 * vx_bus_open - open /dev/xen/xenbus
 * @b: filled
 *
 * Return: 0, or -1 with errno set.
 */
int vx_bus_open(struct bus *b);

/**
 * vx_bus_watch - watch a node
 * @b: the bus
 * @path: of the node
 *
 * Return: 0, or -1 with errno set.
 */
int vx_bus_watch(struct bus *b, const char *path);

/**
 * vx_bus_rm - remove a node
 * @b: the bus
 * @path: of the node
 *
 * Return: 0, or -1 with errno set.
 */
int vx_bus_rm(struct bus *b, const char *path);

/**
 * vx_bus_exists - check if there is a node that this domain may read
 * @b: the bus
 * @path: of the node
 *
 * Return: true if there is.
 */
bool vx_bus_exists(struct bus *b, const char *path);

/**
 * vx_bus_directory - list the children of a node
 * @b: the bus
 * @path: of the node
 * @buf: BUS_PAYLOAD_MAX + 1 bytes, set to strings one after the other
 * @len: set to the bytes in @buf
 *
 * Return: 0, or -1 with errno set.
 */
int vx_bus_directory(struct bus *b, const char *path, char *buf, size_t *len);

/**
 * vx_bus_events - take the events that are there
 * @b: the bus
 *
 * If poll() said POLLIN, this does not block.
 *
 * Return: 0, or -1 with errno set.
 */
int vx_bus_events(struct bus *b);

#endif
