/* SPDX-License-Identifier: GPL-2.0-only */
/* The command "trace": each call of a program on its way over domains and back, as JSON. */
#ifndef VIRTUOS_PERF_TRACE_H
#define VIRTUOS_PERF_TRACE_H

#define VP_TRACE_ARGS	"[-o FILE] -- COMMAND [ARG]..."
#define VP_TRACE_FILE	"virtuos-trace.json"	/* unless -o names another */

/**
 * struct vp_trace_options - what is to be done
 * @output: file
 * @name: what it is called in messages
 * @command: index of the command among the arguments
 */
struct vp_trace_options {
	const char *output;
	const char *name;
	int command;
};

/**
 * vp_trace_parse - parse the command's arguments
 * @argc: their number, with the command's name
 * @argv: the arguments
 * @o: filled
 *
 * Return: 0, or -1: wrong usage.
 */
int vp_trace_parse(int argc, char **argv, struct vp_trace_options *o);

/**
 * vp_trace_run - run a command and trace it
 * @o: the options
 * @argv: the command and its arguments
 *
 * Return: the command's exit status; 1 if it was not traced (said).
 */
int vp_trace_run(const struct vp_trace_options *o, char **argv);

#endif
