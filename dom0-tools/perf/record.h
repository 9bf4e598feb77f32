/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The command "record": where a program's time goes, its own and that of services for it, by
 * samples with call chains.
 */
#ifndef VIRTUOS_PERF_RECORD_H
#define VIRTUOS_PERF_RECORD_H

#include <stdbool.h>

#define VP_RECORD_ARGS	"[-a] [-F HZ] [-c NS] [-o FILE] -- COMMAND [ARG]..."
#define VP_RECORD_FILE	"virtuos-record.folded"	/* unless -o names another */

/**
 * struct vp_record_options - what is to be done
 * @output: file
 * @name: what it is called in messages
 * @all: sample all that runs meanwhile
 * @html: make a page that draws a flame graph; otherwise folded lines
 * @hz: samples of a processor in a second that it runs
 * @ns: time of a service for one sample of it
 * @command: index of the command among the arguments
 */
struct vp_record_options {
	const char *output;
	const char *name;
	bool all;
	bool html;
	unsigned int hz;
	unsigned int ns;
	int command;
};

/**
 * vp_record_parse - parse the command's arguments
 * @argc: their number, with the command's name
 * @argv: the arguments
 * @o: filled
 *
 * Return: 0, or -1: wrong usage.
 */
int vp_record_parse(int argc, char **argv, struct vp_record_options *o);

/**
 * vp_record_run - run a command and sample it
 * @o: the options
 * @argv: the command and its arguments
 *
 * Return: the command's exit status; 1 if it was not sampled (said).
 */
int vp_record_run(const struct vp_record_options *o, char **argv);

#endif
