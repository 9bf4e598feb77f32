/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vexec's framing, the START payload, and the client of `virtuos exec` against an agent
 * that says what it likes.
 *
 * The first byte says which; with the client, the next ones in how small pieces it hears.
 * Checked besides what the sanitizers see: what reaches the terminal in our name is
 * printable, what is queued for the agent is bounded, a frame keeps within its bounds.
 */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "input.h"

#define QUEUE_MAX	4096u	/* bytes for the agent */

static void must_hold(int yes)
{
	if (!yes)
		abort();
}

/* The terminal. */
static ssize_t fuzz_write(int fd, const void *data, size_t len)
{
	must_hold(fd == 1 || fd == 2);
	must_hold(!len || data);
	return (ssize_t)len;
}

static int fuzz_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static int fuzz_say(const char *fmt, ...)
{
	char text[1024], *c;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	must_hold(n > 0 && n < (int)sizeof(text));
	for (c = text; c < text + n - 1; c++)
		must_hold(*c >= ' ' && *c <= '~');
	must_hold(*c == '\n');
	return n;
}

#include "../../dom0-tools/exec/vexec.c"
#include "../../dom0-tools/common/printable.c"
#define write fuzz_write	/* a stream's field as well, here and there alike */
#define fprintf(to, ...) fuzz_say(__VA_ARGS__)
#include "../../dom0-tools/exec/client.c"
#undef fprintf

static void try_start(const uint8_t *payload, size_t len)
{
	struct vx_start s;
	const char *why = NULL;
	unsigned int i;

	if (vx_start_parse(payload, len, &s, &why)) {
		must_hold(!!why);
		return;
	}
	must_hold(s.argc >= 1 && s.argc <= VX_MAX_STRINGS / 2 && *s.argv[0]);
	for (i = 0; i < s.argc; i++)
		must_hold(s.argv[i] >= s.copy && s.argv[i] <= s.copy + len);
	must_hold(!s.argv[s.argc]);
	for (i = 0; s.envp[i]; i++)
		must_hold(strchr(s.envp[i], '=') > s.envp[i]);
	vx_start_free(&s);
}

/* A payload in memory of its own size, so that a step too far is seen. */
static void try_payload(const struct vx_frame *f)
{
	uint8_t *exact = malloc(f->len ? f->len : 1);

	must_hold(exact && f->len <= VX_MAX_PAYLOAD && f->type < VX_TYPE_END);
	if (f->len)
		memcpy(exact, f->payload, f->len);
	try_start(exact, f->len);
	free(exact);
}

static void try_frames(struct input *in)
{
	struct vx_parser p;
	struct vx_frame f;
	uint8_t *where;
	size_t room, n;
	int r = 0;

	must_hold(!vx_parser_init(&p));
	while (r >= 0 && !in_end(in)) {
		n = in_below(in, 2) ? in_u16(in) : in_u8(in);
		room = vx_parser_room(&p, &where);
		must_hold(room > 0);
		n = n < room ? n : room;
		n = n < in->left ? n : in->left;
		in_bytes(in, where, n);
		vx_parser_fill(&p, n);
		while ((r = vx_parser_next(&p, &f)) > 0)
			try_payload(&f);
	}
	vx_parser_free(&p);
}

/* ---- the client ---- */

struct agent {
	struct vx_stream st;
	struct input *in;
	uint8_t piece, deaf;
	bool pause;
};

static ssize_t agent_read(struct vx_stream *st, void *buf, size_t len)
{
	struct agent *a = (struct agent *)st;
	size_t n = 1 + a->piece * 16u;

	if (in_end(a->in))
		return -1;
	n = n < len ? n : len;
	n = n < a->in->left ? n : a->in->left;
	/* Every other time there is nothing at the moment. */
	a->pause = !a->pause && a->piece & 1;
	if (a->pause)
		return 0;
	in_bytes(a->in, buf, n);
	return (ssize_t)n;
}

static ssize_t agent_write(struct vx_stream *st, const void *buf, size_t len)
{
	struct agent *a = (struct agent *)st;

	(void)buf;
	must_hold(len <= QUEUE_MAX);
	a->deaf = (uint8_t)(a->deaf << 1 | a->deaf >> 7);
	if (a->deaf & 1)
		return a->deaf == 0xff ? -1 : 0;
	return len > 5 ? 5 : (ssize_t)len;
}

static int agent_poll(struct vx_stream *st, bool want_write, struct pollfd *p)
{
	(void)st, (void)want_write;
	p->fd = -1;
	return 0;
}

static void agent_woken(struct vx_stream *st, short revents)
{
	(void)st, (void)revents;
}

static void try_client(struct input *in)
{
	static const struct vx_stream_ops ops = {
		.read = agent_read, .write = agent_write, .poll = agent_poll, .woken = agent_woken,
	};
	struct agent a = { .st.ops = &ops, .in = in };
	char *argv[] = { "true", NULL };
	struct vx_command cmd = { .argv = argv, .watch_fd = -1 };
	int status;

	a.piece = in_u8(in);
	a.deaf = in_u8(in);
	status = vx_client_run(&a.st, &cmd);
	must_hold(status == VX_LOST || (status >= 0 && status <= 255));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };

	switch (in_below(&in, 3)) {
	case 0:
		try_frames(&in);
		break;
	case 1:
		try_start(in.at, in.left);
		break;
	default:
		try_client(&in);
	}
	return 0;
}
