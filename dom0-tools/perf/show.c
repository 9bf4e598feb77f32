/* SPDX-License-Identifier: GPL-2.0-only */
/* Costs as text: see show.h. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "show.h"

#define COMM_WIDTH	14

static void cell(struct vp_text *t, int width, double v)
{
	if (isnan(v))
		vp_text_add(t, " %*s", width, "-");
	else
		vp_text_add(t, " %*.1f", width, v);
}

/* A whole number, with a comma between thousands. */
static void count(struct vp_text *t, int width, double v)
{
	char digits[40], out[60];
	size_t n, i, to = 0;

	if (isnan(v) || v >= 1e15) {
		vp_text_add(t, " %*s", width, isnan(v) ? "-" : "huge");
		return;
	}
	n = (size_t)snprintf(digits, sizeof(digits), "%.0f", v);
	for (i = 0; i < n; i++) {
		if (i && (n - i) % 3 == 0)
			out[to++] = ',';
		out[to++] = digits[i];
	}
	out[to] = 0;
	vp_text_add(t, " %*s", width, out);
}

static void service_row(const struct vp_service_cost *v, struct vp_text *t)
{
	vp_text_add(t, "%-8.8s %-6.6s", v->name, v->state);
	count(t, 9, v->calls);
	cell(t, 6, v->cpu);
	cell(t, 7, v->called);
	cell(t, 6, v->unclaimed);
	cell(t, 8, v->background);
	cell(t, 6, v->poll);
	cell(t, 6, v->idle);
	cell(t, 7, v->wait);
	vp_text_add(t, "\n");
}

static void thread_head(const struct vp_costs *c, struct vp_text *t)
{
	char name[VP_NAME + 2];
	unsigned int i;

	vp_text_add(t, "\n%6s %6s %-*s %6s", "PID", "TID", COMM_WIDTH, "THREAD", "cpu%");
	for (i = 0; i < c->services; i++) {
		snprintf(name, sizeof(name), "+%.7s%%", c->service[i].name);
		vp_text_add(t, " %9s", name);
	}
	vp_text_add(t, " %9s %5s %7s\n", "calls/s", "door%", "ms wait");
}

static void thread_row(const struct vp_costs *c, const struct vp_thread_cost *r,
		       struct vp_text *t)
{
	unsigned int i;

	vp_text_add(t, "%6u %6u %-*.*s", r->tgid, r->tid, COMM_WIDTH, COMM_WIDTH, r->comm);
	cell(t, 6, r->cpu);
	for (i = 0; i < c->services; i++)
		cell(t, 9, r->service[i]);
	count(t, 9, r->calls);
	cell(t, 5, r->door);
	cell(t, 7, r->wait);
	vp_text_add(t, "\n");
}

void vp_show_table(const struct vp_costs *c, unsigned int rows, struct vp_text *t)
{
	size_t i, used = c->services + 3, fit = c->threads;

	vp_text_add(t, "%-8s %-6s %9s %6s %7s %6s %8s %6s %6s %7s\n", "SERVICE", "STATE",
		    "calls/s", "cpu%", "called", "uncl.", "backgr.", "poll", "idle", "ms wait");
	for (i = 0; i < c->services; i++)
		service_row(&c->service[i], t);
	if (!c->has_threads) {
		vp_text_add(t, "\nThere are no accounts of threads here (/proc/virtuos/threads, as root).\n");
		return;
	}
	if (rows)
		fit = rows > used ? rows - used : 0;
	thread_head(c, t);
	for (i = 0; i < c->threads && i < fit; i++)
		thread_row(c, &c->thread[i], t);
	if (c->cut && !rows)
		vp_text_add(t, "There are more threads than could be read.\n");
}

static void number(struct vp_text *t, const char *key, double v)
{
	if (isfinite(v))
		vp_text_add(t, ", \"%s\": %.3f", key, v);
	else
		vp_text_add(t, ", \"%s\": null", key);
}

static void service_json(const struct vp_service_cost *v, struct vp_text *t)
{
	vp_text_add(t, "{\"service\": ");
	vp_text_json(t, v->name);
	vp_text_add(t, ", \"state\": ");
	vp_text_json(t, v->state);
	number(t, "calls_per_s", v->calls);
	number(t, "cpu", v->cpu);
	number(t, "called", v->called);
	number(t, "unclaimed", v->unclaimed);
	number(t, "background", v->background);
	number(t, "poll", v->poll);
	number(t, "idle", v->idle);
	number(t, "wait_ms_per_s", v->wait);
	vp_text_add(t, "}");
}

static void thread_json(const struct vp_costs *c, const struct vp_thread_cost *r,
			struct vp_text *t)
{
	unsigned int i;

	vp_text_add(t, "{\"pid\": %u, \"tid\": %u, \"thread\": ", r->tgid, r->tid);
	vp_text_json(t, r->comm);
	number(t, "cpu", r->cpu);
	number(t, "services", r->services);
	vp_text_add(t, ", \"service\": {");
	for (i = 0; i < c->services; i++) {
		vp_text_add(t, "%s", i ? ", " : "");
		vp_text_json(t, c->service[i].name);
		if (isfinite(r->service[i]))
			vp_text_add(t, ": %.3f", r->service[i]);
		else
			vp_text_add(t, ": null");
	}
	vp_text_add(t, "}");
	number(t, "calls_per_s", r->calls);
	number(t, "door", r->door);
	number(t, "wait_ms_per_s", r->wait);
	vp_text_add(t, "}");
}

void vp_show_json(const struct vp_costs *c, struct vp_text *t)
{
	size_t i;

	vp_text_add(t, "{\"seconds\": %.3f, \"services\": [", c->seconds);
	for (i = 0; i < c->services; i++) {
		vp_text_add(t, "%s", i ? ", " : "");
		service_json(&c->service[i], t);
	}
	vp_text_add(t, "], \"accounts\": %s, \"cut\": %s, \"threads\": [",
		    c->has_threads ? "true" : "false", c->cut ? "true" : "false");
	for (i = 0; i < c->threads; i++) {
		vp_text_add(t, "%s", i ? ", " : "");
		thread_json(c, &c->thread[i], t);
	}
	vp_text_add(t, "]}\n");
}
