/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The command "trace": see trace.h. Services record before the primary's tracepoints do, and
 * longer. So for each call that was submitted while it was traced there is a record.
 *
 * The tracepoints are not limited to the command's threads: answers and deaths of service
 * domains come in any thread.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <sys/wait.h>

#include "child.h"
#include "output.h"
#include "rings.h"
#include "trace.h"
#include "tracefs.h"

#define TSC_KHZ		"/sys/kernel/virtuos/tsc_khz"
#define TAKE_EVERY_MS	20
#define DRAIN_TIMES	50		/* then a command's last calls have their answers */

struct trace {
	struct vp_timeline timeline;
	struct vp_rings rings;
	struct vp_tracefs points;
	struct vp_child child;
	double tsc_khz;
	struct vp_output out;
	bool written;
};

int vp_trace_parse(int argc, char **argv, struct vp_trace_options *o)
{
	int i;

	*o = (struct vp_trace_options){ .output = VP_TRACE_FILE };
	for (i = 1; i < argc && strcmp(argv[i], "--"); i++) {
		if (!strcmp(argv[i], "-o") && i + 1 < argc)
			o->output = argv[++i];
		else if (!strcmp(argv[i], "--name") && i + 1 < argc)
			o->name = argv[++i];
		else
			return -1;
	}
	if (!o->name)
		o->name = o->output;
	o->command = i + 1;
	return o->command < argc ? 0 : -1;
}

static int read_khz(double *khz)
{
	FILE *f = fopen(TSC_KHZ, "re");
	int n = f ? fscanf(f, "%lf", khz) : 0;

	if (f)
		fclose(f);
	if (n == 1 && *khz > 0)
		return 0;
	fprintf(stderr, "virtuos-perf: this is no primary of VirtuOS: there is no " TSC_KHZ "\n");
	return -1;
}

static int make_child(struct trace *t, char **argv)
{
	if (!vp_child_make(&t->child, argv))
		return 0;
	fprintf(stderr, "virtuos-perf: %s\n", strerror(errno));
	return -1;
}

static void take(struct trace *t)
{
	poll(NULL, 0, TAKE_EVERY_MS);
	vp_tracefs_take(&t->points);
	vp_rings_take(&t->rings);
}

/* Until the command has ended. What it closes then may be answered later. */
static int follow(struct trace *t)
{
	int status, i;

	while ((status = vp_child_status(&t->child, WNOHANG)) == VP_CHILD_RUNS)
		take(t);
	take(t);
	for (i = 0; i < DRAIN_TIMES && t->timeline.under_way; i++)
		take(t);
	return status;
}

static void say(const struct trace *t, const char *name)
{
	const struct vp_counts *n = &t->timeline.counts;

	fprintf(stderr, "%s: %u domains, %zu calls, %zu answers matched, %" PRIu64 " records lost, clock check %.1f us",
		name, n->domains, n->calls, n->matched, n->lost,
		(double)n->worst * 1000.0 / t->tsc_khz);
	if (n->disordered)
		fprintf(stderr, " (%zu out of order)", n->disordered);
	if (n->by_door)
		fprintf(stderr, ", %zu calls by the exceptionless door", n->by_door);
	if (n->dead)
		fprintf(stderr, ", %zu ended by the death of a domain", n->dead);
	if (n->spoilt)
		fprintf(stderr, ", %" PRIu64 " records do not fit", n->spoilt);
	fputc('\n', stderr);
}

/* The child waits. Return: the exit status. */
static int run_child(struct trace *t, char **argv)
{
	int status, e;

	if (vp_rings_open(&t->rings, &t->timeline) ||
	    vp_tracefs_open(&t->points, &t->timeline)) {
		vp_child_drop(&t->child);
		return 1;
	}
	vp_child_pass_signals(&t->child);
	e = vp_child_go(&t->child);
	if (e)
		return vp_child_explain(argv, e);
	status = follow(t);
	vp_tracefs_stop(&t->points);
	vp_rings_stop(&t->rings);
	vp_timeline_join(&t->timeline, (uint32_t)t->child.pid);
	vp_timeline_json(&t->timeline, t->tsc_khz, t->out.f);
	t->written = true;
	return status;
}

int vp_trace_run(const struct vp_trace_options *o, char **argv)
{
	static struct trace t;
	int status;

	t.rings.fd[VOS_DOOR_NET] = t.rings.fd[VOS_DOOR_STORAGE] = -1;
	if (read_khz(&t.tsc_khz) || vp_output_open(&t.out, o->output))
		return 1;
	status = make_child(&t, argv) ? 1 : run_child(&t, argv);
	vp_tracefs_close(&t.points);
	vp_rings_close(&t.rings);
	if (vp_output_close(&t.out, t.written))
		status = 1;
	else if (t.written)
		say(&t, o->name);
	vp_timeline_free(&t.timeline);
	return status;
}
