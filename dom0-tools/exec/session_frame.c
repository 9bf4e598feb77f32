/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Frames of the peer to a session: see session_priv.h. A peer that breaks the protocol gets an
 * ERROR. After that the session takes nothing but RESET.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "session_priv.h"

void vx_session_violation(struct vx_session *s, const char *text)
{
	vx_session_send_text(s, text);
	vx_command_kill(s);
	s->broken = true;
	vx_parser_reset(&s->in);
}

static void do_start(struct vx_session *s, const struct vx_frame *f)
{
	struct vx_start start;
	const char *why;
	char text[256];

	if (s->running) {
		vx_session_violation(s, "START while a command runs");
		return;
	}
	if (vx_start_parse(f->payload, f->len, &start, &why)) {
		vx_session_send_text(s, why);
		vx_session_send_u32(s, VX_EXIT, 126);
		s->finished = s->once;
		return;
	}
	if (vx_child_start(&start, &s->child)) {
		snprintf(text, sizeof(text), "cannot start a process: %s",
			 strerror(errno));
		vx_session_send_text(s, text);
		vx_session_send_u32(s, VX_EXIT, 126);
		s->finished = s->once;
	} else {
		s->running = true;
	}
	vx_start_free(&start);
}

static void do_stdin(struct vx_session *s, const struct vx_frame *f)
{
	uint32_t tail, first;

	if (!s->running)
		return;		/* it crossed our EXIT */
	if (f->len > VX_WINDOW - s->stdin_len || s->stdin_eof) {
		vx_session_violation(s, s->stdin_eof ? "STDIN after STDIN_EOF" :
						       "STDIN beyond the window");
		return;
	}
	tail = (s->stdin_head + s->stdin_len) % VX_WINDOW;
	first = VX_WINDOW - tail < f->len ? VX_WINDOW - tail : f->len;
	memcpy(s->stdin_buf + tail, f->payload, first);
	memcpy(s->stdin_buf, f->payload + first, f->len - first);
	s->stdin_len += f->len;
}

static void do_winsize(struct vx_session *s, const struct vx_frame *f)
{
	struct winsize w = { 0 };

	if (f->len != 4 || !s->running || !s->child.pty || s->child.out < 0)
		return;
	w.ws_row = vx_get16(f->payload);
	w.ws_col = vx_get16(f->payload + 2);
	ioctl(s->child.out, TIOCSWINSZ, &w);
}

static void do_signal(struct vx_session *s, const struct vx_frame *f)
{
	uint32_t sig = f->len == 4 ? vx_get32(f->payload) : 0;

	if (sig >= 1 && sig < NSIG)
		vx_command_signal(s, (int)sig);
}

static void do_ack(struct vx_session *s, const struct vx_frame *f)
{
	uint32_t n = f->len == 4 ? vx_get32(f->payload) : 0;

	if (s->running)
		s->unacked -= n < s->unacked ? n : s->unacked;
}

static void do_reset(struct vx_session *s, const struct vx_frame *f)
{
	vx_command_kill(s);
	s->broken = false;
	vx_session_send(s, VX_RESET_DONE, f->payload, f->len);
}

void vx_session_take(struct vx_session *s, const struct vx_frame *f)
{
	if (s->broken && f->type != VX_RESET)
		return;
	switch (f->type) {
	case VX_START:
		do_start(s, f);
		break;
	case VX_STDIN:
		do_stdin(s, f);
		break;
	case VX_STDIN_EOF:
		s->stdin_eof = s->running;
		break;
	case VX_SIGNAL:
		do_signal(s, f);
		break;
	case VX_WINSIZE:
		do_winsize(s, f);
		break;
	case VX_ACK:
		do_ack(s, f);
		break;
	case VX_RESET:
		do_reset(s, f);
		break;
	default:
		vx_session_violation(s, "a frame only the server may send");
	}
}
