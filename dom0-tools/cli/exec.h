/* SPDX-License-Identifier: GPL-2.0-only */
/* Commands in the primary, for the commands of virtuos(8) that need one. */
#ifndef VIRTUOS_CLI_EXEC_H
#define VIRTUOS_CLI_EXEC_H

#include <stdint.h>
#include <sys/types.h>

#include "../exec/client.h"

/**
 * exec_in - run a command in a primary, on our own standard input, output and error
 * @name: of the system; "": the only one that is up
 * @cmd: the command
 * @limit_ms: it is given up after so long; 0: no limit
 *
 * Return: its exit status; EXIT_TRANSPORT: it is not known (said).
 */
int exec_in(const char *name, struct vx_command *cmd, int64_t limit_ms);

#define EXEC_WORDS	8

/**
 * struct exec_pipe - a command in a primary whose output is read
 * @fd: its output and error output, and what we have to say
 * @pid: a child of ours that carries them
 */
struct exec_pipe {
	int fd;
	pid_t pid;
};

/**
 * exec_open - run a command in a primary, without input, and read its output
 * @name: as for exec_in()
 * @words: the command and its arguments, EXEC_WORDS at most, NULL at the end
 * @limit_ms: as for exec_in()
 * @p: filled; exec_close() ends it
 *
 * What comes is the primary's words: nothing of it may reach a terminal as it is.
 *
 * Return: 0 or -1 (said).
 */
int exec_open(const char *name, const char *const *words, int64_t limit_ms, struct exec_pipe *p);

/**
 * exec_close - end a command that exec_open() has started
 * @p: as exec_open() filled it
 */
void exec_close(struct exec_pipe *p);

#endif
