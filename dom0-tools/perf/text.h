/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Text that grows. What comes from another process or domain is added by vp_text_printable() or
 * vp_text_json(), which let nothing but printable ASCII through.
 */
#ifndef VIRTUOS_PERF_TEXT_H
#define VIRTUOS_PERF_TEXT_H

#include <stddef.h>

/**
 * struct vp_text - a text
 * @buf: its bytes and a NUL behind them; NULL: none yet
 * @len: number of bytes without the NUL
 * @size: of @buf
 *
 * All zero is an empty text. Without memory the program ends.
 */
struct vp_text {
	char *buf;
	size_t len;
	size_t size;
};

/**
 * vp_text_bytes - add bytes as they are
 * @t: the text
 * @data: the bytes
 * @len: their number
 */
void vp_text_bytes(struct vp_text *t, const char *data, size_t len);

/**
 * vp_text_add - add formatted text
 * @t: the text
 * @fmt: as for printf()
 */
void vp_text_add(struct vp_text *t, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * vp_text_printable - add a string; a question mark stands for each byte that is not printable
 * @t: the text
 * @s: the string
 */
void vp_text_printable(struct vp_text *t, const char *s);

/**
 * vp_text_json - add a string in the quotes and escapes of JSON
 * @t: the text
 * @s: the string; as for vp_text_printable()
 */
void vp_text_json(struct vp_text *t, const char *s);

/**
 * vp_text_clear - make a text empty and keep its memory
 * @t: the text
 */
void vp_text_clear(struct vp_text *t);

/**
 * vp_text_free - free a text's memory
 * @t: the text; empty afterwards
 */
void vp_text_free(struct vp_text *t);

#endif
