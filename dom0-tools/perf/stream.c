/* SPDX-License-Identifier: GPL-2.0-only */
/* Snapshots out of a pipe: see stream.h. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "stream.h"
#include "../common/printable.h"

#define MESSAGE_MAX	400u

int vp_stream_read(struct vp_stream *s)
{
	char buf[65536];
	ssize_t n;

	do
		n = read(s->fd, buf, sizeof(buf));
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return (int)n;
	if (s->buf.len + (size_t)n > VP_SNAPSHOT_MAX)
		return -1;
	vp_text_bytes(&s->buf, buf, (size_t)n);
	return 1;
}

static void drop(struct vp_stream *s, size_t n)
{
	s->buf.len -= n;
	memmove(s->buf.buf, s->buf.buf + n, s->buf.len + 1);
	s->searched = 0;
}

/* The length of what is there up to the end of a snapshot; 0: none ends. No byte is read twice. */
static size_t find_end(struct vp_stream *s)
{
	const size_t mark = strlen("\n" VP_SNAPSHOT_END);
	size_t n = s->buf.len > s->searched ?
		   vp_snapshot_length(s->buf.buf + s->searched, s->buf.len - s->searched) : 0;

	if (n)
		return s->searched + n;
	s->searched = s->buf.len < mark ? 0 : s->buf.len - mark + 1;
	return 0;
}

bool vp_stream_take(struct vp_stream *s, struct vp_snapshot *snapshot)
{
	const char *begin;
	size_t n;
	int r = -1;

	while (r && (n = find_end(s))) {
		begin = memmem(s->buf.buf, n, VP_SNAPSHOT_BEGIN, strlen(VP_SNAPSHOT_BEGIN));
		if (begin)
			r = vp_snapshot_parse(begin, n - (size_t)(begin - s->buf.buf), snapshot);
		drop(s, n);
	}
	return !r;
}

bool vp_stream_next(struct vp_stream *s, struct vp_snapshot *snapshot)
{
	while (!vp_stream_take(s, snapshot))
		if (vp_stream_read(s) <= 0)
			return false;
	return true;
}

void vp_stream_complain(const struct vp_stream *s)
{
	char text[MESSAGE_MAX];
	size_t n = s->buf.len < sizeof(text) ? s->buf.len : sizeof(text);
	const size_t mark = strlen(VP_SNAPSHOT_BEGIN);

	if (!n || (n >= mark && !memcmp(s->buf.buf, VP_SNAPSHOT_BEGIN, mark))) {
		fputs("virtuos: the primary sends no more figures\n", stderr);
		return;
	}
	memcpy(text, s->buf.buf, n);
	while (n && text[n - 1] == '\n')
		n--;
	vd_printable(text, n);
	fprintf(stderr, "%.*s\n", (int)n, text);
}

void vp_stream_free(struct vp_stream *s)
{
	vp_text_free(&s->buf);
}
