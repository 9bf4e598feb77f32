/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * virtuos-perf: what service domains do for the threads of this primary. `virtuos top` and the
 * like run it from domain 0.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../common/command.h"
#include "gather.h"
#include "metrics.h"
#include "output.h"
#include "record.h"
#include "stat.h"
#include "top.h"
#include "trace.h"

static int no_primary(void)
{
	fprintf(stderr, "virtuos-perf: this is no primary of VirtuOS: %s is not there\n",
		vp_places_real.sys);
	return 1;
}

/* Take snapshots in a child. Return: its id; *@fd: they come there. */
static pid_t start_gathering(const struct vp_top_options *o, int *fd)
{
	int p[2];
	pid_t pid;

	if (pipe(p))
		return -1;
	pid = fork();
	if (!pid) {
		close(p[0]);
		_exit(vp_gather_stream(&vp_places_real, o->seconds,
				       o->count ? o->count + 1 : 0, p[1]) ? 1 : 0);
	}
	close(p[1]);
	*fd = p[0];
	return pid;
}

static int cmd_top(int argc, char **argv)
{
	struct vp_top_options o;
	pid_t pid;
	int fd, r;

	if (vp_top_parse(argc, argv, &o) || o.name)
		return BAD_USAGE;
	if (access(vp_places_real.sys, F_OK))
		return no_primary();
	pid = start_gathering(&o, &fd);
	if (pid < 0) {
		fprintf(stderr, "virtuos-perf: %s\n", strerror(errno));
		return 1;
	}
	r = vp_top_run(&o, fd);
	close(fd);
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
	return r;
}

static int cmd_stat(int argc, char **argv)
{
	struct vp_stat_options o;

	if (vp_stat_parse(argc, argv, &o))
		return -VP_STAT_FAILED;
	return vp_stat_run(&o, argv + o.command);
}

static int cmd_trace(int argc, char **argv)
{
	struct vp_trace_options o;

	if (vp_trace_parse(argc, argv, &o))
		return BAD_USAGE;
	return vp_trace_run(&o, argv + o.command);
}

static int cmd_record(int argc, char **argv)
{
	struct vp_record_options o;

	if (vp_record_parse(argc, argv, &o))
		return BAD_USAGE;
	return vp_record_run(&o, argv + o.command);
}

static int cmd_metrics(int argc, char **argv)
{
	struct vp_text taken = { 0 }, t = { 0 };
	struct vp_snapshot s = { 0 };
	struct vp_primary p = { .snapshot = &s };
	int r;

	if (argc != 1 && (argc != 3 || strcmp(argv[1], "--output")))
		return BAD_USAGE;
	if (vp_gather(&vp_places_real, &taken) || vp_snapshot_parse(taken.buf, taken.len, &s)) {
		vp_text_free(&taken);
		return no_primary();
	}
	vp_metrics(NULL, 0, &p, 1, &t);
	r = vp_output(&t, argc == 3 ? argv[2] : NULL);
	vp_snapshot_free(&s);
	vp_text_free(&taken);
	vp_text_free(&t);
	return r ? 1 : 0;
}

static int cmd_snapshot(int argc, char **argv)
{
	struct vp_top_options o;

	if (vp_top_parse(argc, argv, &o) || o.name || o.batch || o.json)
		return BAD_USAGE;
	if (access(vp_places_real.sys, F_OK))
		return no_primary();
	if (!vp_gather_stream(&vp_places_real, o.seconds, o.count, 1))
		return 0;
	fprintf(stderr, "virtuos-perf: %s\n", strerror(errno));
	return 1;
}

static const struct vd_command commands[] = {
	{ "top", cmd_top, VP_TOP_ARGS, "which thread costs which service how much",
	  "  virtuos-perf top\n"
	  "  virtuos-perf top --batch -n 1 -d 5 --sort net\n"
	  "  virtuos-perf top --json -n 1\n" },
	{ "stat", cmd_stat, VP_STAT_ARGS,
	  "run a command; show what it and its children cost; exit with its status",
	  "  virtuos-perf stat -- curl -s http://192.0.2.1/\n"
	  "  virtuos-perf stat -e calls,service-ns -- make\n"
	  "  virtuos-perf stat --json -o cost.json -- sh -c 'cat big | wc'\n" },
	{ "trace", cmd_trace, VP_TRACE_ARGS,
	  "run a command; write each call's way over the domains as JSON; exit with its status",
	  "  virtuos-perf trace -- curl -s http://192.0.2.1/\n"
	  "  virtuos-perf trace -o t.json -- sh -c 'cat big | wc'\n" },
	{ "record", cmd_record, VP_RECORD_ARGS,
	  "run a command; sample its call chains and services' work for it; exit with its status",
	  "  virtuos-perf record -- curl -s http://192.0.2.1/\n"
	  "  virtuos-perf record -o flames.html -- sh -c 'cat big | wc'\n"
	  "  virtuos-perf record -a -F 999 -c 10000 -o all.folded -- sleep 10\n" },
	{ "metrics", cmd_metrics, "[--output FILE]", "this primary's services as OpenMetrics text",
	  "  virtuos-perf metrics\n"
	  "  virtuos-perf metrics --output /var/lib/prometheus/node-exporter/virtuos.prom\n" },
	{ "snapshot", cmd_snapshot, "[-n N] [-d SECONDS]",
	  "the figures of which top and metrics are made",
	  "  virtuos-perf snapshot -n 1\n" },
};

int main(int argc, char **argv)
{
	static const struct vd_program virtuos_perf = {
		.name = "virtuos-perf",
		.about = "What service domains do for this primary's threads. See virtuos-perf(1).",
		.commands = commands,
		.n = sizeof(commands) / sizeof(commands[0]),
	};

	return vd_program_run(&virtuos_perf, argc, argv);
}
