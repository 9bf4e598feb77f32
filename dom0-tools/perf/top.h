/* SPDX-License-Identifier: GPL-2.0-only */
/* The command "top": which thread costs which service how much, again and again. */
#ifndef VIRTUOS_PERF_TOP_H
#define VIRTUOS_PERF_TOP_H

#include <stdbool.h>

#define VP_TOP_ARGS	"[--batch] [--json] [-n N] [-d SECONDS] [--sort KEY]"

/**
 * struct vp_top_options - what is to be shown
 * @name: of the system; NULL: not given
 * @seconds: between two tables
 * @count: how many; 0: without end
 * @batch: tables follow each other, no key is read
 * @json: a line of JSON for each table
 * @sort: services, cpu, calls, wait, or a service's name
 */
struct vp_top_options {
	const char *name;
	double seconds;
	unsigned int count;
	bool batch;
	bool json;
	const char *sort;
};

/**
 * vp_top_parse - parse the command's arguments
 * @argc: their number, with the command's name
 * @argv: the arguments
 * @o: filled
 *
 * Return: 0, or -1: wrong usage.
 */
int vp_top_parse(int argc, char **argv, struct vp_top_options *o);

/**
 * vp_top_run - show what a stream of snapshots says
 * @o: how
 * @fd: the stream
 *
 * Return: the exit status: 0; 1: no two snapshots came, or the key to sort by is unknown (said).
 */
int vp_top_run(const struct vp_top_options *o, int fd);

#endif
