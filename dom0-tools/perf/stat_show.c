/* SPDX-License-Identifier: GPL-2.0-only */
/* Counts as text: see stat.h. */
#include <stdio.h>
#include <string.h>

#include "stat.h"

#define VALUE_WIDTH	18

/* Add a number with commas between the thousands of its whole part. */
static void grouped(const char *number, struct vp_text *t)
{
	size_t whole = strcspn(number, "."), i;
	char out[96];
	size_t to = 0;

	for (i = 0; i < whole && to + 2 < sizeof(out); i++) {
		if (i && (whole - i) % 3 == 0)
			out[to++] = ',';
		out[to++] = number[i];
	}
	out[to] = 0;
	vp_text_add(t, "%*s%s", VALUE_WIDTH - (int)strlen(number + whole), out, number + whole);
}

static void scaled(const struct vp_count *c, int digits, char number[64])
{
	if (c->event.scale == 1)
		snprintf(number, 64, "%llu", (unsigned long long)c->value);
	else
		snprintf(number, 64, "%.*f", digits, (double)c->value * c->event.scale);
}

static void show_text(char *const *command, const struct vp_count *count, unsigned int n,
		      double seconds, struct vp_text *t)
{
	char number[64];
	unsigned int i;

	vp_text_add(t, "\n Performance counter stats for '");
	for (i = 0; command[i]; i++) {
		vp_text_add(t, "%s", i ? " " : "");
		vp_text_printable(t, command[i]);
	}
	vp_text_add(t, "':\n\n");
	for (i = 0; i < n; i++) {
		if (count[i].counted) {
			scaled(&count[i], 2, number);
			grouped(number, t);
		} else {
			vp_text_add(t, "%*s", VALUE_WIDTH, "<not counted>");
		}
		vp_text_add(t, " %-5s %s\n", count[i].event.unit, count[i].event.name);
	}
	vp_text_add(t, "\n%*.9f seconds time elapsed\n\n", VALUE_WIDTH, seconds);
}

static void show_json(char *const *command, const struct vp_count *count, unsigned int n,
		      double seconds, int status, struct vp_text *t)
{
	unsigned int i;
	char number[64];

	vp_text_add(t, "{\"command\": [");
	for (i = 0; command[i]; i++) {
		vp_text_add(t, "%s", i ? ", " : "");
		vp_text_json(t, command[i]);
	}
	vp_text_add(t, "], \"status\": %d, \"seconds\": %.9f, \"events\": {", status, seconds);
	for (i = 0; i < n; i++) {
		vp_text_add(t, "%s", i ? ", " : "");
		vp_text_json(t, count[i].event.name);
		scaled(&count[i], 6, number);	/* of milliseconds, the last nanosecond */
		vp_text_add(t, ": {\"value\": %s, \"unit\": ",
			    count[i].counted ? number : "null");
		vp_text_json(t, count[i].event.unit);
		vp_text_add(t, "}");
	}
	vp_text_add(t, "}}\n");
}

void vp_stat_show(char *const *command, const struct vp_count *count, unsigned int n,
		  double seconds, int status, bool json, struct vp_text *t)
{
	if (json)
		show_json(command, count, n, seconds, status, t);
	else
		show_text(command, count, n, seconds, t);
}
