/* SPDX-License-Identifier: GPL-2.0-only */
/* Events by their names in sysfs: see pmu.h. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/printable.h"
#include "pmu.h"

#define PATH_SIZE	512
#define VALUE_SIZE	256
#define TERMS		" ,\n"

/* A PMU while its terms are read. */
struct pmu {
	const char *dir;
	const char *name;
};

/* Read a short file without the end of its line. Return: 0 or -1. */
static int read_file(const struct pmu *p, const char *sub, const char *name, const char *suffix,
		     char value[VALUE_SIZE])
{
	char path[PATH_SIZE];
	ssize_t n;
	int fd;

	if (snprintf(path, sizeof(path), "%s/%s/%s%s%s", p->dir, p->name, sub, name, suffix) >=
	    (int)sizeof(path))
		return -1;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = read(fd, value, VALUE_SIZE - 1);
	close(fd);
	value[n > 0 ? n : 0] = 0;
	value[strcspn(value, "\n")] = 0;
	return n < 0 ? -1 : 0;
}

/* Names become parts of paths. */
static bool is_name(const char *s)
{
	return *s && strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") ==
	       strlen(s);
}

static bool parse_number(const char *word, uint64_t *v)
{
	char *end;

	errno = 0;
	*v = strtoull(word, &end, 0);
	return *word >= '0' && *word <= '9' && !*end && !errno;
}

/* Put the low bits of *@v into bits @low to @high of a word, and take them off. */
static void place(uint64_t *config, unsigned int low, unsigned int high, uint64_t *v)
{
	uint64_t mask = high - low == 63 ? UINT64_MAX : ((uint64_t)1 << (high - low + 1)) - 1;

	*config |= (*v & mask) << low;
	*v = high - low == 63 ? 0 : *v >> (high - low + 1);
}

/* Set a value by its format: "config:0-7,21", "config1:3". */
static int set_by_format(const char *format, uint64_t v, struct vp_event *e)
{
	unsigned int low, high, word;
	const char *p;
	int n;

	if (!strncmp(format, "config:", 7))
		word = 0;
	else if (!strncmp(format, "config1:", 8) || !strncmp(format, "config2:", 8))
		word = (unsigned int)(format[6] - '0');
	else
		return -1;
	for (p = strchr(format, ':'); p && *p; p += n) {
		p++;
		n = 0;
		if (sscanf(p, "%u%n", &low, &n) != 1)
			return -1;
		high = low;
		if (p[n] == '-') {
			p += n + 1;
			if (sscanf(p, "%u%n", &high, &n) != 1)
				return -1;
		}
		if (low > high || high > 63 || (p[n] && p[n] != ','))
			return -1;
		place(&e->config[word], low, high, &v);
	}
	return v ? -1 : 0;	/* the value has more bits than there is room for */
}

static int set_term(const struct pmu *p, char *term, struct vp_event *e)
{
	char format[VALUE_SIZE], *value = strchr(term, '=');
	uint64_t v = 1;

	if (value) {
		*value++ = 0;
		if (!parse_number(value, &v))
			return -1;
	}
	if (!is_name(term) || read_file(p, "format/", term, "", format))
		return -1;
	return set_by_format(format, v, e);
}

/* An event's own terms, and how its count is to be shown. */
static int set_event(const struct pmu *p, const char *name, struct vp_event *e)
{
	char terms[VALUE_SIZE], value[VALUE_SIZE], *term, *rest = terms;

	if (!is_name(name) || read_file(p, "events/", name, "", terms))
		return -1;
	while ((term = strsep(&rest, TERMS)))
		if (*term && set_term(p, term, e))
			return -1;
	if (!read_file(p, "events/", name, ".unit", value)) {
		snprintf(e->unit, sizeof(e->unit), "%.15s", value);
		vd_printable(e->unit, strlen(e->unit));
	}
	if (!read_file(p, "events/", name, ".scale", value))
		e->scale = strtod(value, NULL);
	return 0;
}

bool vp_pmu_exists(const char *dir, const char *pmu)
{
	struct pmu p = { dir, pmu };
	char type[VALUE_SIZE];

	return is_name(pmu) && !read_file(&p, "", "type", "", type);
}

static int set_terms(const struct pmu *p, char *terms, struct vp_event *e)
{
	char *term;
	bool any = false;

	while ((term = strsep(&terms, ","))) {
		if (!*term)
			continue;
		any = true;
		if (strchr(term, '=') ? set_term(p, term, e) : set_event(p, term, e))
			return -1;
	}
	return any ? 0 : -1;
}

int vp_pmu_event(const char *dir, const char *word, struct vp_event *e)
{
	char copy[VP_EVENT_NAME], type[VALUE_SIZE], *terms, *end;
	struct pmu p = { dir, copy };
	uint64_t v;

	*e = (struct vp_event){ .scale = 1 };
	if (!strcmp(word, "task-clock")) {
		*e = (struct vp_event){ "task-clock", PERF_TYPE_SOFTWARE,
					{ PERF_COUNT_SW_TASK_CLOCK }, 1e-6, "msec" };
		return 0;
	}
	if (snprintf(e->name, sizeof(e->name), strchr(word, '/') ? "%s" : "virtuos/%s/", word) >=
	    (int)sizeof(e->name))
		return -1;
	strcpy(copy, e->name);
	terms = strchr(copy, '/');
	*terms++ = 0;
	end = strchr(terms, '/');
	if (!end || end[1] || !is_name(copy) || read_file(&p, "", "type", "", type) ||
	    !parse_number(type, &v))
		return -1;
	*end = 0;
	e->type = (uint32_t)v;
	return set_terms(&p, terms, e);
}
