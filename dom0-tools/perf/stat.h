/* SPDX-License-Identifier: GPL-2.0-only */
/* The command "stat": what a program and its children cost, by perf_event_open(2). */
#ifndef VIRTUOS_PERF_STAT_H
#define VIRTUOS_PERF_STAT_H

#include <stdbool.h>
#include <stdint.h>

#include "pmu.h"
#include "text.h"

#define VP_STAT_ARGS	"[-e EVENT[,EVENT]...] [--json] [-o FILE] -- COMMAND [ARG]..."
#define VP_STAT_FAILED	125	/* stat's own failure, for the rest are the command's */
#define VP_EVENTS	32u

/**
 * struct vp_stat_options - what is to be counted, and how it is shown
 * @events: lists of names, between commas
 * @lists: how many; 0: a choice of the events that there are
 * @json: as one line of JSON
 * @output: file; NULL: stderr
 * @command: index of the command among the arguments
 */
struct vp_stat_options {
	const char *events[VP_EVENTS];
	unsigned int lists;
	bool json;
	const char *output;
	int command;
};

/**
 * struct vp_count - an event and its count
 * @event: the event
 * @value: counted
 * @counted: the event could be counted at all
 */
struct vp_count {
	struct vp_event event;
	uint64_t value;
	bool counted;
};

/**
 * vp_stat_parse - parse the command's arguments
 * @argc: their number, with the command's name
 * @argv: the arguments
 * @o: filled
 *
 * Return: 0, or -1: wrong usage.
 */
int vp_stat_parse(int argc, char **argv, struct vp_stat_options *o);

/**
 * vp_stat_show - write counts
 * @command: its arguments
 * @count: the counts
 * @n: their number
 * @seconds: from the command's start to its end
 * @status: its exit status
 * @json: as JSON
 * @t: the text is added there
 */
void vp_stat_show(char *const *command, const struct vp_count *count, unsigned int n,
		  double seconds, int status, bool json, struct vp_text *t);

/**
 * vp_stat_run - run a command and show what it cost
 * @o: the options
 * @argv: the command and its arguments
 *
 * Return: the command's exit status; VP_STAT_FAILED: it was not run (said).
 */
int vp_stat_run(const struct vp_stat_options *o, char **argv);

#endif
