/* SPDX-License-Identifier: GPL-2.0-only */
/* The command "record": see record.h. */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "child.h"
#include "deaths.h"
#include "gather.h"
#include "output.h"
#include "record.h"
#include "sampler.h"

#define TAKE_EVERY_MS	20
#define USUAL_HZ	499		/* not in step with what happens every 10 ms */
#define MOST_HZ		10000
#define USUAL_NS	50000
#define LEAST_NS	1000
#define MOST_NS		1000000000
#define PAGE		".html"

struct record {
	struct vp_samples samples;
	struct vp_sampler sampler;
	struct vp_child child;
	struct vp_deaths before;
};

static bool parse_number(const char *word, unsigned int least, unsigned int most, unsigned int *n)
{
	char *end;
	unsigned long v = strtoul(word, &end, 10);

	*n = (unsigned int)v;
	return *word >= '0' && *word <= '9' && !*end && v >= least && v <= most;
}

static bool ends_with(const char *s, const char *end)
{
	return strlen(s) >= strlen(end) && !strcmp(s + strlen(s) - strlen(end), end);
}

int vp_record_parse(int argc, char **argv, struct vp_record_options *o)
{
	bool ok = true;
	int i;

	*o = (struct vp_record_options){ .output = VP_RECORD_FILE, .hz = USUAL_HZ, .ns = USUAL_NS };
	for (i = 1; ok && i < argc && strcmp(argv[i], "--"); i++) {
		if (!strcmp(argv[i], "-a"))
			o->all = true;
		else if (!strcmp(argv[i], "-F") && i + 1 < argc)
			ok = parse_number(argv[++i], 1, MOST_HZ, &o->hz);
		else if (!strcmp(argv[i], "-c") && i + 1 < argc)
			ok = parse_number(argv[++i], LEAST_NS, MOST_NS, &o->ns);
		else if (!strcmp(argv[i], "-o") && i + 1 < argc)
			o->output = argv[++i];
		else if (!strcmp(argv[i], "--name") && i + 1 < argc)
			o->name = argv[++i];
		else
			ok = false;
	}
	o->html = ends_with(o->output, PAGE);
	if (!o->name)
		o->name = o->output;
	o->command = i + 1;
	return ok && o->command < argc ? 0 : -1;
}

static int follow(struct record *r)
{
	int status;

	while ((status = vp_child_status(&r->child, WNOHANG)) == VP_CHILD_RUNS) {
		poll(NULL, 0, TAKE_EVERY_MS);
		vp_sampler_take(&r->sampler);
	}
	vp_sampler_stop(&r->sampler);
	return status;
}

static void say(const struct vp_samples *s, const char *name)
{
	fprintf(stderr, "%s: %" PRIu64 " samples: primary %" PRIu64 " (%.1f ms), net %" PRIu64 " (%.1f ms), storage %" PRIu64 " (%.1f ms), %" PRIu64 " lost",
		name, s->own + s->service[VP_DOOR_NET] + s->service[VP_DOOR_STORAGE],
		s->own, (double)s->own_ns / 1e6,
		s->service[VP_DOOR_NET], (double)s->service_ns[VP_DOOR_NET] / 1e6,
		s->service[VP_DOOR_STORAGE], (double)s->service_ns[VP_DOOR_STORAGE] / 1e6,
		s->lost);
	if (s->throttled)
		fprintf(stderr, ", too many to take them all %" PRIu64 " times", s->throttled);
	if (s->full)
		fputs(", no memory for more", stderr);
	fputc('\n', stderr);
}

static void say_deaths(const struct record *r, const char *name)
{
	struct vp_deaths now = vp_deaths_read(vp_places_real.sys);

	vp_deaths_say(name, &r->before, &now, stderr);
}

static void report(const struct vp_record_options *o, struct record *r, const char *command,
		   FILE *f)
{
	struct vp_text t = { 0 };

	vp_symbols_kernel(&r->samples.spaces.kernel, "/proc/kallsyms");
	vp_samples_join(&r->samples);
	vp_text_add(&t, "%s", "");
	if (o->html)
		vp_frames_html(&r->samples.root, command, &t);
	else
		vp_frames_folded(&r->samples.root, &t);
	fwrite(t.buf, 1, t.len, f);
	vp_text_free(&t);
}

/* The child waits. *@ran: the samples have been written. Return: the exit status. */
static int run_child(const struct vp_record_options *o, struct record *r, char **argv, FILE *f,
		     bool *ran)
{
	int status, e;

	if (vp_sampler_open(&r->sampler, o->all ? -1 : r->child.pid, o->hz, o->ns, &r->samples)) {
		vp_child_drop(&r->child);
		return 1;
	}
	if (o->all)
		vp_spaces_read(&r->samples.spaces, "/proc");
	vp_child_pass_signals(&r->child);
	r->before = vp_deaths_read(vp_places_real.sys);
	e = vp_child_go(&r->child);
	if (e)
		return vp_child_explain(argv, e);
	status = follow(r);
	report(o, r, argv[0], f);
	*ran = true;
	return status;
}

int vp_record_run(const struct vp_record_options *o, char **argv)
{
	static struct record r;
	struct vp_output out;
	bool ran = false;
	int status = 1;

	if (vp_output_open(&out, o->output))
		return 1;
	if (vp_child_make(&r.child, argv))
		fprintf(stderr, "virtuos-perf: %s\n", strerror(errno));
	else
		status = run_child(o, &r, argv, out.f, &ran);
	if (vp_output_close(&out, ran)) {
		status = 1;
	} else if (ran) {
		say(&r.samples, o->name);
		say_deaths(&r, o->name);
	}
	vp_sampler_close(&r.sampler);
	vp_samples_free(&r.samples);
	return status;
}
