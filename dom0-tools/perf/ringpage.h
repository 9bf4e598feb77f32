/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pages of the kernel's trace buffer, as trace_pipe_raw gives them, and what the files "format"
 * say of events. No I/O.
 */
#ifndef VIRTUOS_PERF_RINGPAGE_H
#define VIRTUOS_PERF_RINGPAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VP_FIELDS	24u

/**
 * struct vp_field - a field of an event
 * @name: its name
 * @offset: from the event's start, in bytes
 * @size: in bytes; only numbers are of use: 1, 2, 4, 8
 * @is_signed: as it says
 */
struct vp_field {
	char name[32];
	unsigned int offset;
	unsigned int size;
	bool is_signed;
};

/**
 * struct vp_format - a kind of event
 * @id: its number
 * @fields: how many there are
 * @field: the fields
 */
struct vp_format {
	int id;
	unsigned int fields;
	struct vp_field field[VP_FIELDS];
};

/**
 * vp_format_parse - parse the text of a file "format"
 * @text: the text
 * @f: filled
 *
 * Return: 0, or -1: there is no number, or no field.
 */
int vp_format_parse(const char *text, struct vp_format *f);

/**
 * vp_format_get - read a field of an event
 * @f: of its kind
 * @name: of the field
 * @data: the event
 * @len: its bytes
 *
 * Return: its value; 0: there is no such field.
 */
int64_t vp_format_get(const struct vp_format *f, const char *name, const void *data, size_t len);

/**
 * vp_page_read - take a page to pieces
 * @page: the page
 * @len: its bytes
 * @event: called for each event in it, with its time and its bytes
 * @arg: for @event
 *
 * Return: how many events were lost before it.
 */
uint64_t vp_page_read(const void *page, size_t len,
		      void (*event)(uint64_t time, const void *data, size_t n, void *arg),
		      void *arg);

#endif
