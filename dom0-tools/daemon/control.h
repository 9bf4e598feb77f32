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

/* 0 or -1 (logged). */
int control_open(const char *system);
void control_close(const char *system);
/* Add our descriptors to @p; returns how many. */
int control_poll(struct pollfd *p);
void control_events(struct machine *m, const struct pollfd *p, int n);
/* Answer those whose order has been carried out. */
void control_answer(struct machine *m);
/* Is somebody still waiting for an answer? */
bool control_busy(void);

#endif
