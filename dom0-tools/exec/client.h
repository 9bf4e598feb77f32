/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The client's side of one vexec command: our standard input, output and error are
 * the command's. Used by `virtuos exec`.
 */
#ifndef VEXEC_CLIENT_H
#define VEXEC_CLIENT_H

#include "stream.h"

struct vx_command {
	char *const *argv;
	bool input;		/* pass our standard input on */
	bool pty;
	/* Another descriptor to watch, and whether the peer's machine still lives. */
	int watch_fd;		/* -1 = none */
	bool (*alive)(void *arg);
	void *arg;
};

#define VX_LOST		(-1)	/* the connection ended before EXIT */

/**
 * vx_client_run - run one command
 * @st: leads to the agent
 * @c: the command
 *
 * Return: the command's status, or VX_LOST.
 */
int vx_client_run(struct vx_stream *st, const struct vx_command *c);

#endif
