/* SPDX-License-Identifier: GPL-2.0-only */
/* A command that is watched from its first instruction to its end. */
#ifndef VIRTUOS_PERF_CHILD_H
#define VIRTUOS_PERF_CHILD_H

#include <sys/types.h>

#define VP_CHILD_RUNS	(-1)	/* vp_child_status() */

/**
 * struct vp_child - a child on its way to become the command
 * @pid: its id
 * @go: written to: become the command; closed: end
 * @failed: read from: the errno of exec, if it failed
 */
struct vp_child {
	pid_t pid;
	int go;
	int failed;
};

/**
 * vp_child_make - make a child, which waits
 * @c: filled
 * @argv: the command and its arguments
 *
 * SIGPIPE does not end the caller from now on: what was measured is put away.
 *
 * Return: 0 or -1.
 */
int vp_child_make(struct vp_child *c, char **argv);

/**
 * vp_child_go - let a child become the command
 * @c: the child
 *
 * SIGINT and SIGQUIT are the command's from now on.
 *
 * Return: 0, or why it could not, which ends it.
 */
int vp_child_go(struct vp_child *c);

/**
 * vp_child_pass_signals - from now on, send SIGTERM and SIGHUP on to a child
 * @c: the child; there is only one
 *
 * When it ends of that, what was measured is written.
 */
void vp_child_pass_signals(const struct vp_child *c);

/**
 * vp_child_status - get a child's exit status
 * @c: the child
 * @options: 0: wait for its end; WNOHANG
 *
 * Return: the status, 128 + N if signal N killed it; VP_CHILD_RUNS.
 */
int vp_child_status(const struct vp_child *c, int options);

/**
 * vp_child_drop - end a child that has not become the command
 * @c: the child
 */
void vp_child_drop(struct vp_child *c);

/**
 * vp_child_explain - say why a command could not be executed
 * @argv: the command
 * @error: as vp_child_go() returned it
 *
 * Return: the exit status for it, as a shell's.
 */
int vp_child_explain(char **argv, int error);

#endif
