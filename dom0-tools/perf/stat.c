/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The command "stat": see stat.h.
 *
 * The counters are opened on a child that has not become the command yet, and start when it
 * does. Its children inherit them.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/perf_event.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "output.h"
#include "stat.h"

#define PMU		"virtuos"
#define NAMES_SIZE	1024

/* Those that exist are counted when none is named. */
static const char *const usual[] = {
	"task-clock", "calls", "service-ns", "service-wait-ns", "wait-ns", "bytes", "sends",
	"wakeups", "outage-ns",
};

/* The command, and what is counted of it. */
struct run {
	struct vp_child child;
	unsigned int n;
	struct vp_count count[VP_EVENTS];
	int fd[VP_EVENTS];
};

int vp_stat_parse(int argc, char **argv, struct vp_stat_options *o)
{
	int i;

	*o = (struct vp_stat_options){ 0 };
	for (i = 1; i < argc && strcmp(argv[i], "--"); i++) {
		if (!strcmp(argv[i], "--json"))
			o->json = true;
		else if (!strcmp(argv[i], "-e") && i + 1 < argc && o->lists < VP_EVENTS)
			o->events[o->lists++] = argv[++i];
		else if (!strcmp(argv[i], "-o") && i + 1 < argc)
			o->output = argv[++i];
		else
			return -1;
	}
	o->command = i + 1;
	return o->command < argc ? 0 : -1;
}

/* Take the next name; commas between slashes are a name's own. NULL: there is no more. */
static char *next_name(char **rest)
{
	char *begin = *rest, *p;
	bool inside = false;

	if (!begin || !*begin)
		return NULL;
	for (p = begin; *p && (inside || *p != ','); p++)
		inside ^= *p == '/';
	*rest = *p ? p + 1 : p;
	*p = 0;
	return begin;
}

static bool is_counted(const struct run *r, const char *name)
{
	unsigned int i;

	for (i = 0; i < r->n; i++)
		if (!strcmp(r->count[i].event.name, name))
			return true;
	return false;
}

/* An event that is named again is counted once. */
static int name_events(const char *names, struct run *r)
{
	char copy[NAMES_SIZE], *rest = copy, *name;

	if (snprintf(copy, sizeof(copy), "%s", names) >= (int)sizeof(copy)) {
		fprintf(stderr, "virtuos-perf: too many events\n");
		return -1;
	}
	while ((name = next_name(&rest))) {
		if (r->n == VP_EVENTS ||
		    vp_pmu_event(VP_PMU_DIR, name, &r->count[r->n].event)) {
			fprintf(stderr, "virtuos-perf: there is no event \"%s\", or too many are named (" VP_PMU_DIR "/" PMU "/events)\n",
				name);
			return -1;
		}
		if (!is_counted(r, r->count[r->n].event.name))
			r->n++;
	}
	return 0;
}

static int choose_events(const struct vp_stat_options *o, struct run *r)
{
	unsigned int i;

	if (!vp_pmu_exists(VP_PMU_DIR, PMU)) {
		fprintf(stderr, "virtuos-perf: this kernel has no PMU \"" PMU "\": it is no primary of VirtuOS, or virtuos-perf.ko is not loaded\n");
		return -1;
	}
	for (i = 0; i < o->lists; i++)
		if (name_events(o->events[i], r))
			return -1;
	if (o->lists && !r->n)
		fprintf(stderr, "virtuos-perf: -e names no event\n");
	if (o->lists)
		return r->n ? 0 : -1;
	for (i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		if (!vp_pmu_event(VP_PMU_DIR, usual[i], &r->count[r->n].event))
			r->n++;
	return 0;
}

static bool is_forbidden(int e)
{
	return e == EACCES || e == EPERM;
}

static int open_event(const struct vp_event *e, pid_t pid)
{
	struct perf_event_attr a = {
		.size = sizeof(a), .type = e->type, .config = e->config[0],
		.config1 = e->config[1], .config2 = e->config[2],
		.disabled = 1, .enable_on_exec = 1, .inherit = 1,
		.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING,
	};
	long fd = syscall(SYS_perf_event_open, &a, pid, -1, -1, PERF_FLAG_FD_CLOEXEC);
	int saved = errno;

	if (fd < 0 && is_forbidden(errno)) {
		/* An ordinary user may not see what the kernel does. */
		a.exclude_kernel = 1;
		a.exclude_hv = 1;
		fd = syscall(SYS_perf_event_open, &a, pid, -1, -1, PERF_FLAG_FD_CLOEXEC);
	}
	errno = saved;		/* a unit that leaves nothing out would say EINVAL now */
	return (int)fd;
}

static int open_events(struct run *r)
{
	unsigned int i;

	for (i = 0; i < r->n; i++) {
		r->fd[i] = open_event(&r->count[i].event, r->child.pid);
		if (r->fd[i] >= 0)
			continue;
		fprintf(stderr, "virtuos-perf: cannot count %s: %s%s\n",
			r->count[i].event.name, strerror(errno), is_forbidden(errno) ?
			" (/proc/sys/kernel/perf_event_paranoid says who may)" : "");
		return -1;
	}
	return 0;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* An event that was not enabled long enough to run once has counted nothing. */
static void read_events(struct run *r)
{
	struct { uint64_t value, enabled, running; } v;
	struct vp_count *c;
	unsigned int i;

	for (i = 0; i < r->n; i++) {
		c = &r->count[i];
		if (read(r->fd[i], &v, sizeof(v)) != sizeof(v) || !v.running)
			continue;
		c->counted = true;
		c->value = v.value;
		if (v.running < v.enabled)
			c->value = (uint64_t)((double)v.value * (double)v.enabled /
					      (double)v.running);
	}
}

static void report(const struct vp_stat_options *o, const struct run *r, char **argv,
		   double seconds, int status, FILE *f)
{
	struct vp_text t = { 0 };

	vp_stat_show(argv, r->count, r->n, seconds, status, o->json, &t);
	fwrite(t.buf, 1, t.len, f);
	vp_text_free(&t);
}

/* The child waits. *@ran: the counts have been written. Return: the exit status. */
static int run_child(const struct vp_stat_options *o, struct run *r, char **argv, FILE *f,
		     bool *ran)
{
	double begun;
	int status, e;

	if (open_events(r)) {
		vp_child_drop(&r->child);
		return VP_STAT_FAILED;
	}
	vp_child_pass_signals(&r->child);
	begun = now();
	e = vp_child_go(&r->child);
	if (e)
		return vp_child_explain(argv, e);
	status = vp_child_status(&r->child, 0);
	read_events(r);
	report(o, r, argv, now() - begun, status, f);
	*ran = true;
	return status;
}

int vp_stat_run(const struct vp_stat_options *o, char **argv)
{
	struct vp_output out = { 0 };
	struct run r = { 0 };
	bool ran = false;
	int status = VP_STAT_FAILED;

	if (choose_events(o, &r) || (o->output && vp_output_open(&out, o->output)))
		return VP_STAT_FAILED;
	if (vp_child_make(&r.child, argv))
		fprintf(stderr, "virtuos-perf: %s\n", strerror(errno));
	else
		status = run_child(o, &r, argv, out.f ? out.f : stderr, &ran);
	return vp_output_close(&out, ran) ? VP_STAT_FAILED : status;
}
