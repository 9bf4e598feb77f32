/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `virtuos top` and `metrics` against a primary that lies: from any two snapshots come a table,
 * JSON and metrics that are printable, and whose lines have their form.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>

#include "../../dom0-tools/perf/costs.h"
#include "../../dom0-tools/perf/metrics.h"
#include "../../dom0-tools/perf/show.h"
#include "input.h"

#define ORDERS	(VP_BY_SERVICE + VP_SERVICES)

static void must_hold(int yes)
{
	if (!yes)
		abort();
}

static void must_be_printable(const struct vp_text *t)
{
	size_t i;

	for (i = 0; i < t->len; i++)
		must_hold(t->buf[i] == '\n' || (t->buf[i] >= ' ' && t->buf[i] <= '~'));
}

/* What follows the head of a snapshot, in memory that ends where it does. */
static void take(const char *text, size_t len, struct vp_snapshot *s)
{
	size_t head = strlen(VP_SNAPSHOT_BEGIN);
	char *exact = malloc(head + len);
	size_t i;

	must_hold(!!exact);
	memcpy(exact, VP_SNAPSHOT_BEGIN, head);
	memcpy(exact + head, text, len);
	must_hold(!vp_snapshot_parse(exact, head + len, s));
	must_hold(vp_snapshot_length(exact, head + len) <= head + len);
	free(exact);
	must_hold(s->services <= VP_SERVICES && s->threads <= VP_THREADS);
	for (i = 1; i < s->threads; i++)
		must_hold(s->thread[i - 1].tid <= s->thread[i].tid);
}

/* One value in each line, and the last is the end. */
static void check_metrics(const struct vp_snapshot *s, struct vp_text *t)
{
	struct vp_primary p[2] = { { "primary", s }, { "other", NULL } };
	const char *line, *end;

	vp_metrics(NULL, 0, p, 2, t);
	must_be_printable(t);
	for (line = t->buf; *line; line = end + 1) {
		end = strchr(line, '\n');
		must_hold(end && end > line);
		must_hold(*line == '#' || (end[-1] >= '0' && end[-1] <= '9'));
	}
	must_hold(t->len >= 6 && !strcmp(t->buf + t->len - 6, "# EOF\n"));
}

static void check_costs(struct vp_costs *c, unsigned int order, struct vp_text *t)
{
	size_t i;

	vp_costs_sort(c, (enum vp_order)order);
	for (i = 0; i < c->threads; i++)
		must_hold(!(c->thread[i].calls < 0) && !(c->thread[i].services < 0));
	vp_show_table(c, 0, t);
	vp_show_json(c, t);
	must_be_printable(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct vp_snapshot was, is;
	struct vp_text t = { 0 };
	struct vp_costs c;
	size_t first;

	if (!size)
		return 0;
	first = strnlen(text + 1, size - 1);
	take(text + 1, first, &was);
	take(text + 1 + first, size - 1 - first, &is);
	vp_costs_between(&was, &is, &c);
	check_costs(&c, data[0] % ORDERS, &t);
	vp_text_clear(&t);
	check_metrics(&is, &t);
	vp_costs_free(&c);
	vp_snapshot_free(&was);
	vp_snapshot_free(&is);
	vp_text_free(&t);
	return 0;
}
