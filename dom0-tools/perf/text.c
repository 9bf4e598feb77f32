/* SPDX-License-Identifier: GPL-2.0-only */
/* Text that grows: see text.h. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/printable.h"
#include "text.h"

#define FIRST_SIZE	1024u

static void reserve(struct vp_text *t, size_t more)
{
	size_t size = t->size ? t->size : FIRST_SIZE;

	while (size - 1 < t->len + more)
		size *= 2;
	if (size == t->size)
		return;
	t->buf = realloc(t->buf, size);
	if (!t->buf) {
		fputs("virtuos: out of memory\n", stderr);
		exit(1);
	}
	t->size = size;
}

void vp_text_bytes(struct vp_text *t, const char *data, size_t len)
{
	reserve(t, len);
	if (len)
		memcpy(t->buf + t->len, data, len);
	t->len += len;
	t->buf[t->len] = 0;
}

void vp_text_add(struct vp_text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	reserve(t, (size_t)n);
	va_start(ap, fmt);
	vsnprintf(t->buf + t->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	t->len += (size_t)n;
}

void vp_text_printable(struct vp_text *t, const char *s)
{
	size_t begin = t->len;

	vp_text_bytes(t, s, strlen(s));
	vd_printable(t->buf + begin, t->len - begin);
}

void vp_text_json(struct vp_text *t, const char *s)
{
	char c[2] = "";

	vp_text_bytes(t, "\"", 1);
	for (; *s; s++) {
		c[0] = *s;
		if (*s == '"' || *s == '\\')
			vp_text_bytes(t, "\\", 1);
		vp_text_printable(t, c);
	}
	vp_text_bytes(t, "\"", 1);
}

void vp_text_clear(struct vp_text *t)
{
	t->len = 0;
	if (t->buf)
		*t->buf = 0;
}

void vp_text_free(struct vp_text *t)
{
	free(t->buf);
	*t = (struct vp_text){ 0 };
}
