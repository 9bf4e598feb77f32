/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One command of the agent: starting it with pipes or a pseudo-terminal.
 * Used by session.c only.
 */
#ifndef VEXEC_CHILD_H
#define VEXEC_CHILD_H

#include <sys/types.h>
#include "vexec.h"

struct vx_child {
	pid_t pid;		/* leads a session and process group of its own */
	int in;			/* our ends, non-blocking; -1 = closed */
	int out;
	int err;
	bool pty;		/* in and out are the same terminal, err is -1 */
};

/* 0, or -1 with errno set; what went wrong after fork() the child says on stderr. */
int vx_child_start(const struct vx_start *s, struct vx_child *c);
void vx_child_close_in(struct vx_child *c);
void vx_child_close(struct vx_child *c);

#endif
