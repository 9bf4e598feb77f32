/* SPDX-License-Identifier: GPL-2.0-only */
/* Frames of a session to its peer: see session_priv.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "session_priv.h"

void vx_session_no_memory(void)
{
	fprintf(stderr, "virtuos-agent: out of memory\n");
	exit(1);
}

void vx_session_send(struct vx_session *s, enum vx_type type, const void *data, size_t len)
{
	if (vx_out_frame(&s->out, type, data, len))
		vx_session_no_memory();
}

void vx_session_send_u32(struct vx_session *s, enum vx_type type, uint32_t v)
{
	if (vx_out_u32(&s->out, type, v))
		vx_session_no_memory();
}

void vx_session_send_text(struct vx_session *s, const char *text)
{
	vx_session_send(s, VX_ERROR, text, strlen(text));
}

bool vx_session_flush(struct vx_session *s)
{
	const uint8_t *data;
	size_t len;
	ssize_t n;

	while ((len = vx_out_pending(&s->out, &data))) {
		n = s->st->ops->write(s->st, data, len);
		if (n <= 0)
			return n == 0;
		vx_out_sent(&s->out, (size_t)n);
	}
	return true;
}
