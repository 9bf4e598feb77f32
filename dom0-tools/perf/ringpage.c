/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pages of the kernel's trace buffer: see ringpage.h. A page has a time, a length and events. An
 * event's header says how many ticks it came after the event before it. In tracefs,
 * events/header_page and events/header_event describe both.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ringpage.h"

#define HEADER		16u		/* time, length */
#define LENGTH_MASK	0xfffffu
#define LOST		(1ull << 31)	/* bits of the length: events were lost before, */
#define LOST_STORED	(1ull << 30)	/* and how many stands behind the last one */

/* Kinds of events; smaller ones are words of data. */
enum { PADDING = 29, TIME_EXTEND = 30, TIME_STAMP = 31 };
#define DELTA_BITS	27
#define STAMP_MASK	((1ull << 59) - 1)	/* what a TIME_STAMP tells of the time */

/* A line "field:unsigned char service;\toffset:8;\tsize:1;\tsigned:0;" */
static bool parse_field(const char *line, struct vp_field *f)
{
	const char *end = strchr(line, ';'), *name = end;
	int is_signed;

	if (!end)
		return false;
	while (name > line && name[-1] != ' ' && name[-1] != '*')
		name--;
	if ((size_t)(end - name) >= sizeof(f->name))
		return false;
	snprintf(f->name, sizeof(f->name), "%.*s", (int)(end - name), name);
	if (sscanf(end, "; offset:%u; size:%u; signed:%d;", &f->offset, &f->size,
		   &is_signed) != 3)
		return false;
	f->is_signed = is_signed;
	return true;
}

int vp_format_parse(const char *text, struct vp_format *f)
{
	const char *line;

	*f = (struct vp_format){ .id = -1 };
	for (line = text; line && *line; line = strchr(line, '\n')) {
		line += strspn(line, "\n\t ");
		if (!strncmp(line, "ID:", 3))
			f->id = atoi(line + 3);
		if (!strncmp(line, "field:", 6) && f->fields < VP_FIELDS &&
		    parse_field(line, &f->field[f->fields]))
			f->fields++;
	}
	return f->id >= 0 && f->fields ? 0 : -1;
}

static int64_t number(const void *p, unsigned int size, bool is_signed)
{
	uint64_t v = 0;
	unsigned int unused = 64 - 8 * size;

	memcpy(&v, p, size);
	return is_signed ? (int64_t)(v << unused) >> unused : (int64_t)v;
}

int64_t vp_format_get(const struct vp_format *f, const char *name, const void *data, size_t len)
{
	const struct vp_field *field;

	for (field = f->field; field < f->field + f->fields; field++) {
		if (strcmp(field->name, name))
			continue;
		if (!field->size || field->size > 8 || field->offset > len ||
		    field->size > len - field->offset)
			return 0;
		return number((const char *)data + field->offset, field->size, field->is_signed);
	}
	return 0;
}

static uint32_t word(const char *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* Where an event's data are, and how long it is. Return: its bytes with the header; 0: no more. */
static size_t measure(const char *p, size_t left, const char **data, size_t *n)
{
	unsigned int kind = word(p) & 31;
	size_t len;

	*data = NULL;
	if (kind >= TIME_EXTEND)
		return left >= 8 ? 8 : 0;
	if (kind && kind < PADDING) {
		*data = p + 4;
		*n = kind * 4;
		return left >= 4 + *n ? 4 + *n : 0;
	}
	if (left < 8 || (kind == PADDING && !(word(p) >> 5)))
		return 0;
	len = word(p + 4);
	if (len < 4 || len > left - 4)
		return 0;
	if (!kind) {
		*data = p + 8;
		*n = len - 4;
	}
	return len + 4;
}

static uint64_t time_after(uint64_t time, const char *p)
{
	uint32_t head = word(p);
	uint64_t delta = head >> 5;

	switch (head & 31) {
	case PADDING:
		return time;
	case TIME_EXTEND:
		return time + delta + ((uint64_t)word(p + 4) << DELTA_BITS);
	case TIME_STAMP:
		return (time & ~STAMP_MASK) |
		       ((delta + ((uint64_t)word(p + 4) << DELTA_BITS)) & STAMP_MASK);
	default:
		return time + delta;
	}
}

static uint64_t lost_before(const char *page, size_t len, uint64_t length)
{
	size_t end = HEADER + (length & LENGTH_MASK);
	uint64_t lost = 1;

	if (!(length & LOST))
		return 0;
	if (length & LOST_STORED && end + sizeof(lost) <= len)
		memcpy(&lost, page + end, sizeof(lost));
	return lost;
}

uint64_t vp_page_read(const void *page, size_t len,
		      void (*event)(uint64_t time, const void *data, size_t n, void *arg),
		      void *arg)
{
	const char *p = page, *data;
	uint64_t time, length;
	size_t left, size, n = 0;

	if (len < HEADER)
		return 0;
	memcpy(&time, p, sizeof(time));
	memcpy(&length, p + 8, sizeof(length));
	left = length & LENGTH_MASK;
	if (left > len - HEADER)
		left = len - HEADER;
	for (p += HEADER; left >= 4 && (size = measure(p, left, &data, &n)); p += size) {
		time = time_after(time, p);
		if (data)
			event(time, data, n, arg);
		left -= size;
	}
	return lost_before(page, len, length);
}
