/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Orders to virtuosd over a Unix socket that only root can reach. One order per
 * connection, one line: "up", "down", "kill NAME", "restart NAME", "ping". Answers are
 * lines: "log TEXT" while it is carried out, then "ok" or "error TEXT".
 */
#ifndef VIRTUOS_CONTROL_H
#define VIRTUOS_CONTROL_H

#include <poll.h>
#include "machine.h"

#define CONTROL_MAX	16	/* connections at a time */

/**
 * control_open - open the socket for orders
 * @system: name of the system
 *
 * Return: 0 or -1 (logged).
 */
int control_open(const char *system);

/**
 * control_close - close all connections, and remove the socket
 * @system: name of the system
 */
void control_close(const char *system);

/**
 * control_poll - add our descriptors to a set for poll()
 * @p: room for CONTROL_MAX + 1
 *
 * Return: number of descriptors.
 */
int control_poll(struct pollfd *p);

/**
 * control_events - read orders and carry them out, and accept connections
 * @m: the system
 * @p: as control_poll() filled it
 * @n: as control_poll() returned
 */
void control_events(struct machine *m, const struct pollfd *p, int n);

/**
 * control_answer - answer the clients whose orders have been carried out
 * @m: the system
 */
void control_answer(struct machine *m);

/**
 * control_busy - check if a client still waits for an answer
 *
 * Return: true if one does.
 */
bool control_busy(void);

#endif
