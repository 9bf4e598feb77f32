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

/**
 * vx_child_start - start a command; the child reports an error after fork() on stderr
 * @s: the command
 * @c: filled
 *
 * Return: 0, or -1 with errno set.
 */
int vx_child_start(const struct vx_start *s, struct vx_child *c);

/**
 * vx_child_close_in - close the command's input
 * @c: the command
 */
void vx_child_close_in(struct vx_child *c);

/**
 * vx_child_close - close the command's input and outputs
 * @c: the command
 */
void vx_child_close(struct vx_child *c);

#endif
